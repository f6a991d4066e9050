"""What orders does when payments speak: look at the order again, soon."""

from __future__ import annotations

from rialto.kernel.consumers import Delivery
from rialto.kernel.ids import OrderId, bucket_of, to_uuid
from rialto.kernel.service import Reaction
from rialto.orders import store
from rialto.orders.handlers import OrderHandlers
from rialto.payments.events import PaymentAuthorised, PaymentDeclined, PaymentVoided


async def _hurry(handlers: OrderHandlers, order_id: OrderId, delivery: Delivery) -> None:
    """An order somebody is working on right now is left to them (its saga row counts no attempt yet)."""
    now = handlers.env.clock.now()
    if await delivery.session.run(store.HURRY, bucket_of(order_id), to_uuid(order_id), now):
        handlers.env.wake("orders.saga")


async def on_authorised(handlers: OrderHandlers, event: PaymentAuthorised, delivery: Delivery) -> None:
    await _hurry(handlers, event.order_id, delivery)


async def on_declined(handlers: OrderHandlers, event: PaymentDeclined, delivery: Delivery) -> None:
    await _hurry(handlers, event.order_id, delivery)


async def on_voided(handlers: OrderHandlers, event: PaymentVoided, delivery: Delivery) -> None:
    await _hurry(handlers, event.order_id, delivery)


REACTIONS = (
    Reaction(event=PaymentAuthorised, run=on_authorised),
    Reaction(event=PaymentDeclined, run=on_declined),
    Reaction(event=PaymentVoided, run=on_voided),
)
