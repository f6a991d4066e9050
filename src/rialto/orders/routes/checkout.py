"""Checkout on the web: placing an order and going on after 3-D Secure."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from rialto.cart.api import CartMerged, CartNotFound, CartOrdered
from rialto.catalog.api import ChannelClosed
from rialto.inventory.api import OutOfStock
from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.errors import Conflict, Invalid
from rialto.kernel.http import Injected, about, customer_of, problem_response
from rialto.kernel.ids import CART, ORDER
from rialto.kernel.service import Frozen
from rialto.orders.api import (
    AddressMissing,
    CartEmpty,
    CheckoutAnswer,
    CheckoutInProgress,
    ContinueCheckout,
    DeliveryMissing,
    KeyMissing,
    KeyReused,
    Order,
    OrderCancelledMeanwhile,
    OrderNotFound,
    Orders,
    PaymentMissing,
    PlaceOrder,
    PriceChanged,
    RequestInProgress,
    Tender,
)
from rialto.orders.routes.shared import (
    KEY_NOT_VALID,
    Amount,
    AnyRequest,
    Key,
    OrderKey,
    Text,
    required_key,
)
from rialto.payments.api import CardNumberRefused, PaymentDeclined, ProviderUnknown
from rialto.pricing.api import NotFirstOrder

NOT_SOLD = Conflict("Some of this is not sold any more.", code="not_sold")
PAYMENTS_NOT_VALID = Invalid("The payments do not sum to the order's total.", code="payments_not_valid")
OUTCOMES = (OrderCancelledMeanwhile, OutOfStock, PaymentDeclined, NotFirstOrder)


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


@post(
    "/v1/checkout",
    status_code=201,
    **about(
        "place_order",
        "Place an order",
        tag="checkout",
        answers={202: CheckoutPending},
        refuses=[
            *(
                KeyMissing,
                KEY_NOT_VALID,
                CartNotFound,
                CartOrdered,
                CartEmpty,
                AddressMissing,
                DeliveryMissing,
            ),
            *(PaymentMissing, PAYMENTS_NOT_VALID, ProviderUnknown, CardNumberRefused, NOT_SOLD, PriceChanged),
            *(KeyReused, RequestInProgress, CheckoutInProgress, AccessTokenRefused, CartMerged, *OUTCOMES),
            ChannelClosed,
        ],
        example={
            "cart_id": "cart_06bqk3v1m5g7r0z2x4c6n8p0qs",
            "payment": {"provider": "sandbox", "token": "tok_success"},
            "expected_total": {"amount": 5290, "currency": "EUR"},
        },
    ),
)
async def checkout(
    request: AnyRequest,
    data: JSONBody[CheckoutBody],
    orders: Injected[Orders],
    idempotency_key: Key = None,
) -> Response[Order]:
    """Reserves stock, authorises the payment and stores the order. The cart needs lines, an address and a delivery.

    201 is the placed order. 202 with `next_action` sends the customer to that address (3-D Secure), then
    `continue`; 202 without it means that the payment provider has not answered yet: ask the order again.
    After 402 the stock is free again and the cart open; `decline_code` says why. With 409 `price_changed` the
    new `totals` are in the answer, with `out_of_stock` the short `items`. With a customer's token the order is the
    account's.
    """
    key = required_key(idempotency_key)
    if data.payment is not None and data.payments:
        raise Invalid("Give either `payment` or `payments`.", code="payments_not_valid")
    bodies = [data.payment] if data.payment is not None else data.payments
    answer = await orders.checkout(
        PlaceOrder(
            cart_id=CART.parse(data.cart_id),
            account_id=customer_of(request),
            tenders=[
                Tender(
                    provider=body.provider,
                    token=body.token,
                    amount=body.amount.money(f"payments.{index}.amount") if body.amount else None,
                )
                for index, body in enumerate(bodies)
            ],
            key=key,
            request_hash=hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest(),
            expected_total=data.expected_total.money("expected_total") if data.expected_total else None,
        )
    )
    return rendered(answer)


@post(
    "/v1/checkout/{order_id:str}/continue",
    status_code=201,
    **about(
        "continue_checkout",
        "Go on after 3-D Secure",
        tag="checkout",
        answers={202: CheckoutPending},
        refuses=[OrderNotFound, AccessTokenRefused, *OUTCOMES],
    ),
)
async def continue_checkout(
    request: AnyRequest, order_id: FromPath[str], orders: Injected[Orders], key: OrderKey = None
) -> Response[Order]:
    """Asks the provider what became of the payment. Answers as placing the order does, however often it is sent.

    The order's key is enough, also when a sign-in has run out meanwhile.
    """
    answer = await orders.resume(
        ContinueCheckout(order_id=ORDER.parse(order_id), key=key, account_id=customer_of(request))
    )
    return rendered(answer)


def rendered(answer: CheckoutAnswer) -> Response[Any]:
    """The answer to a checkout, whoever asked for it."""
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


ROUTES: list[Any] = [checkout, continue_checkout]
