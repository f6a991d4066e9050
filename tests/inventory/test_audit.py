"""Each fault planted in the rows of stock is found, as what it is and with its id; sound stock has no finding."""

from __future__ import annotations

import msgspec
import pytest

from rialto.inventory.service import SERVICE
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.ids import OrderId, to_uuid
from tests.inventory.stockroom import assert_sound, found, held, of, stocked
from tests.support.env import TestEnv, open_service

pytestmark = pytest.mark.anyio


async def plant(env: TestEnv, postgres: DatabaseAddress, statements: str) -> None:
    """As the database's administrator: the service itself may not."""
    async with env.db.read() as session:
        database = await session.value("SELECT current_database()")
    connection = await connect(msgspec.structs.replace(postgres, database=database))
    try:
        await connection.execute(f"SET search_path = inventory; {statements}")
    finally:
        await connection.close()


async def a_busy_day(env: TestEnv) -> dict[str, OrderId]:
    """One order of each kind, by the state its reservation is in."""
    await stocked(env, MUG=10, LAMP=5)
    orders = {name: await held(env, MUG=1) for name in ("held", "consumed", "released", "restocked")}
    await env.handlers.consume(of(orders["consumed"]))
    await env.handlers.release(of(orders["released"]))
    await env.handlers.consume(of(orders["restocked"]))
    await env.handlers.release(of(orders["restocked"]))
    await held(env, LAMP=2)
    return orders


async def test_a_busy_day_has_no_finding(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await assert_sound(env)
        await a_busy_day(env)
        await assert_sound(env)


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (
            "UPDATE stock SET on_hand = on_hand + 1 WHERE sku = 'MUG'",
            [("I1", "MUG in berlin", "on hand 10, reserved 1; movements say 9 and 1")],
        ),
        (
            "UPDATE stock SET reserved = reserved + 1 WHERE sku = 'MUG'",
            [
                ("I1", "MUG in berlin", "on hand 9, reserved 2; movements say 9 and 1"),
                ("I1", "MUG in berlin", "reserved 2, but orders hold 1"),
            ],
        ),
        (
            "INSERT INTO stock (sku, warehouse, on_hand) VALUES ('GHOST', 'berlin', 3)",
            [("I1", "GHOST in berlin", "on hand 3, reserved 0; movements say 0 and 0")],
        ),
        (
            "DELETE FROM movements WHERE sku = 'LAMP' AND kind = 'correction'",
            [("I1", "LAMP in berlin", "on hand 5, reserved 2; movements say 0 and 2")],
        ),
        (
            """ALTER TABLE stock DROP CONSTRAINT stock_check;
            UPDATE stock SET on_hand = 1 WHERE sku = 'LAMP';
            INSERT INTO movements VALUES ('LAMP', 'berlin', 'theft', NULL, 'correction', -4, 0, '2026-01-05Z')""",
            [("I1", "LAMP in berlin", "on hand 1, reserved 2; movements say 1 and 2")],
        ),
    ],
)
async def test_stock_that_is_not_what_its_movements_and_orders_say_is_found(
    postgres: DatabaseAddress, planted: str, expected: list[tuple[str, str, str]]
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await a_busy_day(env)
        await plant(env, postgres, planted)
        assert [(f.invariant, f.subject, f.text) for f in await found(env)] == expected


async def test_a_reservation_that_outlives_its_time_by_a_minute_is_found(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        orders = await a_busy_day(env)
        await plant(
            env,
            postgres,
            "UPDATE reservations SET expires_at = '2026-01-05 09:00Z' WHERE state = 'held'"
            " AND order_id IN (SELECT order_id FROM allocations WHERE sku = 'MUG')",
        )
        env.clock.advance(60)
        await assert_sound(env)  # the sweeper may take that long
        env.clock.advance(1)
        told = [(finding.invariant, finding.subject, finding.text) for finding in await found(env)]
        assert told == [("I6", orders["held"], "held although its time ended at 2026-01-05 09:00:00+00:00")]


@pytest.mark.parametrize(
    ("state", "missing", "left"),
    [
        ("consumed", "consume", "reserve"),
        ("released", "release", "reserve"),
        ("restocked", "restock", "consume,reserve"),
        ("restocked", "consume", "reserve,restock"),
    ],
)
async def test_a_reservation_whose_step_left_no_movement_is_found(
    postgres: DatabaseAddress, state: str, missing: str, left: str
) -> None:
    async with open_service(SERVICE, postgres) as env:
        subject = (await a_busy_day(env))[state]
        await plant(
            env,
            postgres,
            f"DELETE FROM movements WHERE order_id = '{to_uuid(subject)}' AND kind = '{missing}'",
        )
        findings = await found(env)
        assert [f.text for f in findings if f.invariant == "I6"] == [
            f"is {state}, but its movements are: {left}"
        ]
        assert [f.subject for f in findings if f.invariant == "I6"] == [subject]
        # The counts no longer fit either.
        assert [f.subject for f in findings if f.invariant == "I1"] == ["MUG in berlin"]


@pytest.mark.parametrize(
    ("state", "told", "steps"),
    [
        ("held", "consumed", "reserve"),
        ("consumed", "released", "consume,reserve"),
        ("released", "consumed", "release,reserve"),
        ("restocked", "consumed", "consume,reserve,restock"),
    ],
)
async def test_a_reservation_in_a_state_that_its_movements_do_not_tell_is_found(
    postgres: DatabaseAddress, state: str, told: str, steps: str
) -> None:
    async with open_service(SERVICE, postgres) as env:
        subject = (await a_busy_day(env))[state]
        await plant(
            env, postgres, f"UPDATE reservations SET state = '{told}' WHERE order_id = '{to_uuid(subject)}'"
        )
        findings = [f for f in await found(env) if f.invariant == "I6"]
        assert [(f.subject, f.text) for f in findings] == [
            (subject, f"is {told}, but its movements are: {steps}")
        ]


async def test_a_reservation_that_moved_nothing_at_all_is_found(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        subject = (await a_busy_day(env))["held"]
        await plant(env, postgres, f"DELETE FROM movements WHERE order_id = '{to_uuid(subject)}'")
        findings = [f for f in await found(env) if f.invariant == "I6"]
        assert [f.text for f in findings] == ["is held, but its movements are: none"]
