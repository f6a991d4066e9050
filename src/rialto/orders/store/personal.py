"""What orders keep about a person, found for them and deleted for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.email import bucket_of_hash, email_hash
from rialto.kernel.ids import ACCOUNT, ORDER, AccountId, OrderId, bucket_of, to_uuid

# Those in the account's bucket, placed or not, and those its list leads to. Read for its owner and by background work.
OF_ACCOUNT = """
SELECT id FROM orders WHERE bucket = $1 AND account_id = $2 AND id > $3
UNION SELECT order_id FROM order_index WHERE bucket = $1 AND account_id = $2 AND order_id > $3
ORDER BY 1 LIMIT $4
"""
# Over all buckets: background work, once per account that is erased.
DISOWN = "DELETE FROM email_accounts WHERE account_id = $1 RETURNING bucket, email_hash"
ORDERS_OF_EMAIL = "DELETE FROM email_orders WHERE bucket = $1 AND email_hash = $2 RETURNING order_id"
EMAILS = """
SELECT c.email, c.order_id FROM contacts AS c JOIN unnest($1::smallint[], $2::uuid[]) AS t(bucket, order_id)
    USING (bucket, order_id)
"""
FORGET_CONTACTS = """
DELETE FROM contacts USING unnest($1::smallint[], $2::uuid[]) AS t(bucket, order_id)
WHERE contacts.bucket = t.bucket AND contacts.order_id = t.order_id
"""
FORGET_EMAILS = """
DELETE FROM email_orders USING unnest($1::smallint[], $2::bytea[], $3::uuid[]) AS t(bucket, email_hash, order_id)
WHERE email_orders.bucket = t.bucket AND email_orders.email_hash = t.email_hash AND email_orders.order_id = t.order_id
"""
WANT_ERASURE = """
INSERT INTO erasures (bucket, account_id, due_at) VALUES ($1, $2, $3) ON CONFLICT (bucket, account_id) DO NOTHING
"""
# Crosses buckets: background work, and seldom anything is due.
DUE = "SELECT account_id FROM erasures WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
DONE = "DELETE FROM erasures WHERE bucket = $1 AND account_id = $2"

PAGE = 200
_NONE = "00000000-0000-0000-0000-000000000000"


async def orders_of(session: ReadSession, account_id: AccountId, after: OrderId | None) -> Sequence[OrderId]:
    """A page of the account's orders in the order of their ids."""
    place = to_uuid(after) if after else _NONE
    rows = await session.all(OF_ACCOUNT, bucket_of(account_id), to_uuid(account_id), place, PAGE)
    return [ORDER.of(row["id"]) for row in rows]


async def disown_emails(session: WriteSession, account_id: AccountId) -> list[OrderId]:
    """The e-mails the account had proven lead to it no more; the guests' orders they led to."""
    orders = []
    for row in await session.all(DISOWN, to_uuid(account_id)):
        found = await session.all(ORDERS_OF_EMAIL, row["bucket"], row["email_hash"])
        orders += [ORDER.of(entry["order_id"]) for entry in found]
    return orders


async def forget_contacts(session: WriteSession, order_ids: Sequence[OrderId]) -> None:
    """Whom these orders are for, and what leads to them from their e-mails."""
    columns = ([bucket_of(order_id) for order_id in order_ids], [to_uuid(order_id) for order_id in order_ids])
    known = await session.all(EMAILS, *columns)
    hashes = [email_hash(row["email"]) for row in known]
    await session.run(
        FORGET_EMAILS, [bucket_of_hash(one) for one in hashes], hashes, [row["order_id"] for row in known]
    )
    await session.run(FORGET_CONTACTS, *columns)


async def want_erasure(session: WriteSession, account_id: AccountId, at: datetime) -> None:
    """Have the account forgotten once more at that time."""
    await session.run(WANT_ERASURE, bucket_of(account_id), to_uuid(account_id), at)


async def due_erasures(session: ReadSession, now: datetime, limit: int) -> list[AccountId]:
    return [ACCOUNT.of(row["account_id"]) for row in await session.all(DUE, now, limit)]


async def erased(session: WriteSession, account_id: AccountId) -> None:
    await session.run(DONE, bucket_of(account_id), to_uuid(account_id))
