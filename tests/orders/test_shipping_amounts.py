"""However an order is shipped in parts, the parts are the whole: nothing is taken twice, nothing is left."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rialto.kernel.events import Event
from rialto.kernel.money import EUR, Currency
from rialto.orders import model
from rialto.orders.api import OrderNotCancellable, OrderNotShippable
from rialto.orders.events import OrderStarted
from rialto.orders.model import OrderState, fold
from rialto.orders.saga import _await_customer, _close, _place
from tests.orders.builders import (
    AT,
    a_line,
    a_start,
    amounts,
    captured,
    placed,
    refunded,
    shipped,
    then,
    troubled,
)

pytestmark = pytest.mark.fast

CURRENCIES = (EUR, Currency("JPY"), Currency("KWD"))


@st.composite
def starts(draw: Any) -> OrderStarted:
    """Any checkout: prices with tax inside or on top, a discount on the whole, currencies of 0, 2 and 3 digits."""
    currency = draw(st.sampled_from(CURRENCIES))
    included = draw(st.booleans())
    lines = []
    for _ in range(draw(st.integers(min_value=1, max_value=3))):
        quantity = draw(st.integers(min_value=1, max_value=4))
        unit = draw(st.integers(min_value=0, max_value=5000))
        tax = draw(st.integers(min_value=0, max_value=unit * quantity // 2))
        lines.append(a_line(quantity, unit, tax=tax, currency=currency))
    delivery = draw(st.integers(min_value=0, max_value=900))
    delivery_tax = draw(st.integers(min_value=0, max_value=delivery // 2))
    items = sum(line.total.amount for line in lines)
    discount = draw(st.one_of(st.just(0), st.integers(min_value=0, max_value=items)))
    tax = sum(line.tax.amount for line in lines)
    # A discount takes its share of the tax with it.
    tax = delivery_tax + (tax * (items - discount) // items if items else 0)
    return a_start(
        *lines,
        delivery=delivery,
        delivery_tax=delivery_tax,
        discount=discount,
        tax_included=included,
        tax=tax,
        currency=currency,
    )


class OrderLife(RuleBasedStateMachine):
    """Anything may be tried at any time; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.state = OrderState()
        self.steps = 0

    @precondition(lambda self: not self.state.version)
    @rule(start=starts())
    def start(self, start: OrderStarted) -> None:
        self.write([start])

    @precondition(lambda self: self.state.version)
    @rule()
    def place(self) -> None:
        self.write(list(_place(self.state, AT)))

    @precondition(lambda self: self.state.version)
    @rule()
    def wait_for_customer(self) -> None:
        self.write(list(_await_customer(self.state, AT)))

    @precondition(lambda self: self.state.version)
    @rule(reason=st.sampled_from(["customer", "payment_declined", "out_of_stock", "abandoned"]))
    def cancel(self, reason: str) -> None:
        had_shipments = bool(self.state.shipments)
        try:
            events = model.cancel(self.state, reason, AT)
        except OrderNotCancellable:
            return
        assert not had_shipments
        self.write(events)

    @precondition(lambda self: self.state.version)
    @rule(data=st.data(), everything=st.booleans())
    def ship(self, data: st.DataObject, *, everything: bool) -> None:
        lines = {
            line.id: data.draw(st.integers(min_value=1, max_value=line.quantity))
            for line in self.state.started.lines
            if data.draw(st.booleans())
        }
        self.steps += 1
        try:
            events = model.ship(
                self.state, None if everything else lines, step=f"parcel-{self.steps}", tracking=None, at=AT
            )
        except OrderNotShippable:
            return
        self.write(events)

    @precondition(lambda self: self.state.version and self.state.uncaptured)
    @rule(data=st.data())
    def capture(self, data: st.DataObject) -> None:
        shipment = data.draw(st.sampled_from(self.state.uncaptured))
        self.write([captured(self.state, shipment.step)])

    @precondition(
        lambda self: self.state.version and self.state.captured_amount() > self.state.refunded_amount()
    )
    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        left = self.state.captured_amount() - self.state.refunded_amount()
        self.steps += 1
        amount = data.draw(st.integers(min_value=1, max_value=left))
        self.write([refunded(self.state, amount, f"refund-{self.steps}")])

    @precondition(lambda self: self.state.version)
    @rule()
    def close(self) -> None:
        self.write(list(_close(self.state, AT)))

    @precondition(lambda self: self.state.version and not self.state.at_rest)
    @rule()
    def give_up(self) -> None:
        self.write([troubled()])

    def write(self, events: list[Event]) -> None:
        before = self.state
        self.state = then(before, *events)
        assert self.state.version == before.version + len(events)

    @invariant()
    def never_more_leaves_than_was_bought(self) -> None:
        if self.state.version:
            bought = {line.id: line.quantity for line in self.state.started.lines}
            assert all(0 < quantity <= bought[line] for line, quantity in self.state.shipped().items())

    @invariant()
    def the_parts_are_the_whole(self) -> None:
        if not self.state.version:
            return
        start, shipments = self.state.started, self.state.shipments
        sums = sum(event.amount.amount for event in shipments), sum(event.tax.amount for event in shipments)
        whole = start.total.amount, start.tax.amount
        if shipments and shipments[-1].complete:
            assert sums == whole
            assert self.state.shipped() == {line.id: line.quantity for line in start.lines}
        assert sums[0] <= whole[0]
        assert sums[1] <= whole[1]
        assert all(0 <= event.tax.amount <= event.amount.amount for event in shipments)

    @invariant()
    def never_more_is_taken_than_agreed(self) -> None:
        if self.state.version:
            state = self.state
            assert 0 <= state.refunded_amount() <= state.captured_amount() <= state.total.amount

    @invariant()
    def cancelled_and_shipped_exclude_each_other(self) -> None:
        assert not (self.state.status == "cancelled" and self.state.shipments)
        assert (self.state.status == "completed") <= (not self.state.uncaptured)


