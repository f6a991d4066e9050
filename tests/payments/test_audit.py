"""Each planted fault is found, as what it is; a sound database has no finding."""

from __future__ import annotations

import asyncio

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.payments.api import Capture, OfPaidOrder, Refund
from tests.payments.builders import ORDER_ID, an_authorisation, euros
from tests.payments.scripted import Desk, a_desk

pytestmark = pytest.mark.anyio


async def a_busy_day(desk: Desk) -> None:
    """A payment captured and refunded in part, one voided, one given up before it began."""
    await desk.handlers.authorise(an_authorisation())
    await desk.handlers.capture(Capture(order_id=ORDER_ID, amount=euros(900), step="parcel"))
    await desk.handlers.refund(Refund(order_id=ORDER_ID, amount=euros(100), step="back"))
    other = desk.order_id(bucket=5)
    await desk.handlers.authorise(an_authorisation(order_id=other))
    await desk.handlers.void(OfPaidOrder(order_id=other, tenders=2))


async def test_a_busy_day_has_no_finding(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        assert await desk.audit() == []
        await a_busy_day(desk)
        assert await desk.audit() == []


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (
            "ALTER TABLE payments.payments DROP CONSTRAINT payments_check; UPDATE payments.payments SET captured = 1001 WHERE captured > 0",
            ["I3", "I5", "I13"],
        ),
        ("UPDATE payments.payments SET refunded = 0 WHERE captured > 0", ["I5", "I13"]),
        ("UPDATE payments.payments SET status = 'authorised' WHERE captured > 0", ["I13"]),
        ("UPDATE payments.payments SET amount = amount + 1 WHERE captured > 0", ["I13"]),
        ("UPDATE payments.payments SET version = version - 1 WHERE captured > 0", ["I13"]),
        ("UPDATE payments.payments SET currency = 'USD' WHERE captured > 0", ["I13"]),
        ("DELETE FROM payments.events WHERE type = 'payments.authorised' AND bucket = 17", ["I13"]),
        ("DELETE FROM payments.events WHERE type = 'payments.refunded'", ["I13"]),
        (
            """DELETE FROM payments.ledger_entries WHERE position = 2;
            DELETE FROM payments.ledger_transactions WHERE position = 2;
            UPDATE payments.journals SET position = 1, hash = t.hash FROM payments.ledger_transactions AS t""",
            ["I5"],
        ),
    ],
)
async def test_a_planted_fault_is_found_as_what_it_is(
    postgres: DatabaseAddress, planted: str, expected: list[str]
) -> None:
    async with a_desk(postgres) as desk:
        await a_busy_day(desk)
        await desk.sql(planted)
        assert [invariant for invariant, _ in await desk.audit()] == expected


async def test_an_audit_beside_a_busy_shop_finds_nothing(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:

        async def trade() -> None:
            for number in range(10):
                order_id = desk.order_id(bucket=number % 3)
                await desk.handlers.authorise(an_authorisation(order_id=order_id))
                await desk.handlers.capture(Capture(order_id=order_id, amount=euros(900), step="parcel"))

        trading = [asyncio.create_task(trade()) for _ in range(3)]
        while not all(task.done() for task in trading):
            assert await desk.audit() == []
        await asyncio.gather(*trading)


async def test_ids_of_buckets_and_orders_are_held_together_by_the_database(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await a_busy_day(desk)
        rows = await desk.sql("SELECT bucket, order_id FROM payments.payments WHERE captured > 0")
        assert (rows[0]["bucket"], rows[0]["order_id"]) == (bucket_of(ORDER_ID), to_uuid(ORDER_ID))
