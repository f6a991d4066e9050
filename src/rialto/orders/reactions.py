"""What orders does when payments speak: look at the order again, soon."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.kernel.db import WriteSession
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.kernel.service import Reaction
from rialto.orders import store
from rialto.orders.handlers import OrderHandlers
from rialto.payments.events import PaymentAuthorised, PaymentDeclined, PaymentVoided


async def hurry(
    handlers: OrderHandlers,
    events: Sequence[PaymentAuthorised | PaymentDeclined | PaymentVoided],
    session: WriteSession,
) -> None:
    """An order somebody is working on right now is left to them (its saga row counts no attempt yet)."""
    orders = sorted({event.order_id for event in events})
    buckets = [bucket_of(order_id) for order_id in orders]
    now = handlers.env.clock.now()
    if await session.run(store.HURRY, buckets, [to_uuid(order_id) for order_id in orders], now):
        handlers.env.wake("orders.saga")


REACTIONS = (
    Reaction(event=PaymentAuthorised, run_many=hurry),
    Reaction(event=PaymentDeclined, run_many=hurry),
    Reaction(event=PaymentVoided, run_many=hurry),
)
