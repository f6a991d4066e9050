"""What comes back: goods from the customer, money to the customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from rialto.kernel.errors import field_problem
from rialto.kernel.events import Event
from rialto.kernel.money import Money
from rialto.orders.api import (
    KeyReused,
    OrderNotReceivable,
    OrderNotRefundable,
    OrderNotReturnable,
    ReceiveGoods,
    RefundOrder,
    RequestReturn,
    ReturnReason,
)
from rialto.orders.events import OrderGoodsReceived, OrderRefundDecided, OrderReturnRequested
from rialto.orders.model.shipping import due_for
from rialto.orders.model.state import OrderState

# The law gives fourteen days from when the goods arrived, which nobody tells us: a parcel has sixteen to get there.
RETURN_WITHIN = timedelta(days=30)
PAID_ELSEWHERE = (
    "This order was taken over from elsewhere; its money can only be given back where it was paid."
)


def decide_refund(state: OrderState, command: RefundOrder, at: datetime) -> list[Event]:
    """Give back an amount, or what some units (and the delivery) were paid with. The same step again decides nothing.

    Raises KeyReused for the same step with something else, Invalid for what is no amount of this order,
    OrderNotRefundable for more than is there, and for an order from elsewhere.
    """
    known = next((event for event in state.refunds if event.step == command.step), None)
    if known is not None:
        if not _is_the_same(known, command):
            raise KeyReused
        return []
    before = next((event for event in state.refunded if event.step == command.step), None)
    if state.imported is not None:
        raise OrderNotRefundable(PAID_ELSEWHERE)
    if before is not None:  # of a release that noted refunds only when they were done
        if command.amount != before.amount:
            raise KeyReused
        return []
    worth = _worth(state, command) if command.lines or command.delivery else None
    amount = command.amount or worth
    left = state.captured_amount() - _promised(state)
    if amount is None or amount.currency != state.total.currency or amount.amount <= 0:
        raise field_problem("amount", "not_valid", "The amount does not fit the order.")
    if amount.amount > left:
        # Of what a part is worth, some may have been given back by amount already: the rest is all there is.
        if command.amount is not None or left <= 0:
            raise OrderNotRefundable
        amount = Money(left, amount.currency)
    return [
        OrderRefundDecided(
            order_id=state.started.order_id,
            step=command.step,
            amount=amount,
            reason=command.reason,
            lines=command.lines,
            delivery=command.delivery,
            decided_at=at,
        )
    ]


def request_return(state: OrderState, command: RequestReturn, at: datetime) -> list[Event]:
    """Announce units that are sent back; the same step again changes nothing.

    Raises KeyReused for the same step with something else, Invalid, OrderNotReturnable for what was not sent to
    the customer, is on its way back already, is too old, or is of an order from elsewhere.
    """
    known = next((event for event in state.returns if event.step == command.step), None)
    if known is not None:
        if (known.lines, known.reason) != (command.lines, command.reason):
            raise KeyReused
        return []
    if command.reason not in set(ReturnReason):
        raise field_problem("reason", "not_valid", "This is not one of the reasons.")
    if state.imported is not None:
        raise OrderNotReturnable(PAID_ELSEWHERE)
    back = state.coming_back()
    there = {line: units - back.get(line, 0) for line, units in state.shipped().items()}
    if not command.lines or not _fits(command.lines, there):
        raise OrderNotReturnable
    if at > max(event.shipped_at for event in state.shipments) + RETURN_WITHIN:
        raise OrderNotReturnable("The time for sending this back is over.")
    return [
        OrderReturnRequested(
            order_id=state.started.order_id,
            step=command.step,
            lines=command.lines,
            reason=command.reason,
            requested_at=at,
        )
    ]


def receive(state: OrderState, command: ReceiveGoods, at: datetime) -> list[Event]:
    """Note units that came back, announced or not; the same step again changes nothing.

    Raises KeyReused for the same step with something else, OrderNotReceivable for more than was sent and has not come
    back before and for an order from elsewhere, Invalid for fit ones that are not among them or have nowhere to go.
    """
    fit = {line: units for line, units in command.fit.items() if units}
    place = command.warehouse if fit else ""
    known = next((event for event in state.received if event.step == command.step), None)
    if known is not None:
        if (known.lines, known.fit, known.warehouse) != (command.lines, fit, place):
            raise KeyReused
        return []
    if state.imported is not None:  # its stock was never used up here, so none of it can be put back
        raise OrderNotReceivable(PAID_ELSEWHERE)
    back = state.came_back()
    there = {line: units - back.get(line, 0) for line, units in state.shipped().items()}
    if not command.lines or not _fits(command.lines, there):
        raise OrderNotReceivable
    if not _fits(fit, command.lines):
        raise field_problem("fit", "more_fit_than_back", "No more can be fit for sale than came back.")
    if fit and not place:
        raise field_problem("warehouse", "required", "Please choose where it lies now.")
    return [
        OrderGoodsReceived(
            order_id=state.started.order_id,
            step=command.step,
            lines=command.lines,
            fit=fit,
            warehouse=place,
            received_at=at,
        )
    ]


def _is_the_same(known: OrderRefundDecided, command: RefundOrder) -> bool:
    if command.amount is not None and command.amount != known.amount:
        return False
    return (known.lines, known.delivery) == (command.lines, command.delivery)


def _promised(state: OrderState) -> int:
    """Given back, and decided to be."""
    return state.refunded_amount() + sum(event.amount.amount for event in state.unrefunded)


def _worth(state: OrderState, command: RefundOrder) -> Money:
    """What these units were paid with, their share of discounts taken off. All units together are worth all goods."""
    given = state.given_back()
    there = {line: units - given.get(line, 0) for line, units in state.shipped().items()}
    if not _fits(command.lines, there):
        raise OrderNotRefundable("These units were not sent, or their money was given back before.")
    if command.delivery and any(event.delivery for event in state.refunds):
        raise OrderNotRefundable("The delivery was given back before.")
    start = state.started
    before = {line.id: given.get(line.id, 0) for line in start.lines}
    after = {line: units + command.lines.get(line, 0) for line, units in before.items()}
    goods = due_for(start, after)[0] - due_for(start, before)[0]
    none = dict.fromkeys(before, 0)
    delivery = due_for(start, none)[0] if command.delivery else 0
    return Money(goods + delivery, state.total.currency)


def _fits(chosen: Mapping[str, int], there: Mapping[str, int]) -> bool:
    return all(1 <= units <= there.get(line, 0) for line, units in chosen.items())
