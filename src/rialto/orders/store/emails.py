"""From an e-mail to guests' orders, and to the account that has proven it: directories in the bucket of its hash."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.email import bucket_of_hash
from rialto.kernel.ids import ACCOUNT, ORDER, AccountId, OrderId, to_uuid
from rialto.kernel.service import Frozen

# The last proof counts: an address that went to somebody else is theirs now.
PROVE = """
INSERT INTO email_accounts (bucket, email_hash, account_id, due_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (bucket, email_hash) DO UPDATE SET account_id = excluded.account_id, due_at = excluded.due_at
"""
# By account, over all buckets: an account has one e-mail, and this is background work.
DISOWN = "DELETE FROM email_accounts WHERE account_id = $1 AND email_hash <> $2"
HURRY = (
    "UPDATE email_orders SET due_at = $3 WHERE bucket = $1 AND email_hash = $2 AND due_at IS DISTINCT FROM $3"
)
# What is due crosses buckets: background work, and no request waits for it.
PROVEN_DUE = "SELECT email_hash FROM email_accounts WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
PROVEN_DONE = "UPDATE email_accounts SET due_at = NULL WHERE bucket = $1 AND email_hash = $2 AND due_at <= $3"
ORDERS_DUE = """
SELECT o.email_hash, o.order_id, a.account_id FROM email_orders AS o
LEFT JOIN email_accounts AS a ON a.bucket = o.bucket AND a.email_hash = o.email_hash
WHERE o.due_at <= $1 ORDER BY o.due_at LIMIT $2
"""
LOOK_AGAIN = "UPDATE email_orders SET due_at = $4 WHERE bucket = $1 AND email_hash = $2 AND order_id = $3"
REMOVE = "DELETE FROM email_orders WHERE bucket = $1 AND email_hash = $2 AND order_id = $3"


class DueOrder(Frozen):
    """A guest's order that an account may take over: the one that has proven the e-mail, if there is one."""

    email_hash: bytes
    order_id: OrderId
    account_id: AccountId | None


async def prove(
    session: WriteSession, email_hash: bytes, account_id: AccountId, *, now: datetime, again_at: datetime
) -> None:
    """The account owns this e-mail and no other. Its orders are due now, and once more later.

    An order that is being started at this very moment sees no proof yet, and is not seen here either.
    """
    await session.run(PROVE, bucket_of_hash(email_hash), email_hash, to_uuid(account_id), again_at)
    await session.run(DISOWN, to_uuid(account_id), email_hash)
    await session.run(HURRY, bucket_of_hash(email_hash), email_hash, now)


async def look_once_more(session: WriteSession, now: datetime, limit: int) -> int:
    """For proofs whose second look is due: how many there were."""
    rows = await session.all(PROVEN_DUE, now, limit)
    for row in rows:
        place = (bucket_of_hash(row["email_hash"]), row["email_hash"])
        await session.run(HURRY, *place, now)
        await session.run(PROVEN_DONE, *place, now)
    return len(rows)


async def due_orders(session: ReadSession, now: datetime, limit: int) -> list[DueOrder]:
    return [
        DueOrder(
            email_hash=row["email_hash"],
            order_id=ORDER.of(row["order_id"]),
            account_id=None if row["account_id"] is None else ACCOUNT.of(row["account_id"]),
        )
        for row in await session.all(ORDERS_DUE, now, limit)
    ]


async def look_again(session: WriteSession, due: DueOrder, at: datetime | None) -> None:
    """Come back to it at that time; None: when its e-mail is proven."""
    await session.run(LOOK_AGAIN, *_place(due), at)


async def remove(session: WriteSession, due: DueOrder) -> None:
    await session.run(REMOVE, *_place(due))


def _place(due: DueOrder) -> tuple[int, bytes, UUID]:
    return bucket_of_hash(due.email_hash), due.email_hash, to_uuid(due.order_id)
