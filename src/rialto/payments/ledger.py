"""The ledger: balanced, immutable double entries in hash-chained journals, one per legal entity and bucket.

Signs: a debit is positive, a credit negative; a transaction's entries sum to zero per currency. Balances are
sums, never columns. Each transaction's hash covers its content and the hash before it (SHA-256 over JSON with
sorted keys), so that no past entry can change unnoticed.

Accounts: `provider:<name>` what a provider owes us; `customers` what we owe customers until we ship;
`revenue`, `tax`, `refunds`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from rialto.kernel import tracing
from rialto.kernel.clock import rfc3339
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import InvariantBroken
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen

GENESIS = hashlib.sha256(b"rialto ledger").digest()

_ENSURE = """
INSERT INTO journals (bucket, entity, position, hash)
SELECT bucket, entity, 0, $3 FROM unnest($1::smallint[], $2::text[]) AS t(bucket, entity) ORDER BY bucket, entity
ON CONFLICT DO NOTHING
"""
_LOCK = """
SELECT bucket, entity, position, hash FROM journals
JOIN unnest($1::smallint[], $2::text[]) AS t(bucket, entity) USING (bucket, entity)
ORDER BY bucket, entity FOR UPDATE OF journals
"""
_KNOWN = """
SELECT bucket, entity, cause FROM ledger_transactions
JOIN unnest($1::smallint[], $2::text[], $3::text[]) AS t(bucket, entity, cause) USING (bucket, entity, cause)
"""
_ADD_TRANSACTIONS = """
INSERT INTO ledger_transactions (bucket, entity, position, cause, order_id, kind, at, hash)
SELECT * FROM unnest($1::smallint[], $2::text[], $3::int[], $4::text[], $5::uuid[], $6::text[], $7::timestamptz[], $8::bytea[])
"""
_ADD_ENTRIES = """
INSERT INTO ledger_entries (bucket, entity, position, line, account, currency, amount)
SELECT * FROM unnest($1::smallint[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::bigint[])
"""
_ADVANCE = """
UPDATE journals SET position = t.position, hash = t.hash
FROM unnest($1::smallint[], $2::text[], $3::int[], $4::bytea[]) AS t(bucket, entity, position, hash)
WHERE journals.bucket = t.bucket AND journals.entity = t.entity
"""


class Entry(Frozen):
    """`amount` above zero is a debit, below a credit."""

    account: str
    amount: Money


class Transaction(Frozen):
    """`cause` is unique in its journal: the same cause is booked once."""

    bucket: int
    cause: str
    order_id: UUID
    kind: str
    entries: list[Entry]
    at: datetime
    entity: str = "default"


def between(debit: str, credit: str, amount: Money) -> list[Entry]:
    return [Entry(account=debit, amount=amount), Entry(account=credit, amount=-amount)]


def check_balanced(transaction: Transaction) -> None:
    sums: dict[str, int] = {}
    for entry in transaction.entries:
        sums[entry.amount.currency] = sums.get(entry.amount.currency, 0) + entry.amount.amount
    if any(sums.values()) or not transaction.entries:
        raise InvariantBroken(f"{transaction.cause} does not sum to zero: {sums}")


def chained(before: bytes, position: int, content: dict[str, Any]) -> bytes:
    """The hash of the transaction at `position` that follows `before`."""
    encoded = msgspec.json.encode({"position": position, **content}, order="sorted")
    return hashlib.sha256(before + encoded).digest()


def content_of(transaction: Transaction) -> dict[str, Any]:
    return {
        "cause": transaction.cause,
        "order_id": str(transaction.order_id),
        "kind": transaction.kind,
        "at": rfc3339(transaction.at),
        "entries": [
            [entry.account, entry.amount.currency, entry.amount.amount] for entry in transaction.entries
        ],
    }


async def book(session: WriteSession, transactions: Sequence[Transaction]) -> int:
    """Append what is not booked yet, in the caller's transaction; how many were new.

    Journals are locked in (bucket, entity) order. Raises InvariantBroken for entries that do not balance.
    """
    if not transactions:
        return 0
    with tracing.span("ledger.book") as span:
        span.set("rialto.ledger.kind", transactions[0].kind)
        return await _book(session, transactions)


async def _book(session: WriteSession, transactions: Sequence[Transaction]) -> int:
    for transaction in transactions:
        check_balanced(transaction)
    keys = sorted({(transaction.bucket, transaction.entity) for transaction in transactions})
    buckets, entities = [key[0] for key in keys], [key[1] for key in keys]
    await session.run(_ENSURE, buckets, entities, GENESIS)
    heads = {
        (row["bucket"], row["entity"]): (row["position"], row["hash"])
        for row in await session.all(_LOCK, buckets, entities)
    }
    causes = [(t.bucket, t.entity, t.cause) for t in transactions]
    rows = await session.all(_KNOWN, *[list(column) for column in zip(*causes, strict=True)])
    seen = {(row["bucket"], row["entity"], row["cause"]) for row in rows}
    added: list[tuple[Transaction, int, bytes]] = []
    for transaction in transactions:
        cause = (transaction.bucket, transaction.entity, transaction.cause)
        if cause in seen:
            continue
        seen.add(cause)
        position, before = heads[cause[:2]]
        hashed = chained(before, position + 1, content_of(transaction))
        heads[cause[:2]] = (position + 1, hashed)
        added.append((transaction, position + 1, hashed))
    if added:
        await _store(session, added)
        await session.run(
            _ADVANCE, buckets, entities, [heads[key][0] for key in keys], [heads[key][1] for key in keys]
        )
    return len(added)


async def _store(session: WriteSession, added: Sequence[tuple[Transaction, int, bytes]]) -> None:
    await session.run(
        _ADD_TRANSACTIONS,
        [t.bucket for t, _, _ in added],
        [t.entity for t, _, _ in added],
        [position for _, position, _ in added],
        [t.cause for t, _, _ in added],
        [t.order_id for t, _, _ in added],
        [t.kind for t, _, _ in added],
        [t.at for t, _, _ in added],
        [hashed for _, _, hashed in added],
    )
    lines = [
        (t.bucket, t.entity, position, line, entry.account, entry.amount.currency, entry.amount.amount)
        for t, position, _ in added
        for line, entry in enumerate(t.entries, start=1)
    ]
    await session.run(_ADD_ENTRIES, *[list(column) for column in zip(*lines, strict=True)])
