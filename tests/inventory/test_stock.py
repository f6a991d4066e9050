"""Stock, tried on a real database: holding, using up, giving back, counting, sweeping."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rialto.inventory.api import (
    LevelsOf,
    OfOrder,
    OutOfStock,
    PutStock,
    PutStockMany,
    ReservationGone,
)
from rialto.inventory.service import SERVICE
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Conflict, Invalid, RialtoError
from rialto.kernel.service import Nothing
from tests.inventory.stockroom import a_hold, an_order, assert_sound, available, stocked
from tests.support.env import open_service

pytestmark = pytest.mark.anyio


async def test_a_hold_lowers_what_is_available_and_a_repeat_changes_nothing(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = an_order(env)
        first = await env.handlers.reserve(a_hold(env, order_id, MUG=3))
        again = await env.handlers.reserve(a_hold(env, order_id, MUG=3))
        assert first == again
        assert await available(env, "MUG") == 2
        await assert_sound(env)


async def test_a_short_sku_is_named_and_nothing_is_held_of_the_others(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5, LAMP=1)
        order_id = an_order(env)
        with pytest.raises(OutOfStock) as refused:
            await env.handlers.reserve(a_hold(env, order_id, MUG=2, LAMP=2))
        assert refused.value.extra["items"] == [{"sku": "LAMP", "requested": 2, "available": 1}]
        assert await available(env, "MUG") == 5
        # Nothing was remembered of the refusal either: with less the same order gets its goods.
        await env.handlers.reserve(a_hold(env, order_id, MUG=2, LAMP=1))
        await assert_sound(env)


async def test_two_hundred_buyers_of_twenty_units_get_exactly_twenty(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, HOT=20)
        answers: list[Any] = await asyncio.gather(
            *(env.handlers.reserve(a_hold(env, an_order(env), HOT=1)) for _ in range(200)),
            return_exceptions=True,
        )
        assert sum(not isinstance(answer, RialtoError) for answer in answers) == 20
        assert sum(isinstance(answer, OutOfStock) for answer in answers) == 180
        assert await available(env, "HOT") == 0
        await assert_sound(env)


async def test_consuming_and_then_releasing_puts_the_goods_back(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = an_order(env)
        await env.handlers.reserve(a_hold(env, order_id, MUG=3))
        for _ in range(2):
            assert (await env.handlers.consume(OfOrder(order_id=order_id))).state == "consumed"
        assert [level.on_hand for level in (await env.handlers.stock(LevelsOf(skus=["MUG"]))).items] == [2]
        for _ in range(2):
            assert (await env.handlers.release(OfOrder(order_id=order_id))).state == "restocked"
        assert await available(env, "MUG") == 5
        await assert_sound(env)


async def test_after_a_release_neither_a_late_hold_nor_a_late_consume_finds_anything(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        never_held, held = an_order(env), an_order(env)
        assert await env.handlers.release(OfOrder(order_id=never_held)) is None
        await env.handlers.reserve(a_hold(env, held, MUG=1))
        await env.handlers.release(OfOrder(order_id=held))
        for order_id in (never_held, held):
            with pytest.raises(ReservationGone):
                await env.handlers.reserve(a_hold(env, order_id, MUG=1))
            with pytest.raises(ReservationGone):
                await env.handlers.consume(OfOrder(order_id=order_id))
        assert await available(env, "MUG") == 5
        await assert_sound(env)


async def test_the_sweeper_releases_what_expired_and_leaves_what_was_consumed(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        forgotten, paid = an_order(env), an_order(env)
        await env.handlers.reserve(a_hold(env, forgotten, MUG=2))
        await env.handlers.reserve(a_hold(env, paid, MUG=1))
        await env.handlers.consume(OfOrder(order_id=paid))
        assert await env.handlers.sweep() == 0
        env.clock.advance(15 * 60 + 1)
        assert await env.handlers.sweep() == 1
        assert await available(env, "MUG") == 4
        with pytest.raises(ReservationGone):
            await env.handlers.consume(OfOrder(order_id=forgotten))
        await assert_sound(env)


async def test_workers_that_sweep_at_once_give_stock_back_once(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        for _ in range(4):
            await env.handlers.reserve(a_hold(env, an_order(env), MUG=1))
        env.clock.advance(15 * 60 + 1)
        await asyncio.gather(*(env.handlers.sweep() for _ in range(3)))
        assert await available(env, "MUG") == 5
        await assert_sound(env)


async def test_the_nearest_warehouse_gives_first_and_several_share_what_none_has_alone(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        counts = [PutStock(sku="MUG", warehouse=place, on_hand=3) for place in ("berlin", "rotterdam")]
        await env.handlers.put_stock(PutStockMany(items=counts))
        near = await env.handlers.reserve(a_hold(env, an_order(env), "NL", MUG=1))
        assert [part.warehouse for part in near.allocations] == ["rotterdam"]
        shared = await env.handlers.reserve(a_hold(env, an_order(env), "DE", MUG=4))
        assert {part.warehouse: part.quantity for part in shared.allocations} == {"berlin": 3, "rotterdam": 1}
        await assert_sound(env)


async def test_a_count_below_what_is_held_is_refused(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        await env.handlers.reserve(a_hold(env, an_order(env), MUG=3))
        with pytest.raises(Conflict, match="held for orders"):
            await stocked(env, MUG=2)
        await stocked(env, MUG=3)
        assert await available(env, "MUG") == 0
        await assert_sound(env)


@pytest.mark.parametrize(
    ("warehouse", "on_hand", "sku"), [("mars", 1, "A"), ("berlin", -1, "A"), ("berlin", 1, "A\x00")]
)
async def test_a_count_that_cannot_be_is_refused(
    postgres: DatabaseAddress, warehouse: str, on_hand: int, sku: str
) -> None:
    async with open_service(SERVICE, postgres) as env:
        with pytest.raises(Invalid):
            await env.handlers.put_stock(
                PutStockMany(items=[PutStock(sku=sku, warehouse=warehouse, on_hand=on_hand)])
            )


async def test_warehouses_are_listed_as_they_are_emptied(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        known = (await env.handlers.warehouses(Nothing())).items
        assert [(one.code, one.country) for one in known] == [("berlin", "DE"), ("rotterdam", "NL")]


async def test_an_event_is_published_when_the_band_changes_and_only_then(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=6)
        await env.handlers.reserve(a_hold(env, an_order(env), MUG=1))  # 5: still plenty
        await env.handlers.reserve(a_hold(env, an_order(env), MUG=3))  # 2: few left
        await env.handlers.reserve(a_hold(env, an_order(env), MUG=2))  # none
        async with env.db.read() as session:
            rows = await session.all("SELECT body->>'band' AS band FROM events ORDER BY version")
        assert [row["band"] for row in rows] == ["in_stock", "few_left", "sold_out"]


async def test_many_processes_worth_of_batches_never_oversell(postgres: DatabaseAddress) -> None:
    """Two batchers on one database, as two workers would be: the fence is in the database."""
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, A=30, B=30)
        other = SERVICE.build(env)
        orders = [an_order(env) for _ in range(80)]
        answers: list[Any] = await asyncio.gather(
            *(
                (env.handlers if index % 2 else other).reserve(a_hold(env, order_id, A=1, B=1))
                for index, order_id in enumerate(orders)
            ),
            return_exceptions=True,
        )
        assert sum(not isinstance(answer, Exception) for answer in answers) == 30
        # The same orders again through the other process: same answers, nothing more is taken.
        again: list[Any] = await asyncio.gather(
            *(other.reserve(a_hold(env, order_id, A=1, B=1)) for order_id in orders), return_exceptions=True
        )
        assert sum(not isinstance(answer, Exception) for answer in again) == 30
        await assert_sound(env)
