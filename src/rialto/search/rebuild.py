"""Building the index from the truth: on the first start, after damage, and for `rialto rebuild search`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from rialto.catalog.api import Catalog, Companions, CompanionsAfter, ListProducts, ProductDocument
from rialto.inventory.api import Inventory, LevelsOf
from rialto.kernel.service import Nothing
from rialto.reviews.api import RatingsAfter, Reviews
from rialto.search.api import Rating
from rialto.search.definitions import Definitions
from rialto.search.handlers import SearchHandlers

PAGE = 200
SKUS_AT_A_TIME = 200


async def rebuild_search(handlers: SearchHandlers, *, positions: Mapping[int, int] | None = None) -> int:
    """Read the whole catalogue and build a new generation; how many products it has.

    `positions` is the bus's tail, read before this is called: the feed goes on from there. Without it the feed
    goes on from where the index before had got to. Runs in any process; the old index answers until the switch.
    Raises Unavailable when catalogue, inventory, reviews or disk do not play along, or another rebuild is running.
    """
    catalog = handlers.catalog
    if positions is None:
        positions = handlers.store.positions
    definitions = Definitions(
        categories=(await catalog.categories(Nothing())).items,
        attributes=(await catalog.attributes(Nothing())).items,
        channels=(await catalog.channels(Nothing())).items,
    )
    rules = await catalog.search_rules(Nothing())
    collections = await catalog.collections(Nothing())
    companions = await _companions(catalog)
    ratings = await _ratings(handlers.reviews)
    bands: dict[str, int] = {}
    documents = _documents(catalog, handlers.inventory, bands)
    return await handlers.store.rebuild(
        documents,
        definitions,
        bands,
        ratings=ratings,
        rules=rules,
        collections=collections,
        companions=companions,
        positions=positions,
    )


async def _ratings(reviews: Reviews) -> dict[str, Rating]:
    found: dict[str, Rating] = {}
    command = RatingsAfter(limit=PAGE)
    while True:
        page = await reviews.ratings(command)
        for item in page.items:
            found[item.product_id] = Rating(average=item.rated.average_hundredths, count=item.rated.count)
        if page.next_cursor is None:
            return found
        command = RatingsAfter(limit=PAGE, cursor=page.next_cursor)


async def _companions(catalog: Catalog) -> list[Companions]:
    found: list[Companions] = []
    command = CompanionsAfter(limit=PAGE)
    while True:
        page = await catalog.companions(command)
        found += page.items
        if page.next_cursor is None:
            return found
        command = CompanionsAfter(limit=PAGE, cursor=page.next_cursor)


async def _documents(
    catalog: Catalog, inventory: Inventory, bands: dict[str, int]
) -> AsyncIterator[ProductDocument]:
    """All documents; on the way `bands` is filled with the stock of their SKUs, which is read after them."""
    command = ListProducts(limit=PAGE)
    while True:
        page = await catalog.documents(command)
        skus = [variant.sku for document in page.items for variant in document.draft.variants]
        for start in range(0, len(skus), SKUS_AT_A_TIME):
            levels = await inventory.levels(LevelsOf(skus=skus[start : start + SKUS_AT_A_TIME]))
            bands.update(levels.available)
        for document in page.items:
            yield document
        if page.next_cursor is None:
            return
        command = ListProducts(limit=PAGE, cursor=page.next_cursor)
