"""Promotions and codes: one row each, and which orders hold which codes.

Whoever holds or frees codes locks the order's row first, then the codes in their order: so two drivers of one
order do not pass each other, and two orders that want the same codes do not deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from rialto.kernel.db import ReadSession, WriteSession
from rialto.pricing.api import Promotion, StoredPromotion, Voucher

ALL = "SELECT version, body::text AS body FROM promotions"  # no limit: bounded by PROMOTIONS_MAX when set
COUNT = "SELECT count(*) FROM promotions WHERE id <> $1"
PUT = """
INSERT INTO promotions AS p (id, version, body, changed_at) VALUES ($1, 1, $2::json, $4)
ON CONFLICT (id) DO UPDATE SET version = p.version + 1, body = excluded.body, changed_at = excluded.changed_at
WHERE $3::int IS NULL OR p.version = $3
RETURNING version
"""
VERSION = "SELECT version FROM promotions WHERE id = $1 FOR UPDATE"
ONE = "SELECT version, body::text AS body FROM promotions WHERE id = $1"
LOCKED_ONE = f"{ONE} FOR UPDATE"
LOCK_CODES = "SELECT code FROM vouchers WHERE promotion_id = $1 ORDER BY code FOR UPDATE"
REMOVE_CODES = "DELETE FROM vouchers WHERE promotion_id = $1"
REMOVE = "DELETE FROM promotions WHERE id = $1"
WAS_USED = """
SELECT EXISTS (SELECT FROM voucher_uses JOIN vouchers USING (code) WHERE promotion_id = $1)
"""
HAS_BATCH = "SELECT EXISTS (SELECT FROM vouchers WHERE promotion_id = $1 AND batch = $2)"
BLOCK = "UPDATE vouchers SET active = false WHERE code = $1 AND promotion_id = $2"
ADD_VOUCHERS = """
INSERT INTO vouchers (code, promotion_id, batch, uses_max, customer_max, ends_at, active, made_at)
SELECT code, $2, $3, $4, $5, $6, $7, $8 FROM unnest($1::text[]) AS code
ON CONFLICT DO NOTHING RETURNING code
"""
# The promotion of a code stays; so does how often it was used.
CHANGE_VOUCHER = """
UPDATE vouchers SET batch = $3, uses_max = $4, customer_max = $5, ends_at = $6, active = $7
WHERE code = $1 AND promotion_id = $2 AND ($4::int IS NULL OR uses <= $4)
"""
_COLUMNS = "code, promotion_id, batch, uses_max, customer_max, ends_at, active, uses"
OF_PROMOTION = f"""
SELECT {_COLUMNS} FROM vouchers
WHERE promotion_id = $1 AND (batch, code) > ($2, $3) AND ($5::text IS NULL OR batch = $5) ORDER BY batch, code LIMIT $4
"""
NAMED = f"SELECT {_COLUMNS} FROM vouchers WHERE code = ANY ($1::text[])"
LOCKED = f"{NAMED} ORDER BY code FOR UPDATE"
BEGIN_HOLD = """
INSERT INTO voucher_holds (order_id, customer, state, held_at) VALUES ($1, $2, 'held', $3) ON CONFLICT DO NOTHING
"""
HOLD_OF = "SELECT state FROM voucher_holds WHERE order_id = $1 FOR UPDATE"
HELD_BY_CUSTOMER = """
SELECT u.code, count(*) AS count FROM voucher_uses AS u JOIN voucher_holds AS h USING (order_id)
WHERE u.code = ANY ($1::text[]) AND h.customer = $2 AND h.state = 'held' GROUP BY u.code
"""
ADD_USES = "INSERT INTO voucher_uses (order_id, code) SELECT $1, code FROM unnest($2::text[]) AS code"
# The conditions are the fence: as many rows as codes, or nothing is held.
TAKE = """
UPDATE vouchers SET uses = uses + 1 WHERE code = ANY ($1::text[]) AND active AND (uses_max IS NULL OR uses < uses_max)
"""
FREE_HOLD = """
INSERT INTO voucher_holds AS h (order_id, customer, state, held_at, freed_at) VALUES ($1, '', 'freed', $2, $2)
ON CONFLICT (order_id) DO UPDATE SET state = 'freed', freed_at = excluded.freed_at WHERE h.state = 'held'
"""
CODES_OF = "SELECT code FROM voucher_uses WHERE order_id = $1 ORDER BY code"  # at most the codes of a cart
GIVE_BACK = "UPDATE vouchers SET uses = uses - 1 WHERE code = ANY ($1::text[])"

_decode = msgspec.json.Decoder(Promotion).decode


async def all_promotions(session: ReadSession) -> list[StoredPromotion]:
    """In their order of stacking."""
    found = [_stored(row) for row in await session.all(ALL)]
    return sorted(found, key=lambda stored: (stored.promotion.position, stored.promotion.id))


async def load_promotion(session: ReadSession, promotion_id: str) -> StoredPromotion | None:
    row = await session.one(ONE, promotion_id)
    return None if row is None else _stored(row)


async def lock_promotion(session: WriteSession, promotion_id: str) -> StoredPromotion | None:
    """As `load_promotion`, held until the transaction ends."""
    row = await session.one(LOCKED_ONE, promotion_id)
    return None if row is None else _stored(row)


async def put_promotion(
    session: WriteSession, promotion: Promotion, expected: int | None, at: datetime
) -> int | None:
    """The new version; None when another one than the expected stands there (0: when one stands there)."""
    body = msgspec.json.encode(promotion).decode()
    version: int | None = await session.value(PUT, promotion.id, body, expected, at)
    return version


async def add_vouchers(session: WriteSession, codes: Sequence[str], like: Voucher, at: datetime) -> list[str]:
    """Those that were free."""
    limits = (like.uses_max, like.customer_max, like.ends_at, like.active)
    rows = await session.all(ADD_VOUCHERS, list(codes), like.promotion_id, like.batch, *limits, at)
    return [row["code"] for row in rows]


async def vouchers_named(session: ReadSession, codes: Sequence[str]) -> dict[str, Voucher]:
    return {row["code"]: voucher_of(row) for row in await session.all(NAMED, list(codes))}


async def lock_vouchers(session: WriteSession, codes: Sequence[str]) -> dict[str, Voucher]:
    """As `vouchers_named`, held until the transaction ends."""
    return {row["code"]: voucher_of(row) for row in await session.all(LOCKED, list(codes))}


async def held_by_customer(session: ReadSession, codes: Sequence[str], customer: bytes) -> dict[str, int]:
    rows = await session.all(HELD_BY_CUSTOMER, list(codes), customer)
    return {row["code"]: row["count"] for row in rows}


async def free(session: WriteSession, order_id: UUID, at: datetime) -> None:
    """Give back what the order holds; it can hold nothing afterwards."""
    if not await session.run(FREE_HOLD, order_id, at):
        return  # freed before
    codes = [row["code"] for row in await session.all(CODES_OF, order_id)]
    if codes:
        await lock_vouchers(session, codes)
        await session.run(GIVE_BACK, codes)


async def remove(session: WriteSession, promotion_id: str) -> bool:
    """The promotion, which is locked, and its codes; False where one was used. Whoever holds codes waits or was first."""
    await session.all(LOCK_CODES, promotion_id)
    if await session.value(WAS_USED, promotion_id):
        return False
    await session.run(REMOVE_CODES, promotion_id)
    await session.run(REMOVE, promotion_id)
    return True


def _stored(row: Any) -> StoredPromotion:
    return StoredPromotion(promotion=_decode(row["body"]), version=row["version"])


def voucher_of(row: Any) -> Voucher:
    return Voucher(**dict(row))
