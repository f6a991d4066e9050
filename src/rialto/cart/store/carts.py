"""How carts are kept and read. Every statement names one bucket, except the search for forgotten carts.

A cart is read in one round trip. It is written only as the successor of the version that was read, so two
who change it at once both count: the second reads again and applies its change to what the first left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from rialto.cart.api import ChosenPayment
from rialto.cart.model.contents import Contact, StoredCart, StoredLine
from rialto.kernel.address import Address
from rialto.kernel.db import AloneSession, ReadSession, WriteSession
from rialto.kernel.ids import ACCOUNT, CART, LINE, ORDER, AccountId, CartId, OrderId, bucket_of, to_uuid
from rialto.kernel.money import Currency, Money

LOAD = """
SELECT c.version, c.status, c.order_id, c.currency, c.country, c.language, c.channel, c.touched_on,
       c.delivery_option_id, c.seen_total, c.payment_provider, c.payment_token, c.payment_label,
       c.account_id, c.codes, p.email, p.shipping, p.billing, l.ids, l.skus, l.quantities, l.positions, l.shown_prices
FROM carts AS c
LEFT JOIN contacts AS p ON p.bucket = $1 AND p.cart_id = $2
LEFT JOIN (
    SELECT array_agg(id ORDER BY position) AS ids, array_agg(sku ORDER BY position) AS skus,
           array_agg(quantity ORDER BY position) AS quantities,
           array_agg(position ORDER BY position) AS positions,
           array_agg(shown_price ORDER BY position) AS shown_prices
    FROM cart_lines WHERE bucket = $1 AND cart_id = $2
) AS l ON true
WHERE c.bucket = $1 AND c.id = $2
"""
ADD = """
INSERT INTO carts (bucket, id, version, status, currency, country, language, channel, seen_total, touched_on, account_id)
VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING version
"""
# The version is the fence: nothing is written when somebody else changed the cart since it was read. One statement
# for all parts is its own transaction; parts without a change get empty arrays or null.
CHANGE = """
WITH changed AS (
    UPDATE carts SET version = version + 1, country = $4, delivery_option_id = $5, seen_total = $6,
        payment_provider = $7, payment_token = $8, payment_label = $9, touched_on = $10, codes = $23, currency = $24
    WHERE bucket = $1 AND id = $2 AND version = $3 AND status = 'open' RETURNING 1
), removed AS (
    DELETE FROM cart_lines USING changed WHERE bucket = $1 AND cart_id = $2 AND cart_lines.id = ANY ($11::uuid[])
), kept AS (
    UPDATE cart_lines SET quantity = t.quantity, shown_price = t.shown_price
    FROM changed, unnest($12::uuid[], $13::int[], $14::bigint[]) AS t(id, quantity, shown_price)
    WHERE cart_lines.bucket = $1 AND cart_lines.cart_id = $2 AND cart_lines.id = t.id
), added AS (
    INSERT INTO cart_lines (bucket, cart_id, id, sku, quantity, position, shown_price)
    SELECT $1, $2, t.* FROM changed, unnest($15::uuid[], $16::text[], $17::int[], $18::int[], $19::bigint[]) AS t
), contacted AS (
    INSERT INTO contacts (bucket, cart_id, email, shipping, billing)
    SELECT $1, $2, $20, $21::json, $22::json FROM changed WHERE $20::text IS NOT NULL
    ON CONFLICT (bucket, cart_id) DO UPDATE
    SET email = excluded.email, shipping = excluded.shipping, billing = excluded.billing
)
SELECT count(*) FROM changed
"""
# A provider's token is of no use any more once the order is there, and whom it is for stands in the order.
CLOSE = """
WITH closed AS (
    UPDATE carts SET version = version + 1, status = 'ordered', order_id = t.order_id,
        payment_provider = NULL, payment_token = NULL, payment_label = NULL
    FROM unnest($1::smallint[], $2::uuid[], $3::uuid[]) AS t(bucket, id, order_id)
    WHERE carts.bucket = t.bucket AND carts.id = t.id AND carts.status = 'open'
    RETURNING carts.bucket, carts.id, carts.account_id
), gone AS (
    DELETE FROM contacts USING closed WHERE contacts.bucket = closed.bucket AND contacts.cart_id = closed.id
)
SELECT id, account_id FROM closed
"""
ORDER_OF = "SELECT status, order_id FROM carts WHERE bucket = $1 AND id = $2"
FORGOTTEN = "SELECT bucket, id FROM carts WHERE touched_on < $1 ORDER BY touched_on LIMIT $2"
DELETE = "DELETE FROM carts WHERE bucket = $1 AND id = $2 AND touched_on < $3"

_decode_address = msgspec.json.Decoder(Address).decode


async def load(session: ReadSession, cart_id: CartId) -> StoredCart | None:
    row = await session.one(LOAD, *_key(cart_id))
    return None if row is None else _cart(cart_id, row)


async def add(session: AloneSession | WriteSession, cart: StoredCart) -> bool:
    """A new cart, still without lines. False when its account has an open one in this channel: nothing is written."""
    version = await session.value(
        ADD,
        *_key(cart.id),
        cart.version,
        cart.currency,
        cart.country,
        cart.language,
        cart.channel,
        _minor(cart.seen_total),
        cart.touched_on,
        to_uuid(cart.account_id) if cart.account_id else None,
    )
    return version is not None


async def save(session: AloneSession | WriteSession, before: StoredCart, after: StoredCart) -> bool:
    """Write what differs. False when the cart is no longer open at `before`'s version: nothing is written."""
    payment = after.payment
    contact = after.contact if after.contact != before.contact else None
    return bool(
        await session.value(
            CHANGE,
            *_key(before.id),
            before.version,
            after.country,
            after.delivery_option_id,
            _minor(after.seen_total),
            payment.provider if payment else None,
            payment.token if payment else None,
            payment.label if payment else None,
            after.touched_on,
            *_line_changes(before, after),
            contact.email if contact else None,
            _json(contact.shipping) if contact else None,
            _json(contact.billing) if contact else None,
            list(after.codes),
            after.currency,
        )
    )


