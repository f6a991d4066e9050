"""Orders on the web: checkout, the customer's order, and what staff do with it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from rialto.cart.api import CartMerged, CartNotFound, CartOrdered
from rialto.inventory.api import OutOfStock
from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.errors import Conflict, Invalid
from rialto.kernel.http import Injected, about, customer_of, problem_response, requires
from rialto.kernel.ids import CART, ORDER
from rialto.kernel.money import Money, parse_currency
from rialto.kernel.service import Frozen
from rialto.orders.api import (
    AddressMissing,
    CancelOrder,
    CartEmpty,
    CheckoutAnswer,
    CheckoutInProgress,
    ContinueCheckout,
    DeliveryMissing,
    KeyMissing,
    KeyReused,
    ListOrders,
    Order,
    OrderCancelledMeanwhile,
    OrderList,
    OrderNotCancellable,
    OrderNotFound,
    OrderNotShippable,
    OrderRef,
    Orders,
    PaymentMissing,
    PlaceOrder,
    PriceChanged,
    RefundOrder,
    RequestInProgress,
    ShipOrder,
    Tender,
)
from rialto.payments.api import CardNumberRefused, PaymentDeclined, PaymentStateWrong, ProviderUnknown

AMOUNT_MAX = 10**12
PRIVATE = CacheControlHeader(no_store=True)
AnyRequest = Request[Any, Any, Any]

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Key = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key"),
]
OrderKey = Annotated[
    str | None,
    QueryParameter(max_length=200, description="The order's key, which its `status_url` holds."),
]

KEY_NOT_VALID = Invalid(
    "An Idempotency-Key has 1 to 255 visible ASCII characters.", code="idempotency_key_not_valid"
)
NOT_SOLD = Conflict("Some of this is not sold any more.", code="not_sold")
PAYMENTS_NOT_VALID = Invalid("The payments do not sum to the order's total.", code="payments_not_valid")
OUTCOMES = (OrderCancelledMeanwhile, OutOfStock, PaymentDeclined)
STAFF = "staff: orders"


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
            key=required_key(idempotency_key),
            request_hash=hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest(),
            expected_total=data.expected_total.money("expected_total") if data.expected_total else None,
        )
    )
    return _rendered(answer)


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
    return _rendered(answer)


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
            step=_step(required_key(idempotency_key)),
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
            step=_step(required_key(idempotency_key)),
        )
    )


def required_key(key: str | None) -> str:
    """The client's key. Raises KeyMissing, or Invalid for one that is too long or not plain."""
    if key is None or not key.strip():
        raise KeyMissing
    if len(key) > 255 or not all("!" <= letter <= "~" for letter in key):
        raise Invalid(KEY_NOT_VALID.text, code=KEY_NOT_VALID.stable_code)
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


ROUTES: list[Any] = [
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
