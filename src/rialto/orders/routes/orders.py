"""An order on the web, for whoever has its key and for its owner."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath

from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.http import Injected, about, customer_of
from rialto.kernel.ids import ORDER
from rialto.orders.api import (
    CancelOrder,
    Order,
    OrderNotCancellable,
    OrderNotFound,
    OrderRef,
    Orders,
)
from rialto.orders.routes.shared import (
    PRIVATE,
    AnyRequest,
    OrderKey,
)


@get(
    "/v1/orders/{order_id:str}",
    cache_control=PRIVATE,
    **about("read_order", "Look at an order", tag="orders", refuses=[OrderNotFound, AccessTokenRefused]),
)
async def read_order(
    request: AnyRequest, order_id: FromPath[str], orders: Injected[Orders], key: OrderKey = None
) -> Order:
    """The order as it stands. Without its key, or its owner's token, it is not there."""
    ref = OrderRef(order_id=ORDER.parse(order_id), key=key, account_id=customer_of(request))
    return await orders.get(ref)


@post(
    "/v1/orders/{order_id:str}/cancel",
    status_code=200,
    cache_control=PRIVATE,
    **about(
        "cancel_order",
        "Cancel an order",
        tag="orders",
        refuses=[OrderNotFound, OrderNotCancellable, AccessTokenRefused],
    ),
)
async def cancel_order(
    request: AnyRequest, order_id: FromPath[str], orders: Injected[Orders], key: OrderKey = None
) -> Order:
    """Before anything is shipped: the payment is given up and the stock is free again. Again: unchanged."""
    command = CancelOrder(order_id=ORDER.parse(order_id), key=key, account_id=customer_of(request))
    return await orders.cancel(command)


ROUTES: list[Any] = [read_order, cancel_order]
