"""Products, events and a search service on a folder, without any database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec

from rialto.catalog.api import (
    AttributeDefinition,
    AttributeDefinitions,
    AttributeValue,
    Catalog,
    Categories,
    Category,
    Channel,
    Channels,
    Collection,
    Collections,
    Companions,
    CompanionsAfter,
    CompanionsPage,
    Documents,
    ListProducts,
    ProductDocument,
    ProductDraft,
    SearchRules,
    Texts,
    VariantDraft,
)
from rialto.catalog.events import ProductPublished
from rialto.engines.tantivy_index import TantivyEngine
from rialto.inventory.api import Inventory, Levels, LevelsOf
from rialto.inventory.events import AvailabilityChanged
from rialto.kernel.bus import Logged
from rialto.kernel.clock import ManualClock
from rialto.kernel.events import Envelope, Event
from rialto.kernel.ids import PRODUCT, ProductId
from rialto.kernel.money import EUR, USD
from rialto.kernel.service import Nothing
from rialto.reviews.api import ProductRating, Ratings, RatingsAfter, Reviews
from rialto.reviews.events import ProductRated
from rialto.reviews.model.summaries import SummaryDocument, rated
from rialto.search.api import Browse, ProductPage, View
from rialto.search.feed import SearchFeed
from rialto.search.handlers import SearchHandlers
from rialto.search.rebuild import rebuild_search
from rialto.search.store import SearchStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EN = View(language="en", currency=EUR)
DE = View(language="de", currency=EUR)

CATEGORIES = [
    Category(slug="home", title={"en": "Home", "de": "Wohnen"}, position=1),
    Category(slug="lamps", title={"en": "Lamps", "de": "Leuchten"}, parent="home", position=1),
    Category(slug="vases", title={"en": "Vases", "de": "Vasen"}, parent="home", position=2),
    Category(slug="paper", title={"en": "Stationery", "de": "Papeterie"}, position=2),
]
ATTRIBUTES = [
    AttributeDefinition(
        code="colour",
        label={"en": "Colour", "de": "Farbe"},
        filterable=True,
        values={
            "red": {"en": "Red", "de": "Rot"},
            "blue": {"en": "Blue", "de": "Blau"},
            "oak": {"en": "Oak", "de": "Eiche"},
        },
    ),
    AttributeDefinition(
        code="height", label={"en": "Height", "de": "Höhe"}, type="number", unit="cm", filterable=True
    ),
    AttributeDefinition(
        code="dimmable", label={"en": "Dimmable", "de": "Dimmbar"}, type="boolean", filterable=True
    ),
    AttributeDefinition(code="designer", label={"en": "Designer", "de": "Entwurf"}, type="text"),
]
CHANNELS = [
    Channel(
        code="default", hosts=["shop.example"], currencies=[EUR, USD], languages=["en", "de"], country="DE"
    ),
    Channel(code="b2b", hosts=["b2b.example"], currencies=[USD], languages=["de"], country="DE"),
]


def product_id(number: int) -> ProductId:
    return PRODUCT.of(UUID(int=(1_700_000_000_000 + number) << 80 | 7 << 76 | 0b10 << 62 | number))


def a_variant(
    sku: str, price: int | None = 1000, options: dict[str, str] | None = None, **prices: int
) -> VariantDraft:
    amounts = dict(prices) if price is None else {"EUR": price, **prices}
    return VariantDraft(sku=sku, prices=amounts, options=options or {})


def a_product(
    number: int,
    title: str | Texts = "Lamp",
    *,
    price: int | None = 1000,
    category: str | None = "lamps",
    attributes: Mapping[str, AttributeValue] | None = None,
    variants: Sequence[VariantDraft] | None = None,
    version: int = 1,
    **more: Any,
) -> ProductDocument:
    draft = ProductDraft(
        slug=more.pop("slug", f"p-{number}"),
        title={"en": title} if isinstance(title, str) else title,
        category=category,
        attributes=dict(attributes or {}),
        variants=list(variants) if variants is not None else [a_variant(f"SKU-{number}", price)],
        created_on=more.pop("created_on", date(2026, 1, 1)),
        **more,
    )
    return ProductDocument(id=product_id(number), version=version, draft=draft, changed_at=NOON)


@dataclass
class FakeCatalog:
    """The catalogue as rebuilds read it."""

    products: list[ProductDocument] = field(default_factory=list)
    category_list: list[Category] = field(default_factory=lambda: list(CATEGORIES))
    attribute_list: list[AttributeDefinition] = field(default_factory=lambda: list(ATTRIBUTES))
    channel_list: list[Channel] = field(default_factory=lambda: list(CHANNELS))
    together: list[Companions] = field(default_factory=list)
    rules: SearchRules = field(default_factory=SearchRules)
    collection_list: list[Collection] = field(default_factory=list)

    async def documents(self, command: ListProducts) -> Documents:
        ordered = sorted(self.products, key=lambda each: each.id)
        rest = [each for each in ordered if command.cursor is None or each.id > command.cursor]
        page = rest[: command.limit]
        return Documents(items=page, next_cursor=page[-1].id if len(rest) > len(page) else None)

    async def categories(self, _command: Nothing) -> Categories:
        return Categories(items=self.category_list)

    async def attributes(self, _command: Nothing) -> AttributeDefinitions:
        return AttributeDefinitions(items=self.attribute_list)

    async def channels(self, _command: Nothing) -> Channels:
        return Channels(items=self.channel_list)

    async def companions(self, command: CompanionsAfter) -> CompanionsPage:
        """One product a page."""
        rest = [each for each in self.together if command.cursor is None or each.product_id > command.cursor]
        return CompanionsPage(items=rest[:1], next_cursor=rest[0].product_id if len(rest) > 1 else None)

    async def search_rules(self, _command: Nothing) -> SearchRules:
        return self.rules

    async def collections(self, _command: Nothing) -> Collections:
        return Collections(items=self.collection_list)


@dataclass
class FakeInventory:
    available: dict[str, int] = field(default_factory=dict)

    async def levels(self, command: LevelsOf) -> Levels:
        return Levels(available={sku: self.available[sku] for sku in command.skus if sku in self.available})


@dataclass
class FakeReviews:
    """Histograms by product."""

    histograms: dict[str, list[int]] = field(default_factory=dict)

    async def ratings(self, command: RatingsAfter) -> Ratings:
        """One product a page."""
        names = sorted(name for name in self.histograms if command.cursor is None or name > command.cursor)
        items = [
            ProductRating(
                product_id=ProductId(name),
                rated=rated(
                    SummaryDocument(product_id=ProductId(name), histogram=tuple(self.histograms[name]))
                ),
            )
            for name in names[:1]
        ]
        return Ratings(items=items, next_cursor=names[0] if len(names) > 1 else None)


class Shop:
    """One process of the search service on a folder."""

    def __init__(
        self, folder: Path, catalog: FakeCatalog | None = None, inventory: FakeInventory | None = None
    ) -> None:
        self.catalog = catalog or FakeCatalog()
        self.inventory = inventory or FakeInventory()
        self.clock = ManualClock()
        self.store = SearchStore(folder, TantivyEngine())
        self.opened = self.store.open()
        self.reviews = FakeReviews()
        self.search = SearchHandlers(
            self.store,
            self.clock,
            catalog=cast("Catalog", self.catalog),
            inventory=cast("Inventory", self.inventory),
            reviews=cast("Reviews", self.reviews),
        )
        self.feed = SearchFeed(self.search)
        self._next_id = 0

    async def rebuild(self, positions: Mapping[int, int] | None = None) -> int:
        return await rebuild_search(self.search, positions=positions)

    async def tell(self, *events: Event) -> None:
        """Events arrive, each as the next in partition 0 of the log."""
        await self.feed.apply([self.logged(event) for event in events])

    def logged(self, event: Event, *, log_id: int | None = None, partition: int = 0) -> Logged:
        if log_id is None:
            known = (self.store.positions or {}).get(partition, 0)
            self._next_id = log_id = max(self._next_id, known) + 1
        return logged(event, log_id=log_id, partition=partition)

    async def browse(self, view: View = EN, **asked: Any) -> ProductPage:
        return await self.search.browse(Browse(view=view, **asked))

    async def found(self, view: View = EN, **asked: Any) -> list[str]:
        """Slugs of a page."""
        return [card.slug for card in (await self.browse(view, **asked)).items]


def logged(event: Event, *, log_id: int, partition: int = 0) -> Logged:
    envelope = Envelope(
        service="catalog",
        bucket=0,
        stream=UUID(int=0),
        version=log_id,
        type=event.TYPE,
        schema_version=event.SCHEMA_VERSION,
        body=msgspec.json.encode(event),
        meta=b"{}",
        at=NOON,
    )
    return Logged(partition=partition, id=log_id, envelope=envelope)


def published(document: ProductDocument) -> ProductPublished:
    return ProductPublished(document=document)


def stock(sku: str, band: str = "in_stock", available: int = 10) -> AvailabilityChanged:
    return AvailabilityChanged(sku=sku, band=band, available=available)


def stars(product_id: str, *histogram: int) -> ProductRated:
    told = rated(SummaryDocument(product_id=ProductId(product_id), histogram=histogram))
    return ProductRated(
        product_id=ProductId(product_id),
        count=told.count,
        average_hundredths=told.average_hundredths,
        histogram=told.histogram,
    )


def coloured(number: int, colour: str, **more: Any) -> ProductDocument:
    return a_product(number, attributes={"colour": colour}, **more)


async def a_shop(
    folder: Path, products: Iterable[ProductDocument] = (), stock_of: Mapping[str, int] | None = None
) -> Shop:
    """A shop whose index was built from these products; without a word on stock there are ten of each."""
    products = list(products)
    skus = [variant.sku for each in products for variant in each.draft.variants]
    shop = Shop(
        folder,
        FakeCatalog(products),
        FakeInventory(dict(stock_of) if stock_of is not None else dict.fromkeys(skus, 10)),
    )
    await shop.rebuild(positions={})
    return shop
