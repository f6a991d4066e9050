"""What orders does when payments speak (look at the order again, soon), when accounts do, and when it spoke itself."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.identity.events import CustomerErased, CustomerVerified
from rialto.kernel.consumers import Delivery
from rialto.kernel.db import WriteSession
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.kernel.service import Reaction
from rialto.orders import store
from rialto.orders.events import (
    OrderAttached,
    OrderCancelled,
    OrderCaptured,
    OrderClosed,
    OrderImported,
    OrderNeedsAttention,
    OrderRefunded,
    OrderShipped,
)
from rialto.orders.handlers import OrderHandlers
from rialto.orders.store import lists
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


async def follow_in_lists(
    _handlers: OrderHandlers,
    events: Sequence[
        OrderAttached
        | OrderCancelled
        | OrderShipped
        | OrderCaptured
        | OrderRefunded
        | OrderNeedsAttention
        | OrderClosed
        | OrderImported
    ],
    session: WriteSession,
) -> None:
    """Rows of lists in other buckets than their orders. Placing an order needs no reaction: it says so by attaching."""
    await lists.follow(session, sorted({event.order_id for event in events}))


async def take_over_guests_orders(
    handlers: OrderHandlers, event: CustomerVerified, delivery: Delivery
) -> None:
    """Whoever has proven an e-mail sees what was ordered with it. Again: the same."""
    await handlers.prove_within(delivery.session, event.account_id)
    handlers.env.wake("orders.attach")


async def forget_erased_account(handlers: OrderHandlers, event: CustomerErased, delivery: Delivery) -> None:
    """Whom the orders of an account that is gone are for. Again: nothing is left to delete."""
    await handlers.forget_within(delivery.session, event.account_id)


REACTIONS = (
    Reaction(event=CustomerVerified, run=take_over_guests_orders),
    Reaction(event=CustomerErased, run=forget_erased_account),
    *(
        Reaction(event=event, run_many=follow_in_lists)
        for event in (
            OrderAttached,
            OrderCancelled,
            OrderClosed,
            OrderShipped,
            OrderCaptured,
            OrderRefunded,
            OrderNeedsAttention,
            OrderImported,
        )
    ),
    Reaction(event=PaymentAuthorised, run_many=hurry),
    Reaction(event=PaymentDeclined, run_many=hurry),
    Reaction(event=PaymentVoided, run_many=hurry),
)
