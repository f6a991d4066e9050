"""The neutral rows that every importer yields, and the report of what became of them.

An importer knows its format and nothing of the shop; `load` knows the shop and nothing of formats.
A fault of the file as such (encoding, syntax, header) is a `FileRefused` and nothing is loaded at all; a
fault of a row is a `Problem` and costs that row's product only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from rialto.catalog.api import AttributeDefinition, Category, ProductDraft, Texts
from rialto.kernel.errors import Invalid
from rialto.kernel.service import Frozen


class FileRefused(Invalid):
    """The file cannot be read as what it should be; nothing was loaded. The text names file and line."""

    code = "file_refused"

    def __init__(self, file: str, reason: str, *, line: int | None = None) -> None:
        self.file = file
        self.line = line
        where = file if line is None else f"{file}, line {line}"
        super().__init__(f"{where}: {reason}")


class ImportOptions(Frozen):
    """`warehouse` takes the stock of formats that know only one; `language` is that of texts without one.

    With `keep_stock` a SKU that has a stock record keeps it, whatever the source counts.
    """

    warehouse: str = "berlin"
    language: str = "en"
    keep_stock: bool = False


class AttributeRow(Frozen):
    """A definition. An `inferred` one only adds what the shop does not have: the shop's own words stay."""

    definition: AttributeDefinition
    file: str
    line: int
    inferred: bool = True


class CategoryRow(Frozen):
    """A category, its parent before it. An `inferred` one is made where it is missing and else left alone."""

    category: Category
    file: str
    line: int
    inferred: bool = True


class Said(Frozen):
    """An attribute as the source writes it; the shop's definition, or else all such texts, decide its type.

    `text` may hold several choices separated by `|`. `labels` are the names of the one value in other languages.
    A `dispensable` one that does not fit the shop's definition is left out; any other refuses its product.
    """

    code: str
    label: Texts
    text: str
    line: int
    unit: str | None = None
    labels: Texts = {}
    dispensable: bool = False


class StockCount(Frozen):
    """How many lie in a warehouse. `warehouse` is the shop's code."""

    sku: str
    warehouse: str
    on_hand: int
    line: int


class ProductRow(Frozen):
    """A product and its stock. `lines` leads from a field path's beginning (`variants.0`) to its source line."""

    draft: ProductDraft
    file: str
    line: int
    said: list[Said] = []
    stock: list[StockCount] = []
    lines: dict[str, int] = {}


class Problem(Frozen):
    """A row that was refused, and with it its product. `product` is its slug where one is known."""

    file: str
    line: int
    reason: str
    product: str = ""


class NotImported(Frozen):
    """Something the source has that found no home here: a column, a file, a kind of value."""

    what: str
    rows: int
    reason: str


Row = AttributeRow | CategoryRow | ProductRow | Problem | NotImported


class Importer(Protocol):
    """Reads one format. Found by name among the entry points `rialto.importers`."""

    def read(self, path: Path, options: ImportOptions) -> Iterator[Row]:
        """The rows of a file or folder. Raises FileRefused, at the latest after the last row."""
        ...


class Counts(Frozen):
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    def plus(self, outcome: str) -> Counts:
        """One more of created, changed, unchanged or refused."""
        numbers = {name: getattr(self, name) for name in self.__struct_fields__}
        return Counts(**{**numbers, outcome: numbers[outcome] + 1})


class Report(Frozen):
    """What an import did, or with `dry_run` would do. Stock is counted per SKU and warehouse."""

    source: str
    dry_run: bool
    attributes: Counts
    categories: Counts
    products: Counts
    stock: Counts
    refused: list[Problem]
    not_imported: list[NotImported]
