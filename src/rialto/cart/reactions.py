"""What happens to carts when others speak."""

from __future__ import annotations

from rialto.cart.handlers import CartHandlers
from rialto.kernel.consumers import Delivery
from rialto.kernel.service import Reaction
from rialto.orders.events import OrderPlaced


async def close_ordered_cart(carts: CartHandlers, event: OrderPlaced, delivery: Delivery) -> None:
    """A placed order ends its cart, also when the checkout could not say so itself. Again: unchanged."""
    await carts.close_within(delivery.session, event.cart_id, event.order_id)


REACTIONS = (Reaction(event=OrderPlaced, run=close_ordered_cart),)
