"""Where the test sources are, and a shop to load them into."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rialto.catalog.api import Catalog
from rialto.catalog.service import SERVICE as CATALOG
from rialto.identity.api import Identity
from rialto.importing.importers import find_importer
from rialto.importing.load import load
from rialto.importing.model import ImportOptions, NotImported, Problem, ProductRow, Report, Row
from rialto.inventory.api import Inventory
from rialto.inventory.service import SERVICE as INVENTORY
from rialto.kernel.db import DatabaseAddress
from rialto.pricing.api import Pricing
from rialto.pricing.service import SERVICE as PRICING
from tests.identity.desk import Desk, open_identity
from tests.support.env import open_service

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

needs_saleor_data = pytest.mark.skipif(
    not (SHARED / "saleor" / "populatedb_data.json").is_file(),
    reason="the reference data of Saleor is kept outside of the repository and not here",
)
needs_flower_data = pytest.mark.skipif(
    not (SHARED / "ucp-flower-shop" / "products.csv").is_file(),
    reason="the flower shop's reference data is kept outside of the repository and not here",
)
needs_spree_data = pytest.mark.skipif(
    not (SHARED / "spree" / "products.csv").is_file(),
    reason="the reference data of Spree is kept outside of the repository and not here",
)


def rows_of(name: str, path: Path, options: ImportOptions | None = None) -> list[Row]:
    return list(find_importer(name).read(path, options or ImportOptions()))


def products_in(rows: Iterable[Row]) -> dict[str, ProductRow]:
    return {row.draft.slug: row for row in rows if isinstance(row, ProductRow)}


def problems_in(rows: Iterable[Row]) -> list[tuple[str, int, str]]:
    return [(row.file, row.line, row.product) for row in rows if isinstance(row, Problem)]


def left_out_in(rows: Iterable[Row]) -> dict[str, int]:
    return {row.what: row.rows for row in rows if isinstance(row, NotImported)}


class Shop:
    """A catalogue and an inventory, empty at first; in a whole shop also pricing and identity."""

    def __init__(
        self,
        catalog: Catalog,
        inventory: Inventory,
        pricing: Pricing | None = None,
        identity: Identity | None = None,
    ) -> None:
        self.catalog = catalog
        self.inventory = inventory
        self.pricing = pricing
        self.identity = identity

    async def load(
        self, name: str, path: Path, *, dry_run: bool = False, options: ImportOptions | None = None
    ) -> Report:
        options = options or ImportOptions()
        return await load(
            find_importer(name).read(path, options),
            self.catalog,
            self.inventory,
            pricing=self.pricing,
            identity=self.identity,
            source=path.name,
            options=options,
            dry_run=dry_run,
        )


@asynccontextmanager
async def a_shop(postgres: DatabaseAddress) -> AsyncIterator[Shop]:
    async with open_service(CATALOG, postgres) as catalog, open_service(INVENTORY, postgres) as inventory:
        yield Shop(catalog.handlers, inventory.handlers)


@asynccontextmanager
async def a_whole_shop(postgres: DatabaseAddress) -> AsyncIterator[tuple[Shop, Desk]]:
    """With everything that an import can fill, and a desk to ask identity at."""
    async with (
        a_shop(postgres) as shop,
        open_identity(postgres) as desk,
        open_service(PRICING, postgres, peers={Catalog: shop.catalog, Identity: desk.handlers}) as pricing,
    ):
        yield Shop(shop.catalog, shop.inventory, pricing.handlers, desk.handlers), desk
