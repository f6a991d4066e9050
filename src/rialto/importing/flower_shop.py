"""The shop of flowers that commerce protocols are tried with: a folder of small CSV files, amounts in minor units.

`products.csv` is all that must be there. Beside it may stand `inventory.csv`, `discounts.csv`, `promotions.csv`,
`shipping_rates.csv`, `customers.csv`, `addresses.csv`, and `conformance_input.json`, which names the currency.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from rialto.catalog.api import Picture
from rialto.importing.drafting import Drafting, RowFault, at_line
from rialto.importing.model import (
    CustomerRow,
    DeliveryRow,
    FileRefused,
    ImportOptions,
    NotImported,
    Problem,
    ProductRow,
    PromotionRow,
    Row,
    StockCount,
)
from rialto.importing.tables import Line, Table, is_folder, read_table, read_text, shown
from rialto.importing.words import code_of, decimal_number, decimal_text, slug_of, whole_number
from rialto.kernel.address import Address
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.money import Currency, Money, parse_currency
from rialto.pricing.api import (
    AmountOff,
    Conditions,
    DeliveryMethod,
    FreeDelivery,
    PercentOff,
    Promotion,
    Voucher,
)

PRODUCTS = "products.csv"
EXPECTATIONS = "conformance_input.json"
FILES = {
    PRODUCTS: ("id", "title", "price"),
    "inventory.csv": ("product_id", "quantity"),
    "discounts.csv": ("code", "type", "value"),
    "promotions.csv": ("id", "type"),
    "shipping_rates.csv": ("id", "country_code", "service_level", "price"),
    "customers.csv": ("id", "name", "email"),
    "addresses.csv": ("customer_id", "street_address", "city", "country"),
}
USED = {
    PRODUCTS: {"image_url"},
    "discounts.csv": {"description"},
    "promotions.csv": {"min_subtotal", "eligible_item_ids", "description"},
    "shipping_rates.csv": {"title"},
    "addresses.csv": {"id", "state", "postal_code"},
}
ANYWHERE = "default"


class FlowerShopImporter:
    """Implements `Importer` for a folder, or its products file alone."""

    def read(self, path: Path, options: ImportOptions) -> Iterator[Row]:
        folder = path if is_folder(path) else None
        tables = _tables(path, folder)
        reading = _Reading(tables, _currency(folder, options), options)
        for yielding in (
            reading.products,
            reading.codes,
            reading.promotions,
            reading.rates,
            reading.customers,
        ):
            yield from yielding()
        for name, table in tables.items():
            yield from _columns_left(table, {*FILES[name], *USED.get(name, ())})
        if folder:
            yield from _files_left(folder)


class _Reading:
    """One pass over the files. Each row is one thing, and its fault is that thing's."""

    def __init__(self, tables: dict[str, Table], currency: Currency, options: ImportOptions) -> None:
        self._tables = tables
        self._currency = currency
        self._options = options
        self._own_rates: dict[str, set[str]] = {}
        for line in self._lines("shipping_rates.csv"):
            if line["country_code"] != ANYWHERE:
                countries = self._own_rates.setdefault(line["service_level"], set())
                countries.add(line["country_code"].upper())

    def products(self) -> Iterator[ProductRow | Problem]:
        counted: dict[str, list[Line]] = {}
        for line in self._lines("inventory.csv"):
            counted.setdefault(line["product_id"], []).append(line)
        file = self._tables[PRODUCTS].file
        seen: dict[str, int] = {}
        for line in self._lines(PRODUCTS):
            drafting = Drafting(slug_of(line["id"], length_max=120), file, line.number)
            try:
                self._product(drafting, line, counted.pop(line["id"], []), seen=seen)
            except RowFault as fault:
                yield drafting.problem(fault)
            else:
                yield drafting.row()
        for lines in counted.values():
            for line in lines:
                if line["product_id"] not in seen:
                    reason = f"there is no product {shown(line['product_id'])} in {file}."
                    yield Problem(file="inventory.csv", line=line.number, reason=reason)

    def _product(self, drafting: Drafting, line: Line, counts: list[Line], *, seen: dict[str, int]) -> None:
        sku = line["id"]
        if not sku:
            raise RowFault(line.number, "the row names no product (id).")
        if seen.setdefault(sku, line.number) != line.number:
            raise RowFault(line.number, f"{shown(sku)} stands in line {seen[sku]} already.")
        drafting.text("title", self._options.language, line["title"])
        drafting.variant(sku, line.number)
        drafting.price(
            sku,
            currency=self._currency,
            amount=self._decimal(line, "price"),
            compare_at="",
            line=line.number,
        )
        if line["image_url"]:
            drafting.image(Picture(url=line["image_url"]), line.number)
        for count in counts:
            with at_line(line.number, f"inventory.csv, line {count.number}: quantity"):
                on_hand = whole_number(count["quantity"])
            drafting.stock.append(
                StockCount(sku=sku, warehouse=self._options.warehouse, on_hand=on_hand, line=line.number)
            )

    def codes(self) -> Iterator[Row]:
        """A code is a promotion that needs it."""
        yield from self._each("discounts.csv", self._code)

    def _code(self, line: Line) -> Row:
        benefit: PercentOff | AmountOff
        if line["type"] == "percentage":
            benefit = PercentOff(percent=decimal_text(decimal_number(line["value"])))
        elif line["type"] == "fixed_amount":
            benefit = AmountOff(amounts={self._currency: self._minor(line, "value")})
        else:
            return _unknown("discounts.csv", line)
        promotion = Promotion(
            id=code_of(f"code-{line['code']}"),
            title={self._options.language: line["description"] or line["code"]},
            benefit=benefit,
            needs_code=True,
        )
        code = "".join(line["code"].split()).upper()
        return PromotionRow(
            promotion=promotion,
            vouchers=[Voucher(code=code, promotion_id=promotion.id)],
            file="discounts.csv",
            line=line.number,
        )

    def promotions(self) -> Iterator[Row]:
        yield from self._each("promotions.csv", self._promotion)

    def _promotion(self, line: Line) -> Row:
        if line["type"] != "free_shipping":
            return _unknown("promotions.csv", line)
        least: dict[str, int] = {}
        if line["min_subtotal"]:
            least[self._currency] = self._minor(line, "min_subtotal")
        promotion = Promotion(
            id=code_of(line["id"]),
            title={self._options.language: line["description"] or line["id"]},
            benefit=FreeDelivery(),
            conditions=Conditions(items_min=least),
        )
        slugs = [slug_of(one, length_max=120) for one in _listed(line["eligible_item_ids"])]
        return PromotionRow(promotion=promotion, slugs=slugs, file="promotions.csv", line=line.number)

    def rates(self) -> Iterator[Row]:
        yield from self._each("shipping_rates.csv", self._rate)

    def _rate(self, line: Line) -> Row:
        """What goes anywhere goes where the same service has no rate of its own."""
        anywhere = line["country_code"] == ANYWHERE
        own = self._own_rates.get(line["service_level"], set())
        method = DeliveryMethod(
            id=slug_of(line["id"], length_max=60),
            title={self._options.language: line["title"] or line["id"]},
            countries=["*"] if anywhere else [line["country_code"].upper()],
            except_countries=sorted(own) if anywhere else [],
            prices={self._currency: self._minor(line, "price")},
        )
        return DeliveryRow(method=method, file="shipping_rates.csv", line=line.number)

    def customers(self) -> Iterator[Row]:
        known: dict[str, Line] = {}
        for line in self._lines("customers.csv"):
            if known.setdefault(line["id"], line) is not line:
                reason = f"{shown(line['id'])} stands in line {known[line['id']].number} already."
                yield Problem(file="customers.csv", line=line.number, reason=reason)
        addresses: dict[str, list[Address]] = {}
        for line in self._lines("addresses.csv"):
            owner = known.get(line["customer_id"])
            if owner is None:
                reason = f"there is no customer {shown(line['customer_id'])}."
                yield Problem(file="addresses.csv", line=line.number, reason=reason)
            else:
                addresses.setdefault(owner["id"], []).append(_address(owner["name"], line))
        for key, line in known.items():
            yield CustomerRow(
                email=line["email"],
                name=line["name"],
                language=self._options.language,
                addresses=addresses.get(key, []),
                file="customers.csv",
                line=line.number,
            )

    def _lines(self, name: str) -> list[Line]:
        return self._tables[name].lines if name in self._tables else []

    def _each(self, name: str, read: Callable[[Line], Row]) -> Iterator[Row]:
        for line in self._lines(name):
            try:
                yield read(line)
            except RialtoError as refused:
                yield Problem(file=name, line=line.number, reason=refused.text)

    def _minor(self, line: Line, column: str) -> int:
        try:
            return whole_number(line[column])
        except RialtoError as refused:
            raise Invalid(f"{column}: {refused.text}") from refused

    def _decimal(self, line: Line, column: str) -> str:
        with at_line(line.number):
            return Money(self._minor(line, column), self._currency).decimal()


