"""What can be asked of orders: to place one, to follow it, to cancel and to ship it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.cart.api import CartTotals, ChosenDelivery, Discount, FilledCart
from rialto.catalog.api import Picture
from rialto.identity.api import AccountRef
from rialto.kernel.address import Address
from rialto.kernel.errors import Conflict, Invalid, NotFound
from rialto.kernel.ids import AccountId, CartId, OrderId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, Nothing, operation

SEVERAL_MAX = 500  # of `several`: more than a batch of events brings


class OrderNotFound(NotFound):
    message = "There is no such order."


class CartEmpty(Invalid):
    code = "cart_empty"
    message = "The cart is empty."


class AddressMissing(Invalid):
    code = "address_missing"
    message = "An address and an e-mail are needed first."


class DeliveryMissing(Invalid):
    code = "delivery_missing"
    message = "Please choose a way of delivery first."


class PaymentMissing(Invalid):
    code = "payment_missing"
    message = "Please choose a way to pay first."


class PriceChanged(Conflict):
    """`extra["totals"]` is the new quote; sending the checkout again accepts it."""

    code = "price_changed"
    message = "The total has changed since it was shown."


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for another request."


class KeyMissing(Invalid):
    code = "idempotency_key_missing"
    message = "This request needs an Idempotency-Key header."


class RequestInProgress(Conflict):
    code = "request_in_progress"
    message = "The same request is still being worked on."
    retryable = True


class CheckoutInProgress(Conflict):
    code = "checkout_in_progress"
    message = "Another checkout of this cart is still open."
    retryable = True


class OrderCancelledMeanwhile(Conflict):
    """The checkout ended without an order (its time ran out); the cart is open again. `extra["reason"]` says why."""

    code = "order_cancelled"
    message = "This checkout has ended; please try again."


class OrderNotCancellable(Conflict):
    code = "order_not_cancellable"
    message = "The order cannot be cancelled any more."


class OrderNotShippable(Conflict):
    code = "order_not_shippable"
    message = "The order cannot be shipped as asked."


class Tender(Frozen):
    """One way to pay a part. Without an amount it pays what is left."""

    provider: str
    token: str
    amount: Money | None = None


class PlaceOrder(Frozen):
    """`key` is the client's Idempotency-Key, `request_hash` a digest of what it sent with it.

    With `account_id` the order is that account's, from its own cart or a guest's.
    """

    cart_id: CartId
    account_id: AccountId | None = None
    tenders: list[Tender]
    key: str
    request_hash: str
    expected_total: Money | None = None


class OrderLine(Frozen):
    id: str
    sku: str
    product_id: str | None = None
    slug: str | None = None
    title: str
    options: dict[str, str] = {}
    image: Picture | None = None
    quantity: int
    shipped: int = 0
    unit_price: Money
    total: Money
    tax: Money
    tax_rate: str


class OrderTax(Frozen):
    rate: str
    net: Money
    tax: Money


class Shipment(Frozen):
    id: str
    lines: dict[str, int]
    tracking: str | None = None
    shipped_at: datetime


class Order(Frozen):
    """An order as its owner sees it. `version` counts its events.

    `status`: pending, placed, completed, cancelled, needs_attention. `payment_status`: pending, action_required,
    authorised, captured, partially_captured, voided, declined, refunded, partially_refunded. `fulfilment_status`: unfulfilled,
    partially_shipped, shipped, cancelled.
    """

    id: OrderId
    number: str
    version: int
    cart_id: CartId
    currency: Currency
    language: str
    channel: str
    lines: list[OrderLine]
    codes: list[str] = []
    discounts: list[Discount] = []
    totals: CartTotals
    taxes: list[OrderTax] = []
    tax_included: bool = True
    email: str | None = None
    shipping: Address | None = None
    billing: Address | None = None
    delivery: ChosenDelivery | None = None
    payment_label: str | None = None
    status: str
    payment_status: str
    fulfilment_status: str
    cancel_reason: str | None = None
    started_at: datetime
    placed_at: datetime | None = None
    shipments: list[Shipment] = []
    refunded: Money
    status_url: str
    key: str


class CheckoutAnswer(Frozen):
    """`outcome`: placed, action (go to `next_action_url`), pending (ask again), declined.

    Declined: the stock is released and the cart open again; `decline_code` says why.
    """

    outcome: str
    order: Order
    next_action_url: str | None = None
    decline_code: str | None = None


class ContinueCheckout(Frozen):
    """`key` is the order's own, from `status_url`; the account's owner needs none."""

    order_id: OrderId
    key: str | None = None
    account_id: AccountId | None = None


class OrderRef(Frozen):
    """`key` for guests; the owner (`account_id`) and `staff` callers need none."""

    order_id: OrderId
    key: str | None = None
    account_id: AccountId | None = None
    staff: bool = False


class OrdersNamed(Frozen):
    """At most SEVERAL_MAX."""

    order_ids: list[OrderId]


class SeveralOrders(Frozen):
    """In the order asked for; what does not exist is left out."""

    items: list[Order]


class CancelOrder(Frozen):
    order_id: OrderId
    key: str | None = None
    account_id: AccountId | None = None
    staff: bool = False
    reason: str = "customer"


class ShipOrder(Frozen):
    """Ship some lines (line id → quantity) or, without lines, all that is left. `step` makes a repeat harmless."""

    order_id: OrderId
    lines: dict[str, int] | None = None
    tracking: str | None = None
    step: str


class RefundOrder(Frozen):
    order_id: OrderId
    amount: Money
    reason: str
    step: str


class ListOrders(Frozen):
    """Staff's list, newest first."""

    cursor: str | None = None
    limit: int = 50
    status: str | None = None


