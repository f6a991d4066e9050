"""What becomes of an order's row, and what each of its events adds to a day."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from rialto.kernel.events import Event
from rialto.kernel.money import EUR, Money
from rialto.orders.events import (
    OrderAttached,
    OrderAwaitsCustomer,
    OrderCancelled,
    OrderCaptured,
    OrderNeedsAttention,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
)
from rialto.reporting.model import Count, Line, Place, begin, fold, foreign_prefix, number_prefix
from tests.orders.builders import AT, ORDER_ID, a_line, a_start

pytestmark = pytest.mark.fast

START = a_start(a_line(2), delivery=490)
TOTAL = START.total.amount
DAY = timedelta(days=1)
PLACED = OrderPlaced(
    order_id=ORDER_ID,
    number=START.number,
    cart_id=START.cart_id,
    language="en",
    total=START.total,
    skus={"LAMP": 2},
    placed_at=AT + DAY,
)


def shipped(amount: int, *, complete: bool) -> OrderShipped:
    return OrderShipped(
        order_id=ORDER_ID,
        step="one",
        lines={START.lines[0].id: 1},
        tracking=None,
        amount=Money(amount, EUR),
        tax=Money(0, EUR),
        complete=complete,
        shipped_at=AT + 2 * DAY,
    )


def captured(amount: int) -> OrderCaptured:
    return OrderCaptured(order_id=ORDER_ID, step="one", amount=Money(amount, EUR), captured_at=AT + 2 * DAY)


def refunded(amount: int) -> OrderRefunded:
    return OrderRefunded(
        order_id=ORDER_ID, step="back", amount=Money(amount, EUR), reason="x", refunded_at=AT + 3 * DAY
    )


def cancelled(reason: str, *, was_placed: bool) -> OrderCancelled:
    return OrderCancelled(order_id=ORDER_ID, reason=reason, was_placed=was_placed, cancelled_at=AT + 2 * DAY)


NEEDS = OrderNeedsAttention(order_id=ORDER_ID, cause="money cannot be taken", noticed_at=AT + 3 * DAY)
AWAITS = OrderAwaitsCustomer(order_id=ORDER_ID, awaited_at=AT)


def line_after(*events: Event) -> Line:
    found = fold([START, *events])
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("events", "stage", "payment_status"),
    [
        ((), "pending", "pending"),
        ((AWAITS,), "pending", "action_required"),
        ((cancelled("abandoned", was_placed=False),), "abandoned", "voided"),
        ((cancelled("payment_declined", was_placed=False),), "abandoned", "declined"),
        ((PLACED,), "to_ship", "authorised"),
        ((PLACED, cancelled("staff", was_placed=True)), "cancelled", "voided"),
        ((PLACED, shipped(500, complete=False)), "partly_shipped", "authorised"),
        ((PLACED, shipped(500, complete=False), captured(500)), "partly_shipped", "partially_captured"),
        ((PLACED, shipped(TOTAL, complete=True), captured(TOTAL)), "completed", "captured"),
        ((PLACED, shipped(TOTAL, complete=True), NEEDS), "needs_attention", "authorised"),
        ((PLACED, shipped(TOTAL, complete=True), NEEDS, captured(TOTAL)), "completed", "captured"),
        ((PLACED, NEEDS, shipped(500, complete=False)), "needs_attention", "authorised"),
        (
            (PLACED, shipped(TOTAL, complete=True), captured(TOTAL), refunded(1)),
            "completed",
            "partially_refunded",
        ),
        ((PLACED, shipped(TOTAL, complete=True), captured(TOTAL), refunded(TOTAL)), "completed", "refunded"),
    ],
)
def test_a_row_says_where_an_order_stands(events: tuple[Event, ...], stage: str, payment_status: str) -> None:
    line = line_after(*events)
    assert (line.stage, line.payment_status) == (stage, payment_status)


def test_a_row_is_in_its_place_by_when_the_order_was_placed() -> None:
    assert line_after().at == AT
    assert line_after(PLACED).at == AT + DAY
    assert line_after(PLACED, NEEDS).cause == "money cannot be taken"


def test_each_event_adds_to_the_day_it_happened_on() -> None:
    found = fold(
        [START, PLACED, shipped(TOTAL, complete=True), captured(TOTAL), refunded(300), refunded(200)]
    )
    assert found is not None
    first = AT.date()

    def place(day: date) -> Place:
        return Place(day, "default", EUR)

    assert found[1] == {
        place(first): Count(started=1),
        place(first + DAY): Count(orders=1, revenue=TOTAL),
        place(first + 3 * DAY): Count(refunds=500),
    }
    cancel = fold([START, PLACED, cancelled("staff", was_placed=True)])
    assert cancel is not None
    assert cancel[1][place(first + 2 * DAY)] == Count(cancelled=1)
    never = fold([START, cancelled("abandoned", was_placed=False)])
    assert never is not None
    assert never[1] == {place(first): Count(started=1)}


def test_what_says_nothing_here_changes_nothing() -> None:
    attached = OrderAttached(order_id=ORDER_ID, account_id="acc_x", attached_at=AT)  # type: ignore[arg-type]
    assert line_after(PLACED, attached) == line_after(PLACED)
    assert fold([PLACED]) is None
    assert fold([]) is None


def test_a_row_names_each_sku_once() -> None:
    twice = msgspec.structs.replace(START, lines=[*START.lines, *START.lines])
    assert begin(twice).line.skus == ("LAMP",)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0a3f9", "0A3F9"),
        ("0a3f9kt", "0A3F9-KT"),
        ("0A3F9-KT2M7", "0A3F9-KT2M7"),
        (" 0a3 f9 ", "0A3F9"),
        ("LAMP", None),  # there is no L in a number
        ("0A3F9KT2M7X", None),
        ("%", None),
        ("0", None),
        ("0a", "0A"),
        ("", None),
    ],
)
def test_a_number_is_found_however_it_is_typed(typed: str, kept: str | None) -> None:
    assert number_prefix(typed) == kept


@pytest.mark.parametrize(("text", "prefix"), [("R-1001", "R-1001"), ("two words", None), ("", None)])
def test_the_beginning_of_another_shops_number_is_kept_as_it_is(text: str, prefix: str | None) -> None:
    assert foreign_prefix(text) == prefix
