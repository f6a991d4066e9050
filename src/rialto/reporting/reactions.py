"""What reporting does when orders and stock speak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rialto.inventory.events import AvailabilityChanged
from rialto.kernel.db import WriteSession
from rialto.kernel.service import Reaction
from rialto.orders.events import (
    OrderAwaitsCustomer,
    OrderCancelled,
    OrderCaptured,
    OrderImported,
    OrderNeedsAttention,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
    OrderStarted,
)
from rialto.reporting.handlers import ReportingHandlers


async def follow_orders(handlers: ReportingHandlers, events: Sequence[Any], session: WriteSession) -> None:
    """Of different orders, together: four statements for as many as came."""
    await handlers.take_in(session, [(event.order_id, event) for event in events])


async def follow_stock(
    handlers: ReportingHandlers, events: Sequence[AvailabilityChanged], session: WriteSession
) -> None:
    """Which SKUs are running out."""
    await handlers.take_in_stock(session, events)


REACTIONS = (
    *(
        Reaction(event=event, run_many=follow_orders)
        for event in (
            OrderStarted,
            OrderImported,
            OrderAwaitsCustomer,
            OrderPlaced,
            OrderCancelled,
            OrderShipped,
            OrderCaptured,
            OrderRefunded,
            OrderNeedsAttention,
        )
    ),
    Reaction(event=AvailabilityChanged, run_many=follow_stock),
)
