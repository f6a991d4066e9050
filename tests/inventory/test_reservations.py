"""Reservations: held once, ended once, whoever asks how often and whatever gets lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from rialto.inventory.api import LevelsOf, OutOfStock, ReservationGone, Reserve, StockLine
from rialto.inventory.service import SERVICE
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid, RialtoError
from tests.inventory.stockroom import (
    a_hold,
    an_order,
    assert_sound,
    available,
    counted,
    held,
    moves,
    of,
    shelf,
    stocked,
)
from tests.support.env import open_service

pytestmark = pytest.mark.anyio

MINUTES_15_S = 15 * 60


async def test_a_reservation_says_what_it_holds_where_and_until_when(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await counted(env, "MUG", berlin=2, rotterdam=2)
        order_id = an_order(env)
        made = await env.handlers.reserve(a_hold(env, order_id, "DE", MUG=3))
        assert (made.order_id, made.state) == (order_id, "held")
        assert made.expires_at == env.clock.now() + timedelta(minutes=15)
        assert [(part.warehouse, part.quantity) for part in made.allocations] == [
            ("berlin", 2),
            ("rotterdam", 1),
        ]
        assert await env.handlers.reservation(of(order_id)) == made
        assert await env.handlers.reservation(of(an_order(env))) is None
        assert await shelf(env, "MUG") == (2, 2)


async def test_holding_again_answers_what_stands_also_when_asked_otherwise_or_consumed(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5, LAMP=5)
        order_id = await held(env, MUG=2)
        first = await env.handlers.reservation(of(order_id))
        env.clock.advance(60)
        assert await env.handlers.reserve(a_hold(env, order_id, MUG=4, LAMP=1)) == first
        consumed = await env.handlers.consume(of(order_id))
        assert await env.handlers.reserve(a_hold(env, order_id, MUG=2)) == consumed
        assert (await available(env, "MUG"), await available(env, "LAMP")) == (3, 5)
        await assert_sound(env)


async def test_each_step_moves_its_shelves_once(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        for last in ("release", "consume", "restock"):
            order_id = await held(env, MUG=2)
            steps = {"release": ["release"], "consume": ["consume"], "restock": ["consume", "release"]}[last]
            for step in steps:
                for _ in range(2):
                    await getattr(env.handlers, step)(of(order_id))
        assert await shelf(env, "MUG") == (3, 0)
        assert Counter(await moves(env, "MUG")) == {
            ("correction", 5, 0): 1,
            ("reserve", 0, 2): 3,
            ("consume", -2, -2): 2,
            ("release", 0, -2): 1,
            ("restock", 2, 0): 1,
        }
        await assert_sound(env)


async def test_what_was_restocked_is_gone_for_its_order(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = await held(env, MUG=2)
        await env.handlers.consume(of(order_id))
        assert (await env.handlers.release(of(order_id))).state == "restocked"
        for call in (env.handlers.reserve(a_hold(env, order_id, MUG=2)), env.handlers.consume(of(order_id))):
            with pytest.raises(ReservationGone):
                await call
        assert await shelf(env, "MUG") == (5, 0)
        await assert_sound(env)


async def test_what_was_never_held_cannot_be_used_up_and_leaves_no_trace(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = an_order(env)
        with pytest.raises(ReservationGone):
            await env.handlers.consume(of(order_id))
        assert await env.handlers.reservation(of(order_id)) is None
        # Not even a tombstone: the order may still come and hold.
        assert (await env.handlers.reserve(a_hold(env, order_id, MUG=1))).state == "held"


async def test_a_release_before_the_hold_keeps_a_tombstone_however_often_it_comes(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = an_order(env)
        assert await env.handlers.release(of(order_id)) is None
        tombstone = await env.handlers.release(of(order_id))
        assert (tombstone.state, tombstone.allocations) == ("released", [])
        with pytest.raises(ReservationGone):
            await env.handlers.reserve(a_hold(env, order_id, MUG=1))
        await assert_sound(env)


async def test_requests_of_one_order_that_arrive_together_are_settled_in_their_order(
    postgres: DatabaseAddress,
) -> None:
    """One batch holds, uses up and gives back; the last word is the same as one after the other."""
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = an_order(env)
        warm_up = held(env, MUG=1)
        together = (
            env.handlers.reserve(a_hold(env, order_id, MUG=2)),
            env.handlers.consume(of(order_id)),
            env.handlers.release(of(order_id)),
            env.handlers.reserve(a_hold(env, order_id, MUG=2)),
        )
        answers = (await asyncio.gather(warm_up, *together, return_exceptions=True))[1:]
        states = [answer if isinstance(answer, BaseException) else answer.state for answer in answers]
        assert states[:3] == ["held", "consumed", "restocked"]
        assert isinstance(states[3], ReservationGone)
        assert await shelf(env, "MUG") == (5, 1)
        await assert_sound(env)


async def test_in_one_batch_who_came_first_gets_the_last_ones(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=1, LAMP=3)
        await env.handlers.levels(LevelsOf(skus=["MUG"]))
        orders = [an_order(env) for _ in range(4)]
        wishes = [{"LAMP": 2}, {"LAMP": 2, "MUG": 1}, {"LAMP": 1}, {"MUG": 1}]
        answers = await asyncio.gather(
            *(
                env.handlers.reserve(a_hold(env, order_id, None, **wish))
                for order_id, wish in zip(orders, wishes, strict=True)
            ),
            return_exceptions=True,
        )
        # The second wanted more lamps than were left; nothing of it was held, so the others got theirs.
        assert [isinstance(answer, OutOfStock) for answer in answers] == [False, True, False, False]
        await assert_sound(env)


async def test_a_hot_sku_costs_one_commit_for_many_orders(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, HOT=500)
        orders = [an_order(env) for _ in range(500)]
        await asyncio.gather(*(env.handlers.reserve(a_hold(env, order_id, HOT=1)) for order_id in orders))
        assert await shelf(env, "HOT") == (500, 500)
        async with env.db.read() as session:
            commits = await session.value(
                "SELECT count(DISTINCT xmin::text) FROM movements WHERE kind = 'reserve'"
            )
        assert commits < 50
        results = await asyncio.gather(
            *(env.handlers.consume(of(order_id)) for order_id in orders[:250]),
            *(env.handlers.release(of(order_id)) for order_id in orders[250:]),
        )
        assert Counter(result.state for result in results) == {"consumed": 250, "released": 250}
        assert await shelf(env, "HOT") == (250, 0)
        await assert_sound(env)


async def test_orders_that_want_the_same_skus_in_other_orders_do_not_block_each_other(
    postgres: DatabaseAddress,
) -> None:
    """Two processes, lines in opposite order: locks are taken in one order, so nobody waits for ever."""
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, A=100, B=100, C=100)
        other = SERVICE.build(env)
        wishes = [{"A": 1, "B": 1, "C": 1}, {"C": 1, "B": 1, "A": 1}]
        calls = [
            (env.handlers, other)[number % 2].reserve(a_hold(env, an_order(env), None, **wishes[number % 2]))
            for number in range(60)
        ]
        assert len(await asyncio.gather(*calls)) == 60
        assert [await shelf(env, sku) for sku in "ABC"] == [(100, 60)] * 3
        await assert_sound(env)


async def test_the_sweeper_ends_what_expired_at_its_time_and_not_a_moment_earlier(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = await held(env, MUG=2)
        env.clock.advance(MINUTES_15_S - 0.001)
        assert await env.handlers.sweep() == 0
        env.clock.advance(0.001)
        assert await env.handlers.sweep() == 1
        assert (await env.handlers.reservation(of(order_id))).state == "released"
        assert await env.handlers.sweep() == 0
        assert await available(env, "MUG") == 5
        await assert_sound(env)


async def test_a_late_consume_finds_it_gone_after_the_sweeper_and_held_before_it(
    postgres: DatabaseAddress,
) -> None:
    """Its time alone ends nothing: a payment that comes a moment late still gets what nobody took away."""
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        lucky, late = await held(env, MUG=1), await held(env, MUG=1)
        env.clock.advance(MINUTES_15_S + 1)
        assert (await env.handlers.consume(of(lucky))).state == "consumed"
        assert await env.handlers.sweep() == 1
        with pytest.raises(ReservationGone):
            await env.handlers.consume(of(late))
        assert await shelf(env, "MUG") == (4, 0)
        await assert_sound(env)


async def test_the_sweeper_beside_consumers_ends_each_reservation_once(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=50)
        other = SERVICE.build(env)
        orders = [await held(env, MUG=1) for _ in range(20)]
        env.clock.advance(MINUTES_15_S)
        results = await asyncio.gather(
            *(other.consume(of(order_id)) for order_id in orders),
            env.handlers.sweep(),
            other.sweep(),
            return_exceptions=True,
        )
        consumed = sum(not isinstance(result, int | RialtoError) for result in results)
        assert all(isinstance(r, int | ReservationGone) or r.state == "consumed" for r in results)  # type: ignore[union-attr]
        assert await shelf(env, "MUG") == (50 - consumed, 0)
        await assert_sound(env)


async def test_the_sweeper_goes_on_until_all_that_expired_is_released(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=200)
        await asyncio.gather(*(held(env, MUG=1) for _ in range(130)))
        env.clock.advance(MINUTES_15_S)
        assert [await env.handlers.sweep() for _ in range(3)] == [100, 30, 0]
        assert await shelf(env, "MUG") == (200, 0)


@pytest.mark.parametrize(
    "lines", [[], [StockLine(sku="MUG", quantity=0)], [StockLine(sku="MUG", quantity=-1)]]
)
async def test_lines_that_cannot_be_held_are_refused(
    postgres: DatabaseAddress, lines: list[StockLine]
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        command = Reserve(order_id=an_order(env), lines=lines, expires_at=env.clock.now())
        with pytest.raises(Invalid):
            await env.handlers.reserve(command)
        assert await moves(env, "MUG") == [("correction", 5, 0)]


async def test_a_sku_without_stock_is_out_of_stock(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        with pytest.raises(OutOfStock) as refused:
            await env.handlers.reserve(a_hold(env, an_order(env), GHOST=1))
        assert refused.value.extra["items"] == [{"sku": "GHOST", "requested": 1, "available": 0}]
