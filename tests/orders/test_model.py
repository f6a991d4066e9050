"""What may happen to an order, and what its events say about it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rialto.kernel.errors import InvariantBroken
from rialto.kernel.events import Event
from rialto.kernel.money import EUR, Money
from rialto.orders import model
from rialto.orders.api import OrderNotCancellable, OrderNotShippable
from rialto.orders.events import OrderCancelled, OrderShipped
from rialto.orders.model import OrderState, fold, is_order_number, order_number
from rialto.orders.saga import _await_customer, _close, _place
from tests.orders.builders import (
    AT,
    a_line,
    a_placed_order,
    a_start,
    awaited,
    cancelled,
    captured,
    closed,
    placed,
    refunded,
    shipped,
    shipped_and_captured,
    then,
    troubled,
)

pytestmark = pytest.mark.fast

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
START = a_start(a_line(3), a_line(2, 500, tax=80))
FIRST, SECOND = (line.id for line in START.lines)
PENDING = fold([START])
WAITING = then(PENDING, awaited())
PLACED = then(PENDING, placed(START))
PARTLY = shipped(PLACED, {FIRST: 1})
PARTLY_CAPTURED = then(PARTLY, captured(PARTLY, "parcel"))
ALL_SHIPPED = shipped(PARTLY_CAPTURED, None, "rest")
COMPLETED = then(ALL_SHIPPED, captured(ALL_SHIPPED, "rest"))
DECLINED = then(PENDING, *model.cancel(PENDING, "payment_declined", AT, decline_code="card_declined"))
CANCELLED = cancelled(PLACED)
CLOSED = then(CANCELLED, closed())
STATES = {
    "pending": PENDING,
    "waiting": WAITING,
    "placed": PLACED,
    "partly shipped": PARTLY,
    "partly captured": PARTLY_CAPTURED,
    "all shipped": ALL_SHIPPED,
    "completed": COMPLETED,
    "partly refunded": then(COMPLETED, refunded(COMPLETED, 1)),
    "refunded": then(COMPLETED, refunded(COMPLETED, COMPLETED.total.amount)),
    "declined": DECLINED,
    "cancelled": CANCELLED,
    "closed": CLOSED,
    "stuck before placing": then(WAITING, troubled()),
    "stuck in capture": then(PARTLY, troubled()),
}


@pytest.mark.parametrize(
    ("name", "status", "payment", "fulfilment", "at_rest"),
    [
        ("pending", "pending", "pending", "unfulfilled", False),
        ("waiting", "pending", "action_required", "unfulfilled", False),
        ("placed", "placed", "authorised", "unfulfilled", True),
        ("partly shipped", "placed", "authorised", "partially_shipped", False),
        ("partly captured", "placed", "partially_captured", "partially_shipped", True),
        ("all shipped", "placed", "partially_captured", "shipped", False),
        ("completed", "completed", "captured", "shipped", True),
        ("partly refunded", "completed", "partially_refunded", "shipped", True),
        ("refunded", "completed", "refunded", "shipped", True),
        ("declined", "cancelled", "declined", "cancelled", False),
        ("cancelled", "cancelled", "voided", "cancelled", False),
        ("closed", "cancelled", "voided", "cancelled", True),
        ("stuck before placing", "needs_attention", "action_required", "unfulfilled", True),
        ("stuck in capture", "needs_attention", "authorised", "partially_shipped", False),
    ],
)
def test_each_state_has_its_names(
    name: str, status: str, payment: str, fulfilment: str, *, at_rest: bool
) -> None:
    state = STATES[name]
    told = (state.status, state.payment_status(), state.fulfilment_status(), state.at_rest)
    assert told == (status, payment, fulfilment, at_rest)


@pytest.mark.parametrize("name", ["pending", "waiting", "placed"])
def test_before_shipping_an_order_can_be_cancelled(name: str) -> None:
    events = model.cancel(STATES[name], "customer", AT)
    assert [type(event) for event in events] == [OrderCancelled]
    after = then(STATES[name], *events)
    assert (after.status, after.was_placed, after.awaits_customer) == ("cancelled", name == "placed", False)


@pytest.mark.parametrize("name", ["declined", "cancelled", "closed"])
def test_cancelling_again_changes_nothing(name: str) -> None:
    assert model.cancel(STATES[name], "customer", AT) == []


@pytest.mark.parametrize(
    "name",
    [
        *("partly shipped", "partly captured", "all shipped", "completed", "partly refunded", "refunded"),
        *("stuck before placing", "stuck in capture"),
    ],
)
def test_after_shipping_cancelling_is_refused(name: str) -> None:
    with pytest.raises(OrderNotCancellable):
        model.cancel(STATES[name], "customer", AT)


@pytest.mark.parametrize("name", sorted(STATES.keys() - {"placed", "partly shipped", "partly captured"}))
def test_only_a_placed_order_is_shipped(name: str) -> None:
    with pytest.raises(OrderNotShippable):
        model.ship(STATES[name], None, step="late", tracking=None, at=AT)


@pytest.mark.parametrize(
    "lines", [{}, {FIRST: 0}, {FIRST: -1}, {FIRST: 4}, {"line_other": 1}, {FIRST: 1, SECOND: 3}]
)
def test_what_is_not_left_cannot_be_shipped(lines: dict[str, int]) -> None:
    with pytest.raises(OrderNotShippable, match="not left"):
        model.ship(PLACED, lines, step="parcel", tracking=None, at=AT)


def test_shipping_without_lines_ships_all_that_is_left() -> None:
    (event,) = model.ship(PARTLY, None, step="rest", tracking="JJD1", at=AT)
    assert isinstance(event, OrderShipped)
    assert (event.lines, event.complete, event.tracking) == ({FIRST: 2, SECOND: 2}, True, "JJD1")


def test_a_step_ships_once_even_with_other_lines_or_after_the_end() -> None:
    assert model.ship(PARTLY, {SECOND: 1}, step="parcel", tracking=None, at=AT) == []
    assert model.ship(COMPLETED, None, step="rest", tracking=None, at=AT) == []


def test_delivery_goes_with_the_first_shipment_and_what_is_left_with_the_last() -> None:
    assert [event.amount.amount for event in ALL_SHIPPED.shipments] == [1190 + 490, 2 * 1190 + 2 * 500]
    # A third of 190 is 63; the delivery's own tax is 78.
    assert [event.tax.amount for event in ALL_SHIPPED.shipments] == [63 + 78, 127 + 80]


def test_an_order_is_complete_when_all_is_shipped_and_captured() -> None:
    assert shipped_and_captured(a_placed_order()).status == "completed"
    assert ALL_SHIPPED.uncaptured == [ALL_SHIPPED.shipments[1]]
    assert COMPLETED.uncaptured == []


def test_money_that_came_in_another_order_still_completes() -> None:
    both = shipped(PARTLY, None, "rest")
    assert then(both, captured(both, "rest")).status == "placed"
    assert then(both, captured(both, "rest"), captured(both, "parcel")).status == "completed"


def test_a_stuck_order_completes_when_its_money_comes_after_all() -> None:
    stuck = then(shipped(PLACED), troubled())
    assert stuck.uncaptured
    after = then(stuck, captured(stuck, "parcel"))
    assert (after.status, after.at_rest) == ("completed", True)


def test_a_decline_says_why_and_what_was_short_is_kept() -> None:
    assert DECLINED.decline_code == "card_declined"
    events = model.cancel(PENDING, "out_of_stock", AT, short={"LAMP": 2})
    assert then(PENDING, *events).short == {"LAMP": 2}


def test_what_the_saga_decides_it_decides_once() -> None:
    for decide, fits in (
        (_await_customer, PENDING),
        (_place, PENDING),
        (_place, WAITING),
        (_close, CANCELLED),
    ):
        events = decide(fits, AT)
        assert len(events) == 1
        assert decide(then(fits, *events), AT) == []
    for state in STATES.values():
        if state.status != "pending":
            assert _place(state, AT) == _await_customer(state, AT) == []
        if state.status != "cancelled":
            assert _close(state, AT) == []


def test_an_order_without_a_beginning_is_a_bug() -> None:
    with pytest.raises(InvariantBroken):
        _ = OrderState().total


def test_a_foreign_event_in_the_stream_is_a_bug() -> None:
    with pytest.raises(InvariantBroken, match="Event"):
        fold([Event()], PLACED)


def test_folding_in_parts_is_folding_at_once() -> None:
    events = [START, placed(START), *PARTLY.shipments]
    assert fold(events[2:], fold(events[:2])) == fold(events) == PARTLY
    assert PARTLY.version == 3


def test_amounts_are_of_the_orders_currency() -> None:
    assert PENDING.total == Money(3 * 1190 + 2 * 500 + 490, EUR)


numbers = st.builds(
    order_number, st.integers(min_value=0, max_value=1023), st.integers(min_value=0, max_value=2**40)
)


@settings(deadline=None)
@given(numbers)
def test_an_order_number_is_recognised_however_it_is_typed(number: str) -> None:
    assert len(number) == 11
    assert number[5] == "-"
    assert is_order_number(number)
    assert is_order_number(number.replace("-", "").lower())


@settings(deadline=None)
@example("00000-00ZZ0", 8)
@given(numbers, st.integers(min_value=0, max_value=8))
def test_swapped_neighbours_are_found(number: str, place: int) -> None:
    digits = list(number.replace("-", ""))
    digits[place], digits[place + 1] = digits[place + 1], digits[place]
    swapped = "".join(digits)
    # The last letter is the check letter, which is never Z.
    as_good = place < 8 and {digits[place], digits[place + 1]} == {"0", "Z"}
    assert is_order_number(swapped) is (as_good or digits[place] == digits[place + 1])


@settings(deadline=None)
@given(numbers, st.integers(min_value=0, max_value=9), st.sampled_from(ALPHABET))
def test_a_wrong_letter_is_found(number: str, place: int, letter: str) -> None:
    digits = number.replace("-", "")
    wrong = digits[:place] + letter + digits[place + 1 :]
    harmless = place < 9 and {letter, digits[place]} == {"0", "Z"}
    assert is_order_number(wrong) is (harmless or wrong == digits)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=1023), st.integers(min_value=0, max_value=2**35 - 1))
def test_the_bucket_can_be_read_from_the_number(bucket: int, value: int) -> None:
    number = order_number(bucket, value)
    assert ALPHABET.index(number[0]) * 32 + ALPHABET.index(number[1]) == bucket


@pytest.mark.parametrize(
    "text", ["", "-", "ABC", "0A3F9-KT2M", "0A3F9-KT2M77", "OOOOO-IIIII", "٠" * 10, "ß" * 5]
)
def test_other_texts_are_no_order_numbers(text: str) -> None:
    assert not is_order_number(text)
