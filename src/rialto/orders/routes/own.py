"""A signed-in customer's orders on the web, and buying again."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.cart.api import CartMerged, CartNotFound, CartOrdered, FilledCart
from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.http import Injected, about, customer_of, customer_only
from rialto.kernel.ids import CART, ORDER
from rialto.kernel.service import Frozen
from rialto.orders.api import OrderNotFound, Orders, OwnOrderList, OwnOrders, Reorder
from rialto.orders.routes.shared import PRIVATE, AnyRequest


class ReorderBody(Frozen):
    """Without `cart_id` the lines go into the account's open cart, and for a guest into a new one."""

    cart_id: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] | None = None


@get(
    "/v1/orders",
    guards=[customer_only],
    cache_control=PRIVATE,
    **about("list_own_orders", "See one's orders", tag="orders"),
)
async def list_own_orders(
    request: AnyRequest,
    orders: Injected[Orders],
    cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> OwnOrderList:
    """What the account bought, the newest first; as a guest too, once its e-mail is confirmed."""
    account_id = customer_of(request)
    assert account_id is not None, "the guard lets customers in only"
    return await orders.own(OwnOrders(account_id=account_id, cursor=cursor, limit=limit))


@post(
    "/v1/orders/{order_id:str}/reorder",
    status_code=200,
    cache_control=PRIVATE,
    **about(
        "reorder",
        "Buy it again",
        tag="orders",
        refuses=[OrderNotFound, CartNotFound, CartOrdered, CartMerged, AccessTokenRefused],
    ),
)
async def reorder(
    request: AnyRequest,
    order_id: FromPath[str],
    orders: Injected[Orders],
    *,
    data: JSONBody[ReorderBody | None] = None,
    key: Annotated[
        str | None,
        QueryParameter(max_length=200, description="The order's key, which its `status_url` holds."),
    ] = None,
) -> FilledCart:
    """Puts the order's lines into a cart, as far as they are still sold; `conflicts` tells what changed."""
    wanted = data.cart_id if data else None
    return await orders.reorder(
        Reorder(
            order_id=ORDER.parse(order_id),
            key=key,
            account_id=customer_of(request),
            cart_id=CART.parse(wanted) if wanted else None,
        )
    )


ROUTES: list[Any] = [list_own_orders, reorder]
