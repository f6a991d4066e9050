"""What pricing does when orders speak: it remembers which accounts have ordered."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.kernel.db import WriteSession
from rialto.kernel.ids import to_uuid
from rialto.kernel.service import Reaction
from rialto.orders.events import OrderAttached, OrderCancelled, OrderPlaced
from rialto.pricing.handlers import PricingHandlers
from rialto.pricing.model.codes import customer_key
from rialto.pricing.store import first_orders


async def orders_placed(
    _handlers: PricingHandlers, events: Sequence[OrderPlaced], session: WriteSession
) -> None:
    placed = [
        (customer_key(event.account_id), to_uuid(event.order_id)) for event in events if event.account_id
    ]
    if placed:
        await first_orders.note(session, placed)


async def orders_attached(
    _handlers: PricingHandlers, events: Sequence[OrderAttached], session: WriteSession
) -> None:
    """A guest's order turned out to be an account's."""
    attached = [(customer_key(event.account_id), to_uuid(event.order_id)) for event in events]
    await first_orders.note(session, attached)


async def orders_cancelled(
    _handlers: PricingHandlers, events: Sequence[OrderCancelled], session: WriteSession
) -> None:
    await first_orders.forget(session, [to_uuid(event.order_id) for event in events])


REACTIONS = (
    Reaction(event=OrderPlaced, run_many=orders_placed),
    Reaction(event=OrderAttached, run_many=orders_attached),
    Reaction(event=OrderCancelled, run_many=orders_cancelled),
)