async def close(session: WriteSession, orders: Mapping[CartId, OrderId]) -> dict[CartId, AccountId | None]:
    """Those of these carts that were open and became these orders, and whose they are."""
    carts = sorted(orders)
    rows = await session.all(
        CLOSE,
        [bucket_of(cart_id) for cart_id in carts],
        [to_uuid(cart_id) for cart_id in carts],
        [to_uuid(orders[cart_id]) for cart_id in carts],
    )
    return {CART.of(row["id"]): _account_id(row["account_id"]) for row in rows}


async def order_of(session: ReadSession, cart_id: CartId) -> tuple[str, OrderId | None] | None:
    """Status and order; None when there is no such cart."""
    row = await session.one(ORDER_OF, *_key(cart_id))
    if row is None:
        return None
    return row["status"], _order_id(row["order_id"])


async def forgotten(session: ReadSession, before: date, limit: int) -> list[CartId]:
    """Carts untouched since before that day, the oldest first."""
    return [CART.of(row["id"]) for row in await session.all(FORGOTTEN, before, limit)]


async def delete(session: WriteSession, cart_id: CartId, before: date) -> int:
    """With its lines and contact, unless somebody touched it meanwhile."""
    return await session.run(DELETE, *_key(cart_id), before)


def _line_changes(before: StoredCart, after: StoredCart) -> tuple[list[Any], ...]:
    """The columns of removed, changed and added lines."""
    old = {line.id: line for line in before.lines}
    kept = {line.id for line in after.lines}
    changed = [line for line in after.lines if line.id in old and line != old[line.id]]
    added = [line for line in after.lines if line.id not in old]
    return (
        [to_uuid(line_id) for line_id in old if line_id not in kept],
        [to_uuid(line.id) for line in changed],
        [line.quantity for line in changed],
        [_minor(line.shown_price) for line in changed],
        [to_uuid(line.id) for line in added],
        [line.sku for line in added],
        [line.quantity for line in added],
        [line.position for line in added],
        [_minor(line.shown_price) for line in added],
    )


def _cart(cart_id: CartId, row: Any) -> StoredCart:
    currency = Currency(row["currency"])
    contact = payment = None
    if row["email"] is not None:
        contact = Contact(
            email=row["email"],
            shipping=_decode_address(row["shipping"]),
            billing=_decode_address(row["billing"]),
        )
    if row["payment_provider"] is not None:
        payment = ChosenPayment(
            provider=row["payment_provider"], token=row["payment_token"], label=row["payment_label"]
        )
    return StoredCart(
        id=cart_id,
        version=row["version"],
        currency=currency,
        country=row["country"],
        language=row["language"],
        channel=row["channel"],
        touched_on=row["touched_on"],
        account_id=_account_id(row["account_id"]),
        status=row["status"],
        order_id=_order_id(row["order_id"]),
        delivery_option_id=row["delivery_option_id"],
        seen_total=_money(row["seen_total"], currency),
        payment=payment,
        contact=contact,
        codes=tuple(row["codes"]),
        lines=_lines(row, currency),
    )


def _lines(row: Any, currency: Currency) -> tuple[StoredLine, ...]:
    if row["ids"] is None:
        return ()
    columns = (row["ids"], row["skus"], row["quantities"], row["positions"], row["shown_prices"])
    return tuple(
        StoredLine(
            id=LINE.of(line_id),
            sku=sku,
            quantity=quantity,
            position=position,
            shown_price=_money(shown, currency),
        )
        for line_id, sku, quantity, position, shown in zip(*columns, strict=True)
    )


def _key(cart_id: CartId) -> tuple[int, UUID]:
    return bucket_of(cart_id), to_uuid(cart_id)


def _order_id(stored: UUID | None) -> OrderId | None:
    return None if stored is None else ORDER.of(stored)


def _account_id(stored: UUID | None) -> AccountId | None:
    return None if stored is None else ACCOUNT.of(stored)


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.amount


def _money(minor: int | None, currency: Currency) -> Money | None:
    return None if minor is None else Money(minor, currency)


def _json(address: Address) -> str:
    return msgspec.json.encode(address).decode()
