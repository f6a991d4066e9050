"""The books: balanced or refused, booked once, chained, and closed to whoever would change them."""

from __future__ import annotations

import asyncio
from typing import cast
from uuid import UUID

import asyncpg
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import InvariantBroken
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.kernel.money import EUR, USD, Currency, Money
from rialto.kernel.service import Env
from rialto.payments.audit import PAGE, ledger_is_sound
from rialto.payments.ledger import (
    GENESIS,
    Entry,
    Transaction,
    between,
    book,
    chained,
    check_balanced,
    content_of,
)
from tests.payments.builders import AT, BUCKET, ORDER_ID, euros
from tests.payments.scripted import Desk, a_desk

pytestmark = pytest.mark.anyio
ORDER: UUID = to_uuid(ORDER_ID)


def a_booking(
    cause: str = "a", *entries: Entry, bucket: int = BUCKET, entity: str = "default"
) -> Transaction:
    return Transaction(
        bucket=bucket,
        entity=entity,
        cause=cause,
        order_id=ORDER,
        kind="capture",
        entries=list(entries) or between("provider:sandbox", "customers", euros(100)),
        at=AT,
    )


async def booked(desk: Desk, *bookings: Transaction) -> int:
    async with desk.env.db.write() as session:
        return await book(session, bookings)


async def causes(desk: Desk) -> list[str]:
    rows = await desk.sql("SELECT cause FROM payments.ledger_transactions ORDER BY bucket, entity, position")
    return [row["cause"] for row in rows]


async def unsound(desk: Desk) -> list[tuple[str, str]]:
    return [(finding.subject, finding.text) for finding in await ledger_is_sound(cast("Env", desk.env))]


def test_what_does_not_balance_per_currency_is_refused() -> None:
    lame = (
        [Entry(account="a", amount=euros(1))],
        [Entry(account="a", amount=euros(1)), Entry(account="b", amount=euros(-2))],
        [Entry(account="a", amount=euros(1)), Entry(account="b", amount=Money(-1, USD))],
    )
    for entries in lame:
        with pytest.raises(InvariantBroken, match="zero"):
            check_balanced(a_booking("lame", *entries))
    with pytest.raises(InvariantBroken):
        check_balanced(
            a_booking().__class__(bucket=1, cause="none", order_id=ORDER, kind="x", entries=[], at=AT)
        )
    check_balanced(
        a_booking("two", *between("a", "b", euros(5)), *between("a", "b", Money(7, Currency("JPY"))))
    )


def test_a_hash_covers_place_content_and_what_was_before() -> None:
    booking = a_booking()
    first = chained(GENESIS, 1, content_of(booking))
    others = {
        chained(first, 1, content_of(booking)),
        chained(GENESIS, 2, content_of(booking)),
        chained(GENESIS, 1, content_of(a_booking("b"))),
        chained(
            GENESIS, 1, content_of(a_booking("a", *between("provider:sandbox", "customers", euros(101))))
        ),
    }
    assert len(others) == 4
    assert first not in others


