"""The cart as somebody saw it last: shown while it cannot be asked for, marked as that, and changed by nothing.

Of what a cart holds, only what its page shows is kept: neither addresses nor how it is to be paid.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from rialto.cart.api import Cart
from rialto.kernel.remembering import Remembered
from rialto.kernel.service import Frozen
from rialto.storefront.visit import Visit

KEPT_S = 3 * 3600


class LastCart(Frozen):
    """`seen_at` is when it was shown."""

    cart: Cart
    seen_at: datetime


async def remember(visit: Visit, remembered: Remembered, cart: Cart | None, seen_at: datetime) -> None:
    """What is shown now. Without a cart there is nothing to go on showing."""
    key = _key(visit, None if cart is None else cart.id)
    if key is None:
        return
    if cart is None:
        await remembered.forget(key)
        return
    shown = msgspec.structs.replace(
        cart, email=None, shipping=None, billing=None, delivery=None, payment_label=None
    )
    await remembered.keep(key, msgspec.msgpack.encode(LastCart(cart=shown, seen_at=seen_at)), ttl_s=KEPT_S)


async def recall(visit: Visit, remembered: Remembered) -> LastCart | None:
    """None where none was seen lately, also by a release that kept it in another shape."""
    key = _key(visit, visit.cart_id)
    packed = await remembered.recall(key) if key is not None else None
    try:
        return None if packed is None else msgspec.msgpack.decode(packed, type=LastCart)
    except msgspec.MsgspecError:
        return None


async def forget(visit: Visit, remembered: Remembered) -> None:
    """It became an order."""
    key = _key(visit, visit.cart_id)
    if key is not None:
        await remembered.forget(key)


def _key(visit: Visit, cart_id: str | None) -> str | None:
    """An account has one cart; a guest's is named by its cookie."""
    if visit.account_id is not None:
        return f"cart:account:{visit.channel.code}:{visit.account_id}"
    return f"cart:{cart_id}" if cart_id is not None else None
