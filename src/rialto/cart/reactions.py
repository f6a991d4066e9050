"""What happens to carts when others speak."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.cart.handlers import CartHandlers
from rialto.kernel.db import WriteSession
from rialto.kernel.service import Reaction
from rialto.orders.events import OrderPlaced


async def close_ordered_carts(
    carts: CartHandlers, events: Sequence[OrderPlaced], session: WriteSession
) -> None:
    """A placed order ends its cart, also when the checkout could not say so itself. Again: unchanged."""
    await carts.close_within(session, {event.cart_id: event.order_id for event in events})


REACTIONS = (Reaction(event=OrderPlaced, run_many=close_ordered_carts),)
