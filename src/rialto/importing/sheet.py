"""Our own CSV, as `docs/import.md` describes it: one row per variant, a column per language, currency, warehouse.

What belongs to the product stands in its first row; later rows leave it empty or repeat it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec

from rialto.catalog.api import Content, Maker
from rialto.importing.cells import ABOVE, named, taken
from rialto.importing.drafting import Drafting, Findings, RowFault, at_line
from rialto.importing.model import (
    FileRefused,
    ImportOptions,
    NotImported,
    Problem,
    ProductRow,
    Row,
    Said,
    StockCount,
)
from rialto.importing.sheet_lists import PRODUCTS, has_lists_only, list_in, picture_at, read_lists
from rialto.importing.tables import Line, Table, is_folder, read_table, shown
from rialto.importing.words import label_of, moment, whole_number, yes_or_no
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.money import parse_currency

_LANGUAGE = r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}"
_CODE = r"[a-z][a-z0-9_]{0,59}"
_COLUMNS: dict[str, re.Pattern[str]] = {
    "title": re.compile(f"title_({_LANGUAGE})"),
    "description": re.compile(f"description_({_LANGUAGE})"),
    "safety": re.compile(f"safety_({_LANGUAGE})"),
    "alt": re.compile(f"image_alt_({_LANGUAGE})"),
    "price": re.compile(r"price_([A-Za-z]{3})"),
    "own_price": re.compile(r"price_([A-Za-z]{3}):([a-z0-9][a-z0-9_-]{0,39})"),
    "compare_at": re.compile(r"compare_at_([A-Za-z]{3})"),
    "stock": re.compile(r"stock_([a-z0-9_-]{1,40})"),
    "option": re.compile(f"option_({_CODE})"),
    "option_name": re.compile(f"option_({_CODE}):({_LANGUAGE})"),
    "attribute": re.compile(rf"attribute_({_CODE})(?:\[(.{{1,20}})\])?"),
    "attribute_name": re.compile(f"attribute_({_CODE}):({_LANGUAGE})"),
}
_PLAIN = frozenset(
    {"slug", "sku", "category", "tax_class", "published", "publish_at", "unpublish_at", "featured", "created_on", "related", "weight_g", "gtin", "content", "content_unit", "maker_name", "maker_address", "maker_email", "maker_url", "channels", "options", "image", "image_widths", "image_size"}
)  # fmt: skip
_MAKER = ("maker_name", "maker_address", "maker_email", "maker_url")
_OF_THE_PRODUCT = (
    *(
        "category",
        "tax_class",
        "published",
        "publish_at",
        "unpublish_at",
        "featured",
        "created_on",
        "related",
        "channels",
    ),
    "options",
    *_MAKER,
)


class SheetImporter:
    """Implements `Importer` for a file of products, customers or orders, or for the folder of an export."""

    def read(self, path: Path, options: ImportOptions) -> Iterator[Row]:
        folder = path if is_folder(path) else None
        if folder and has_lists_only(folder):
            yield from read_lists(folder)
            return
        if folder is None and (people := list_in(path)) is not None:
            yield from people
            return
        required = ("slug", "sku", f"title_{options.language}")
        table = read_table(folder / PRODUCTS if folder else path, required=required, cell=taken)
        reading = _Reading(table, options)
        if folder:
            yield from read_lists(folder)
        yield from reading.products()
        yield from reading.findings.rows()
        for column in table.columns:
            rows = sum(1 for line in table.lines if line[column])
            if rows and not reading.uses(column):
                reason = "this column has no meaning here"
                yield NotImported(what=f"{table.file}: {column}", rows=rows, reason=reason)


class _Reading:
    """One pass over a file."""

    def __init__(self, table: Table, options: ImportOptions) -> None:
        self._table = table
        self._options = options
        self._columns: dict[str, dict[str, tuple[str, ...]]] = {kind: {} for kind in _COLUMNS}
        for column in table.columns:
            for kind, pattern in _COLUMNS.items():
                if column not in _PLAIN and (found := pattern.fullmatch(column)):
                    self._columns[kind][column] = tuple(part or "" for part in found.groups())
        priced = {**self._columns["price"], **self._columns["own_price"], **self._columns["compare_at"]}
        for column, (currency, *_) in priced.items():
            try:
                parse_currency(currency)
            except RialtoError as error:
                raise FileRefused(
                    table.file, f"the column {shown(column)} names no currency.", line=1
                ) from error
        self._of_variants = ["weight_g", "gtin", "content", "content_unit"]
        for kind in ("price", "own_price", "compare_at", "stock"):
            self._of_variants += self._columns[kind]
        # The columns that must be the same in all rows of a product.
        self._shared = [column for column in table.columns if column in _OF_THE_PRODUCT]
        for kind in ("title", "description", "safety", "attribute", "attribute_name"):
            self._shared += self._columns[kind]
        self.findings = Findings(table.file, options.language)

    def uses(self, column: str) -> bool:
        return column in _PLAIN or any(column in columns for columns in self._columns.values())

    def products(self) -> Iterator[ProductRow | Problem]:
        groups: dict[str, list[Line]] = {}
        for line in self._table.lines:
            if line["slug"]:
                groups.setdefault(line["slug"], []).append(line)
            else:
                yield Problem(
                    file=self._table.file, line=line.number, reason="the row names no product (slug)."
                )
        for slug, lines in groups.items():
            drafting = Drafting(slug, self._table.file, lines[0].number)
            try:
                self._head(drafting, lines[0])
                self._check_repeats(lines)
                for line in lines:
                    self._gather(drafting, line)
                self._order(drafting, lines[0])
            except RowFault as fault:
                yield drafting.problem(fault)
            else:
                yield drafting.row()

    def _gather(self, drafting: Drafting, line: Line) -> None:
        """A variant; or, in a row without a SKU and all that belongs to one, further pictures."""
        if line["sku"]:
            self._variant(drafting, line)
        elif line["image"] and not any(line[column] for column in self._of_variants):
            self._pictures(drafting, line, self._chosen(line))
        else:
            raise RowFault(line.number, "the row names no variant (sku).")

    def _check_repeats(self, lines: Sequence[Line]) -> None:
        for line in lines[1:]:
            for column in self._shared:
                if line[column] and line[column] != lines[0][column]:
                    reason = (
                        f"{column} is not what line {lines[0].number} says; it belongs to the whole product."
                    )
                    raise RowFault(line.number, reason)

    def _head(self, drafting: Drafting, line: Line) -> None:
        for field in ("title", "description", "safety"):
            for column, (language,) in self._columns[field].items():
                drafting.text(field, language, line[column])
        path = [named(part.strip()) for part in line["category"].split(ABOVE) if part.strip()]
        drafting.fields["category"] = self.findings.category(
            [title for title, _ in path], line.number, slugs=[slug for _, slug in path]
        )
        drafting.fields["tax_class"] = line["tax_class"] or "standard"
        drafting.fields["related"] = line["related"].split()
        drafting.fields["channels"] = line["channels"].split()
        drafting.fields["maker"] = _maker(line)
        for column, read in _FLAGS.items():
            if line[column]:
                with at_line(line.number, column):
                    drafting.fields[column] = read(line[column])
        for column, (code, unit) in self._columns["attribute"].items():
            if line[column]:
                drafting.said[code] = Said(
                    code=code,
                    label={self._options.language: label_of(code)},
                    text=line[column],
                    unit=unit or None,
                    labels=self._names("attribute_name", code, line),
                    line=line.number,
                    coded=True,
                )

    def _names(self, kind: str, code: str, line: Line) -> dict[str, str]:
        """The value's names in further languages: `option_colour:de`."""
        return {
            language: line[column]
            for column, (of, language) in self._columns[kind].items()
            if of == code and line[column]
        }

    def _chosen(self, line: Line) -> dict[str, str]:
        """The values of the row's options, by code."""
        chosen: dict[str, str] = {}
        for column, (code,) in self._columns["option"].items():
            if line[column]:
                name, value_code = named(line[column])
                names = {self._options.language: name, **self._names("option_name", code, line)}
                label = {self._options.language: label_of(code)}
                chosen[code] = self.findings.option(
                    code, label=label, value=names, line=line.number, value_code=value_code
                )
        return chosen

    def _order(self, drafting: Drafting, line: Line) -> None:
        """Options in the order the product gives; without it, that of the columns."""
        if line["options"]:
            wanted = line["options"].split()
            if sorted(wanted) != sorted(drafting.options):
                raise RowFault(line.number, "options: these are not the options that its variants have.")
            drafting.options = wanted

    def _variant(self, drafting: Drafting, line: Line) -> None:
        chosen = self._chosen(line)
        if not drafting.options:
            drafting.options = list(chosen)
        with at_line(line.number, "weight_g"):
            weight = whole_number(line["weight_g"]) if line["weight_g"] else 0
        drafting.variant(
            line["sku"],
            line.number,
            options=chosen,
            weight_g=weight,
            gtin=line["gtin"] or None,
            content=_content(line),
        )
        self._prices(drafting, line)
        for column, (warehouse,) in self._columns["stock"].items():
            if line[column]:
                with at_line(line.number, column):
                    on_hand = whole_number(line[column])
                drafting.stock.append(
                    StockCount(sku=line["sku"], warehouse=warehouse, on_hand=on_hand, line=line.number)
                )
        self._pictures(drafting, line, chosen)

    def _pictures(self, drafting: Drafting, line: Line, chosen: dict[str, str]) -> None:
        alt = {language: line[column] for column, (language,) in self._columns["alt"].items() if line[column]}
        for address in line["image"].split():
            with at_line(line.number, "image"):
                picture = picture_at(address, line)
            drafting.image(msgspec.structs.replace(picture, alt=alt, options=chosen), line.number)

    def _prices(self, drafting: Drafting, line: Line) -> None:
        former = {parts[0].upper(): column for column, parts in self._columns["compare_at"].items()}
        for column, (currency,) in self._columns["price"].items():
            compare_at = line[former[currency.upper()]] if currency.upper() in former else ""
            if not line[column]:
                if compare_at:
                    raise RowFault(line.number, f"{former[currency.upper()]}: there is no price beside it.")
            elif not drafting.price(
                line["sku"], currency=currency, amount=line[column], compare_at=compare_at, line=line.number
            ):
                raise RowFault(
                    line.number, f"{former[currency.upper()]}: a former price is above the present one."
                )
        for column, (currency, channel) in self._columns["own_price"].items():
            if line[column]:
                drafting.own_price(
                    line["sku"], channel, currency=currency, amount=line[column], line=line.number
                )


def _content(line: Line) -> Content | None:
    """None where nothing is said; the catalogue refuses one half without the other."""
    amount, unit = line["content"], line["content_unit"]
    return Content(amount=amount, unit=unit) if amount or unit else None


def _maker(line: Line) -> Maker | None:
    if not any(line[column] for column in _MAKER):
        return None
    return Maker(
        name=line["maker_name"],
        address=line["maker_address"],
        email=line["maker_email"] or None,
        url=line["maker_url"] or None,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{shown(text)} is not a day such as 2026-01-31.") from error


_FLAGS: dict[str, Callable[[str], bool | date]] = {
    "published": yes_or_no,
    "publish_at": moment,
    "unpublish_at": moment,
    "featured": yes_or_no,
    "created_on": _day,
}
