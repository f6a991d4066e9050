"""Goods that came back, by rules alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.errors import Invalid
from rialto.orders import model
from rialto.orders.api import KeyReused, OrderNotReceivable, ReceiveGoods
from rialto.orders.events import OrderGoodsRestocked
from rialto.orders.model import OrderState
from tests.orders.builders import AT, ORDER_ID, then
from tests.orders.test_returning_model import LINE, sent

pytestmark = pytest.mark.fast


def a_receipt(units: int = 1, fit: int = 1, *, step: str = "one", place: str = "berlin") -> ReceiveGoods:
    return ReceiveGoods(
        order_id=ORDER_ID, lines={LINE.id: units}, fit={LINE.id: fit}, warehouse=place, step=step
    )


def received(state: OrderState, command: ReceiveGoods) -> OrderState:
    return then(state, *model.receive(state, command, AT))


def test_an_order_rests_when_what_is_fit_is_on_its_shelf() -> None:
    state = received(sent(), a_receipt(2, 1))
    assert (state.came_back(), state.fit_again()) == ({LINE.id: 2}, {LINE.id: 1})
    assert [event.step for event in state.unstocked] == ["one"]
    assert not state.at_rest
    state = then(state, OrderGoodsRestocked(order_id=ORDER_ID, step="one", restocked_at=AT))
    assert state.unstocked == []
    assert state.at_rest


def test_what_is_not_fit_needs_no_place_and_leaves_nothing_to_do() -> None:
    state = received(sent(), a_receipt(2, 0, place="berlin"))
    assert (state.received[0].fit, state.received[0].warehouse) == ({}, "")
    assert state.at_rest
    assert model.receive(state, a_receipt(2, 0, place=""), AT) == []


def test_a_known_step_receives_nothing_and_another_content_is_refused() -> None:
    state = received(sent(), a_receipt(2, 1))
    assert model.receive(state, a_receipt(2, 1), AT) == []
    for other in (a_receipt(1, 1), a_receipt(2, 2), a_receipt(2, 1, place="rotterdam")):
        with pytest.raises(KeyReused):
            model.receive(state, other, AT)


@pytest.mark.parametrize("units", [0, -1, 4])
def test_no_more_comes_back_than_was_sent(units: int) -> None:
    with pytest.raises(OrderNotReceivable):
        model.receive(sent(), a_receipt(units, 0), AT)
    with pytest.raises(OrderNotReceivable):
        model.receive(received(sent(2), a_receipt(2, 2)), a_receipt(1, 1, step="two"), AT)


@pytest.mark.parametrize("command", [a_receipt(1, 2), a_receipt(1, -1), a_receipt(1, 1, place="")])
def test_what_is_fit_is_among_what_came_back_and_lies_somewhere(command: ReceiveGoods) -> None:
    with pytest.raises(Invalid):
        model.receive(sent(), command, AT)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), max_size=6))
def test_whatever_is_received_no_more_comes_back_than_was_sent(receipts: list[tuple[int, int]]) -> None:
    state = sent()
    for number, (units, fit) in enumerate(receipts):
        try:
            state = received(state, a_receipt(units, min(units, fit), step=f"s{number}"))
        except OrderNotReceivable:
            assert state.came_back().get(LINE.id, 0) + units > 3
    assert state.fit_again().get(LINE.id, 0) <= state.came_back().get(LINE.id, 0) <= 3
