"""What keeps stock right when code is wrong or an answer is lost: the database's rules, and reading before repeating."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from rialto.inventory.api import Reservation, ReservationGone
from rialto.inventory.service import SERVICE
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import InvariantBroken, OutcomeUnknown, Unavailable
from rialto.kernel.refusals import CheckFailed, Duplicate
from tests.inventory.stockroom import a_hold, an_order, assert_sound, held, of, shelf, stocked
from tests.support.env import TestEnv, open_service

pytestmark = pytest.mark.anyio

MINUTES_15_S = 15 * 60
Ask = Callable[[], Awaitable[Reservation]]


class LosesReplies:
    """Faults: the answer to one commit is lost, before or after the database has written."""

    def __init__(self) -> None:
        self.point: str | None = None

    def reach(self, point: str) -> None:
        if point == self.point:
            self.point = None
            raise OutcomeUnknown


@pytest.mark.parametrize("written", [True, False])
async def test_after_a_lost_commit_the_answer_is_what_stands_in_the_table(
    postgres: DatabaseAddress, *, written: bool
) -> None:
    async with open_service(SERVICE, postgres) as env:
        faults = LosesReplies()
        env.faults = faults
        env.handlers = SERVICE.build(env)
        await stocked(env, MUG=9)
        orders = [an_order(env), await held(env, MUG=1), await held(env, MUG=1), await held(env, MUG=1)]
        env.clock.advance(MINUTES_15_S)
        calls: list[tuple[Ask, str]] = [
            (lambda: env.handlers.reserve(a_hold(env, orders[0], MUG=2)), "held"),
            (lambda: env.handlers.consume(of(orders[1])), "consumed"),
            (lambda: env.handlers.release(of(orders[2])), "released"),
        ]
        for call, state in calls:
            faults.point = "batch.after_commit" if written else "batch.before_commit"
            if not written:
                with pytest.raises(Unavailable):
                    await call()
            assert (await call()).state == state
        faults.point = "batch.after_commit" if written else "batch.before_commit"
        if not written:
            with pytest.raises(Unavailable):
                await env.handlers.sweep()
        assert await env.handlers.sweep() == 1
        assert await shelf(env, "MUG") == (8, 2)
        await assert_sound(env)


async def test_after_a_lost_commit_whoever_came_too_late_is_told_that_it_is_gone(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        faults = LosesReplies()
        env.faults = faults
        env.handlers = SERVICE.build(env)
        await stocked(env, MUG=9)
        order_id = await held(env, MUG=1)
        await env.handlers.release(of(order_id))
        calls: list[Ask] = [
            lambda: env.handlers.reserve(a_hold(env, order_id, MUG=1)),
            lambda: env.handlers.consume(of(order_id)),
        ]
        for call in calls:
            faults.point = "batch.after_commit"
            with pytest.raises(ReservationGone):
                await call()
        await assert_sound(env)


async def planted(env: TestEnv, statement: str) -> None:
    async with env.db.write() as session:
        await session.run(statement)


async def test_the_database_itself_keeps_anybody_from_selling_more_than_there_is(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=2)
        await held(env, MUG=2)
        for statement in (
            "UPDATE stock SET reserved = 3",
            "UPDATE stock SET on_hand = 1",
            "UPDATE stock SET reserved = -1",
        ):
            with pytest.raises(CheckFailed):
                await planted(env, statement)


async def test_movements_are_only_ever_added(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=2)
        for statement in (
            "UPDATE movements SET on_hand = 0",
            "DELETE FROM movements",
            "TRUNCATE movements",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await planted(env, statement)
        order_id = await held(env, MUG=1)
        again = "INSERT INTO movements SELECT sku, warehouse, cause, order_id, kind, 0, 5, at FROM movements"
        with pytest.raises(Duplicate):
            await planted(env, again)
        assert (await env.handlers.reservation(of(order_id))).state == "held"


async def test_a_shelf_that_vanished_under_an_allocation_stops_the_unit_of_work(
    postgres: DatabaseAddress,
) -> None:
    """The fence behind the fence: fewer rows moved than were admitted, and nothing is written."""
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=2, LAMP=2)
        order_id = await held(env, MUG=1, LAMP=1)
        await planted(env, "UPDATE stock SET on_hand = 0, reserved = 0 WHERE sku = 'MUG'")
        with pytest.raises(InvariantBroken):
            await env.handlers.consume(of(order_id))
        assert (await env.handlers.reservation(of(order_id))).state == "held"
        assert await shelf(env, "LAMP") == (2, 1)
