"""What staff and customers do with a placed order: cancel, ship, refund."""

from __future__ import annotations

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
