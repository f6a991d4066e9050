"""An order on the web, for whoever has its key and for its owner."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.http import Injected, about, customer_of
from rialto.kernel.ids import ORDER
from rialto.kernel.service import Frozen
from rialto.orders.api import (
    CancelOrder,
    KeyMissing,
    KeyReused,
    Order,
    OrderNotCancellable,
    OrderNotFound,
    OrderNotReturnable,
    OrderRef,
    Orders,
    RequestReturn,
    ReturnReason,
)
from rialto.orders.routes.shared import (
    KEY_NOT_VALID,
    PRIVATE,
    AnyRequest,
    Key,
    OrderKey,
    required_key,
    step_of,
)


class ReturnBody(Frozen):
    """`lines`: line id → quantity. `reason`: withdrawal, damaged, wrong_article or other."""

    lines: Annotated[
        dict[str, Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]],
        msgspec.Meta(min_length=1, max_length=100),
    ]
    reason: ReturnReason = ReturnReason.WITHDRAWAL


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


@post(
    "/v1/orders/{order_id:str}/returns",
    cache_control=PRIVATE,
    **about(
        "request_return",
        "Send articles back",
        tag="orders",
        refuses=[
            *(KeyMissing, KEY_NOT_VALID, KeyReused),
            *(OrderNotFound, OrderNotReturnable, AccessTokenRefused),
        ],
        example={"lines": {"line_06bqk3v1m5g7r0z2x4c6n8p0qs": 1}, "reason": "withdrawal"},
    ),
)
async def request_return(
    request: AnyRequest,
    order_id: FromPath[str],
    data: JSONBody[ReturnBody],
    orders: Injected[Orders],
    key: OrderKey = None,
    *,
    idempotency_key: Key = None,
) -> Order:
    """Announces shipped units, within thirty days of the last parcel; a confirmation is mailed. Money comes with a refund.

    What has not been shipped yet is cancelled instead. The same Idempotency-Key announces nothing twice.
    """
    step = step_of(required_key(idempotency_key))
    return await orders.request_return(
        RequestReturn(
            order_id=ORDER.parse(order_id),
            key=key,
            account_id=customer_of(request),
            lines=dict(data.lines),
            reason=data.reason,
            step=step,
        )
    )


ROUTES: list[Any] = [read_order, cancel_order, request_return]
