"""What orders tells the world. No personal data: names and addresses stand in `orders.contacts`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from rialto.kernel.events import Event
from rialto.kernel.ids import AccountId, CartId, OrderId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen


class StartedLine(Frozen):
    """A line as it was bought: copied, so that no later change of catalogue or cart reaches it."""

    id: str
    sku: str
    quantity: int
    unit_price: Money
    total: Money
    tax: Money
    tax_rate: str
    title: str
    product_id: str | None = None
    slug: str | None = None
    options: dict[str, str] = {}
    image: dict[str, Any] | None = None


class StartedDiscount(Frozen):
    """A promotion that was given, in the words of that day."""

    promotion_id: str
    title: str
    amount: Money
    code: str | None = None
    first_order: bool = False


class StartedTender(Frozen):
    provider: str
    token: str
    amount: Money


class StartedTax(Frozen):
    rate: str
    net: Money
    tax: Money


class OrderStarted(Event):
    """A checkout began. Everything the order will ever be charged for is fixed here.

    `account_id` is who was signed in; a guest's order has none. Codes among `discounts` are held for the order, and
    so is being the account's first one where `first_order` says that it was given for that.
    """

    TYPE: ClassVar[str] = "orders.started"

    order_id: OrderId
    number: str
    cart_id: CartId
    idempotency_key: str
    currency: Currency
    language: str
    channel: str
    country: str
    lines: list[StartedLine]
    taxes: list[StartedTax]
    items: Money
    discount: Money
    delivery: Money
    delivery_tax: Money
    tax: Money
    total: Money
    tax_included: bool
    delivery_option_id: str
    delivery_title: str
    delivered_on_from: str | None
    delivered_on_to: str | None
    tenders: list[StartedTender]
    return_url: str
    payment_deadline: datetime
    started_at: datetime
    account_id: AccountId | None = None
    discounts: list[StartedDiscount] = []
    # Where its shop front was reached; empty: at the shop's own address.
    shop_url: str = ""

    def codes(self) -> list[str]:
        """Those that gave something; a code of the cart that did not is not used up."""
        return [one.code for one in self.discounts if one.code is not None]

    def is_given_as_first(self) -> bool:
        """Whether it was given what only an account's first order is."""
        return any(one.first_order for one in self.discounts)


class OrderImported(Event):
    """An order from elsewhere is here as history: it was placed, paid and delivered there.

    So it has no payment, no stock and no ledger entry here. The first event of its stream; another one in the same stream says that a later
    source tells it otherwise, and counts instead. `shipped` is by line id.
    """

    TYPE: ClassVar[str] = "orders.imported"

    order_id: OrderId
    number: str
    currency: Currency
    language: str
    channel: str
    country: str
    lines: list[StartedLine]
    shipped: dict[str, int]
    taxes: list[StartedTax]
    items: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money
    tax_included: bool
    codes: list[str]
    delivery_option_id: str
    delivery_title: str
    status: str
    payment_status: str
    fulfilment_status: str
    cancel_reason: str | None
    refunded: Money
    started_at: datetime
    placed_at: datetime | None
    imported_at: datetime


class OrderAwaitsCustomer(Event):
    """The provider wants the customer to act (3-D Secure)."""

    TYPE: ClassVar[str] = "orders.awaits_customer"

    order_id: OrderId
    awaited_at: datetime


class OrderPlaced(Event):
    """The order stands: paid for (authorised), its stock used up."""

    TYPE: ClassVar[str] = "orders.placed"

    order_id: OrderId
    number: str
    cart_id: CartId
    language: str
    total: Money
    skus: dict[str, int]
    placed_at: datetime
    account_id: AccountId | None = None


class OrderAttached(Event):
    """A placed order is in the list of an account whose bucket is another than its own.

    Of a guest's order whose e-mail the account has proven, or of one that was placed from a guest's cart by somebody
    signed in. The order itself moves nowhere.
    """

    TYPE: ClassVar[str] = "orders.attached"

    order_id: OrderId
    account_id: AccountId
    attached_at: datetime


class OrderCancelled(Event):
    """It will not be fulfilled. `reason`: payment_declined, out_of_stock, abandoned, customer, staff.

    `short` says of SKUs that could not be had how many were left. Voiding and restocking follow; `OrderClosed` says they are done.
    """

    TYPE: ClassVar[str] = "orders.cancelled"

    order_id: OrderId
    reason: str
    was_placed: bool
    decline_code: str | None = None
    short: dict[str, int] = {}
    cancelled_at: datetime


class OrderClosed(Event):
    """Everything a cancelled order held was given back."""

    TYPE: ClassVar[str] = "orders.closed"

    order_id: OrderId
    closed_at: datetime


class OrderShipped(Event):
    """Some lines left the house. `amount` is what is captured for it, `tax` the part of it that the books keep apart."""

    TYPE: ClassVar[str] = "orders.shipped"

    order_id: OrderId
    step: str
    lines: dict[str, int]
    tracking: str | None
    amount: Money
    tax: Money
    complete: bool
    shipped_at: datetime


class OrderCaptured(Event):
    """The money for a shipment was taken."""

    TYPE: ClassVar[str] = "orders.captured"

    order_id: OrderId
    step: str
    amount: Money
    captured_at: datetime


class OrderRefundDecided(Event):
    """Money is to be given back; `OrderRefunded` of the same step says that it was.

    `lines` are the units that it is for, if it is for some, and `delivery` whether it is for the delivery too: neither is
    paid back twice. `amount` is what all of it comes to.
    """

    TYPE: ClassVar[str] = "orders.refund_decided"

    order_id: OrderId
    step: str
    amount: Money
    reason: str
    lines: dict[str, int] = {}
    delivery: bool = False
    decided_at: datetime


class OrderRefunded(Event):
    """What was decided in the same step was given back. Releases before 0.2 decided nothing beforehand."""

    TYPE: ClassVar[str] = "orders.refunded"

    order_id: OrderId
    step: str
    amount: Money
    reason: str
    refunded_at: datetime


class OrderReturnRequested(Event):
    """The customer is sending units back. `reason`: withdrawal, damaged, wrong_article, other."""

    TYPE: ClassVar[str] = "orders.return_requested"

    order_id: OrderId
    step: str
    lines: dict[str, int]
    reason: str
    requested_at: datetime


class OrderGoodsReceived(Event):
    """Units came back. Those in `fit` go on the shelves of `warehouse`; `OrderGoodsRestocked` of the same step says that
    they are there. The others cannot be sold again.
    """

    TYPE: ClassVar[str] = "orders.goods_received"

    order_id: OrderId
    step: str
    lines: dict[str, int]
    fit: dict[str, int] = {}
    warehouse: str = ""
    received_at: datetime


class OrderGoodsRestocked(Event):
    """What came back in this step and is fit for sale is in stock."""

    TYPE: ClassVar[str] = "orders.goods_restocked"

    order_id: OrderId
    step: str
    restocked_at: datetime


class OrderNeedsAttention(Event):
    """The saga cannot go on by itself; a person must look."""

    TYPE: ClassVar[str] = "orders.needs_attention"

    order_id: OrderId
    cause: str
    noticed_at: datetime


EVENTS: tuple[type[Event], ...] = (
    OrderStarted,
    OrderImported,
    OrderAwaitsCustomer,
    OrderPlaced,
    OrderAttached,
    OrderCancelled,
    OrderClosed,
    OrderShipped,
    OrderCaptured,
    OrderRefundDecided,
    OrderRefunded,
    OrderReturnRequested,
    OrderGoodsReceived,
    OrderGoodsRestocked,
    OrderNeedsAttention,
)
