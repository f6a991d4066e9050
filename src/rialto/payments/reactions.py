"""What the books say when orders ship and refund: revenue and tax follow the goods, not the card."""

from __future__ import annotations

from typing import Any

from rialto.kernel.consumers import Delivery
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.kernel.service import Reaction
from rialto.orders.events import OrderRefunded, OrderShipped
from rialto.payments.ledger import Entry, Transaction, between, book


async def on_shipped(_handlers: Any, event: OrderShipped, delivery: Delivery) -> None:
    """What we owed the customer becomes revenue and tax."""
    if not event.amount:
        return
    entries = [Entry(account="customers", amount=event.amount)]
    entries += [
        Entry(account=account, amount=-part)
        for account, part in (("revenue", event.amount - event.tax), ("tax", event.tax))
        if part
    ]
    await book(
        delivery.session,
        [
            Transaction(
                bucket=bucket_of(event.order_id),
                cause=f"{event.order_id}:ship:{event.step}",
                order_id=to_uuid(event.order_id),
                kind="revenue",
                entries=entries,
                at=event.shipped_at,
            )
        ],
    )


async def on_refunded(_handlers: Any, event: OrderRefunded, delivery: Delivery) -> None:
    """What is given back is first owed, then paid: the payment's own entries do the second half."""
    await book(
        delivery.session,
        [
            Transaction(
                bucket=bucket_of(event.order_id),
                cause=f"{event.order_id}:refund:{event.step}",
                order_id=to_uuid(event.order_id),
                kind="refund_owed",
                entries=between("refunds", "customers", event.amount),
                at=event.refunded_at,
            )
        ],
    )


REACTIONS = (Reaction(event=OrderShipped, run=on_shipped), Reaction(event=OrderRefunded, run=on_refunded))