OrderLife.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestOrderLife = OrderLife.TestCase


def unit_by_unit(start: OrderStarted) -> OrderState:
    """Every unit in a parcel of its own."""
    state, units = (
        fold([start, placed(start)]),
        [line.id for line in start.lines for _ in range(line.quantity)],
    )
    for number, line in enumerate(units):
        state = shipped(state, {line: 1}, f"parcel-{number}")
    return state


@settings(deadline=None)
@given(starts())
def test_units_shipped_one_by_one_cost_what_the_order_costs(start: OrderStarted) -> None:
    state = unit_by_unit(start)
    assert sum(amounts(state)) == start.total.amount
    assert all(0 <= event.tax.amount <= event.amount.amount for event in state.shipments)


def test_tax_on_top_is_captured_with_what_it_is_on() -> None:
    start = a_start(a_line(2, 1000, tax=380), delivery=500, delivery_tax=95, tax_included=False)
    assert start.total.amount == 2000 + 380 + 500 + 95
    state = unit_by_unit(start)
    assert amounts(state) == [1000 + 190 + 500 + 95, 1000 + 190]
    assert [event.tax.amount for event in state.shipments] == [190 + 95, 190]


def test_a_discount_is_spread_over_the_parcels_and_spares_the_delivery() -> None:
    start = a_start(
        a_line(1, 6000, tax=0), a_line(1, 4000, tax=0), delivery=490, delivery_tax=0, discount=5000
    )
    assert amounts(unit_by_unit(start)) == [3000 + 490, 2000]


def test_currencies_without_and_with_three_digits_lose_nothing() -> None:
    for currency in CURRENCIES:
        start = a_start(
            a_line(3, 333, tax=100, currency=currency), delivery=1, delivery_tax=0, currency=currency
        )
        state = unit_by_unit(start)
        assert amounts(state) == [334, 333, 333]
        assert [event.tax.amount for event in state.shipments] == [33, 33, 34]


def test_goods_for_nothing_are_shipped_for_nothing() -> None:
    state = unit_by_unit(a_start(a_line(2, 0, tax=0), delivery=0, delivery_tax=0))
    assert amounts(state) == [0, 0]
    assert state.shipments[-1].complete
