"""I3 (captures within authorisations), I5 (the ledger balances and is chained), I13 (projections are the events)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from rialto.kernel.audit import Audit, Finding, findings
from rialto.kernel.db import ReadSession
from rialto.kernel.ids import ORDER, PAYMENT, bucket_of
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Env
from rialto.payments.ledger import GENESIS, Entry, Transaction, chained, content_of
from rialto.payments.model import PaymentState, fold
from rialto.payments.store import NO_CURRENCY, TYPES

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
WHERE t.bucket = $1 AND t.entity = $2 AND t.position > $3 AND t.position <= $4 ORDER BY t.position, e.line
"""
_BEYOND = """
SELECT DISTINCT t.bucket || '/' || t.entity || '/' || t.position AS subject FROM (
    SELECT bucket, entity, position FROM ledger_transactions UNION SELECT bucket, entity, position FROM ledger_entries
) AS t LEFT JOIN journals AS j USING (bucket, entity) WHERE t.position > coalesce(j.position, 0)
"""
# A row and its events in one statement, so one snapshot: the shop goes on while it is audited.
_PAYMENTS = """
SELECT bucket, id, order_id, version, status, captured, refunded, amount, currency, (
    SELECT json_agg(json_build_array(e.version, e.type, e.schema_version, e.body::text) ORDER BY e.version)::text
    FROM events AS e WHERE e.bucket = payments.bucket AND e.stream = payments.id
) AS events
FROM payments WHERE (bucket, id) > ($1, $2) ORDER BY bucket, id LIMIT $3
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
                session,
                "I3",
                _OVERDRAWN,
                text="captured {captured} and refunded {refunded} of {amount}",
                kind=PAYMENT,
            ),
            *await findings(
                session,
                "I5",
                _BOOKED,
                text="the provider holds {amount}, the ledger says {booked}",
                kind=ORDER,
            ),
        ]


async def ledger_is_sound(e: Env) -> list[Finding]:
    """I5: every transaction sums to zero, positions have no gap, each hash follows from the one before."""
    async with e.db.read() as session:
        found = await findings(session, "I5", _UNBALANCED, text="is off balance by {amount} {currency}")
        found += await findings(session, "I5", _BEYOND, text="stands beyond the journal's head")
        for journal in await session.all(_JOURNALS):
            found += await _check_chain(session, journal)
    return found


async def _check_chain(session: ReadSession, journal: Any) -> list[Finding]:
    name = f"{journal['bucket']}/{journal['entity']}"
    before, position = GENESIS, 0
    while position < journal["position"]:
        # Not past the head that was read: what others book meanwhile is the next audit's.
        last = min(position + PAGE, journal["position"])
        rows = await session.all(_CHAIN, journal["bucket"], journal["entity"], position, last)
        for number, lines in groupby(rows, key=lambda row: row["position"]):
            try:
                transaction, stored = _transaction(journal, list(lines))
            except ValueError:  # Money refuses it
                return [Finding(invariant="I5", subject=f"{name}/{number}", text="holds an unknown currency")]
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
        async for page in payment_pages(session):
            for row in page:
                found += _compare(row)
    return found


async def payment_pages(session: ReadSession) -> AsyncIterator[Sequence[Any]]:
    """Every payment's row with its events, in pages."""
    last: tuple[int, Any] = (-1, "00000000-0000-0000-0000-000000000000")
    while True:
        page = await session.all(_PAYMENTS, last[0], last[1], PAGE)
        if not page:
            return
        yield page
        last = (page[-1]["bucket"], page[-1]["id"])


def state_of(row: Any) -> PaymentState:
    """What the events of such a row tell."""
    events = msgspec.json.decode(row["events"] or "[]")
    return fold(TYPES.decode(name, schema_version, body) for _, name, schema_version, body in events)


def _compare(row: Any) -> list[Finding]:
    subject = PAYMENT.of(row["id"])
    events = msgspec.json.decode(row["events"] or "[]")
    if [version for version, *_ in events] != list(range(1, row["version"] + 1)):
        return [Finding(invariant="I13", subject=subject, text="its events have a gap")]
    state = state_of(row)
    stored = (row["status"], row["captured"], row["refunded"], row["amount"], row["currency"])
    amount = (state.amount.amount, state.amount.currency) if state.amount else (0, NO_CURRENCY)
    told = (state.status, state.captured, state.refunded, *amount)
    if stored != told or bucket_of(ORDER.of(row["order_id"])) != row["bucket"]:
        return [
            Finding(invariant="I13", subject=subject, text=f"is stored as {stored}, its events say {told}")
        ]
    return []


AUDITS: tuple[Audit, ...] = (takings_are_sound, ledger_is_sound, payments_are_their_events)
