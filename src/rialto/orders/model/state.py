"""An order as its events tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from rialto.kernel.errors import InvariantBroken
from rialto.kernel.events import Event
from rialto.kernel.ids import CART, AccountId, derived_uuid, to_uuid
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen
from rialto.orders.events import (
    OrderAttached,
    OrderAwaitsCustomer,
    OrderCancelled,
    OrderCaptured,
    OrderClosed,
    OrderGoodsReceived,
    OrderGoodsRestocked,
    OrderImported,
    OrderNeedsAttention,
    OrderPlaced,
    OrderRefundDecided,
    OrderRefunded,
    OrderReturnRequested,
    OrderShipped,
    OrderStarted,
)


class OrderState(Frozen):
    """An order as its events tell it. `version` 0: there is none. `imported`: it is history from elsewhere."""

    version: int = 0
    status: str = "none"
    start: OrderStarted | None = None
    account_id: AccountId | None = None
    awaits_customer: bool = False
    placed_at: datetime | None = None
    cancel_reason: str | None = None
    decline_code: str | None = None
    short: dict[str, int] = {}
    was_placed: bool = False
    closed: bool = False
    attention: str | None = None
    shipments: tuple[OrderShipped, ...] = ()
    captured: tuple[OrderCaptured, ...] = ()
    refunds: tuple[OrderRefundDecided, ...] = ()
    refunded: tuple[OrderRefunded, ...] = ()
    returns: tuple[OrderReturnRequested, ...] = ()
    received: tuple[OrderGoodsReceived, ...] = ()
    restocked: tuple[OrderGoodsRestocked, ...] = ()
    imported: OrderImported | None = None

    @property
    def started(self) -> OrderStarted:
        if self.start is None:
            raise InvariantBroken("an order without a beginning was used")
        return self.start

    @property
    def total(self) -> Money:
        return self.started.total

    @property
    def uncaptured(self) -> list[OrderShipped]:
        """Shipments whose money has not been taken yet."""
        done = {event.step for event in self.captured}
        return [event for event in self.shipments if event.step not in done]

    @property
    def unrefunded(self) -> list[OrderRefundDecided]:
        """Refunds that were decided, and whose money has not been given back yet."""
        done = {event.step for event in self.refunded}
        return [event for event in self.refunds if event.step not in done]

    @property
    def unstocked(self) -> list[OrderGoodsReceived]:
        """What came back and can be sold again, and is not on its shelf yet."""
        done = {event.step for event in self.restocked}
        return [event for event in self.received if event.fit and event.step not in done]

    @property
    def at_rest(self) -> bool:
        """Whether nothing is left for the saga to do."""
        if self.status == "cancelled":
            return self.closed
        owes_nothing = not self.uncaptured and not self.unrefunded and not self.unstocked
        return self.status in {"placed", "completed", "needs_attention"} and owes_nothing

    def ordered(self) -> dict[str, int]:
        """Quantities by SKU."""
        found: dict[str, int] = {}
        for line in self.started.lines:
            found[line.sku] = found.get(line.sku, 0) + line.quantity
        return found

    def shipped(self) -> dict[str, int]:
        """Quantities that left the house, this one or the one it was taken over from, by line id."""
        if self.imported is not None:
            return dict(self.imported.shipped)
        return _units(event.lines for event in self.shipments)

    def given_back(self) -> dict[str, int]:
        """Quantities whose money is given back, or is going to be, by line id."""
        return _units(event.lines for event in self.refunds)

    def coming_back(self) -> dict[str, int]:
        """Quantities that the customer sends back, by line id."""
        return _units(event.lines for event in self.returns)

    def came_back(self) -> dict[str, int]:
        """Quantities that came back, by line id."""
        return _units(event.lines for event in self.received)

    def fit_again(self) -> dict[str, int]:
        """Quantities of these that can be sold again, by line id."""
        return _units(event.fit for event in self.received)

    def captured_amount(self) -> int:
        return sum(event.amount.amount for event in self.captured)

    def refunded_amount(self) -> int:
        if self.imported is not None:
            return self.imported.refunded.amount
        return sum(event.amount.amount for event in self.refunded)

    def payment_status(self) -> str:
        if self.imported is not None:
            return self.imported.payment_status
        if self.refunded_amount():
            return "refunded" if self.refunded_amount() == self.captured_amount() else "partially_refunded"
        if self.captured_amount():
            return "captured" if self.captured_amount() == self.total.amount else "partially_captured"
        if self.status == "cancelled":
            return "declined" if self.cancel_reason == "payment_declined" else "voided"
        if self.placed_at is not None and self.cancel_reason is None:
            return "authorised"
        return "action_required" if self.awaits_customer else "pending"

    def fulfilment_status(self) -> str:
        if self.imported is not None:
            return self.imported.fulfilment_status
        if self.status == "cancelled":
            return "cancelled"
        if not self.shipments:
            return "unfulfilled"
        return "shipped" if self.shipments[-1].complete else "partially_shipped"


def fold(events: Iterable[Event], start: OrderState | None = None) -> OrderState:
    state = start or OrderState()
    for event in events:
        state = _apply(state, event)
    return state


def _apply(state: OrderState, event: Event) -> OrderState:
    changes: dict[str, object] = {"version": state.version + 1}
    match event:
        case OrderStarted():
            changes |= {"status": "pending", "start": event, "account_id": event.account_id}
        case OrderImported():
            changes |= _as_taken_in(event)
        case OrderAwaitsCustomer():
            changes |= {"awaits_customer": True}
        case OrderPlaced():
            changes |= {"status": "placed", "placed_at": event.placed_at, "awaits_customer": False}
        case OrderAttached():
            changes |= {"account_id": event.account_id}
        case OrderCancelled():
            changes |= {
                "status": "cancelled",
                "cancel_reason": event.reason,
                "decline_code": event.decline_code,
                "short": event.short,
                "was_placed": event.was_placed,
                "awaits_customer": False,
            }
        case OrderClosed():
            changes |= {"closed": True}
        case OrderNeedsAttention():
            changes |= {"status": "needs_attention", "attention": event.cause}
        case _:
            changes |= _after_placing(state, event)
    return msgspec.structs.replace(state, **changes)


def _as_taken_in(event: OrderImported) -> dict[str, object]:
    """At rest from the beginning: nothing of it is left to do here."""
    return {
        "imported": event,
        "start": _bought(event),
        "status": event.status,
        "placed_at": event.placed_at,
        "cancel_reason": event.cancel_reason,
        "was_placed": event.placed_at is not None,
        "closed": event.status == "cancelled",
    }


def _bought(event: OrderImported) -> OrderStarted:
    """What was bought, in the words of an order that began here; without tenders, since none was asked for."""
    return OrderStarted(
        order_id=event.order_id,
        number=event.number,
        cart_id=CART.of(derived_uuid(to_uuid(event.order_id), "cart")),
        idempotency_key="",
        currency=event.currency,
        language=event.language,
        channel=event.channel,
        country=event.country,
        lines=event.lines,
        taxes=event.taxes,
        items=event.items,
        discount=event.discount,
        delivery=event.delivery,
        delivery_tax=Money.zero(event.currency),
        tax=event.tax,
        total=event.total,
        tax_included=event.tax_included,
        delivery_option_id=event.delivery_option_id,
        delivery_title=event.delivery_title,
        delivered_on_from=None,
        delivered_on_to=None,
        tenders=[],
        return_url="",
        payment_deadline=event.started_at,
        started_at=event.started_at,
    )


def _after_placing(state: OrderState, event: Event) -> dict[str, object]:
    match event:
        case OrderShipped():
            return {"shipments": (*state.shipments, event)}
        case OrderCaptured():
            captured = (*state.captured, event)
            return {"captured": captured, "status": _after_capture(state, captured)}
        case OrderRefundDecided():
            return {"refunds": (*state.refunds, event)}
        case OrderRefunded():
            return {"refunded": (*state.refunded, event)}
        case _:
            return _with_goods_back(state, event)


def _with_goods_back(state: OrderState, event: Event) -> dict[str, object]:
    match event:
        case OrderReturnRequested():
            return {"returns": (*state.returns, event)}
        case OrderGoodsReceived():
            return {"received": (*state.received, event)}
        case OrderGoodsRestocked():
            return {"restocked": (*state.restocked, event)}
        case _:
            raise InvariantBroken(f"an order knows no {type(event).__name__}")


def _units(told: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for lines in told:
        for line, quantity in lines.items():
            found[line] = found.get(line, 0) + quantity
    return found


def _after_capture(state: OrderState, captured: Sequence[OrderCaptured]) -> str:
    complete = bool(state.shipments) and state.shipments[-1].complete
    return "completed" if complete and len(captured) == len(state.shipments) else state.status
