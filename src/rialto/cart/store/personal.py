"""What carts keep about a person: read for them, deleted for them. All of it stands in their account's bucket."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rialto.cart.api import KeptCart, KeptLine
from rialto.kernel.address import Address
from rialto.kernel.db import ReadSession, Row, WriteSession
from rialto.kernel.ids import ACCOUNT, CART, AccountId, bucket_of, to_uuid
from rialto.kernel.money import Currency

# Without a limit: an account has one open cart per channel, and ordered ones for sixty days.
CARTS = """
SELECT c.id, c.status, c.channel, c.currency, c.touched_on, p.email, p.shipping, p.billing,
       (SELECT json_agg(json_build_object('sku', sku, 'quantity', quantity) ORDER BY position) FROM cart_lines AS l
        WHERE l.bucket = $1 AND l.cart_id = c.id) AS lines
FROM carts AS c LEFT JOIN contacts AS p ON p.bucket = $1 AND p.cart_id = c.id
WHERE c.bucket = $1 AND c.account_id = $2 ORDER BY c.id
"""
FORGET_CARTS = "DELETE FROM carts WHERE bucket = $1 AND account_id = $2"
FORGET_WISHES = "DELETE FROM wishes WHERE bucket = $1 AND account_id = $2"
WANT_ERASURE = """
INSERT INTO erasures (bucket, account_id, due_at) VALUES ($1, $2, $3) ON CONFLICT (bucket, account_id) DO NOTHING
"""
# Crosses buckets: background work, and seldom anything is due.
DUE = "SELECT account_id FROM erasures WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
DONE = "DELETE FROM erasures WHERE bucket = $1 AND account_id = $2"


async def load_carts(session: ReadSession, account_id: AccountId) -> list[KeptCart]:
    return [_kept(row) for row in await session.all(CARTS, bucket_of(account_id), to_uuid(account_id))]


async def forget(session: WriteSession, account_id: AccountId) -> None:
    """Carts go with their lines and contacts."""
    for statement in (FORGET_CARTS, FORGET_WISHES):
        await session.run(statement, bucket_of(account_id), to_uuid(account_id))


async def want_erasure(session: WriteSession, account_id: AccountId, at: datetime) -> None:
    """Have the account forgotten once more at that time."""
    await session.run(WANT_ERASURE, bucket_of(account_id), to_uuid(account_id), at)


async def due_erasures(session: ReadSession, now: datetime, limit: int) -> list[AccountId]:
    return [ACCOUNT.of(row["account_id"]) for row in await session.all(DUE, now, limit)]


async def erased(session: WriteSession, account_id: AccountId) -> None:
    await session.run(DONE, bucket_of(account_id), to_uuid(account_id))


def _kept(row: Row) -> KeptCart:
    return KeptCart(
        id=CART.of(row["id"]),
        status=row["status"],
        channel=row["channel"],
        currency=Currency(row["currency"]),
        touched_on=row["touched_on"],
        lines=msgspec.json.decode(row["lines"], type=list[KeptLine]) if row["lines"] else [],
        email=row["email"],
        shipping=_address(row["shipping"]),
        billing=_address(row["billing"]),
    )


def _address(stored: str | None) -> Address | None:
    return None if stored is None else msgspec.json.decode(stored, type=Address)
