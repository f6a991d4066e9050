"""What happens to carts when others speak."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.cart.handlers import CartHandlers
from rialto.identity.events import CustomerErased
from rialto.kernel.consumers import Delivery
from rialto.kernel.db import WriteSession
from rialto.kernel.service import Reaction
from rialto.orders.events import OrderPlaced


async def close_ordered_carts(
    carts: CartHandlers, events: Sequence[OrderPlaced], session: WriteSession
) -> None:
    """A placed order ends its cart, also when the checkout could not say so itself. Again: unchanged."""
    await carts.close_within(session, events)


async def forget_erased_account(carts: CartHandlers, event: CustomerErased, delivery: Delivery) -> None:
    """Carts and wishlist of an account that is gone. Again: nothing is left to delete."""
    await carts.forget_within(delivery.session, event.account_id)


REACTIONS = (
    Reaction(event=OrderPlaced, run_many=close_ordered_carts),
    Reaction(event=CustomerErased, run=forget_erased_account),
)