def _tables(path: Path, folder: Path | None) -> dict[str, Table]:
    if folder is None:
        return {PRODUCTS: read_table(path, required=FILES[PRODUCTS])}
    return {
        name: read_table(folder / name, required=required)
        for name, required in FILES.items()
        if name == PRODUCTS or (folder / name).exists()
    }


def _address(name: str, line: Line) -> Address:
    return Address(
        name=name,
        line1=line["street_address"],
        city=line["city"],
        region=line["state"] or None,
        postal_code=line["postal_code"],
        country=line["country"],
    )


def _listed(text: str) -> list[str]:
    """`["a", "b"]` as a list. Raises Invalid for anything else."""
    if not text:
        return []
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Invalid(f"eligible_item_ids: {shown(text)} is no list of ids.")
    return found


def _currency(folder: Path | None, options: ImportOptions) -> Currency:
    """As asked for, or else as the folder says. Raises FileRefused where nobody says."""
    if options.currency is not None:
        return parse_currency(options.currency)
    if folder is None or not (folder / EXPECTATIONS).exists():
        raise FileRefused(PRODUCTS, "its prices have no currency; --currency names it.")
    try:
        content = json.loads(read_text(folder / EXPECTATIONS))
        return parse_currency(str(content["currency"]))
    except json.JSONDecodeError as error:
        raise FileRefused(EXPECTATIONS, f"this is not JSON ({error.msg}).", line=error.lineno) from error
    except (ValueError, RecursionError, KeyError, TypeError, RialtoError) as error:
        if isinstance(error, FileRefused):
            raise
        raise FileRefused(EXPECTATIONS, "it names no currency; --currency does.") from error


def _unknown(file: str, line: Line) -> NotImported:
    return NotImported(what=f"{file}: {shown(line['type'])}", rows=1, reason="nothing here is like it")


def _columns_left(table: Table, used: set[str]) -> Iterator[NotImported]:
    for column in table.columns:
        rows = sum(1 for line in table.lines if line[column])
        if rows and column not in used:
            yield NotImported(what=f"{table.file}: {column}", rows=rows, reason="there is no field for it")


def _files_left(folder: Path) -> Iterator[NotImported]:
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in {".csv", ".json"})
    except OSError as error:
        raise FileRefused(folder.name, "the folder cannot be read.") from error
    for name in names:
        if name == EXPECTATIONS:
            reason = "beside the currency it holds what a trial of conformance expects"
            yield NotImported(what=name, rows=0, reason=reason)
        elif name not in FILES:
            yield NotImported(what=name, rows=0, reason="there is no place for it")
