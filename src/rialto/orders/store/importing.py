"""Writing orders that were taken in from elsewhere: the order's row and whom it was for."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rialto.kernel.address import Address
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.email import bucket_of_hash, email_hash
from rialto.kernel.events import NewEvent, append
from rialto.kernel.ids import ORDER, OrderId, bucket_of, to_uuid
from rialto.kernel.service import Frozen
from rialto.orders.events import OrderImported
from rialto.orders.model import OrderState

_OF_NUMBER = "SELECT id FROM orders WHERE bucket = $1 AND number = $2"
_ADD = """
INSERT INTO orders (bucket, id, version, number, key, cart_id, status, payment_status, fulfilment_status, currency, total,
                    started_at, placed_at, imported)
VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, true) ON CONFLICT DO NOTHING
"""
_CHANGE = """
UPDATE orders SET version = $3, status = $4, payment_status = $5, fulfilment_status = $6, currency = $7, total = $8, started_at = $9,
                  placed_at = $10
WHERE bucket = $1 AND id = $2
"""
_ADD_CONTACT = """
INSERT INTO contacts (bucket, order_id, email, shipping, billing) VALUES ($1, $2, $3, $4::text::jsonb, $5::text::jsonb)
"""
# Only where one is: an erased person does not come back with an old file.
_CHANGE_CONTACT = """
UPDATE contacts SET email = $3, shipping = $4::text::jsonb, billing = $5::text::jsonb WHERE bucket = $1 AND order_id = $2
"""
# As a guest's order that starts: due at once where an account has proven the e-mail.
_LEAD_HERE = """
INSERT INTO email_orders (bucket, email_hash, order_id, due_at)
SELECT $1::smallint, $2::bytea, $3::uuid,
       CASE WHEN EXISTS (SELECT 1 FROM email_accounts WHERE bucket = $1 AND email_hash = $2) THEN $4::timestamptz END
ON CONFLICT DO NOTHING
"""
_LEAD_AWAY = "DELETE FROM email_orders WHERE bucket = $1 AND email_hash = $2 AND order_id = $3"


class Person(Frozen):
    """Whom an order was for."""

    email: str
    shipping: Address
    billing: Address


async def order_of_number(session: ReadSession, bucket: int, number: str) -> OrderId | None:
    found = await session.value(_OF_NUMBER, bucket, number)
    return None if found is None else ORDER.of(found)


async def add(
    session: WriteSession, event: OrderImported, state: OrderState, *, key: str, person: Person | None
) -> bool:
    """False, and the transaction is to be given up, when id or number were taken meanwhile. Raises VersionConflict."""
    order_id, bucket = to_uuid(event.order_id), bucket_of(event.order_id)
    added = await session.run(
        _ADD,
        bucket,
        order_id,
        event.number,
        key,
        to_uuid(state.started.cart_id),
        event.status,
        event.payment_status,
        event.fulfilment_status,
        event.currency,
        event.total.amount,
        event.started_at,
        event.placed_at,
    )
    if not added:
        return False
    await _append(session, event, 1)
    if person is not None:
        await session.run(_ADD_CONTACT, bucket, order_id, *_columns(person))
        await _lead_here(session, event, person.email)
    return True


async def change(
    session: WriteSession,
    event: OrderImported,
    version: int,
    *,
    before: Person | None,
    after: Person | None,
    is_guests: bool,
) -> None:
    """What a later source says instead. Raises VersionConflict."""
    order_id, bucket = to_uuid(event.order_id), bucket_of(event.order_id)
    await _append(session, event, version)
    await session.run(
        _CHANGE,
        bucket,
        order_id,
        version,
        event.status,
        event.payment_status,
        event.fulfilment_status,
        event.currency,
        event.total.amount,
        event.started_at,
        event.placed_at,
    )
    if before is None or after is None or before == after:
        return
    if await session.run(_CHANGE_CONTACT, bucket, order_id, *_columns(after)) and is_guests:
        digest = email_hash(before.email)
        await session.run(_LEAD_AWAY, bucket_of_hash(digest), digest, order_id)
        await _lead_here(session, event, after.email)


async def _append(session: WriteSession, event: OrderImported, version: int) -> None:
    at: datetime = event.imported_at
    await append(
        session,
        [
            NewEvent(
                bucket=bucket_of(event.order_id),
                stream=to_uuid(event.order_id),
                version=version,
                event=event,
                at=at,
            )
        ],
    )


async def _lead_here(session: WriteSession, event: OrderImported, email: str) -> None:
    digest = email_hash(email)
    await session.run(_LEAD_HERE, bucket_of_hash(digest), digest, to_uuid(event.order_id), event.imported_at)


def _columns(person: Person) -> tuple[str, str, str]:
    return (
        person.email,
        msgspec.json.encode(person.shipping).decode(),
        msgspec.json.encode(person.billing).decode(),
    )
