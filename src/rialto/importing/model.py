"""The neutral rows that every importer yields, and the report of what became of them.

An importer knows its format and nothing of the shop; `load` knows the shop and nothing of formats.
A fault of the file as such (encoding, syntax, header) is a `FileRefused` and nothing is loaded at all; a
fault of a row is a `Problem` and costs that row's product only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rialto.catalog.api import AttributeDefinition, Category, ProductDraft, Texts
from rialto.kernel.address import Address
from rialto.kernel.errors import Invalid
from rialto.kernel.service import Frozen
from rialto.orders.api import ImportOrder
from rialto.pricing.api import DeliveryMethod, Promotion, Voucher

CHANGES_MAX = 1000
CHANGE_LENGTH_MAX = 200


class FileRefused(Invalid):
    """The file cannot be read as what it should be; nothing was loaded. The text names file and line."""

    code = "file_refused"

    def __init__(self, file: str, reason: str, *, line: int | None = None) -> None:
        self.file = file
        self.line = line
        where = file if line is None else f"{file}, line {line}"
        super().__init__(f"{where}: {reason}")


class ImportOptions(Frozen):
    """`warehouse` takes stock that lies nowhere or in a place the shop does not know; `warehouses` says of single
    places of the source which of the shop's they are. `language` is that of texts without one.

    `currency` is that of amounts without one; of a source with several channels only what is sold in it is taken,
    or what the channel `channel` sells. `media_url` is the address below which a source keeps pictures that it
    names by path only. With `keep_stock` a SKU that has a stock record keeps it, whatever the source counts.
    """

    warehouse: str = "berlin"
    warehouses: dict[str, str] = {}
    language: str = "en"
    currency: str | None = None
    channel: str | None = None
    media_url: str | None = None
    keep_stock: bool = False


class AttributeRow(Frozen):
    """A definition. An `inferred` one only adds what the shop does not have: the shop's own words stay."""

    definition: AttributeDefinition
    file: str
    line: int
    inferred: bool = True


class CategoryRow(Frozen):
    """A category, its parent before it. An `inferred` one is made where it is missing and else left alone.

    It is not made when no product of the source is in it, unless it is to stand there `empty_too`.
    """

    category: Category
    file: str
    line: int
    inferred: bool = True
    empty_too: bool = False


class Said(Frozen):
    """An attribute as the source writes it; the shop's definition, or else all such texts, decide its type.

    `text` may hold several choices separated by `|`. `labels` are the names of the one value in other languages.
    A `dispensable` one that does not fit the shop's definition is left out; any other refuses its product.
    In `coded` ones a value may tell its code: `Stone grey {grey}`.
    """

    code: str
    label: Texts
    text: str
    line: int
    unit: str | None = None
    labels: Texts = {}
    dispensable: bool = False
    coded: bool = False


class StockCount(Frozen):
    """How many lie in a warehouse. `stand_in` is the shop's that takes them where it does not know `warehouse`."""

    sku: str
    warehouse: str
    on_hand: int
    line: int
    stand_in: str | None = None


class ProductRow(Frozen):
    """A product and its stock. `lines` leads from a field path's beginning (`variants.0`) to its source line.

    With `spare_prices` prices in currencies that no channel of the shop sells in are left out, not refused.
    """

    draft: ProductDraft
    file: str
    line: int
    said: list[Said] = []
    stock: list[StockCount] = []
    lines: dict[str, int] = {}
    spare_prices: bool = False


class CustomerRow(Frozen):
    """Somebody with an account at the source, and their addresses. There is never a password.

    `default_shipping` and `default_billing` are places among the addresses.
    """

    email: str
    name: str
    file: str
    line: int
    language: str = "en"
    channel: str = "default"
    addresses: list[Address] = []
    default_shipping: int | None = 0
    default_billing: int | None = 0
    verified: bool = False
    registered_at: datetime | None = None


class PastOrderRow(Frozen):
    """An order that is over, as history."""

    order: ImportOrder
    file: str
    line: int


class PromotionRow(Frozen):
    """A promotion, its codes, and by `slugs` the products it is for."""

    promotion: Promotion
    file: str
    line: int
    slugs: list[str] = []
    vouchers: list[Voucher] = []


class DeliveryRow(Frozen):
    """A way of delivery."""

    method: DeliveryMethod
    file: str
    line: int


class Problem(Frozen):
    """A row that was refused, and with it its product or order. `product` is its slug, `order` its number, where one is known."""

    file: str
    line: int
    reason: str
    product: str = ""
    order: str = ""


class NotImported(Frozen):
    """Something the source has that found no home here: a column, a file, a kind of value."""

    what: str
    rows: int
    reason: str


Row = (
    AttributeRow
    | CategoryRow
    | ProductRow
    | CustomerRow
    | PastOrderRow
    | PromotionRow
    | DeliveryRow
    | Problem
    | NotImported
)


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


class Change(Frozen):
    """What became different about a product. `field` is a path such as `title.de`, `variants.CUP-S.prices.EUR` or
    `stock.CUP-S.berlin`; texts are cut to CHANGE_LENGTH_MAX, an empty one stands for nothing.
    """

    product: str
    field: str
    before: str
    after: str


class Report(Frozen):
    """What an import did, or with `dry_run` would do. Stock is counted per SKU and warehouse.

    `changes` are the first CHANGES_MAX, in the order of the products.
    """

    source: str
    dry_run: bool
    attributes: Counts
    categories: Counts
    products: Counts
    stock: Counts
    refused: list[Problem]
    not_imported: list[NotImported]
    customers: Counts = Counts()
    promotions: Counts = Counts()
    delivery: Counts = Counts()
    orders: Counts = Counts()
    changes: list[Change] = []
