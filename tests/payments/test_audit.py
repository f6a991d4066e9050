"""Each planted fault is found, as what it is; a sound database has no finding."""

from __future__ import annotations

import asyncio

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.payments.api import Capture, OfPaidOrder, Refund
from rialto.payments.service import SERVICE
from tests.payments.builders import ORDER_ID, PAYMENT_ID, an_authorisation, euros
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


TOLD = "('refunded', 900, 100, 1000, 'EUR')"


def otherwise(stored: str) -> tuple[str, str, str]:
    """The finding that a row is not what its events say."""
    return ("I13", PAYMENT_ID, f"is stored as {stored}, its events say {TOLD}")


GAP = ("I13", PAYMENT_ID, "its events have a gap")


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (
            "ALTER TABLE payments DROP CONSTRAINT payments_check; UPDATE payments SET captured = 1001 WHERE captured > 0",
            [
                ("I3", PAYMENT_ID, "captured 1001 and refunded 100 of 1000"),
                ("I5", ORDER_ID, "the provider holds 901, the ledger says 800"),
                otherwise("('refunded', 1001, 100, 1000, 'EUR')"),
            ],
        ),
        (
            "ALTER TABLE payments DROP CONSTRAINT payments_check1; UPDATE payments SET refunded = 950 WHERE captured > 0",
            [
                ("I3", PAYMENT_ID, "captured 900 and refunded 950 of 1000"),
                ("I5", ORDER_ID, "the provider holds -50, the ledger says 800"),
                otherwise("('refunded', 900, 950, 1000, 'EUR')"),
            ],
        ),
        (
            "UPDATE payments SET refunded = 0 WHERE captured > 0",
            [
                ("I5", ORDER_ID, "the provider holds 900, the ledger says 800"),
                otherwise("('refunded', 900, 0, 1000, 'EUR')"),
            ],
        ),
        (
            "UPDATE payments SET status = 'authorised' WHERE captured > 0",
            [otherwise("('authorised', 900, 100, 1000, 'EUR')")],
        ),
        (
            "UPDATE payments SET amount = amount + 1 WHERE captured > 0",
            [otherwise("('refunded', 900, 100, 1001, 'EUR')")],
        ),
        (
            "UPDATE payments SET currency = 'USD' WHERE captured > 0",
            [otherwise("('refunded', 900, 100, 1000, 'USD')")],
        ),
        ("UPDATE payments SET version = version - 1 WHERE captured > 0", [GAP]),
        ("DELETE FROM events WHERE type = 'payments.authorised' AND bucket = 17", [GAP]),
        ("DELETE FROM events WHERE type = 'payments.refunded'", [GAP]),
        (
            "DELETE FROM events WHERE bucket = 17",
            [GAP, ("I4", PAYMENT_ID, "900 captured and 100 refunded EUR at sandbox, not known to us")],
        ),
        (
            """DELETE FROM ledger_entries WHERE position = 2;
            DELETE FROM ledger_transactions WHERE position = 2;
            UPDATE journals SET position = 1, hash = t.hash FROM ledger_transactions AS t""",
            [("I5", ORDER_ID, "the provider holds 800, the ledger says 900")],
        ),
        (
            "UPDATE ledger_entries SET amount = amount + 7 WHERE position = 1 AND account = 'customers'",
            [
                ("I5", "17/default/1", "is off balance by 7 EUR"),
                ("I5", "17/default/1", "the hash chain is broken here"),
            ],
        ),
        (
            "UPDATE journals SET hash = '\\x00'",
            [("I5", "17/default", "the journal's head is not its last transaction")],
        ),
    ],
)
async def test_a_planted_fault_is_found_as_what_it_is_and_with_its_id(
    postgres: DatabaseAddress, planted: str, expected: list[tuple[str, str, str]]
) -> None:
    async with a_desk(postgres) as desk:
        await a_busy_day(desk)
        await desk.sql(f"SET search_path = payments; {planted}")
        found = [finding for check in SERVICE.audits for finding in await check(desk.env)]
        assert [(finding.invariant, finding.subject, finding.text) for finding in found] == expected


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
