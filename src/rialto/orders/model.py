"""The rules of an order, pure: its state folded from events, and what may happen to it next.

started ──▶ awaiting customer ──▶ placed ──▶ shipped (in parts) ──▶ completed
   │               │                 │
   └───────────────┴─▶ cancelled ◀───┘      cancelled: first voided and restocked, then closed
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from rialto.kernel.errors import InvariantBroken
from rialto.kernel.events import Event
from rialto.kernel.ids import AccountId, OrderId, bucket_of
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen
from rialto.orders.api import OrderNotCancellable, OrderNotShippable
from rialto.orders.events import (
    OrderAttached,
    OrderAwaitsCustomer,
    OrderCancelled,
    OrderCaptured,
    OrderClosed,
    OrderNeedsAttention,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
    OrderStarted,
)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 35


class OrderState(Frozen):
    """An order as its events tell it. `version` 0: there is none."""

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
    refunded: tuple[OrderRefunded, ...] = ()

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
    def at_rest(self) -> bool:
        """Whether nothing is left for the saga to do."""
        if self.status == "cancelled":
            return self.closed
        return self.status in {"placed", "completed", "needs_attention"} and not self.uncaptured

    def ordered(self) -> dict[str, int]:
        """Quantities by SKU."""
        found: dict[str, int] = {}
        for line in self.started.lines:
            found[line.sku] = found.get(line.sku, 0) + line.quantity
        return found

    def shipped(self) -> dict[str, int]:
        """Quantities that left the house, by line id."""
        found: dict[str, int] = {}
        for event in self.shipments:
            for line, quantity in event.lines.items():
                found[line] = found.get(line, 0) + quantity
        return found

    def captured_amount(self) -> int:
        return sum(event.amount.amount for event in self.captured)

    def refunded_amount(self) -> int:
        return sum(event.amount.amount for event in self.refunded)

    def payment_status(self) -> str:
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
        case OrderShipped():
            changes |= {"shipments": (*state.shipments, event)}
        case OrderCaptured():
            captured = (*state.captured, event)
            changes |= {"captured": captured, "status": _after_capture(state, captured)}
        case OrderRefunded():
            changes |= {"refunded": (*state.refunded, event)}
        case OrderNeedsAttention():
            changes |= {"status": "needs_attention", "attention": event.cause}
        case _:
            raise InvariantBroken(f"an order knows no {type(event).__name__}")
    return msgspec.structs.replace(state, **changes)


def _after_capture(state: OrderState, captured: Sequence[OrderCaptured]) -> str:
    complete = bool(state.shipments) and state.shipments[-1].complete
    return "completed" if complete and len(captured) == len(state.shipments) else state.status


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


def ship(
    state: OrderState, lines: Mapping[str, int] | None, *, step: str, tracking: str | None, at: datetime
) -> list[Event]:
    """Ship some lines or all that is left; the same step again ships nothing. Raises OrderNotShippable."""
    if any(event.step == step for event in state.shipments):
        return []
    if state.status != "placed":
        raise OrderNotShippable
    left = _left(state)
    chosen = dict(left if lines is None else lines)
    if not chosen or any(quantity < 1 or quantity > left.get(line, 0) for line, quantity in chosen.items()):
        raise OrderNotShippable("These lines and quantities are not left to be shipped.")
    complete = chosen == left
    amount, tax = _shipment_amounts(state, chosen, complete=complete)
    return [
        OrderShipped(
            order_id=state.started.order_id,
            step=step,
            lines=chosen,
            tracking=tracking,
            amount=amount,
            tax=tax,
            complete=complete,
            shipped_at=at,
        )
    ]


def _left(state: OrderState) -> dict[str, int]:
    shipped = state.shipped()
    left = {line.id: line.quantity - shipped.get(line.id, 0) for line in state.started.lines}
    return {line: quantity for line, quantity in left.items() if quantity}


def _shipment_amounts(state: OrderState, chosen: Mapping[str, int], *, complete: bool) -> tuple[Money, Money]:
    """What is captured for a shipment, and the tax in it, never more than that.

    Delivery goes with the first; a discount on the whole order, which is in no line, is spread over the goods by
    their value. The last takes whatever rounding left over, so all of them sum to the total and the tax.
    """
    start, currency = state.started, state.total.currency
    left = state.total.amount - sum(event.amount.amount for event in state.shipments)
    tax_left = start.tax.amount - sum(event.tax.amount for event in state.shipments)
    if complete:
        return Money(left, currency), Money(tax_left, currency)
    gone = state.shipped()
    after = {line.id: gone.get(line.id, 0) + chosen.get(line.id, 0) for line in start.lines}
    reached, tax_reached = _due_for(start, after)
    amount = _within(reached - state.total.amount + left, 0, left)
    # What is left of the tax must fit into what is left of the total.
    tax = _within(
        tax_reached - start.tax.amount + tax_left, max(0, tax_left - (left - amount)), min(amount, tax_left)
    )
    return Money(amount, currency), Money(tax, currency)


def _due_for(start: OrderStarted, gone: Mapping[str, int]) -> tuple[int, int]:
    """What is due, and the tax in it, once these units and the delivery have left: cumulative, so it only grows."""
    on_top = not start.tax_included
    delivery = min(start.delivery.amount + on_top * start.delivery_tax.amount, start.total.amount)
    grosses = {line.id: line.total.amount + on_top * line.tax.amount for line in start.lines}
    gross = sum(_part(grosses[line.id], gone[line.id], line.quantity) for line in start.lines)
    tax = sum(_part(line.tax.amount, gone[line.id], line.quantity) for line in start.lines)
    goods = _part(start.total.amount - delivery, gross, sum(grosses.values()))
    goods_tax = start.tax.amount - start.delivery_tax.amount
    return (
        delivery + goods,
        start.delivery_tax.amount + _part(goods_tax, tax, sum(line.tax.amount for line in start.lines)),
    )


def _part(whole: int, part: int, of: int) -> int:
    """`part` of `of` of `whole`, rounded down."""
    return whole * part // of if of else 0


def _within(value: int, lowest: int, highest: int) -> int:
    return max(lowest, min(value, highest))


def order_number(bucket: int, random_value: int) -> str:
    """What people read to each other: bucket (10 bits), 35 random bits, a check letter (sum weighted by place, mod 31).

    Crockford's base 32 in groups of five: `0A3F9-KT2M7`.
    """
    value = bucket << _RANDOM_BITS | random_value % (1 << _RANDOM_BITS)
    body = "".join(_ALPHABET[value >> shift & 31] for shift in range(40, -1, -5))
    digits = body + _check_letter(body)
    return f"{digits[:5]}-{digits[5:]}"


def is_order_number(text: str) -> bool:
    """Whether the check letter fits: most mistyped numbers are told apart from unknown ones."""
    digits = text.replace("-", "").upper()
    fits = len(digits) == 10 and all(letter in _ALPHABET for letter in digits)
    return fits and _check_letter(digits[:9]) == digits[9]


def _check_letter(body: str) -> str:
    # The prime 31 finds every swap of neighbours and every wrong letter except 0 for Z.
    return _ALPHABET[sum(place * _ALPHABET.index(letter) for place, letter in enumerate(body, start=1)) % 31]


def order_of(state: OrderState) -> OrderId:
    return state.started.order_id
