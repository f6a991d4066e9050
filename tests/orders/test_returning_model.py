"""What comes back, by rules alone: which units may be sent back, which money may be given back."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.errors import Invalid
from rialto.kernel.money import EUR, USD, Money
from rialto.orders import model
from rialto.orders.api import KeyReused, OrderNotRefundable, OrderNotReturnable, RefundOrder, RequestReturn
from rialto.orders.events import OrderRefundDecided
from rialto.orders.model import OrderState, fold
from rialto.orders.model.returning import RETURN_WITHIN
from tests.orders.builders import (
    AT,
    ORDER_ID,
    a_line,
    a_placed_order,
    a_start,
    captured,
    placed,
    refunded,
    shipped,
    then,
)

pytestmark = pytest.mark.fast

LINE = a_line(3, tax=570)


def sent(units: int = 3) -> OrderState:
    """A placed order of three, of which that many were shipped and paid."""
    state = shipped(a_placed_order(LINE), {LINE.id: units})
    return then(state, captured(state, "parcel"))


def a_refund(**changes: object) -> RefundOrder:
    return RefundOrder(**{"order_id": ORDER_ID, "reason": "bent", "step": "one"} | changes)  # type: ignore[arg-type]


def a_return(units: int = 1, step: str = "one", reason: str = "withdrawal") -> RequestReturn:
    return RequestReturn(order_id=ORDER_ID, lines={LINE.id: units}, reason=reason, step=step)


def decided(state: OrderState, command: RefundOrder) -> OrderState:
    return then(state, *model.decide_refund(state, command, AT))


def test_units_are_worth_what_was_paid_for_them_and_the_delivery_is_apart() -> None:
    state = decided(sent(), a_refund(lines={LINE.id: 2}))
    assert state.refunds[-1].amount == Money(2 * 1190, EUR)
    state = decided(state, a_refund(lines={LINE.id: 1}, delivery=True, step="two"))
    assert state.refunds[-1].amount == Money(1190 + 490, EUR)
    assert state.given_back() == {LINE.id: 3}
    assert not state.at_rest


def test_a_step_that_is_known_decides_nothing_and_another_content_is_refused() -> None:
    state = decided(sent(), a_refund(lines={LINE.id: 1}))
    assert model.decide_refund(state, a_refund(lines={LINE.id: 1}), AT) == []
    for other in ({"lines": {LINE.id: 2}}, {"lines": {LINE.id: 1}, "amount": Money(1, EUR)}):
        with pytest.raises(KeyReused):
            model.decide_refund(state, a_refund(**other), AT)


def test_a_refund_of_an_earlier_release_counts_as_decided() -> None:
    state = sent()
    state = then(state, refunded(state, 500, "one"))
    assert model.decide_refund(state, a_refund(amount=Money(500, EUR)), AT) == []
    with pytest.raises(KeyReused):
        model.decide_refund(state, a_refund(amount=Money(501, EUR)), AT)


@pytest.mark.parametrize("lines", [{LINE.id: 3}, {LINE.id: 0}, {"unknown": 1}])
def test_units_that_were_not_sent_are_not_paid_back(lines: dict[str, int]) -> None:
    with pytest.raises(OrderNotRefundable):
        model.decide_refund(sent(2), a_refund(lines=lines), AT)


def test_a_delivery_is_paid_back_once() -> None:
    state = decided(sent(), a_refund(delivery=True))
    with pytest.raises(OrderNotRefundable):
        model.decide_refund(state, a_refund(delivery=True, step="two"), AT)


@pytest.mark.parametrize("amount", [None, Money(0, EUR), Money(-1, EUR), Money(1, USD)])
def test_what_is_no_amount_of_the_order_is_refused(amount: Money | None) -> None:
    with pytest.raises(Invalid):
        model.decide_refund(sent(), a_refund(amount=amount), AT)


def test_units_bring_no_more_than_what_is_left_of_the_money() -> None:
    whole = 3 * 1190 + 490
    state = decided(sent(), a_refund(amount=Money(whole - 100, EUR)))
    state = decided(state, a_refund(lines={LINE.id: 1}, step="two"))
    assert state.refunds[-1].amount == Money(100, EUR)
    with pytest.raises(OrderNotRefundable):
        model.decide_refund(state, a_refund(lines={LINE.id: 1}, step="three"), AT)
    with pytest.raises(OrderNotRefundable):
        model.decide_refund(sent(), a_refund(amount=Money(whole + 1, EUR)), AT)


@given(
    quantities=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    prices=st.lists(st.integers(0, 5000), min_size=4, max_size=4),
    discount=st.integers(0, 400),
    tax_included=st.booleans(),
)
def test_all_units_and_the_delivery_together_bring_back_everything_that_was_paid(
    quantities: list[int], prices: list[int], discount: int, *, tax_included: bool
) -> None:
    lines = [
        a_line(quantity, unit, tax=quantity * unit * 19 // 119)
        for quantity, unit in zip(quantities, prices, strict=False)
    ]
    goods = sum(line.total.amount for line in lines)
    start = a_start(*lines, discount=min(discount, goods), tax_included=tax_included)
    state = shipped(fold([start, placed(start)]))
    state = then(state, captured(state, "parcel"))
    for line in lines:
        for unit in range(line.quantity):
            command = a_refund(lines={line.id: 1}, step=f"{line.id}/{unit}")
            try:
                state = decided(state, command)
            except Invalid:  # a unit that cost nothing
                event = OrderRefundDecided(
                    order_id=ORDER_ID, step=command.step, amount=Money(0, EUR), reason="", decided_at=AT
                )
                state = then(state, msgspec.structs.replace(event, lines=command.lines))
    state = decided(state, a_refund(delivery=True, step="delivery"))
    assert sum(event.amount.amount for event in state.refunds) == start.total.amount


def test_units_that_arrived_can_be_sent_back_once() -> None:
    state = sent(2)
    state = then(state, *model.request_return(state, a_return(1), AT))
    assert state.coming_back() == {LINE.id: 1}
    assert state.at_rest
    assert model.request_return(state, a_return(1), AT) == []
    with pytest.raises(KeyReused):
        model.request_return(state, a_return(1, reason="damaged"), AT)
    with pytest.raises(OrderNotReturnable):
        model.request_return(state, a_return(2, step="two"), AT)
    assert model.request_return(state, a_return(1, step="two"), AT) != []


def test_a_return_that_cannot_be_is_refused() -> None:
    with pytest.raises(OrderNotReturnable):
        model.request_return(a_placed_order(LINE), a_return(), AT)
    with pytest.raises(OrderNotReturnable):
        model.request_return(sent(), msgspec.structs.replace(a_return(), lines={}), AT)
    with pytest.raises(Invalid):
        model.request_return(sent(), a_return(reason="bored"), AT)


def test_after_thirty_days_it_is_too_late() -> None:
    assert model.request_return(sent(), a_return(), AT + RETURN_WITHIN) != []
    with pytest.raises(OrderNotReturnable):
        model.request_return(sent(), a_return(), AT + RETURN_WITHIN + timedelta(seconds=1))
