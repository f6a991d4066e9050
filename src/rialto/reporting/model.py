"""What an order's events make of its row, and what they add to the sales of a day. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from rialto.kernel.events import Event
from rialto.kernel.ids import OrderId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen
from rialto.orders.events import (
    OrderAwaitsCustomer,
    OrderCancelled,
    OrderCaptured,
    OrderImported,
    OrderNeedsAttention,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
    OrderStarted,
)

NUMBER_ALPHABET = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
NUMBER_LENGTH = 10
# One letter is the beginning of every thirtieth number: no search.
PREFIX_LENGTH_MIN = 2
_FOREIGN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{1,39}")


class Line(Frozen):
    """An order's row. `stage` and `payment_status` are two of the API's words."""

    id: OrderId
    number: str
    at: datetime
    stage: str
    payment_status: str
    total: Money
    channel: str
    country: str
    skus: tuple[str, ...]
    captured: int
    refunded: int
    started_at: datetime
    cause: str | None = None
    imported: bool = False


class Place(NamedTuple):
    """What is added up together."""

    day: date
    channel: str
    currency: Currency


class Count(NamedTuple):
    """What one event adds to a place: checkouts begun, orders, their value, money given back, orders cancelled."""

    started: int = 0
    orders: int = 0
    revenue: int = 0
    refunds: int = 0
    cancelled: int = 0

    def plus(self, other: Count) -> Count:
        return Count(*(one + more for one, more in zip(self, other, strict=True)))


class Taken(NamedTuple):
    """A row after an event, and what the event adds; nothing is added for most."""

    line: Line
    place: Place
    adds: Count


def begin(event: OrderStarted | OrderImported) -> Taken:
    """The row of an order that began here, or came from elsewhere: that one adds nothing to what was sold here."""
    if isinstance(event, OrderImported):
        return _taken(_from_elsewhere(event), event.started_at, Count())
    line = Line(
        id=event.order_id,
        number=event.number,
        at=event.started_at,
        stage="pending",
        payment_status="pending",
        total=event.total,
        channel=event.channel,
        country=event.country,
        skus=tuple(sorted({line.sku for line in event.lines})),
        captured=0,
        refunded=0,
        started_at=event.started_at,
    )
    return _taken(line, event.started_at, Count(started=1))


def follow(line: Line, event: Event) -> Taken:
    """The row after the next event of its order; an event that says nothing here leaves it as it is."""
    adds = Count()
    at = line.at
    match event:
        case OrderAwaitsCustomer():
            line = _changed(line, payment_status="action_required")
        case OrderPlaced():
            at, adds = event.placed_at, Count(orders=1, revenue=line.total.amount)
            line = _changed(line, at=at, stage="to_ship", payment_status="authorised")
        case OrderCancelled():
            at, adds = event.cancelled_at, Count(cancelled=int(event.was_placed))
            line = _cancelled(line, event)
        case OrderShipped():
            line = _shipped(line, event)
        case OrderCaptured():
            line = _paid(line, line.captured + event.amount.amount, line.refunded)
        case OrderRefunded():
            at, adds = event.refunded_at, Count(refunds=event.amount.amount)
            line = _paid(line, line.captured, line.refunded + event.amount.amount)
        case OrderNeedsAttention():
            line = _changed(line, stage="needs_attention", cause=event.cause)
    return _taken(line, at, adds)


def fold(events: Iterable[Event]) -> tuple[Line, dict[Place, Count]] | None:
    """A row and all that its events add, from the first on. None where the first is missing."""
    line: Line | None = None
    counts: dict[Place, Count] = {}
    for event in events:
        if isinstance(event, OrderStarted | OrderImported):
            taken = begin(event)
        elif line is not None:
            taken = follow(line, event)
        else:
            return None
        line = taken.line
        add(counts, taken)
    return None if line is None else (line, counts)


def add(counts: dict[Place, Count], taken: Taken) -> None:
    if any(taken.adds):
        counts[taken.place] = counts.get(taken.place, Count()).plus(taken.adds)


def number_prefix(text: str) -> str | None:
    """The beginning of an order's number as it is kept, from what somebody typed; None when it cannot be one."""
    letters = "".join(text.split()).replace("-", "").upper()
    fits = PREFIX_LENGTH_MIN <= len(letters) <= NUMBER_LENGTH and NUMBER_ALPHABET.issuperset(letters)
    if not fits:
        return None
    return letters if len(letters) <= NUMBER_LENGTH // 2 else f"{letters[:5]}-{letters[5:]}"


def _from_elsewhere(event: OrderImported) -> Line:
    stage = "abandoned" if event.placed_at is None else event.status
    return Line(
        id=event.order_id,
        number=event.number,
        at=event.placed_at or event.started_at,
        stage=stage,
        payment_status=event.payment_status,
        total=event.total,
        channel=event.channel,
        country=event.country,
        skus=tuple(sorted({line.sku for line in event.lines})),
        captured=0,
        refunded=event.refunded.amount,
        started_at=event.started_at,
        imported=True,
    )


def foreign_prefix(text: str) -> str | None:
    """The beginning of a number that another shop gave an order; None when it cannot be one."""
    return text if _FOREIGN.fullmatch(text) else None


def _cancelled(line: Line, event: OrderCancelled) -> Line:
    stage = "cancelled" if event.was_placed else "abandoned"
    status = "declined" if event.reason == "payment_declined" else "voided"
    return _changed(line, stage=stage, payment_status=status)


def _shipped(line: Line, event: OrderShipped) -> Line:
    # Money that cannot be taken keeps an order before somebody's eyes, whatever leaves the house.
    if line.stage == "needs_attention":
        return line
    return _changed(line, stage="completed" if event.complete else "partly_shipped")


def _paid(line: Line, captured: int, refunded: int) -> Line:
    whole = captured == line.total.amount
    if refunded:
        status = "refunded" if refunded == captured else "partially_refunded"
    else:
        status = "captured" if whole else "partially_captured"
    # All shipments together are charged the whole total: with that taken nothing is left to look after.
    stage = "completed" if whole and line.stage == "needs_attention" else line.stage
    return _changed(line, captured=captured, refunded=refunded, payment_status=status, stage=stage)


def _changed(line: Line, **changes: object) -> Line:
    return msgspec.structs.replace(line, **changes)


def _taken(line: Line, at: datetime, adds: Count) -> Taken:
    return Taken(line, Place(at.date(), line.channel, line.total.currency), adds)