async def test_what_does_not_balance_is_not_written(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        with pytest.raises(InvariantBroken):
            await booked(desk, a_booking("good"), a_booking("lame", Entry(account="a", amount=Money(1, EUR))))
        assert await causes(desk) == []
        assert await booked(desk) == 0


async def test_a_cause_is_booked_once(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        assert await booked(desk, a_booking("a"), a_booking("b"), a_booking("a")) == 2
        assert await booked(desk, a_booking("b"), a_booking("c")) == 1
        assert await causes(desk) == ["a", "b", "c"]
        assert await unsound(desk) == []


async def test_each_entity_and_bucket_has_a_journal_of_its_own(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await booked(desk, a_booking("a", bucket=2), a_booking("a", entity="trade"), a_booking("a"))
        rows = await desk.sql("SELECT bucket, entity, position FROM payments.journals ORDER BY 1, 2")
        assert [tuple(row.values()) for row in rows] == [
            (2, "default", 1),
            (17, "default", 1),
            (17, "trade", 1),
        ]
        assert await unsound(desk) == []


async def test_bookings_at_once_keep_one_chain(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        counts = await asyncio.gather(
            *(
                booked(desk, a_booking(f"{number % 20}"), a_booking(f"{number}", bucket=3))
                for number in range(30)
            )
        )
        assert sum(counts) == 20 + 30
        rows = await desk.sql(
            "SELECT position FROM payments.ledger_transactions WHERE bucket = 17 ORDER BY 1"
        )
        assert [row["position"] for row in rows] == list(range(1, 21))
        assert await unsound(desk) == []


async def test_a_chain_is_followed_over_many_pages(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await booked(desk, *(a_booking(f"{number}") for number in range(PAGE + 7)))
        assert await unsound(desk) == []
        await desk.sql(f"UPDATE payments.ledger_transactions SET kind = 'x' WHERE position = {PAGE + 3}")
        assert await unsound(desk) == [(f"17/default/{PAGE + 3}", "the hash chain is broken here")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET amount = amount",
        "DELETE FROM ledger_entries",
        "UPDATE ledger_transactions SET cause = cause",
        "DELETE FROM ledger_transactions",
        "TRUNCATE ledger_entries",
        "DELETE FROM webhooks",
        "UPDATE webhooks SET message_id = message_id",
        "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
    ],
)
async def test_the_service_itself_may_only_add(postgres: DatabaseAddress, statement: str) -> None:
    async with a_desk(postgres) as desk:
        await booked(desk, a_booking())
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with desk.env.db.write() as session:
                await session.run(statement)


@pytest.mark.parametrize(
    ("tampering", "subject", "text"),
    [
        ("UPDATE ledger_entries SET amount = amount * 2 WHERE position = 2", "17/default/2", "chain"),
        (
            "UPDATE ledger_entries SET account = 'revenue' WHERE position = 2 AND line = 2",
            "17/default/2",
            "chain",
        ),
        ("UPDATE ledger_entries SET currency = 'ZZZ' WHERE position = 2", "17/default/2", "currency"),
        (
            "UPDATE ledger_entries SET line = line + 5 WHERE position = 2 AND line = 1",
            "17/default/2",
            "chain",
        ),
        ("UPDATE ledger_transactions SET hash = '\\x00' WHERE position = 2", "17/default/2", "chain"),
        (
            "UPDATE ledger_transactions SET at = at - interval '1 day' WHERE position = 3",
            "17/default/3",
            "chain",
        ),
        ("UPDATE ledger_transactions SET cause = 'z' WHERE position = 1", "17/default/1", "chain"),
        ("UPDATE ledger_transactions SET position = 9 WHERE position = 3", "17/default/9", "beyond"),
        ("DELETE FROM ledger_transactions WHERE position = 2", "17/default/3", "chain"),
        ("DELETE FROM ledger_transactions WHERE position = 3", "17/default/3", "missing"),
        ("DELETE FROM ledger_entries WHERE position = 3", "17/default/3", "chain"),
        ("UPDATE journals SET position = 2", "17/default/3", "beyond"),
        ("UPDATE journals SET position = 4", "17/default/4", "missing"),
        ("UPDATE journals SET hash = '\\x00'", "17/default", "head"),
        ("DELETE FROM journals", "17/default/1", "beyond"),
        (
            "INSERT INTO ledger_entries VALUES (17, 'default', 8, 1, 'a', 'EUR', 5), (17, 'default', 8, 2, 'b', 'EUR', -5)",
            "17/default/8",
            "beyond",
        ),
    ],
)
async def test_an_audit_finds_whoever_changed_the_books(
    postgres: DatabaseAddress, tampering: str, subject: str, text: str
) -> None:
    async with a_desk(postgres) as desk:
        await booked(desk, a_booking("a"), a_booking("b"), a_booking("c"))
        assert await unsound(desk) == []
        await desk.sql(f"SET search_path = payments; {tampering}")
        found = await unsound(desk)
        assert any(where == subject and text in said for where, said in found), found


async def test_an_entry_that_unbalances_a_transaction_is_named_with_its_amount(
    postgres: DatabaseAddress,
) -> None:
    async with a_desk(postgres) as desk:
        await booked(desk, a_booking("a"), a_booking("b"))
        await desk.sql("UPDATE payments.ledger_entries SET amount = 107 WHERE position = 2 AND line = 1")
        assert ("17/default/2", "is off balance by 7 EUR") in await unsound(desk)
        assert bucket_of(ORDER_ID) == 17
