"""What happens when an order, an account or stock speaks: one mail per cause, whatever is delivered twice."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.identity.api import LetterNotFound
from rialto.identity.events import LetterRequested
from rialto.inventory.events import AvailabilityChanged
from rialto.kernel.consumers import Delivery
from rialto.kernel.db import WriteSession
from rialto.kernel.service import Reaction
from rialto.kernel.traced_events import of_each
from rialto.notifications.formats import moment
from rialto.notifications.handlers import Notice, NotificationHandlers
from rialto.notifications.model import Cause, LetterCause, Template, language_for
from rialto.notifications.render import lines_of
from rialto.orders.api import ReturnReason
from rialto.orders.events import OrderCancelled, OrderPlaced, OrderReturnRequested, OrderShipped

SOLD_OUT = "sold_out"


async def orders_placed(
    handlers: NotificationHandlers, events: Sequence[OrderPlaced], session: WriteSession
) -> None:
    """Confirmations are what a busy shop writes most: those that come together are read and kept together."""
    traces = dict(zip([event.order_id for event in events], of_each(len(events)), strict=True))
    orders = await handlers.orders([event.order_id for event in events])
    causes = [Cause(order_id=order.id, template=Template.ORDER_PLACED) for order in orders]
    notices = [
        Notice(cause=cause, order=order, traceparent=traces[order.id])
        for cause, order in zip(causes, orders, strict=True)
    ]
    await handlers.queue(session, notices)


async def order_cancelled(handlers: NotificationHandlers, event: OrderCancelled, delivery: Delivery) -> None:
    """Only who had a confirmation hears of it: a declined payment was seen in the checkout."""
    if not event.was_placed:
        return
    cause = Cause(order_id=event.order_id, template=Template.ORDER_CANCELLED)
    facts = {"by_customer": event.reason == "customer"}
    [order] = await handlers.orders([event.order_id])
    await handlers.queue(delivery.session, [Notice(cause=cause, order=order, facts=facts)])


async def order_shipped(handlers: NotificationHandlers, event: OrderShipped, delivery: Delivery) -> None:
    cause = Cause(order_id=event.order_id, template=Template.ORDER_SHIPPED, step=event.step)
    [order] = await handlers.orders([event.order_id])
    facts = {
        "shipped": lines_of(order, event.lines),
        "tracking": event.tracking or "",
        "complete": event.complete,
    }
    await handlers.queue(delivery.session, [Notice(cause=cause, order=order, facts=facts)])


async def return_requested(
    handlers: NotificationHandlers, event: OrderReturnRequested, delivery: Delivery
) -> None:
    """What the law calls an acknowledgement on a durable medium: what was sent back, and when that was said."""
    cause = Cause(order_id=event.order_id, template=Template.ORDER_RETURN, step=event.step)
    [order] = await handlers.orders([event.order_id])
    facts = {
        "returned": lines_of(order, event.lines),
        "requested_at": moment(event.requested_at, language_for(order.language)),
        "withdrawal": event.reason == ReturnReason.WITHDRAWAL,
    }
    await handlers.queue(delivery.session, [Notice(cause=cause, order=order, facts=facts)])


async def letter_requested(
    handlers: NotificationHandlers, event: LetterRequested, delivery: Delivery
) -> None:
    """A letter of an account. For a stranger's request, which looks the same, there is nobody to write to."""
    try:
        letter = await handlers.letter(event.letter_id)
    except LetterNotFound:
        return
    cause = LetterCause(letter_id=event.letter_id, template=Template(letter.template))
    await handlers.queue_letter(delivery.session, cause, letter)


async def availability_changed(
    handlers: NotificationHandlers, events: Sequence[AvailabilityChanged], session: WriteSession
) -> None:
    """Only a note that somebody should look: an import fills thousands of SKUs, and what was there may be gone again."""
    skus = [event.sku for event in events if event.band != SOLD_OUT]
    if skus:
        await handlers.restocked(session, skus)


REACTIONS = (
    Reaction(event=AvailabilityChanged, run_many=availability_changed),
    Reaction(event=LetterRequested, run=letter_requested),
    Reaction(event=OrderPlaced, run_many=orders_placed),
    Reaction(event=OrderCancelled, run=order_cancelled),
    Reaction(event=OrderShipped, run=order_shipped),
    Reaction(event=OrderReturnRequested, run=return_requested),
)
