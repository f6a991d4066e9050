"""Orders to try the rules on: a started order with defaults, and what the saga and staff do to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from rialto.kernel.events import Event
from rialto.kernel.ids import CART, LINE, ORDER
from rialto.kernel.money import EUR, Currency, Money, total
from rialto.orders import model
from rialto.orders.events import (
    OrderAwaitsCustomer,
    OrderCaptured,
    OrderClosed,
    OrderNeedsAttention,
    OrderPlaced,
    OrderRefunded,
    OrderStarted,
    StartedLine,
    StartedTax,
    StartedTender,
)
from rialto.orders.model import OrderState, fold, order_number
from tests.support.values import seeded_ids

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
BUCKET = 17
_IDS = seeded_ids(3)
ORDER_ID = ORDER.new(_IDS, BUCKET)
CART_ID = CART.new(_IDS, BUCKET)


def a_line(quantity: int = 1, unit: int = 1190, *, tax: int = 190, currency: Currency = EUR) -> StartedLine:
    """`tax` is of the whole line."""
    return StartedLine(
        id=LINE.new(_IDS, BUCKET),
        sku="LAMP",
        quantity=quantity,
        unit_price=Money(unit, currency),
        total=Money(unit * quantity, currency),
        tax=Money(tax, currency),
        tax_rate="0.19",
        title="Lamp",
    )


def a_start(
    *lines: StartedLine,
    delivery: int = 490,
    delivery_tax: int = 78,
    discount: int = 0,
    tax_included: bool = True,
    tax: int | None = None,
    currency: Currency = EUR,
) -> OrderStarted:
    """A checkout whose total is the sum of its parts. `tax` is what the discount left of the lines' and delivery's."""
    bought = list(lines) or [a_line(currency=currency)]
    items = total((line.total for line in bought), currency)
    whole_tax = Money(
        sum(line.tax.amount for line in bought) + delivery_tax if tax is None else tax, currency
    )
    whole = items - Money(discount, currency) + Money(delivery, currency)
    whole = whole if tax_included else whole + whole_tax
    return OrderStarted(
        order_id=ORDER_ID,
        number=order_number(BUCKET, 5),
        cart_id=CART_ID,
        idempotency_key="key-1",
        currency=currency,
        language="en",
        channel="default",
        country="DE",
        lines=bought,
        taxes=[StartedTax(rate="0.19", net=whole - whole_tax, tax=whole_tax)],
        items=items,
        discount=Money(discount, currency),
        delivery=Money(delivery, currency),
        delivery_tax=Money(delivery_tax, currency),
        tax=whole_tax,
        total=whole,
        tax_included=tax_included,
        delivery_option_id="standard",
        delivery_title="Standard",
        delivered_on_from=None,
        delivered_on_to=None,
        tenders=[StartedTender(provider="sandbox", token="tok_success", amount=whole)],
        return_url="http://127.0.0.1:8000/en/checkout/return",
        payment_deadline=AT + timedelta(minutes=13),
        started_at=AT,
    )


def awaited() -> OrderAwaitsCustomer:
    return OrderAwaitsCustomer(order_id=ORDER_ID, awaited_at=AT)


def placed(start: OrderStarted) -> OrderPlaced:
    return OrderPlaced(
        order_id=ORDER_ID,
        number=start.number,
        cart_id=CART_ID,
        language="en",
        total=start.total,
        skus={"LAMP": 1},
        placed_at=AT,
    )


def captured(state: OrderState, step: str) -> OrderCaptured:
    """The money for a shipment that is there."""
    amount = next(event.amount for event in state.shipments if event.step == step)
    return OrderCaptured(order_id=ORDER_ID, step=step, amount=amount, captured_at=AT)


def refunded(state: OrderState, amount: int, step: str = "back") -> OrderRefunded:
    return OrderRefunded(
        order_id=ORDER_ID, step=step, amount=Money(amount, state.total.currency), reason="", refunded_at=AT
    )


def closed() -> OrderClosed:
    return OrderClosed(order_id=ORDER_ID, closed_at=AT)


def troubled() -> OrderNeedsAttention:
    return OrderNeedsAttention(order_id=ORDER_ID, cause="the saga failed repeatedly", noticed_at=AT)


def a_placed_order(*lines: StartedLine) -> OrderState:
    start = a_start(*lines)
    return fold([start, placed(start)])


def then(state: OrderState, *events: Event) -> OrderState:
    return fold(events, state)


def shipped(state: OrderState, lines: Mapping[str, int] | None = None, step: str = "parcel") -> OrderState:
    return then(state, *model.ship(state, lines, step=step, tracking=None, at=AT))


def shipped_and_captured(
    state: OrderState, lines: Mapping[str, int] | None = None, step: str = "parcel"
) -> OrderState:
    after = shipped(state, lines, step)
    return then(after, captured(after, step))


def cancelled(state: OrderState, reason: str = "customer") -> OrderState:
    return then(state, *model.cancel(state, reason, AT))


def amounts(state: OrderState) -> Sequence[int]:
    return [event.amount.amount for event in state.shipments]
