"""The export of a Spree shop: `products.csv`, and beside it `product_translations.csv` and `customers.csv`.

A product's first row has its name; rows with an option are its variants; rows with neither are further prices
of a SKU (one per currency). Prices of zero on a product with variants stand for nothing. Fields named
`custom_field.…` and the product type become attributes, as do width, height and depth where all variants
agree (in centimetres); weights become whole grams.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rialto.catalog.api import Picture
from rialto.importing.drafting import Drafting, Findings, RowFault, at_line
from rialto.importing.model import (
    CustomerRow,
    FileRefused,
    ImportOptions,
    NotImported,
    Problem,
    ProductRow,
    Row,
    Said,
    StockCount,
)
from rialto.importing.tables import Line, Table, is_folder, read_table, shown
from rialto.importing.words import code_of, converted, grams, label_of, whole_number
from rialto.kernel.address import Address

PRODUCTS = "products.csv"
TRANSLATIONS = "product_translations.csv"
CUSTOMERS = "customers.csv"
REQUIRED = ("slug", "sku", "name", "price", "currency")
TRANSLATION_REQUIRED = ("slug", "locale", "name")
CUSTOMERS_REQUIRED = ("email", "first_name", "last_name")

_OPTION = re.compile(r"option([0-9]+)_name")
_IMAGE = re.compile(r"image[0-9]+_src")
_CUSTOM = re.compile(r"custom_field\.(.+)")
_DIMENSIONS = ("width", "height", "depth")
_USED = frozenset(
    {
        *REQUIRED, *_DIMENSIONS, "compare_at_price", "status", "description", "tax_category", "product_type",
        "category1", "dimensions_unit", "weight", "weight_unit", "inventory_count", "track_inventory",
    }
)  # fmt: skip
_STATUS = {"active": True, "draft": False, "archived": False, "": True}
_TAX = {"": "standard", "default": "standard", "standard": "standard", "reduced": "reduced"}
_OF_CUSTOMERS = frozenset(
    {
        *CUSTOMERS_REQUIRED, "phone", "company", "address1", "address2", "city", "province_code", "country_code", "zip",
    }
)  # fmt: skip
_NO_HOME = "there is no field for it"


class SpreeImporter:
    """Implements `Importer` for the folder of an export, or its products file alone."""

    def read(self, path: Path, options: ImportOptions) -> Iterator[Row]:
        folder = path if is_folder(path) else None
        table = read_table(folder / PRODUCTS if folder else path, required=REQUIRED)
        translations = _beside(folder, TRANSLATIONS, TRANSLATION_REQUIRED)
        customers = _beside(folder, CUSTOMERS, CUSTOMERS_REQUIRED)
        reading = _Reading(table, options)
        yield from reading.products(translations)
        yield from reading.findings.rows()
        yield from _columns_left(table, reading.uses)
        if translations:
            used = {*TRANSLATION_REQUIRED, "description"}
            yield from _columns_left(translations, used.__contains__)
        if customers:
            yield from (_customer(line, options.language) for line in customers.lines)
            yield from _columns_left(customers, _OF_CUSTOMERS.__contains__)
        if folder:
            yield from _files_left(folder)


class _Reading:
    """One pass over a products file."""

    def __init__(self, table: Table, options: ImportOptions) -> None:
        self._table = table
        self._options = options
        self._option_numbers = [found[1] for found in map(_OPTION.fullmatch, table.columns) if found]
        self._images = [column for column in table.columns if _IMAGE.fullmatch(column)]
        self._custom = {column: found[1] for column in table.columns if (found := _CUSTOM.fullmatch(column))}
        self.findings = Findings(table.file, options.language)

    def uses(self, column: str) -> bool:
        options = {f"option{number}_{part}" for number in self._option_numbers for part in ("name", "value")}
        return column in _USED or column in options or column in self._images or column in self._custom

    def products(self, translations: Table | None) -> Iterator[ProductRow | Problem]:
        groups: dict[str, list[Line]] = {}
        for line in self._table.lines:
            if line["slug"]:
                groups.setdefault(line["slug"], []).append(line)
            else:
                yield Problem(
                    file=self._table.file, line=line.number, reason="the row names no product (slug)."
                )
        words: dict[str, list[Line]] = {}
        for line in translations.lines if translations else []:
            if line["slug"] in groups:
                words.setdefault(line["slug"], []).append(line)
            else:
                reason = f"there is no product {shown(line['slug'])} in {self._table.file}."
                yield Problem(file=TRANSLATIONS, line=line.number, reason=reason)
        for slug, lines in groups.items():
            drafting = Drafting(slug, self._table.file, lines[0].number)
            try:
                self._gather(drafting, lines)
            except RowFault as fault:
                yield drafting.problem(fault)
                continue
            for line in words.get(slug, []):
                drafting.text("title", line["locale"], line["name"])
                drafting.text("description", line["locale"], line["description"])
            yield drafting.row()

    def _gather(self, drafting: Drafting, lines: Sequence[Line]) -> None:
        masters = [line for line in lines if line["name"]]
        if len(masters) != 1:
            number = masters[1].number if masters else lines[0].number
            raise RowFault(number, "a product has exactly one row with a name.")
        master = masters[0]
        variants = [line for line in lines if line is not master and self._options_of(line)]
        self._head(drafting, master)
        for line in variants or [master]:
            self._variant(drafting, line)
        for line in lines:
            is_placeholder = bool(variants) and (line is master or line["sku"] == master["sku"])
            if not is_placeholder:
                self._price(drafting, line)
        self._dimensions(drafting, variants or [master])

    def _head(self, drafting: Drafting, line: Line) -> None:
        language = self._options.language
        drafting.text("title", language, line["name"])
        drafting.text("description", language, line["description"])
        if line["status"].lower() not in _STATUS:
            raise RowFault(line.number, f"the status {shown(line['status'])} is unknown.")
        if line["tax_category"].lower() not in _TAX:
            raise RowFault(line.number, f"the tax category {shown(line['tax_category'])} has no class here.")
        path = [part.strip() for part in line["category1"].split("->") if part.strip()]
        drafting.fields["published"] = _STATUS[line["status"].lower()]
        drafting.fields["tax_class"] = _TAX[line["tax_category"].lower()]
        drafting.fields["category"] = self.findings.category(path, line.number)
        self._pictures(drafting, line, {})
        for column, name in {"product_type": "product_type", **self._custom}.items():
            if line[column]:
                code = code_of(name.removeprefix("custom."))
                label = {language: label_of(name.rpartition(".")[2])}
                drafting.said[code] = Said(
                    code=code, label=label, text=line[column], line=line.number, dispensable=True
                )

    def _options_of(self, line: Line) -> list[tuple[str, str]]:
        """(name, value) of each option the row gives."""
        pairs = (
            (line[f"option{number}_name"], line[f"option{number}_value"]) for number in self._option_numbers
        )
        return [(name, value) for name, value in pairs if name or value]

    def _variant(self, drafting: Drafting, line: Line) -> None:
        language, chosen = self._options.language, {}
        for name, value in self._options_of(line):
            if not name or not value:
                raise RowFault(
                    line.number, "an option has a name without a value, or a value without a name."
                )
            code = code_of(name)
            chosen[code] = self.findings.option(
                code, label={language: name}, value={language: value}, line=line.number
            )
        if not drafting.options:
            drafting.options = list(chosen)
        with at_line(line.number, "weight"):
            weight = grams(line["weight"], line["weight_unit"]) if line["weight"] else 0
        drafting.variant(line["sku"], line.number, options=chosen, weight_g=weight)
        if chosen:
            self._pictures(drafting, line, chosen)
        self._stock(drafting, line)

    def _stock(self, drafting: Drafting, line: Line) -> None:
        if line["track_inventory"].upper() == "FALSE":
            self.findings.left_out(f"{self._table.file}: untracked stock", "every SKU is counted here")
        elif line["inventory_count"]:
            with at_line(line.number, "inventory_count"):
                on_hand = whole_number(line["inventory_count"])
            count = StockCount(
                sku=line["sku"], warehouse=self._options.warehouse, on_hand=on_hand, line=line.number
            )
            drafting.stock.append(count)

    def _price(self, drafting: Drafting, line: Line) -> None:
        if not drafting.has_variant(line["sku"]):
            raise RowFault(
                line.number, f"a price of {shown(line['sku'])}, which is no variant of this product."
            )
        compare_at = "" if line["compare_at_price"] in {"0", "0.0", "0.00"} else line["compare_at_price"]
        if not drafting.price(
            line["sku"],
            currency=line["currency"],
            amount=line["price"],
            compare_at=compare_at,
            line=line.number,
        ):
            self.findings.left_out(f"{self._table.file}: compare_at_price", "it is not above the price")

    def _pictures(self, drafting: Drafting, line: Line, chosen: dict[str, str]) -> None:
        for column in self._images:
            if line[column]:
                drafting.image(Picture(url=line[column], options=chosen), line.number)

    def _dimensions(self, drafting: Drafting, lines: Sequence[Line]) -> None:
        for name in _DIMENSIONS:
            measures = {(line[name], line["dimensions_unit"]) for line in lines if line[name]}
            if len(measures) > 1:
                self.findings.left_out(
                    f"{self._table.file}: {name}", "it differs between variants", len(lines)
                )
            for amount, unit in measures if len(measures) == 1 else ():
                with at_line(lines[0].number, name):
                    text = converted(amount, unit, "cm")
                label = {self._options.language: label_of(name)}
                drafting.said[name] = Said(
                    code=name, label=label, text=text, unit="cm", line=lines[0].number, dispensable=True
                )


def _beside(folder: Path | None, name: str, required: Sequence[str]) -> Table | None:
    """A further file of the folder, where it has it."""
    return read_table(folder / name, required=required) if folder and (folder / name).exists() else None


def _customer(line: Line, language: str) -> CustomerRow:
    name = f"{line['first_name']} {line['last_name']}".strip()
    address = Address(
        name=name,
        company=line["company"] or None,
        line1=line["address1"],
        line2=line["address2"] or None,
        city=line["city"],
        region=line["province_code"] or None,
        postal_code=line["zip"],
        country=line["country_code"],
        phone=line["phone"] or None,
    )
    return CustomerRow(
        email=line["email"],
        name=name,
        language=language,
        addresses=[address] if line["address1"] or line["city"] or line["zip"] else [],
        file=CUSTOMERS,
        line=line.number,
    )


def _columns_left(table: Table, is_used: Callable[[str], bool]) -> Iterator[NotImported]:
    for column in table.columns:
        rows = sum(1 for line in table.lines if line[column])
        if rows and not is_used(column):
            yield NotImported(what=f"{table.file}: {column}", rows=rows, reason=_NO_HOME)


def _files_left(folder: Path) -> Iterator[NotImported]:
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() == ".csv")
    except OSError as error:
        raise FileRefused(folder.name, "the folder cannot be read.") from error
    for name in names:
        if name not in {PRODUCTS, TRANSLATIONS, CUSTOMERS}:
            reason = "only products, their translations and customers are imported"
            yield NotImported(what=name, rows=0, reason=reason)
