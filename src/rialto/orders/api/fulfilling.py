"""What staff and customers do with a placed order: cancel, ship, send back, give money back, take notes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from rialto.kernel.errors import Conflict
from rialto.kernel.ids import AccountId, OrderId
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen


class OrderNotCancellable(Conflict):
    code = "order_not_cancellable"
    message = "The order cannot be cancelled any more."


class OrderNotShippable(Conflict):
    code = "order_not_shippable"
    message = "The order cannot be shipped as asked."


class CancelOrder(Frozen):
    """With `expected` only while the order is of that version: whoever asks has seen it so."""

    order_id: OrderId
    key: str | None = None
    account_id: AccountId | None = None
    staff: bool = False
    reason: str = "customer"
    expected: int | None = None


class ShipOrder(Frozen):
    """Ship some lines (line id → quantity) or, without lines, all that is left. `step` makes a repeat harmless.

    `expected` as in CancelOrder.
    """

    order_id: OrderId
    lines: dict[str, int] | None = None
    tracking: str | None = None
    step: str
    expected: int | None = None


class OrderNotRefundable(Conflict):
    code = "order_not_refundable"
    message = "This is more than can be given back."


class OrderNotReturnable(Conflict):
    code = "order_not_returnable"
    message = "This cannot be sent back."


class OrderNotReceivable(Conflict):
    code = "order_not_receivable"
    message = "No more can come back than was sent and has not come back before."


class ReturnReason(StrEnum):
    WITHDRAWAL = "withdrawal"
    DAMAGED = "damaged"
    WRONG_ARTICLE = "wrong_article"
    OTHER = "other"


class RefundOrder(Frozen):
    """An `amount`, or without one what units (line id → quantity) and, if asked for, the `delivery` were paid with.

    With both, the amount is what counts, and the units are noted as paid back. `step` makes a repeat harmless, `expected` is as in
    CancelOrder.
    """

    order_id: OrderId
    amount: Money | None = None
    lines: dict[str, int] = {}
    delivery: bool = False
    reason: str
    step: str
    expected: int | None = None


class RequestReturn(Frozen):
    """Units (line id → quantity) that the customer sends back. `reason` is a ReturnReason, `step` makes a repeat harmless."""

    order_id: OrderId
    key: str | None = None
    account_id: AccountId | None = None
    staff: bool = False
    lines: dict[str, int]
    reason: str = ReturnReason.WITHDRAWAL
    step: str


class ReceiveGoods(Frozen):
    """Units (line id → quantity) that came back. `fit` are those of them that can be sold again and go on the shelves of
    `warehouse`; the others are noted and go nowhere. `step` makes a repeat harmless, `expected` is as in CancelOrder.
    """

    order_id: OrderId
    lines: dict[str, int]
    fit: dict[str, int] = {}
    warehouse: str = ""
    step: str
    expected: int | None = None


class TimelineEntry(Frozen):
    """One thing that happened to an order. `type` is the event's without `orders.`; `details` hold the words it adds."""

    version: int
    type: str
    at: datetime
    amount: Money | None = None
    details: dict[str, str] = {}


class Timeline(Frozen):
    """The oldest first."""

    items: list[TimelineEntry]


class Note(Frozen):
    """What a member of staff wrote down about an order. The customer does not see it."""

    id: str
    staff_id: str
    text: str
    written_at: datetime


class Notes(Frozen):
    """The oldest first."""

    items: list[Note]


class AddNote(Frozen):
    """`step` makes a repeat harmless."""

    order_id: OrderId
    staff_id: str
    text: str
    step: str
