"""Orders from elsewhere, taken in as history: placed, paid and delivered before this shop, and over."""

from __future__ import annotations

from datetime import datetime

from rialto.kernel.address import Address
from rialto.kernel.errors import Conflict
from rialto.kernel.ids import OrderId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen
from rialto.orders.api.following import OrderTax


class NumberTaken(Conflict):
    code = "order_number_taken"
    message = "Another order has this number."


class ImportedLine(Frozen):
    """`total` and `tax` are of all units."""

    sku: str
    title: str
    options: dict[str, str] = {}
    quantity: int
    shipped: int
    unit_price: Money
    total: Money
    tax: Money
    tax_rate: str


class ImportOrder(Frozen):
    """An order that is over. `id` is kept where the source has one of ours; `email` and `shipping` go together.

    `status` is completed or cancelled; the other two are words of `Order`. `placed_at` is None for a checkout that never became an
    order. `billing` is None where it is that of `shipping`. `dry_run`: only say what would come of it.
    """

    number: str
    id: OrderId | None = None
    status: str
    payment_status: str
    fulfilment_status: str
    cancel_reason: str | None = None
    started_at: datetime
    placed_at: datetime | None = None
    channel: str
    language: str
    currency: Currency
    email: str | None = None
    shipping: Address | None = None
    billing: Address | None = None
    delivery_option_id: str = ""
    delivery_title: str = ""
    codes: list[str] = []
    lines: list[ImportedLine]
    taxes: list[OrderTax] = []
    tax_included: bool = True
    items: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money
    refunded: Money
    dry_run: bool = False


class ImportedOrder(Frozen):
    """`outcome` is created, changed or unchanged."""

    outcome: str
