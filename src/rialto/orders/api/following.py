"""Following orders: one for its owner, lists for an account and for staff."""

from __future__ import annotations

from datetime import datetime

from rialto.cart.api import CartTotals, ChosenDelivery, Discount
from rialto.catalog.api import Picture
from rialto.kernel.address import Address
from rialto.kernel.errors import NotFound
from rialto.kernel.ids import AccountId, CartId, OrderId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen
from rialto.orders.api.fulfilling import Note

SEVERAL_MAX = 500  # of `several`: more than a batch of events brings


class OrderNotFound(NotFound):
    message = "There is no such order."


class OrderLine(Frozen):
    """`returning` units were announced to come back, `received` came, and `restocked` of these can be sold again."""

    id: str
    sku: str
    product_id: str | None = None
    slug: str | None = None
    title: str
    options: dict[str, str] = {}
    image: Picture | None = None
    quantity: int
    shipped: int = 0
    returning: int = 0
    refunded: int = 0
    received: int = 0
    restocked: int = 0
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


class ReturnedGoods(Frozen):
    """Units (line id → quantity) that the customer announced to send back."""

    id: str
    lines: dict[str, int]
    reason: str
    requested_at: datetime


class GivenBack(Frozen):
    """A refund. `done`: the provider has it; before that it was decided and is being asked for."""

    id: str
    amount: Money
    lines: dict[str, int] = {}
    delivery: bool = False
    done: bool
    decided_at: datetime


class Order(Frozen):
    """An order as its owner sees it. `version` counts its events. `imported_at`: it was taken in from elsewhere, where it
    was paid and delivered.

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
    returns: list[ReturnedGoods] = []
    refunds: list[GivenBack] = []
    refunded: Money
    status_url: str
    key: str
    imported_at: datetime | None = None


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
    imported: bool = False


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


class PersonalOrders(Frozen):
    """All of an account's orders, placed or not, with whom they are for, and what staff wrote down about them."""

    orders: list[Order]
    notes: list[Note] = []
