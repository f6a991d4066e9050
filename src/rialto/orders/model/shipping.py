"""What leaves the house, and what is captured for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rialto.kernel.events import Event
from rialto.kernel.money import Money
from rialto.orders.api import OrderNotShippable
from rialto.orders.events import (
    OrderShipped,
    OrderStarted,
)
from rialto.orders.model.state import OrderState


def ship(
    state: OrderState, lines: Mapping[str, int] | None, *, step: str, tracking: str | None, at: datetime
) -> list[Event]:
    """Ship some lines or all that is left; the same step again ships nothing. Raises OrderNotShippable."""
    if any(event.step == step for event in state.shipments):
        return []
    if state.status != "placed":
        raise OrderNotShippable
    left = left_to_ship(state)
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


def left_to_ship(state: OrderState) -> dict[str, int]:
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
    reached, tax_reached = due_for(start, after)
    amount = _within(reached - state.total.amount + left, 0, left)
    # What is left of the tax must fit into what is left of the total.
    tax = _within(
        tax_reached - start.tax.amount + tax_left, max(0, tax_left - (left - amount)), min(amount, tax_left)
    )
    return Money(amount, currency), Money(tax, currency)


def due_for(start: OrderStarted, gone: Mapping[str, int]) -> tuple[int, int]:
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
