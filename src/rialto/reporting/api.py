"""What can be asked of reporting: orders over all customers, sales by day, what needs somebody's attention."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from rialto.kernel.errors import Conflict, NotFound
from rialto.kernel.ids import OrderId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, Nothing, operation

LIMIT_MAX = 200
DAYS_MAX = 92
VIEWS_MAX = 20

# Where an order stands, as staff see it. Pending and abandoned ones were never placed and are in no list unless asked for.
STAGES = (
    "to_ship",
    "partly_shipped",
    "completed",
    "cancelled",
    "needs_attention",
    "pending",
    "abandoned",
)
PAYMENT_STATUSES = (
    "pending",
    "action_required",
    "authorised",
    "partially_captured",
    "captured",
    "partially_refunded",
    "refunded",
    "voided",
    "declined",
)
SORTS = ("-at", "at", "-total", "total")
# By value only all orders are listed, or those of a stage: for more there is no index to walk.
BY_VALUE = frozenset({"-total", "total"})


class ViewNotFound(NotFound):
    message = "There is no such view."


class ViewsFull(Conflict):
    code = "views_full"
    message = "There are too many views. Remove one first."


class OrdersQuery(Frozen):
    """`text` is an e-mail, the beginning of an order's number, or a SKU. `sort` is one of SORTS.

    One of BY_VALUE goes with a stage and with an e-mail or number, not with a payment status, channel or SKU.
    """

    text: str = ""
    stage: str | None = None
    payment_status: str | None = None
    channel: str | None = None
    sort: str = "-at"
    limit: int = 50
    cursor: str | None = None


class ListedOrder(Frozen):
    """`at` is when it was placed; for one that was not, when it began. `cause` says what needs attention. `imported`: it came
    from elsewhere, and no sum of sales holds it.
    """

    id: OrderId
    number: str
    at: datetime
    stage: str
    payment_status: str
    total: Money
    channel: str
    country: str
    skus: list[str]
    cause: str | None = None
    imported: bool = False


class OrderPage(Frozen):
    items: list[ListedOrder]
    next_cursor: str | None = None


class SalesQuery(Frozen):
    """The last `days`, today included. Without a channel: all of them."""

    days: int = 30
    channel: str | None = None


class DaySales(Frozen):
    """One day (UTC). `revenue` is what was ordered, with tax; refunds and cancelled count on the day they happened."""

    day: date
    started: int
    orders: int
    revenue: Money
    refunds: Money
    cancelled: int


class CurrencySales(Frozen):
    """Every day asked for, the oldest first, also those without sales."""

    currency: Currency
    days: list[DaySales]


class Sales(Frozen):
    """The currency that sells most first; none when nothing was ever sold in these days."""

    today: date
    items: list[CurrencySales]


class LowStock(Frozen):
    """`band` is few_left or sold_out."""

    sku: str
    band: str
    available: int


class Parked(Frozen):
    """A stream whose events one service could not take in; `count` with those that wait behind the first."""

    consumer: str
    stream: str
    type: str
    reason: str
    parked_at: datetime
    count: int


class Attention(Frozen):
    """What a person should look at: the first of each kind, and how many there are, counted no further than COUNT_MAX.

    `late` are checkouts that should have ended. `reviews_waiting` is None when the reviews could not be asked.
    """

    orders: list[ListedOrder]
    orders_count: int
    late: list[ListedOrder]
    late_count: int
    low_stock: list[LowStock]
    low_stock_count: int
    parked: list[Parked]
    parked_count: int
    reviews_waiting: int | None


class ViewsOf(Frozen):
    staff_id: str


class View(Frozen):
    name: str
    query: str


class Views(Frozen):
    items: list[View]


class KeepView(Frozen):
    staff_id: str
    name: str
    query: str


class DropView(Frozen):
    staff_id: str
    name: str


class Reporting(Protocol):
    """Read models over all customers. They follow within seconds; who must know for sure asks the service itself."""

    @operation(idempotent=True)
    async def orders(self, command: OrdersQuery) -> OrderPage:
        """Raises Invalid for an unknown stage, payment status, sort or cursor, or a sort that does not go with the rest."""
        ...

    @operation(idempotent=True)
    async def sales(self, command: SalesQuery) -> Sales:
        """Raises Invalid for more than DAYS_MAX days."""
        ...

    @operation(idempotent=True)
    async def attention(self, command: Nothing) -> Attention: ...

    @operation(idempotent=True)
    async def views(self, command: ViewsOf) -> Views:
        """By name."""
        ...

    @operation(idempotent=True)
    async def keep_view(self, command: KeepView) -> Nothing:
        """Under a name that is taken: instead of the former. Raises Invalid, ViewsFull."""
        ...

    @operation(idempotent=True)
    async def drop_view(self, command: DropView) -> Nothing:
        """Raises ViewNotFound."""
        ...
