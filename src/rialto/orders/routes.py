"""Orders on the web: checkout, the customer's order, and what staff do with it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter

from rialto.kernel.errors import Invalid
from rialto.kernel.http import Injected, problem_response, requires
from rialto.kernel.ids import CART, ORDER
from rialto.kernel.money import Money, parse_currency
from rialto.kernel.service import Frozen
from rialto.orders.api import (
    CancelOrder,
    CheckoutAnswer,
    ContinueCheckout,
    KeyMissing,
    ListOrders,
    Order,
    OrderList,
    OrderRef,
    Orders,
    PlaceOrder,
    RefundOrder,
    ShipOrder,
    Tender,
)

AMOUNT_MAX = 10**12

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Key = Annotated[
    str | None,
    Parameter(
        header="Idempotency-Key",
        description="Required; 1-255 visible characters. The same key, the same answer.",
    ),
]


class Amount(Frozen):
    """Minor units of an ISO 4217 currency."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]

    def money(self, path: str) -> Money:
        return Money(self.amount, parse_currency(self.currency, path=f"{path}.currency"))


class PaymentBody(Frozen):
    """`token` comes from the provider; card numbers are refused."""

    provider: Text
    token: Text
    amount: Amount | None = None


class CheckoutBody(Frozen):
    """One `payment`, or several `payments` that sum to the total. With `expected_total` a changed price is refused."""

    cart_id: Text
    payment: PaymentBody | None = None
    payments: Annotated[list[PaymentBody], msgspec.Meta(max_length=5)] = []
    expected_total: Amount | None = None


class ShipBody(Frozen):
    """Without `lines` (line id → quantity) all that is left is shipped."""

    lines: dict[str, Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]] | None = None
    tracking: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class RefundBody(Frozen):
    amount: Amount
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class NextAction(Frozen):
    url: str
    type: str = "redirect"


class CheckoutPending(Frozen):
    """The order is not placed yet: go to `next_action`, or ask again at `status_url`."""

    order_id: str
    key: str
    status_url: str
    payment_status: str
    next_action: NextAction | None = None


@post("/v1/checkout", summary="Place an order from a cart", status_code=201)
async def checkout(
    data: CheckoutBody, orders: Injected[Orders], idempotency_key: Key = None
) -> Response[Any]:
    """201 the order; 202 `next_action` or `pending`; 402 `payment_declined`; 409 `out_of_stock`, `price_changed`,
    `checkout_in_progress`, `cart_ordered`, `request_in_progress`; 422 `cart_empty`, `delivery_missing`,
    `idempotency_key_reused`; 400 `idempotency_key_missing`."""
    bodies = [data.payment] if data.payment is not None else data.payments
    answer = await orders.checkout(
        PlaceOrder(
            cart_id=CART.parse(data.cart_id),
            tenders=[
                Tender(
                    provider=body.provider,
                    token=body.token,
                    amount=body.amount.money(f"payments.{index}.amount") if body.amount else None,
                )
                for index, body in enumerate(bodies)
            ],
            key=required_key(idempotency_key),
            request_hash=hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest(),
            expected_total=data.expected_total.money("expected_total") if data.expected_total else None,
        )
    )
    return _rendered(answer)


@post("/v1/checkout/{order_id:str}/continue", summary="Go on after the customer acted", status_code=201)
async def continue_checkout(order_id: str, orders: Injected[Orders], key: str | None = None) -> Response[Any]:
    """`key` is the order's own. Answers as POST /v1/checkout does."""
    answer = await orders.resume(ContinueCheckout(order_id=ORDER.parse(order_id), key=key))
    return _rendered(answer)


@get("/v1/orders/{order_id:str}", summary="An order by its key")
async def read_order(order_id: str, orders: Injected[Orders], key: str | None = None) -> Order:
    return await orders.get(OrderRef(order_id=ORDER.parse(order_id), key=key))


@post("/v1/orders/{order_id:str}/cancel", summary="Cancel before shipping", status_code=200)
async def cancel_order(order_id: str, orders: Injected[Orders], key: str | None = None) -> Order:
    return await orders.cancel(CancelOrder(order_id=ORDER.parse(order_id), key=key))


@get("/v1/admin/orders", guards=[requires("orders.read")], summary="Orders, newest first")
async def list_orders(
    orders: Injected[Orders],
    status: str | None = None,
    cursor: Annotated[str | None, Parameter(max_length=200)] = None,
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> OrderList:
    return await orders.list(ListOrders(cursor=cursor, limit=limit, status=status))


@get("/v1/admin/orders/{order_id:str}", guards=[requires("orders.read")], summary="An order")
async def read_any_order(order_id: str, orders: Injected[Orders]) -> Order:
    return await orders.get(OrderRef(order_id=ORDER.parse(order_id), staff=True))


@post(
    "/v1/admin/orders/{order_id:str}/ship",
    guards=[requires("orders.ship")],
    status_code=200,
    summary="Ship and capture",
)
async def ship_order(
    order_id: str, data: ShipBody, orders: Injected[Orders], idempotency_key: Key = None
) -> Order:
    return await orders.ship(
        ShipOrder(
            order_id=ORDER.parse(order_id),
            lines=dict(data.lines) if data.lines is not None else None,
            tracking=data.tracking,
            step=_step(required_key(idempotency_key)),
        )
    )


@post(
    "/v1/admin/orders/{order_id:str}/cancel",
    guards=[requires("orders.cancel")],
    status_code=200,
    summary="Cancel for the customer",
)
async def cancel_any_order(order_id: str, orders: Injected[Orders]) -> Order:
    return await orders.cancel(CancelOrder(order_id=ORDER.parse(order_id), staff=True, reason="staff"))


@post(
    "/v1/admin/orders/{order_id:str}/refunds",
    guards=[requires("orders.refund")],
    summary="Give captured money back",
)
async def refund_order(
    order_id: str, data: RefundBody, orders: Injected[Orders], idempotency_key: Key = None
) -> Order:
    return await orders.refund(
        RefundOrder(
            order_id=ORDER.parse(order_id),
            amount=data.amount.money("amount"),
            reason=data.reason,
            step=_step(required_key(idempotency_key)),
        )
    )


def required_key(key: str | None) -> str:
    """The client's key. Raises KeyMissing, or Invalid for one that is too long or not plain."""
    if key is None or not key.strip():
        raise KeyMissing
    if len(key) > 255 or not all("!" <= letter <= "~" for letter in key):
        raise Invalid(
            "An Idempotency-Key has 1 to 255 visible ASCII characters.", code="idempotency_key_not_valid"
        )
    return key


def _step(key: str) -> str:
    """A step's name from the client's key: short, plain, and one per key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _rendered(answer: CheckoutAnswer) -> Response[Any]:
    order, headers = answer.order, {"Cache-Control": "no-store"}
    if answer.outcome == "placed":
        return Response(order, status_code=201, headers={**headers, "Location": f"/v1/orders/{order.id}"})
    if answer.outcome == "declined":
        extra = {"decline_code": answer.decline_code, "order_id": order.id}
        return problem_response(402, "payment_declined", "The payment was declined.", extra=extra)
    action = NextAction(url=answer.next_action_url) if answer.next_action_url else None
    pending = CheckoutPending(
        order_id=order.id,
        key=order.key,
        status_url=order.status_url,
        payment_status=order.payment_status,
        next_action=action,
    )
    return Response(pending, status_code=202, headers=headers)


ROUTES = [
    checkout,
    continue_checkout,
    read_order,
    cancel_order,
    list_orders,
    read_any_order,
    ship_order,
    cancel_any_order,
    refund_order,
]
