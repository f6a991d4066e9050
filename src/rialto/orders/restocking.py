"""The saga's step after goods came back: what can be sold again goes on its shelf."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from rialto.inventory.api import Inventory, ReturnedLine, TakeBack
from rialto.kernel.events import Event
from rialto.orders.events import OrderGoodsRestocked
from rialto.orders.model import OrderState


async def restock(
    inventory: Inventory, state: OrderState
) -> Callable[[OrderState, datetime], Sequence[Event]]:
    """Put the oldest that waits into stock, which a repeat does once; what to append then. Raises Unavailable."""
    received = state.unstocked[0]
    skus = {line.id: line.sku for line in state.started.lines}
    await inventory.take_back(
        TakeBack(
            order_id=received.order_id,
            step=received.step,
            warehouse=received.warehouse,
            lines=[
                ReturnedLine(line_id=line, sku=skus[line], quantity=units)
                for line, units in received.fit.items()
            ],
        )
    )

    def decide(now: OrderState, at: datetime) -> Sequence[Event]:
        if all(event.step != received.step for event in now.unstocked):
            return []
        return [OrderGoodsRestocked(order_id=received.order_id, step=received.step, restocked_at=at)]

    return decide