class OrderRow(Frozen):
    id: OrderId
    number: str
    status: str
    payment_status: str
    fulfilment_status: str
    total: Money
    placed_at: datetime | None
    started_at: datetime


class OrderList(Frozen):
    items: list[OrderRow]
    next_cursor: str | None = None


class OwnOrders(Frozen):
    """An account's list."""

    account_id: AccountId
    cursor: str | None = None
    limit: int = 20


class OwnOrder(Frozen):
    """An order in its account's list."""

    id: OrderId
    number: str
    status: str
    payment_status: str
    fulfilment_status: str
    total: Money
    placed_at: datetime


class OwnOrderList(Frozen):
    """The newest first."""

    items: list[OwnOrder]
    next_cursor: str | None = None


class Reorder(Frozen):
    """Into `cart_id`; without it into the account's open cart, and for a guest into a new one."""

    order_id: OrderId
    key: str | None = None
    account_id: AccountId | None = None
    cart_id: CartId | None = None
    language: str | None = None


class PersonalOrders(Frozen):
    """All of an account's orders, placed or not, with whom they are for."""

    orders: list[Order]


class Orders(Protocol):
    """Orders, event-sourced; placing one is a saga that survives being killed anywhere."""

    @operation(idempotent=True, timeout_s=30)
    async def checkout(self, command: PlaceOrder) -> CheckoutAnswer:
        """Place an order from a cart. Same key and request: the same answer, one order.

        Raises CartEmpty, AddressMissing, DeliveryMissing, PaymentMissing, PriceChanged, KeyReused,
        RequestInProgress, CheckoutInProgress, OrderCancelledMeanwhile, and others' CartNotFound, CartOrdered,
        OutOfStock, ProviderUnknown, CardNumberRefused.
        """
        ...

    @operation(idempotent=True, timeout_s=30)
    async def resume(self, command: ContinueCheckout) -> CheckoutAnswer:
        """Go on after the customer came back from the provider.

        Raises OrderNotFound, OrderCancelledMeanwhile, and inventory's OutOfStock.
        """
        ...

    @operation(idempotent=True)
    async def get(self, command: OrderRef) -> Order:
        """Raises OrderNotFound, also for a wrong key."""
        ...

    @operation(idempotent=True)
    async def several(self, command: OrdersNamed) -> SeveralOrders:
        """For other services: orders by id, without keys. Raises Invalid for more than SEVERAL_MAX."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def cancel(self, command: CancelOrder) -> Order:
        """Before anything is shipped: payment voided, stock back. Again: unchanged. Raises OrderNotCancellable."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def ship(self, command: ShipOrder) -> Order:
        """Ship and capture the shipped part. Raises OrderNotFound, OrderNotShippable.

        Also payments' PaymentStateWrong where the money cannot be taken: the parcel is noted all the same, and
        the worker goes on asking until a person must look.
        """
        ...

    @operation(idempotent=True, timeout_s=15)
    async def refund(self, command: RefundOrder) -> Order:
        """Give back captured money. The same step again: unchanged. Raises Invalid, OrderNotFound, KeyReused,
        PaymentStateWrong.
        """
        ...

    @operation(idempotent=True)
    async def list(self, command: ListOrders) -> OrderList: ...

    @operation(idempotent=True)
    async def own(self, command: OwnOrders) -> OwnOrderList:
        """An account's placed orders. One that was just placed or cancelled by its owner shows so at once."""
        ...

    @operation(idempotent=False)
    async def reorder(self, command: Reorder) -> FilledCart:
        """Put what was bought into a cart once more, as far as it goes.

        Raises OrderNotFound, and cart's CartNotFound, CartOrdered, CartMerged.
        """
        ...

    @operation(idempotent=True, timeout_s=60)
    async def personal_export(self, command: AccountRef) -> PersonalOrders: ...

    @operation(idempotent=True, timeout_s=60)
    async def forget(self, command: AccountRef) -> Nothing:
        """Delete for good whom the account's orders are for; what was bought and paid stays in the books."""
        ...
