"""`orders.csv` of our own: a row per line of an order. Orders come in as history, those that are over.

A fault of a row refuses its order and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rialto.importing.drafting import RowFault, at_line
from rialto.importing.model import NotImported, PastOrderRow, Problem, Row
from rialto.importing.tables import Line, Table, shown
from rialto.importing.words import moment, whole_number, yes_or_no
from rialto.kernel.address import Address
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import OrderId
from rialto.kernel.money import Currency, Money, parse_currency, parse_decimal
from rialto.orders.api import ImportedLine, ImportOrder, OrderTax

ORDER_KEYS = ("number", "status", "started_at", "currency", "line")
ADDRESS_FIELDS = ("company", "line1", "line2", "city", "region", "postal_code", "country", "phone")
OF_THE_ORDER = (
    "id", "status", "payment_status", "fulfilment_status", "cancel_reason", "started_at", "placed_at", "channel", "language",
    "currency", "email", "shipping_name", *ADDRESS_FIELDS, "billing_name", *(f"billing_{name}" for name in ADDRESS_FIELDS),
    "delivery", "delivery_title", "payment", "codes", "taxes", "items_total", "discount_total", "delivery_total", "tax_total",
    "tax_included", "total", "refunded",
)  # fmt: skip
OF_A_LINE = (
    "line", "sku", "title", "options", "quantity", "shipped", "unit_price", "line_total", "line_tax", "tax_rate",
)  # fmt: skip
ORDER_COLUMNS = ("number", *OF_THE_ORDER, *OF_A_LINE)
OPTIONS_BETWEEN, OPTION_AFTER = ", ", ": "
TAXES_BETWEEN = "; "
# What a source that does not say more means.
_PAID_AS = {"completed": "captured", "cancelled": "voided"}
_SENT_AS = {"completed": "shipped", "cancelled": "cancelled"}


def read_orders(table: Table) -> Iterator[Row]:
    """The newest first, as they stand in the file."""
    groups: dict[str, list[Line]] = {}
    for line in table.lines:
        groups.setdefault(line["number"], []).append(line)
    for number, lines in groups.items():
        try:
            yield PastOrderRow(order=_order(number, lines), file=table.file, line=lines[0].number)
        except RowFault as fault:
            reason = f"order {shown(number)}: {fault.reason}"
            yield Problem(file=table.file, line=fault.line, reason=reason, order=number)
    for column in table.columns:
        rows = sum(1 for line in table.lines if line[column])
        if rows and (column == "payment" or column not in ORDER_COLUMNS):
            reason = (
                "how it was paid elsewhere has no place here"
                if column == "payment"
                else "this column has no meaning here"
            )
            yield NotImported(what=f"{table.file}: {column}", rows=rows, reason=reason)


def _order(number: str, lines: Sequence[Line]) -> ImportOrder:
    """Raises RowFault at the line that is wrong."""
    head = lines[0]
    _check_repeats(lines)
    with at_line(head.number, "currency"):
        currency = parse_currency(head["currency"])
    read = _Amounts(head, currency)
    status = head["status"]
    with at_line(head.number, "tax_included"):
        tax_included = yes_or_no(head["tax_included"]) if head["tax_included"] else True
    bought = [_line(line, currency) for line in _in_order(lines)]
    tax, total = read("tax_total"), read("total")
    return ImportOrder(
        number=number,
        id=OrderId(head["id"]) if head["id"] else None,
        status=status,
        payment_status=head["payment_status"] or _PAID_AS.get(status, ""),
        fulfilment_status=head["fulfilment_status"] or _SENT_AS.get(status, ""),
        cancel_reason=head["cancel_reason"] or None,
        started_at=_time(head, "started_at"),
        placed_at=_time(head, "placed_at") if head["placed_at"] else None,
        channel=head["channel"] or "default",
        language=head["language"] or "en",
        currency=currency,
        email=head["email"] or None,
        shipping=_address(head, "shipping_name", ""),
        billing=_address(head, "billing_name", "billing_"),
        delivery_option_id=head["delivery"],
        delivery_title=head["delivery_title"],
        codes=head["codes"].split(),
        lines=bought,
        taxes=_taxes(head, currency) if head["taxes"] else _only_tax(bought, tax, total),
        tax_included=tax_included,
        items=read("items_total"),
        discount=read("discount_total"),
        delivery=read("delivery_total"),
        tax=tax,
        total=total,
        refunded=read("refunded"),
    )


def _check_repeats(lines: Sequence[Line]) -> None:
    for line in lines[1:]:
        for column in OF_THE_ORDER:
            if line[column] and line[column] != lines[0][column]:
                reason = f"{column} is not what line {lines[0].number} says; it belongs to the whole order."
                raise RowFault(line.number, reason)


def _in_order(lines: Sequence[Line]) -> list[Line]:
    """By their number, each once."""
    numbered: dict[int, Line] = {}
    for line in lines:
        with at_line(line.number, "line"):
            number = whole_number(line["line"])
        if number in numbered:
            raise RowFault(line.number, f"line {number} stands there twice.")
        numbered[number] = line
    return [numbered[number] for number in sorted(numbered)]


class _Amounts:
    """The amounts of one row; an empty cell is none. Raises RowFault."""

    def __init__(self, line: Line, currency: Currency) -> None:
        self._line = line
        self._currency = currency

    def __call__(self, column: str) -> Money:
        with at_line(self._line.number, column):
            return parse_decimal(self._line[column] or "0", self._currency)


def _line(line: Line, currency: Currency) -> ImportedLine:
    read = _Amounts(line, currency)
    with at_line(line.number, "quantity"):
        quantity = whole_number(line["quantity"])
    with at_line(line.number, "shipped"):
        shipped = whole_number(line["shipped"]) if line["shipped"] else 0
    with at_line(line.number, "options"):
        options = options_in(line["options"])
    return ImportedLine(
        sku=line["sku"],
        title=line["title"] or line["sku"],
        options=options,
        quantity=quantity,
        shipped=shipped,
        unit_price=read("unit_price"),
        total=read("line_total"),
        tax=read("line_tax"),
        tax_rate=line["tax_rate"] or "0",
    )


def options_in(cell: str) -> dict[str, str]:
    """`Size: S, Colour: Red`. What holds a comma itself belongs to the value before. Raises Invalid."""
    found: dict[str, str] = {}
    last = ""
    for part in cell.split(OPTIONS_BETWEEN) if cell else []:
        name, colon, value = part.partition(OPTION_AFTER)
        if colon and name not in found:
            found[name], last = value, name
        elif last:
            found[last] += OPTIONS_BETWEEN + part
        else:
            raise Invalid(f"{shown(part)} is not an option such as `Size: S`.")
    return found


def _taxes(head: Line, currency: Currency) -> list[OrderTax]:
    """`0.19 2.40 12.60; 0.07 …`: rate, tax and net amount of each."""
    found = []
    for part in head["taxes"].split(TAXES_BETWEEN):
        words = part.split()
        if len(words) != 3:
            raise RowFault(head.number, "taxes: each tax is a rate, its tax and its net amount.")
        with at_line(head.number, "taxes"):
            tax, net = parse_decimal(words[1], currency), parse_decimal(words[2], currency)
        found.append(OrderTax(rate=words[0], tax=tax, net=net))
    return found


def _only_tax(lines: Sequence[ImportedLine], tax: Money, total: Money) -> list[OrderTax]:
    """Where all lines have one rate, it is that of the whole order."""
    rates = {line.tax_rate for line in lines}
    return [OrderTax(rate=rates.pop(), tax=tax, net=total - tax)] if tax and len(rates) == 1 else []


def _time(head: Line, column: str) -> datetime:
    with at_line(head.number, column):
        return moment(head[column])


def _address(head: Line, name: str, prefix: str) -> Address | None:
    fields = {field: head[f"{prefix}{field}"] or None for field in ADDRESS_FIELDS}
    if not head[name] and not any(fields.values()):
        return None
    return Address(
        name=head[name],
        line1=fields["line1"] or "",
        city=fields["city"] or "",
        postal_code=fields["postal_code"] or "",
        country=fields["country"] or "",
        company=fields["company"],
        line2=fields["line2"],
        region=fields["region"],
        phone=fields["phone"],
    )
