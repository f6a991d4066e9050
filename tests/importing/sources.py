"""Where the test sources are, and a shop to load them into."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rialto.catalog.api import Catalog
from rialto.catalog.service import SERVICE as CATALOG
from rialto.importing.importers import find_importer
from rialto.importing.load import load
from rialto.importing.model import ImportOptions, NotImported, Problem, ProductRow, Report, Row
from rialto.inventory.api import Inventory
from rialto.inventory.service import SERVICE as INVENTORY
from rialto.kernel.db import DatabaseAddress
from tests.support.env import open_service

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

needs_spree_data = pytest.mark.skipif(
    not (SHARED / "spree" / "products.csv").is_file(),
    reason="the reference data of Spree is kept outside of the repository and not here",
)


def rows_of(name: str, path: Path) -> list[Row]:
    return list(find_importer(name).read(path, ImportOptions()))


def products_in(rows: Iterable[Row]) -> dict[str, ProductRow]:
    return {row.draft.slug: row for row in rows if isinstance(row, ProductRow)}


def problems_in(rows: Iterable[Row]) -> list[tuple[str, int, str]]:
    return [(row.file, row.line, row.product) for row in rows if isinstance(row, Problem)]


def left_out_in(rows: Iterable[Row]) -> dict[str, int]:
    return {row.what: row.rows for row in rows if isinstance(row, NotImported)}


class Shop:
    """A catalogue and an inventory, empty at first."""

    def __init__(self, catalog: Catalog, inventory: Inventory) -> None:
        self.catalog = catalog
        self.inventory = inventory

    async def load(self, name: str, path: Path, *, dry_run: bool = False) -> Report:
        rows = find_importer(name).read(path, ImportOptions())
        return await load(rows, self.catalog, self.inventory, source=path.name, dry_run=dry_run)


@asynccontextmanager
async def a_shop(postgres: DatabaseAddress) -> AsyncIterator[Shop]:
    async with open_service(CATALOG, postgres) as catalog, open_service(INVENTORY, postgres) as inventory:
        yield Shop(catalog.handlers, inventory.handlers)
