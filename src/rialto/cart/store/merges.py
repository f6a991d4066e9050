"""A cart whose lines are in another one now: a guest's in an account's, or what an account's order left over.

Both carts are written in one transaction, the one that ends first.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from rialto.cart.api import LineConflict
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.ids import CART, AccountId, CartId, OrderId, bucket_of, to_uuid
from rialto.kernel.service import Frozen

OPEN_OF_ACCOUNT = """
SELECT id FROM carts WHERE bucket = $1 AND account_id = $2 AND channel = $3 AND status = 'open'
"""
# The version is the fence: a line added meanwhile, another merge or the cart's order let nothing be written.
END = """
WITH ended AS (
    UPDATE carts SET version = version + 1, status = 'merged', merged_into = $4, merge = $5::json,
        payment_provider = NULL, payment_token = NULL, payment_label = NULL
    WHERE bucket = $1 AND id = $2 AND version = $3 AND status = 'open' AND account_id IS NULL RETURNING 1
), gone AS (
    DELETE FROM contacts USING ended WHERE contacts.bucket = $1 AND contacts.cart_id = $2
)
SELECT count(*) FROM ended
"""
MERGE_OF = "SELECT merged_into, merge::text AS merge FROM carts WHERE bucket = $1 AND id = $2 AND merged_into IS NOT NULL"
ORDERED_AFTER_ALL = """
UPDATE carts SET version = version + 1, status = 'ordered', order_id = $3
WHERE bucket = $1 AND id = $2 AND status = 'merged' RETURNING merged_into, merge::text AS merge
"""
GO_ON = (
    "UPDATE carts SET merged_into = $3, merge = $4::json WHERE bucket = $1 AND id = $2 AND status = 'ordered'"
)
HOLD = "SELECT true FROM carts WHERE bucket = $1 AND id = $2 FOR UPDATE"


class Merge(Frozen):
    """What a cart brought into another one, by SKU, and what was told about it."""

    added: dict[str, int]
    conflicts: list[LineConflict]


class Merged(Frozen):
    into: CartId
    merge: Merge


async def open_cart_of(session: ReadSession, account_id: AccountId, channel: str) -> CartId | None:
    found: UUID | None = await session.value(
        OPEN_OF_ACCOUNT, bucket_of(account_id), to_uuid(account_id), channel
    )
    return None if found is None else CART.of(found)


async def end(session: WriteSession, cart_id: CartId, version: int, merged: Merged) -> bool:
    """False when it is no longer a guest's open cart at this version: nothing is written."""
    told = msgspec.json.encode(merged.merge).decode()
    return bool(
        await session.value(END, bucket_of(cart_id), to_uuid(cart_id), version, to_uuid(merged.into), told)
    )


async def load(session: ReadSession, cart_id: CartId) -> Merged | None:
    """Where a cart went; None for one that was not merged."""
    row = await session.one(MERGE_OF, bucket_of(cart_id), to_uuid(cart_id))
    return None if row is None else _merged(row["merged_into"], row["merge"])


async def order_after_all(session: WriteSession, cart_id: CartId, order_id: OrderId) -> Merged | None:
    """A merged cart whose checkout was under way became an order; where it had gone. None for any other."""
    row = await session.one(ORDERED_AFTER_ALL, bucket_of(cart_id), to_uuid(cart_id), to_uuid(order_id))
    return None if row is None else _merged(row["merged_into"], row["merge"])


async def go_on(session: WriteSession, cart_id: CartId, rest: Merged) -> None:
    """What an ordered cart did not sell is in another cart now."""
    told = msgspec.json.encode(rest.merge).decode()
    await session.run(GO_ON, bucket_of(cart_id), to_uuid(cart_id), to_uuid(rest.into), told)


async def hold(session: WriteSession, cart_id: CartId) -> None:
    """Let nobody else change this cart until the transaction ends."""
    await session.value(HOLD, bucket_of(cart_id), to_uuid(cart_id))


def _merged(into: UUID, merge: str) -> Merged:
    return Merged(into=CART.of(into), merge=msgspec.json.decode(merge, type=Merge))
