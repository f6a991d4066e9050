"""I3 (captures within authorisations), I5 (the ledger balances and is chained), I13 (projections are the events)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Any

from rialto.kernel.audit import Audit, Finding, findings
from rialto.kernel.db import ReadSession
from rialto.kernel.ids import ORDER, PAYMENT, bucket_of
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Env
from rialto.payments.ledger import GENESIS, Entry, Transaction, chained, content_of
from rialto.payments.model import fold
from rialto.payments.store import TYPES

PAGE = 500

_OVERDRAWN = "SELECT id AS subject, captured, refunded, amount FROM payments WHERE captured > amount OR refunded > captured"
_UNBALANCED = """
SELECT bucket || '/' || entity || '/' || position AS subject, currency, sum(amount) AS amount
FROM ledger_entries GROUP BY bucket, entity, position, currency HAVING sum(amount) <> 0
"""
_JOURNALS = (
    "SELECT bucket, entity, position, hash FROM journals ORDER BY bucket, entity"  # at most 1,024 an entity
)
_CHAIN = """
SELECT t.position, t.cause, t.order_id, t.kind, t.at, t.hash, e.account, e.currency, e.amount
FROM ledger_transactions AS t LEFT JOIN ledger_entries AS e USING (bucket, entity, position)
WHERE t.bucket = $1 AND t.entity = $2 AND t.position > $3 AND t.position <= $3 + $4 ORDER BY t.position, e.line
"""
_PAYMENTS = """
SELECT bucket, id, order_id, version, status, captured, refunded, amount, currency FROM payments
WHERE (bucket, id) > ($1, $2) ORDER BY bucket, id LIMIT $3
"""
_EVENTS = """
SELECT stream, version, type, schema_version, body::text AS body FROM events
WHERE bucket = ANY ($1::smallint[]) AND stream = ANY ($2::uuid[]) ORDER BY stream, version
"""
_BOOKED = """
SELECT p.order_id AS subject, p.money AS amount, coalesce(b.booked, 0) AS booked FROM (
    SELECT bucket, order_id, sum(captured - refunded) AS money FROM payments GROUP BY bucket, order_id
) AS p LEFT JOIN (
    SELECT t.bucket, t.order_id, sum(e.amount) AS booked
    FROM ledger_transactions AS t JOIN ledger_entries AS e USING (bucket, entity, position)
    WHERE t.kind IN ('capture', 'refund') AND e.account LIKE 'provider:%' GROUP BY t.bucket, t.order_id
) AS b USING (bucket, order_id)
WHERE p.money <> coalesce(b.booked, 0)
"""


async def takings_are_sound(e: Env) -> list[Finding]:
    """I3: of no payment more was captured than authorised, or refunded than captured."""
    async with e.db.read() as session:
        return [
            *await findings(
                session, "I3", _OVERDRAWN, text="captured {captured} and refunded {refunded} of {amount}"
            ),
            *await findings(
                session, "I5", _BOOKED, text="the provider holds {amount}, the ledger says {booked}"
            ),
        ]


async def ledger_is_sound(e: Env) -> list[Finding]:
    """I5: every transaction sums to zero, positions have no gap, each hash follows from the one before."""
    async with e.db.read() as session:
        found = await findings(session, "I5", _UNBALANCED, text="is off balance by {amount} {currency}")
        for journal in await session.all(_JOURNALS):
            found += await _check_chain(session, journal)
    return found


async def _check_chain(session: ReadSession, journal: Any) -> list[Finding]:
    name = f"{journal['bucket']}/{journal['entity']}"
    before, position = GENESIS, 0
    while position < journal["position"]:
        rows = await session.all(_CHAIN, journal["bucket"], journal["entity"], position, PAGE)
        for number, lines in groupby(rows, key=lambda row: row["position"]):
            transaction, stored = _transaction(journal, list(lines))
            before = chained(before, position + 1, content_of(transaction))
            if number != position + 1 or before != stored:
                return [
                    Finding(invariant="I5", subject=f"{name}/{number}", text="the hash chain is broken here")
                ]
            position += 1
        if not rows:
            return [
                Finding(invariant="I5", subject=f"{name}/{position + 1}", text="a transaction is missing")
            ]
    if before != journal["hash"]:
        return [Finding(invariant="I5", subject=name, text="the journal's head is not its last transaction")]
    return []


def _transaction(journal: Any, lines: Sequence[Any]) -> tuple[Transaction, bytes]:
    first = lines[0]
    return (
        Transaction(
            bucket=journal["bucket"],
            entity=journal["entity"],
            cause=first["cause"],
            order_id=first["order_id"],
            kind=first["kind"],
            at=first["at"],
            entries=[
                Entry(account=line["account"], amount=Money(line["amount"], Currency(line["currency"])))
                for line in lines
                if line["account"] is not None
            ],
        ),
        first["hash"],
    )


async def payments_are_their_events(e: Env) -> list[Finding]:
    """I13: each row is what its events fold to, and no version is missing."""
    found: list[Finding] = []
    async with e.db.read() as session:
        async for page in _pages(session):
            rows = await session.all(
                _EVENTS, list({row["bucket"] for row in page}), [row["id"] for row in page]
            )
            by_stream = {
                stream: list(events) for stream, events in groupby(rows, key=lambda row: row["stream"])
            }
            for row in page:
                found += _compare(row, by_stream.get(row["id"], []))
    return found


async def _pages(session: ReadSession) -> AsyncIterator[Sequence[Any]]:
    last: tuple[int, Any] = (-1, "00000000-0000-0000-0000-000000000000")
    while True:
        page = await session.all(_PAYMENTS, last[0], last[1], PAGE)
        if not page:
            return
        yield page
        last = (page[-1]["bucket"], page[-1]["id"])


def _compare(row: Any, events: Sequence[Any]) -> list[Finding]:
    subject = PAYMENT.of(row["id"])
    if [event["version"] for event in events] != list(range(1, row["version"] + 1)):
        return [Finding(invariant="I13", subject=subject, text="its events have a gap")]
    state = fold(TYPES.decode(event["type"], event["schema_version"], event["body"]) for event in events)
    stored = (row["status"], row["captured"], row["refunded"], row["amount"])
    told = (state.status, state.captured, state.refunded, state.amount.amount if state.amount else 0)
    if stored != told or bucket_of(ORDER.of(row["order_id"])) != row["bucket"]:
        return [
            Finding(invariant="I13", subject=subject, text=f"is stored as {stored}, its events say {told}")
        ]
    return []


AUDITS: tuple[Audit, ...] = (takings_are_sound, ledger_is_sound, payments_are_their_events)
