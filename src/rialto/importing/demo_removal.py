"""Taking the demo catalogue out of the shop.

Products are hidden, not deleted: the catalogue deletes nothing that orders, reviews and the log may refer to. Everything
here can be done again, by whoever was interrupted or finds some of it already done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from rialto.catalog.api import Catalog, Product, ProductNotFound, ProductRef, SetPublished
from rialto.importing.demo import DemoImporter, demo_catalogue
from rialto.importing.model import ImportOptions, ProductRow
from rialto.importing.stock import SKUS_AT_ONCE
from rialto.inventory.api import Inventory, LevelsOf, PutStock, PutStockMany, StockLevel
from rialto.kernel.service import Frozen

REASON = "demo removed"


class Removed(Frozen):
    """What was done: slugs of the products hidden now, and SKUs whose stock was taken away.

    `held` are SKUs of which orders hold some still; `kept` slugs of the demo under which there is something else now.
    """

    hidden: list[str] = []
    emptied: list[str] = []
    held: list[str] = []
    kept: list[str] = []


async def remove_demo(catalog: Catalog, inventory: Inventory) -> Removed:
    """Hide the demo's products, whatever was changed about them, and set what can be sold of them to none.

    A product under a slug of the demo without any of its SKUs is the merchant's own and stays. Idempotent. Raises
    ProductChanged, StockChanged or Conflict when somebody changes one at the same moment; the rest can be done again.
    """
    hidden: list[str] = []
    kept: list[str] = []
    skus: list[str] = []
    for slug, known in demo_products().items():
        product = await _load(catalog, slug)
        if product is None:
            continue
        own = [variant.sku for variant in product.draft.variants if variant.sku in known]
        if not own:
            kept.append(slug)
            continue
        skus += own
        if product.draft.published:
            command = SetPublished(id=product.id, published=False, expected_version=product.version)
            await catalog.set_published(command)
            hidden.append(slug)
    levels = await _levels(inventory, skus)
    emptied = await _empty(inventory, levels)
    held = list(dict.fromkeys(level.sku for level in levels if level.reserved))
    return Removed(hidden=hidden, emptied=emptied, held=held, kept=kept)


@cache
def demo_products() -> Mapping[str, frozenset[str]]:
    """SKUs of the demo's products by slug."""
    rows = DemoImporter().read(demo_catalogue(), ImportOptions())
    drafts = [row.draft for row in rows if isinstance(row, ProductRow)]
    return {draft.slug: frozenset(variant.sku for variant in draft.variants) for draft in drafts}


async def _load(catalog: Catalog, slug: str) -> Product | None:
    try:
        return await catalog.get_product(ProductRef(ref=slug))
    except ProductNotFound:
        return None


async def _levels(inventory: Inventory, skus: Sequence[str]) -> list[StockLevel]:
    found: list[StockLevel] = []
    for start in range(0, len(skus), SKUS_AT_ONCE):
        found += (await inventory.stock(LevelsOf(skus=list(skus[start : start + SKUS_AT_ONCE])))).items
    return found


async def _empty(inventory: Inventory, levels: Sequence[StockLevel]) -> list[str]:
    """Set each shelf to what orders have reserved of it; the SKUs of which there was more."""
    full = [level for level in levels if level.on_hand > level.reserved]
    for start in range(0, len(full), SKUS_AT_ONCE):
        counts = [
            PutStock(
                sku=level.sku,
                warehouse=level.warehouse,
                on_hand=level.reserved,
                reason=REASON,
                expected=level.on_hand,
            )
            for level in full[start : start + SKUS_AT_ONCE]
        ]
        await inventory.put_stock(PutStockMany(items=counts))
    return list(dict.fromkeys(level.sku for level in full))
