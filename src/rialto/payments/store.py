"""How payments are kept and read: streams, their projection, webhooks seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.events import EventTypes, load
from rialto.kernel.ids import PAYMENT, OrderId, PaymentId, bucket_of, derived_uuid, to_uuid
from rialto.kernel.service import Frozen
from rialto.kernel.streams import Also, Within
from rialto.payments import ledger
from rialto.payments.events import EVENTS
from rialto.payments.model import PaymentState, fold

TYPES = EventTypes(EVENTS)
NO_CURRENCY = "XXX"  # ISO 4217: no currency involved

PROJECT = """
INSERT INTO payments (bucket, id, order_id, tender, version, status, currency, amount, captured, refunded)
SELECT t.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::text[], $7::text[],
                       $8::bigint[], $9::bigint[], $10::bigint[])
    AS t(bucket, id, order_id, tender, version, status, currency, amount, captured, refunded)
JOIN won ON won.bucket = t.bucket AND won.stream = t.id
ON CONFLICT (bucket, id) DO UPDATE SET
    version = excluded.version, status = excluded.status, captured = excluded.captured, refunded = excluded.refunded
WHERE payments.version < excluded.version
"""
SEE_WEBHOOKS = """
INSERT INTO webhooks (bucket, provider, message_id, payment_id, received_at)
SELECT t.* FROM unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
    AS t(bucket, provider, message_id, payment_id, received_at)
JOIN won ON won.bucket = t.bucket AND won.stream = t.payment_id ON CONFLICT DO NOTHING
"""
WEBHOOK_SEEN = "SELECT true FROM webhooks WHERE bucket = $1 AND provider = $2 AND message_id = $3"
OF_ORDER = (
    "SELECT id FROM payments WHERE bucket = $1 AND order_id = $2 ORDER BY tender"  # a handful of tenders
)


class WebhookSeen(Frozen):
    provider: str
    message_id: str
    received_at: datetime


class Projection(Frozen):
    """What stands beside the events: the row, the ledger's part, the message that caused it."""

    id: PaymentId
    order_id: OrderId
    tender: int
    state: PaymentState
    bookings: list[ledger.Transaction] = []
    webhook: WebhookSeen | None = None


def payment_id(order_id: OrderId, tender: int) -> PaymentId:
    """A function of order and tender: whoever retries names the same payment."""
    return PAYMENT.of(derived_uuid(to_uuid(order_id), f"payment:{tender}"))


async def load_payment(session: ReadSession, payment: PaymentId) -> PaymentState:
    return fold(await load(session, TYPES, bucket_of(payment), to_uuid(payment)))


async def load_of_order(session: ReadSession, order_id: OrderId) -> list[PaymentState]:
    """All payments of an order in tender order, tombstones left out."""
    rows = await session.all(OF_ORDER, bucket_of(order_id), to_uuid(order_id))
    found = [await load_payment(session, PAYMENT.of(row["id"])) for row in rows]
    return [state for state in found if state.amount is not None]


def _rows(projections: Sequence[Projection]) -> list[list[Any]]:
    amounts = [row.state.amount for row in projections]
    return [
        [bucket_of(row.id) for row in projections],
        [to_uuid(row.id) for row in projections],
        [to_uuid(row.order_id) for row in projections],
        [row.tender for row in projections],
        [row.state.version for row in projections],
        [row.state.status for row in projections],
        [amount.currency if amount else NO_CURRENCY for amount in amounts],
        [amount.amount if amount else 0 for amount in amounts],
        [row.state.captured for row in projections],
        [row.state.refunded for row in projections],
    ]


def _webhooks(projections: Sequence[Projection]) -> list[list[Any]]:
    seen = [(row.id, row.webhook) for row in projections if row.webhook is not None]
    return [
        [bucket_of(payment) for payment, _ in seen],
        [webhook.provider for _, webhook in seen],
        [webhook.message_id for _, webhook in seen],
        [to_uuid(payment) for payment, _ in seen],
        [webhook.received_at for _, webhook in seen],
    ]


async def _book(session: WriteSession, projections: Sequence[Projection]) -> None:
    await ledger.book(session, [booking for row in projections for booking in row.bookings])


# What is written with a payment's events. A journal's hash chain needs its last hash first, hence a transaction.
ALSO = (Also(sql=PROJECT, columns=_rows), Also(sql=SEE_WEBHOOKS, columns=_webhooks))
WITHIN: Within[Projection] = Within(wanted=lambda row: bool(row.bookings), write=_book)


async def webhook_seen(session: ReadSession, payment: PaymentId, provider: str, message_id: str) -> bool:
    return bool(await session.value(WEBHOOK_SEEN, bucket_of(payment), provider, message_id))


def uuid_of_order(order_id: OrderId) -> UUID:
    return to_uuid(order_id)
