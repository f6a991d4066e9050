"""Gathering one product from the rows of a table: what spreadsheet importers share.

A `Drafting` takes facts row by row; the first fault refuses the whole product, with the row's line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rialto.catalog.api import AttributeDefinition, Category, Picture, ProductDraft, Texts, VariantDraft
from rialto.importing.model import (
    AttributeRow,
    CategoryRow,
    NotImported,
    Problem,
    ProductRow,
    Said,
    StockCount,
)
from rialto.importing.words import slug_of
from rialto.kernel.errors import RialtoError
from rialto.kernel.money import AMOUNT_MAX, parse_currency, parse_decimal

IMAGES_MAX = 200  # the catalogue takes fewer and says so


class RowFault(Exception):
    """A row that cannot be used, and why."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(reason)


@contextmanager
def at_line(line: int, column: str = "") -> Iterator[None]:
    """A refusal inside becomes the fault of this line."""
    try:
        yield
    except RialtoError as refused:
        raise RowFault(line, f"{column}: {refused.text}" if column else refused.text) from refused


class Findings:
    """What a whole file yields beside its products, gathered while reading."""

    def __init__(self, file: str, language: str) -> None:
        self.file = file
        self.language = language
        self._categories: dict[str, CategoryRow] = {}
        self._options: dict[str, AttributeRow] = {}
        self._left_out: dict[tuple[str, str], int] = {}

    def category(self, path: Sequence[str], line: int, *, slugs: Sequence[str | None] = ()) -> str | None:
        """The slug of a category named by its titles from the root; new ones are noted, parents first.

        `slugs` are those of the path that do not follow from the titles.
        """
        slug: str | None = None
        for depth, title in enumerate(path):
            told = slugs[depth] if slugs else None
            parent, slug = slug, told or slug_of("-".join(path[: depth + 1]), length_max=120)
            if slug not in self._categories:
                category = Category(
                    slug=slug, title={self.language: title}, parent=parent, position=len(self._categories)
                )
                self._categories[slug] = CategoryRow(category=category, file=self.file, line=line)
        return slug

    def option(
        self, code: str, *, label: Texts, value: Texts, line: int, value_code: str | None = None
    ) -> str:
        """The code of an option's value; option and value are noted as a choice to be filtered by."""
        value_code = value_code or slug_of(value[self.language])
        row = self._options.get(code)
        if row is None:
            definition = AttributeDefinition(code=code, label=label, filterable=True)
            row = self._options[code] = AttributeRow(definition=definition, file=self.file, line=line)
        # Filled in place: a struct of its own per value would copy the whole definition each time.
        row.definition.values.setdefault(value_code, {}).update(
            {
                language: text
                for language, text in value.items()
                if language not in row.definition.values[value_code]
            }
        )
        return value_code

    def left_out(self, what: str, reason: str, rows: int = 1) -> None:
        self._left_out[what, reason] = self._left_out.get((what, reason), 0) + rows

    def rows(self) -> Iterator[AttributeRow | CategoryRow | NotImported]:
        yield from self._options.values()
        yield from self._categories.values()
        for (what, reason), rows in self._left_out.items():
            yield NotImported(what=what, rows=rows, reason=reason)


class Drafting:
    """One product on its way. `fields` are those of the draft that stand once."""

    def __init__(self, slug: str, file: str, line: int) -> None:
        self.slug = slug
        self.file = file
        self.line = line
        self.fields: dict[str, Any] = {}
        self.options: list[str] = []
        self.said: dict[str, Said] = {}
        self.stock: list[StockCount] = []
        self._variants: dict[str, dict[str, Any]] = {}
        self._images: list[Picture] = []
        self._lines: dict[str, int] = {}

    def variant(self, sku: str, line: int, **fields: Any) -> None:
        if sku in self._variants:
            raise RowFault(line, f"the SKU {sku[:64]} stands in line {self._lines[sku]} already.")
        self._variants[sku] = {"prices": {}, "compare_at": {}, "channel_prices": {}, **fields}
        self._lines[sku] = line

    def has_variant(self, sku: str) -> bool:
        return sku in self._variants

    def price(self, sku: str, *, currency: str, amount: str, compare_at: str, line: int) -> bool:
        """Note a price; False when there is a former price that is not above it, which is left out."""
        with at_line(line, "price"):
            code = parse_currency(currency)
            present = parse_decimal(amount, code).amount
            former = parse_decimal(compare_at, code).amount if compare_at else 0
        if not 0 < present <= AMOUNT_MAX:
            raise RowFault(line, f"the price {amount[:32]} is not above zero.")
        known = self._variants[sku]["prices"].setdefault(code, present)
        if known != present:
            raise RowFault(line, f"{sku[:64]} has another price in {code} already.")
        if former > present:
            self._variants[sku]["compare_at"][code] = former
        return former == 0 or former > present

    def own_price(self, sku: str, channel: str, *, currency: str, amount: str, line: int) -> None:
        """Note what it costs in one shop front."""
        with at_line(line, "price"):
            code = parse_currency(currency)
            present = parse_decimal(amount, code).amount
        if not 0 < present <= AMOUNT_MAX:
            raise RowFault(line, f"the price {amount[:32]} is not above zero.")
        self._variants[sku]["channel_prices"].setdefault(channel, {})[code] = present

    def image(self, picture: Picture, line: int) -> None:
        if len(self._images) >= IMAGES_MAX:
            raise RowFault(line, f"a product has at most {IMAGES_MAX} pictures.")
        if picture not in self._images:
            self._lines[f"images.{len(self._images)}"] = line
            self._images.append(picture)

    def text(self, field: str, language: str, text: str) -> None:
        """A title or description in one language; nothing when empty."""
        if text:
            self.fields.setdefault(field, {})[language] = text

    def row(self, *, spare_prices: bool = False) -> ProductRow:
        lines = {path: line for path, line in self._lines.items() if path.startswith("images.")}
        lines |= {f"variants.{index}": self._lines[sku] for index, sku in enumerate(self._variants)}
        lines |= {f"attributes.{said.code}": said.line for said in self.said.values()}
        variants = [VariantDraft(sku=sku, **fields) for sku, fields in self._variants.items()]
        self.fields.setdefault("title", {})  # which the catalogue refuses
        draft = ProductDraft(
            slug=self.slug, options=self.options, variants=variants, images=self._images, **self.fields
        )
        return ProductRow(
            draft=draft,
            file=self.file,
            line=self.line,
            said=list(self.said.values()),
            stock=self.stock,
            lines=lines,
            spare_prices=spare_prices,
        )

    def problem(self, fault: RowFault) -> Problem:
        return Problem(file=self.file, line=fault.line, reason=fault.reason, product=self.slug)
