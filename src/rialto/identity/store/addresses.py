"""How an address book is kept. Whoever writes to it holds its account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from rialto.identity.api import SavedAddress
from rialto.identity.model.addresses import ADDRESSES_MAX
from rialto.identity.store.accounts import bucket_of
from rialto.kernel.address import Address
from rialto.kernel.db import ReadSession, Row, WriteSession
from rialto.kernel.ids import ADDRESS

_FIELDS = "name, company, line1, line2, city, region, postal_code, country, phone"
_COLUMNS = f"id, {_FIELDS}, default_shipping, default_billing"
_LIST = f"""
SELECT {_COLUMNS} FROM addresses WHERE bucket = $1 AND account_id = $2 ORDER BY created_at, id LIMIT {ADDRESSES_MAX}
"""
_ONE = f"SELECT {_COLUMNS} FROM addresses WHERE bucket = $1 AND id = $2 AND account_id = $3"
_MADE_BY = "SELECT made_by FROM addresses WHERE bucket = $1 AND id = $2 AND account_id = $3"
_COUNT = "SELECT count(*) FROM addresses WHERE bucket = $1 AND account_id = $2"
_ADD = f"""
INSERT INTO addresses (bucket, id, account_id, {_FIELDS}, default_shipping, default_billing, made_by, created_at,
    changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, false, false, $13, $14, $14)
"""
_CHANGE = f"""
UPDATE addresses SET ({_FIELDS}) = ($4, $5, $6, $7, $8, $9, $10, $11, $12), changed_at = $13
WHERE bucket = $1 AND id = $2 AND account_id = $3
"""
_REMOVE = "DELETE FROM addresses WHERE bucket = $1 AND id = $2 AND account_id = $3"
# First the one that is it no more: an index allows one at a time.
_UNSET = {
    column: f"UPDATE addresses SET {column} = false WHERE bucket = $1 AND account_id = $2 AND {column} AND id <> $3"
    for column in ("default_shipping", "default_billing")
}
_SET = {
    column: f"UPDATE addresses SET {column} = $4 WHERE bucket = $1 AND account_id = $2 AND id = $3"
    for column in ("default_shipping", "default_billing")
}


async def load_book(session: ReadSession, account_id: UUID) -> list[SavedAddress]:
    rows = await session.all(_LIST, bucket_of(account_id), account_id)
    return [_saved(row) for row in rows]


async def load_address(session: ReadSession, account_id: UUID, address_id: UUID) -> SavedAddress | None:
    row = await session.one(_ONE, bucket_of(account_id), address_id, account_id)
    return _saved(row) if row else None


async def load_made_by(session: ReadSession, account_id: UUID, address_id: UUID) -> bytes | None:
    found: bytes | None = await session.value(_MADE_BY, bucket_of(account_id), address_id, account_id)
    return found


async def count_addresses(session: ReadSession, account_id: UUID) -> int:
    count: int = await session.value(_COUNT, bucket_of(account_id), account_id)
    return count


async def add_address(
    session: WriteSession,
    account_id: UUID,
    address_id: UUID,
    *,
    address: Address,
    made_by: bytes | None,
    now: datetime,
) -> None:
    key = (bucket_of(account_id), address_id, account_id)
    await session.run(_ADD, *key, *_values(address), made_by, now)


async def change_address(
    session: WriteSession, account_id: UUID, address_id: UUID, *, address: Address, now: datetime
) -> bool:
    key = (bucket_of(account_id), address_id, account_id)
    return await session.run(_CHANGE, *key, *_values(address), now) == 1


async def remove_address(session: WriteSession, account_id: UUID, address_id: UUID) -> None:
    await session.run(_REMOVE, bucket_of(account_id), address_id, account_id)


async def set_default(
    session: WriteSession, account_id: UUID, address_id: UUID, *, column: str, wanted: bool | None
) -> None:
    """`column` is default_shipping or default_billing; None: unchanged."""
    if wanted is None:
        return
    bucket = bucket_of(account_id)
    if wanted:
        await session.run(_UNSET[column], bucket, account_id, address_id)
    await session.run(_SET[column], bucket, account_id, address_id, wanted)


def _values(address: Address) -> tuple[str | None, ...]:
    return tuple(getattr(address, name) for name in _FIELDS.split(", "))


def _saved(row: Row) -> SavedAddress:
    return SavedAddress(**{**dict(row), "id": ADDRESS.of(row["id"])})
