"""What staff do with orders on the web."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.kernel.http import Injected, about, requires
from rialto.kernel.ids import ORDER
from rialto.kernel.service import Frozen
from rialto.orders.api import (
    CancelOrder,
    KeyMissing,
    ListOrders,
    Order,
    OrderList,
    OrderNotCancellable,
    OrderNotFound,
    OrderNotShippable,
    OrderRef,
    Orders,
    RefundOrder,
    ShipOrder,
)
from rialto.orders.routes.shared import (
    KEY_NOT_VALID,
    PRIVATE,
    Amount,
    Key,
    required_key,
    step_of,
)
from rialto.payments.api import PaymentStateWrong

STAFF = "staff: orders"


class ShipBody(Frozen):
    """Without `lines` (line id → quantity) all that is left is shipped."""

    lines: dict[str, Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]] | None = None
    tracking: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class RefundBody(Frozen):
    amount: Amount
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


@get(
    "/v1/admin/orders",
    guards=[requires("orders.read")],
    cache_control=PRIVATE,
    **about("list_orders", "List orders", tag=STAFF),
)
async def list_orders(
    orders: Injected[Orders],
    status: Annotated[str | None, QueryParameter(pattern="^[a-z_]{1,40}$")] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> OrderList:
    """Newest first."""
    return await orders.list(ListOrders(cursor=cursor, limit=limit, status=status))


@get(
    "/v1/admin/orders/{order_id:str}",
    guards=[requires("orders.read")],
    cache_control=PRIVATE,
    **about("read_any_order", "Look at any order", tag=STAFF, refuses=[OrderNotFound]),
)
async def read_any_order(order_id: FromPath[str], orders: Injected[Orders]) -> Order:
    """Without its key."""
    return await orders.get(OrderRef(order_id=ORDER.parse(order_id), staff=True))


@post(
    "/v1/admin/orders/{order_id:str}/ship",
    guards=[requires("orders.ship")],
    status_code=200,
    cache_control=PRIVATE,
    **about(
        "ship_order",
        "Ship and take the money",
        tag=STAFF,
        refuses=[KeyMissing, KEY_NOT_VALID, OrderNotFound, OrderNotShippable, PaymentStateWrong],
    ),
)
async def ship_order(
    order_id: FromPath[str], data: JSONBody[ShipBody], orders: Injected[Orders], idempotency_key: Key = None
) -> Order:
    """Marks lines as shipped and captures what they cost. The same key ships nothing twice."""
    return await orders.ship(
        ShipOrder(
            order_id=ORDER.parse(order_id),
            lines=dict(data.lines) if data.lines is not None else None,
            tracking=data.tracking,
            step=step_of(required_key(idempotency_key)),
        )
    )


@post(
    "/v1/admin/orders/{order_id:str}/cancel",
    guards=[requires("orders.cancel")],
    status_code=200,
    cache_control=PRIVATE,
    **about("cancel_any_order", "Cancel any order", tag=STAFF, refuses=[OrderNotFound, OrderNotCancellable]),
)
async def cancel_any_order(order_id: FromPath[str], orders: Injected[Orders]) -> Order:
    """For the customer, before anything is shipped."""
    return await orders.cancel(CancelOrder(order_id=ORDER.parse(order_id), staff=True, reason="staff"))


@post(
    "/v1/admin/orders/{order_id:str}/refunds",
    guards=[requires("orders.refund")],
    cache_control=PRIVATE,
    **about(
        "refund_order",
        "Give money back",
        tag=STAFF,
        refuses=[KeyMissing, KEY_NOT_VALID, OrderNotFound, PaymentStateWrong],
    ),
)
async def refund_order(
    order_id: FromPath[str],
    data: JSONBody[RefundBody],
    orders: Injected[Orders],
    idempotency_key: Key = None,
) -> Order:
    """Gives back captured money, at most what was captured. The same key gives nothing twice."""
    return await orders.refund(
        RefundOrder(
            order_id=ORDER.parse(order_id),
            amount=data.amount.money("amount"),
            reason=data.reason,
            step=step_of(required_key(idempotency_key)),
        )
    )


ROUTES: list[Any] = [list_orders, read_any_order, ship_order, cancel_any_order, refund_order]
