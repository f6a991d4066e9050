"""How wishlists are kept, in their account's bucket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rialto.cart.api import WISHES_MAX
from rialto.kernel.db import AloneSession, ReadSession, Row, WriteSession
from rialto.kernel.ids import AccountId, bucket_of, to_uuid

ALL = """
SELECT item, sku, wished_at FROM wishes WHERE bucket = $1 AND account_id = $2 ORDER BY wished_at DESC, item LIMIT $3
"""
ONE = "SELECT item, sku, wished_at FROM wishes WHERE bucket = $1 AND account_id = $2 AND item = $3"
# A full list takes nothing new; what is on it stays as it was.
ADD = """
INSERT INTO wishes (bucket, account_id, item, sku, wished_at)
SELECT $1, $2, $3, $4, $5
WHERE (SELECT count(*) FROM wishes WHERE bucket = $1 AND account_id = $2 AND item <> $3) < $6
ON CONFLICT (bucket, account_id, item) DO UPDATE SET sku = excluded.sku RETURNING true
"""
REMOVE = "DELETE FROM wishes WHERE bucket = $1 AND account_id = $2 AND item = $3"


async def load_all(session: ReadSession, account_id: AccountId) -> Sequence[Row]:
    """The newest first."""
    return await session.all(ALL, bucket_of(account_id), to_uuid(account_id), WISHES_MAX)


async def load_one(session: ReadSession, account_id: AccountId, item: str) -> Row | None:
    return await session.one(ONE, bucket_of(account_id), to_uuid(account_id), item)


async def add(session: AloneSession, account_id: AccountId, item: str, *, sku: str, now: datetime) -> bool:
    """False when the list is full."""
    values = (bucket_of(account_id), to_uuid(account_id), item, sku, now, WISHES_MAX)
    return bool(await session.value(ADD, *values))


async def remove(session: WriteSession, account_id: AccountId, item: str) -> bool:
    """Whether it was on the list."""
    return bool(await session.run(REMOVE, bucket_of(account_id), to_uuid(account_id), item))
