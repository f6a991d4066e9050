"""An order from elsewhere as a fact: only what is over, adds up and can be shown is taken in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.ids import LINE, OrderId, derived_uuid, to_uuid
from rialto.kernel.money import Money
from rialto.kernel.text import is_plain
from rialto.orders.api import ImportedLine, ImportOrder
from rialto.orders.events import OrderImported, StartedLine, StartedTax

LINES_MAX = 500
TEXT_LENGTH_MAX = 500
UNITS_MAX = 1_000_000
# Of an order whose address was erased nobody knows the country any more (CLDR: unknown region).
NOWHERE = "ZZ"

# What may be said of an order that is over.
PAYMENT_STATUSES = {
    "completed": frozenset({"authorised", "captured", "partially_refunded", "refunded"}),
    "cancelled": frozenset({"voided", "declined", "partially_refunded", "refunded"}),
}
FULFILMENT_STATUSES = {"completed": frozenset({"shipped"}), "cancelled": frozenset({"cancelled"})}
_REFUNDED = frozenset({"partially_refunded", "refunded"})

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_RATE = re.compile(r"[01](\.[0-9]{1,6})?")


def check_imported(command: ImportOrder, at: datetime) -> None:
    """Raises Invalid naming every field that is wrong, or saying what does not add up."""
    problems = tuple(_problems(command, at))
    if problems:
        raise Invalid("The order cannot be taken in.", fields=problems)


def take_in(command: ImportOrder, order_id: OrderId, at: datetime) -> OrderImported:
    """The fact, of an order that was checked."""
    lines = {
        LINE.of(derived_uuid(to_uuid(order_id), "line", str(number))): line
        for number, line in enumerate(command.lines)
    }
    return OrderImported(
        order_id=order_id,
        number=command.number,
        currency=command.currency,
        language=command.language,
        channel=command.channel,
        country=command.shipping.country if command.shipping else NOWHERE,
        lines=[_line(line_id, line) for line_id, line in lines.items()],
        shipped={line_id: line.shipped for line_id, line in lines.items() if line.shipped},
        taxes=[StartedTax(rate=tax.rate, net=tax.net, tax=tax.tax) for tax in command.taxes],
        items=command.items,
        discount=command.discount,
        delivery=command.delivery,
        tax=command.tax,
        total=command.total,
        tax_included=command.tax_included,
        codes=command.codes,
        delivery_option_id=command.delivery_option_id,
        delivery_title=command.delivery_title or command.delivery_option_id,
        status=command.status,
        payment_status=command.payment_status,
        fulfilment_status=command.fulfilment_status,
        cancel_reason=command.cancel_reason,
        refunded=command.refunded,
        started_at=command.started_at,
        placed_at=command.placed_at,
        imported_at=at,
    )


def _line(line_id: str, line: ImportedLine) -> StartedLine:
    return StartedLine(
        id=line_id,
        sku=line.sku,
        quantity=line.quantity,
        unit_price=line.unit_price,
        total=line.total,
        tax=line.tax,
        tax_rate=line.tax_rate,
        title=line.title,
        options=line.options,
    )


def _problems(command: ImportOrder, at: datetime) -> Iterator[FieldProblem]:
    yield from _of_words(command)
    yield from _of_state(command)
    yield from _of_times(command, at)
    if not 1 <= len(command.lines) <= LINES_MAX:
        yield _wrong("lines", f"An order has 1 to {LINES_MAX} lines.")
    for number, line in enumerate(command.lines):
        yield from _of_line(f"lines.{number}", line)
    yield from _of_sums(command)


def _of_words(command: ImportOrder) -> Iterator[FieldProblem]:
    if not _NUMBER.fullmatch(command.number):
        yield _wrong("number", "A number has at most 40 letters, digits, points, hyphens and slashes.")
    if not _LANGUAGE.fullmatch(command.language):
        yield _wrong("language", "Give a language such as `de`.")
    if not _CHANNEL.fullmatch(command.channel):
        yield _wrong("channel", "This is no channel's code.")
    words = {
        "delivery": command.delivery_option_id,
        "delivery_title": command.delivery_title,
        "cancel_reason": command.cancel_reason or "",
        "codes": " ".join(command.codes),
    }
    for name, text in words.items():
        if len(text) > TEXT_LENGTH_MAX or not is_plain(text):
            yield _wrong(name, f"Give plain text of at most {TEXT_LENGTH_MAX} letters.")
    for tax in command.taxes:
        if not _RATE.fullmatch(tax.rate):
            yield _wrong("taxes", "A rate is a decimal such as 0.19.")


def _of_state(command: ImportOrder) -> Iterator[FieldProblem]:
    if command.status not in PAYMENT_STATUSES:
        yield _wrong("status", "Only orders that are over (completed, cancelled) are taken in.")
        return
    if command.payment_status not in PAYMENT_STATUSES[command.status]:
        yield _wrong("payment_status", f"This is not how a {command.status} order is paid.")
    if command.fulfilment_status not in FULFILMENT_STATUSES[command.status]:
        yield _wrong("fulfilment_status", f"This is not how a {command.status} order was sent.")
    if command.status == "completed" and command.placed_at is None:
        yield _wrong("placed_at", "A completed order was placed at some time.")
    if bool(command.refunded) != (command.payment_status in _REFUNDED):
        yield _wrong("refunded", "This does not go with the payment status.")


def _of_times(command: ImportOrder, at: datetime) -> Iterator[FieldProblem]:
    for name, moment in (("started_at", command.started_at), ("placed_at", command.placed_at)):
        if moment is not None and (moment.tzinfo is None or not moment.year >= 1990 or moment > at):
            yield _wrong(name, "Give a time with its zone that is not in the future.")


def _of_line(path: str, line: ImportedLine) -> Iterator[FieldProblem]:
    texts = [line.sku, line.title, *line.options, *line.options.values()]
    if not line.sku or any(len(text) > TEXT_LENGTH_MAX or not is_plain(text) for text in texts):
        yield _wrong(f"{path}.sku", f"Give plain texts of at most {TEXT_LENGTH_MAX} letters.")
    if not 1 <= line.quantity <= UNITS_MAX:
        yield _wrong(f"{path}.quantity", f"Between 1 and {UNITS_MAX:,}.")
    if not 0 <= line.shipped <= line.quantity:
        yield _wrong(f"{path}.shipped", "No more were shipped than ordered.")
    if not _RATE.fullmatch(line.tax_rate):
        yield _wrong(f"{path}.tax_rate", "A rate is a decimal such as 0.19.")


def _of_sums(command: ImportOrder) -> Iterator[FieldProblem]:
    """What the audit asks of every order (I11): its total is its parts, and its goods are its lines."""
    parts = [command.items, command.discount, command.delivery, command.tax, command.total, command.refunded]
    parts += [amount for tax in command.taxes for amount in (tax.net, tax.tax)]
    parts += [amount for line in command.lines for amount in (line.unit_price, line.total, line.tax)]
    if any(amount.currency != command.currency for amount in parts):
        yield _wrong("currency", "An order has one currency.")
        return
    if any(amount.amount < 0 for amount in parts):
        yield _wrong("total", "No amount is below zero.")
        return
    none = Money.zero(command.currency)
    lines = sum((line.total for line in command.lines), none)
    if lines != command.items:
        yield _wrong("items", f"The lines come to {lines.decimal()}.")
    total = command.items - command.discount + command.delivery
    total = total if command.tax_included else total + command.tax
    if total != command.total:
        yield _wrong("total", f"The parts come to {total.decimal()}.")
    if command.refunded > command.total:
        yield _wrong("refunded", "No more was given back than paid.")


def _wrong(path: str, message: str) -> FieldProblem:
    return FieldProblem(path=path, code="not_valid", message=message)
