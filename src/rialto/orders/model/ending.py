"""Cancelling an order, and whose list it is in."""

from __future__ import annotations

from datetime import datetime

from rialto.kernel.events import Event
from rialto.kernel.ids import AccountId, bucket_of
from rialto.orders.api import OrderNotCancellable
from rialto.orders.events import (
    OrderAttached,
    OrderCancelled,
    OrderStarted,
)
from rialto.orders.model.state import OrderState


def cancel(
    state: OrderState,
    reason: str,
    at: datetime,
    *,
    decline_code: str | None = None,
    short: dict[str, int] | None = None,
) -> list[Event]:
    """Cancel; of a cancelled order nothing changes. Raises OrderNotCancellable once something was shipped."""
    if state.status == "cancelled":
        return []
    if state.status not in {"pending", "placed"} or state.shipments:
        raise OrderNotCancellable
    return [
        OrderCancelled(
            order_id=state.started.order_id,
            reason=reason,
            was_placed=state.status == "placed",
            decline_code=decline_code,
            short=short or {},
            cancelled_at=at,
        )
    ]


def attach(state: OrderState, account_id: AccountId, at: datetime) -> list[Event]:
    """Put a placed order into an account's list. One that is in a list, or was never placed, stays as it is."""
    if state.account_id is not None or state.placed_at is None:
        return []
    return [OrderAttached(order_id=state.started.order_id, account_id=account_id, attached_at=at)]


def far_from_account(start: OrderStarted, at: datetime) -> list[Event]:
    """Beside the placing of an order whose account lives in another bucket: the list there has to hear of it."""
    if start.account_id is None or bucket_of(start.account_id) == bucket_of(start.order_id):
        return []
    return [OrderAttached(order_id=start.order_id, account_id=start.account_id, attached_at=at)]
