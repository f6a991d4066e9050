"""What happens when an order speaks: one mail per cause, whatever is delivered twice."""

from __future__ import annotations

from rialto.kernel.consumers import Delivery
from rialto.kernel.service import Reaction
from rialto.notifications.handlers import NotificationHandlers
from rialto.notifications.model import Cause, Template
from rialto.notifications.render import shipped_lines
from rialto.orders.events import OrderCancelled, OrderPlaced, OrderShipped


async def order_placed(handlers: NotificationHandlers, event: OrderPlaced, delivery: Delivery) -> None:
    cause = Cause(order_id=event.order_id, template=Template.ORDER_PLACED)
    await handlers.queue(delivery.session, cause, await handlers.order(cause))


async def order_cancelled(handlers: NotificationHandlers, event: OrderCancelled, delivery: Delivery) -> None:
    """Only who had a confirmation hears of it: a declined payment was seen in the checkout."""
    if not event.was_placed:
        return
    cause = Cause(order_id=event.order_id, template=Template.ORDER_CANCELLED)
    facts = {"by_customer": event.reason == "customer"}
    await handlers.queue(delivery.session, cause, await handlers.order(cause), facts)


async def order_shipped(handlers: NotificationHandlers, event: OrderShipped, delivery: Delivery) -> None:
    cause = Cause(order_id=event.order_id, template=Template.ORDER_SHIPPED, step=event.step)
    order = await handlers.order(cause)
    facts = {
        "shipped": shipped_lines(order, event.lines),
        "tracking": event.tracking or "",
        "complete": event.complete,
    }
    await handlers.queue(delivery.session, cause, order, facts)


REACTIONS = (
    Reaction(event=OrderPlaced, run=order_placed),
    Reaction(event=OrderCancelled, run=order_cancelled),
    Reaction(event=OrderShipped, run=order_shipped),
)
