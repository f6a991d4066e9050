"""A small `Search` over the demo catalogue, in memory: enough for pages, with none of an engine's cleverness."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import msgspec

from rialto.catalog.api import (
    AttributeDefinition,
    Category,
    Channel,
    Picture,
    PricePerUnit,
    ProductDraft,
    VariantDraft,
    unit_price,
)
from rialto.demo import CATALOGUE
from rialto.kernel.clock import ManualClock
from rialto.kernel.ids import PRODUCT, ProductId, RandomIds
from rialto.kernel.money import EUR, USD, Currency, Money
from rialto.search.api import (
    AllSlugs,
    AttributeLine,
    Browse,
    Cards,
    CardsOf,
    CategoryLink,
    CategoryTree,
    ChannelFor,
    CollectionAsked,
    CollectionGone,
    CollectionHead,
    CollectionHeads,
    Facet,
    FacetValue,
    Featured,
    Held,
    HeldBy,
    OptionValue,
    PriceRange,
    ProductAsked,
    ProductCard,
    ProductDetail,
    ProductGone,
    ProductOption,
    ProductPage,
    Rating,
    Related,
    SitemapEntries,
    SitemapEntry,
    SuggestFor,
    Suggestions,
    Variant,
    VariantCard,
    View,
    ViewOf,
)

CHANNEL = Channel(code="default", currencies=[EUR, USD], languages=["en", "de"], country="DE")
ITEM_LIMIT = 24


# What others bought something with.
TOGETHER = "mug-brenner"
# The one collection, of what is featured.
COLLECTION = "favourites"


class Stock(msgspec.Struct):
    """How much of each SKU there is; tests change it."""

    left: dict[str, int]

    def band(self, sku: str) -> str:
        left = self.left.get(sku, 0)
        return "sold_out" if left <= 0 else "few_left" if left <= 5 else "in_stock"


@cache
def demo_catalogue() -> dict[str, Any]:
    catalogue: dict[str, Any] = msgspec.json.decode(CATALOGUE.read_bytes())
    return catalogue


class FixtureSearch:
    def __init__(self) -> None:
        self.rated = 0
        raw = demo_catalogue()
        ids = RandomIds(ManualClock())
        self.drafts = {item["slug"]: msgspec.convert(item, ProductDraft) for item in raw["products"]}
        self.ids: dict[str, ProductId] = {slug: PRODUCT.new(ids, 0) for slug in self.drafts}
        self.tree = [msgspec.convert(item, Category) for item in raw["categories"]]
        self.attributes = {
            item["code"]: msgspec.convert(item, AttributeDefinition) for item in raw["attributes"]
        }
        self.stock = Stock(
            {
                variant["sku"]: sum(variant.get("stock", {}).values())
                for item in raw["products"]
                for variant in item["variants"]
            }
        )

    async def channel(self, _: ChannelFor) -> Channel:
        return CHANNEL

    async def browse(self, command: Browse) -> ProductPage:
        view, wanted = command.view, command.filters
        within = [
            draft
            for draft in self.drafts.values()
            if (command.category is None or draft.category in self.below(command.category))
            and (command.collection is None or draft.featured)
            and (not command.q or command.q.casefold() in _text(draft.title, view).casefold())
            and self._price_fits(draft, command)
            and (not command.in_stock or self._band(draft) != "sold_out")
        ]
        hits = [
            draft
            for draft in within
            if all(self._has(draft, code, any_of) for code, any_of in wanted.items())
        ]
        hits.sort(
            key=lambda draft: self._sort_key(draft, command), reverse=command.sort in {"-price", "newest"}
        )
        pages = max(1, -(-len(hits) // command.limit))
        page = min(command.page, pages)
        shown = hits[(page - 1) * command.limit : page * command.limit]
        prices = [price for draft in within if (price := self._price(draft, view)) is not None]
        return ProductPage(
            items=[self._card(draft, view) for draft in shown],
            total=len(hits),
            facets=self._facets(within, command),
            price_range=PriceRange(lowest=min(prices), highest=max(prices)) if prices else None,
            page=page,
            pages=pages,
            rated=self.rated,
            did_you_mean=["lamp"] if not hits and command.q else [],
        )

    async def product(self, command: ProductAsked) -> ProductDetail:
        slug = next((slug for slug, known in self.ids.items() if known == command.ref), command.ref)
        draft = self.drafts.get(slug)
        if draft is None:
            raise ProductGone
        view = command.view
        price = self._price(draft, view)
        return ProductDetail(
            id=self.ids[draft.slug],
            slug=draft.slug,
            title=_text(draft.title, view),
            description=_text(draft.description, view),
            category=draft.category,
            breadcrumb=self._path(draft.category, view),
            details=self._details(draft, view),
            options=[self._option(code, draft, view) for code in draft.options],
            images=draft.images,
            price_from=price,
            price_to=price,
            variants=[
                Variant(
                    sku=variant.sku,
                    title=_text(draft.title, view),
                    options=variant.options,
                    price=_money(variant.prices, view.currency),
                    compare_at=_money(variant.compare_at, view.currency),
                    lowest_30_days=_money(variant.compare_at, view.currency),
                    availability=self.stock.band(variant.sku),
                    gtin=variant.gtin,
                    unit_price=_unit_price(variant, view.currency),
                )
                for variant in draft.variants
            ],
            availability=self._band(draft),
            rating=Rating(average=460, count=12) if draft.featured else None,
            changed_on=date(2026, 1, 5),
            maker=draft.maker,
            safety=_text(draft.safety, view),
        )

    async def related(self, command: Related) -> Cards:
        others = [draft for slug, draft in self.drafts.items() if slug != command.ref]
        return Cards(items=[self._card(draft, command.view) for draft in others[: command.limit]])

    async def together(self, command: Related) -> Cards:
        """Of one product there is something to tell."""
        others = [draft for slug, draft in self.drafts.items() if slug != command.ref]
        chosen = others[-2:] if command.ref == TOGETHER else []
        return Cards(items=[self._card(draft, command.view) for draft in chosen])

    async def cards(self, command: CardsOf) -> Cards:
        found = [self.drafts[ref] for ref in command.refs if ref in self.drafts]
        return Cards(items=[self._card(draft, command.view) for draft in found])

    async def featured(self, command: Featured) -> Cards:
        chosen = [draft for draft in self.drafts.values() if draft.featured][: command.limit]
        return Cards(items=[self._card(draft, command.view) for draft in chosen])

    async def categories(self, command: ViewOf) -> CategoryTree:
        return CategoryTree(
            items=[self._link(item, command.view) for item in self.tree if item.parent is None]
        )

    async def collection(self, command: CollectionAsked) -> CollectionHead:
        if command.slug != COLLECTION:
            raise CollectionGone
        title = _text({"en": "Our favourites", "de": "Lieblinge"}, command.view)
        return CollectionHead(slug=COLLECTION, title=title, description=f"{title}.")

    async def collections(self, command: ViewOf) -> CollectionHeads:
        return CollectionHeads(
            items=[await self.collection(CollectionAsked(view=command.view, slug=COLLECTION))]
        )

    async def held(self, command: HeldBy) -> Held:
        found = await self.cards(CardsOf(view=command.view, refs=command.collection.products))
        return Held(total=len(found.items), items=found.items[: command.limit])

    async def suggest(self, command: SuggestFor) -> Suggestions:
        return Suggestions(items=[])

    async def sitemap(self, command: AllSlugs) -> SitemapEntries:
        entries = [SitemapEntry(kind="category", slug=item.slug) for item in self.tree]
        entries += [SitemapEntry(kind="collection", slug=COLLECTION)]
        entries += [
            SitemapEntry(kind="product", slug=slug, changed_on=date(2026, 1, 5)) for slug in self.drafts
        ]
        return SitemapEntries(items=entries)

    def image_of(self, sku: str) -> Picture | None:
        draft, variant = self.find(sku)
        own = [image for image in draft.images if image.options.items() <= variant.options.items()]
        return next(iter(own or draft.images), None)

    def find(self, sku: str) -> tuple[ProductDraft, Any]:
        return next((draft, v) for draft in self.drafts.values() for v in draft.variants if v.sku == sku)

    def label(self, code: str, value: str, language: str) -> str:
        definition = self.attributes.get(code)
        texts = definition.values.get(value, {}) if definition else {}
        return texts.get(language, value)

    def _link(self, item: Category, view: View) -> CategoryLink:
        inside = [draft for draft in self.drafts.values() if draft.category in self.below(item.slug)]
        image = item.image or next((draft.images[0] for draft in inside if draft.images), None)
        return CategoryLink(
            slug=item.slug,
            title=_text(item.title, view),
            description=_text(item.description, view),
            count=len(inside),
            image=image,
            children=[self._link(child, view) for child in self.tree if child.parent == item.slug],
        )

    def _path(self, slug: str | None, view: View) -> list[CategoryLink]:
        item = next((category for category in self.tree if category.slug == slug), None)
        return [*self._path(item.parent, view), self._link(item, view)] if item else []

    def below(self, slug: str) -> set[str]:
        children = [item.slug for item in self.tree if item.parent == slug]
        return {slug}.union(*(self.below(child) for child in children))

    def _card(self, draft: ProductDraft, view: View) -> ProductCard:
        prices = [price for v in draft.variants if (price := _money(v.prices, view.currency))]
        return ProductCard(
            id=self.ids[draft.slug],
            slug=draft.slug,
            title=_text(draft.title, view),
            category=draft.category,
            price_from=min(prices) if prices else None,
            price_to=max(prices) if prices else None,
            compare_at=_money(draft.variants[0].compare_at, view.currency),
            lowest_30_days=_money(draft.variants[0].compare_at, view.currency),
            unit_price=_unit_price(draft.variants[0], view.currency),
            images=draft.images,
            variants=[
                VariantCard(sku=v.sku, options=v.options, availability=self.stock.band(v.sku))
                for v in draft.variants
            ],
            availability=self._band(draft),
        )

    def _band(self, draft: ProductDraft) -> str:
        bands = {self.stock.band(variant.sku) for variant in draft.variants}
        return next(band for band in ("in_stock", "few_left", "sold_out") if band in bands)

    def _price(self, draft: ProductDraft, view: View) -> Money | None:
        return min((p for v in draft.variants if (p := _money(v.prices, view.currency))), default=None)

    def _price_fits(self, draft: ProductDraft, command: Browse) -> bool:
        price = self._price(draft, command.view)
        low, high = command.price_min or 0, command.price_max or 10**12
        return price is not None and low <= price.amount <= high

    def _has(self, draft: ProductDraft, code: str, any_of: list[str]) -> bool:
        return bool(self._values(draft, code) & set(any_of))

    def _values(self, draft: ProductDraft, code: str) -> set[str]:
        own = draft.attributes.get(code)
        values = {str(value) for value in (own if isinstance(own, list) else [own]) if value is not None}
        return values | {variant.options[code] for variant in draft.variants if code in variant.options}

    def _facets(self, within: list[ProductDraft], command: Browse) -> list[Facet]:
        facets: list[Facet] = []
        for code, definition in self.attributes.items():
            if not definition.filterable or definition.type != "choice":
                continue
            others = {name: values for name, values in command.filters.items() if name != code}
            fitting = [
                d for d in within if all(self._has(d, name, any_of) for name, any_of in others.items())
            ]
            values = [
                FacetValue(
                    value=value,
                    label=self.label(code, value, command.view.language),
                    count=sum(self._has(draft, code, [value]) for draft in fitting),
                    chosen=value in command.filters.get(code, []),
                )
                for value in definition.values
            ]
            kept = [value for value in values if value.count or value.chosen]
            if kept:
                facets.append(Facet(code=code, label=_text(definition.label, command.view), values=kept))
        return facets

    def _details(self, draft: ProductDraft, view: View) -> list[AttributeLine]:
        lines: list[AttributeLine] = []
        for code, value in draft.attributes.items():
            definition = self.attributes[code]
            shown = {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else str(value)
            text = self.label(code, shown or "", view.language)
            unit = f" {definition.unit}" if definition.unit else ""
            lines.append(AttributeLine(code=code, label=_text(definition.label, view), value=text + unit))
        return lines

    def _option(self, code: str, draft: ProductDraft, view: View) -> ProductOption:
        values = dict.fromkeys(variant.options[code] for variant in draft.variants if code in variant.options)
        shown = [OptionValue(value=value, label=self.label(code, value, view.language)) for value in values]
        return ProductOption(code=code, label=_text(self.attributes[code].label, view), values=shown)

    def _sort_key(self, draft: ProductDraft, command: Browse) -> Any:
        price = self._price(draft, command.view)
        keys: dict[str, Any] = {
            "price": price.amount if price else 0,
            "-price": price.amount if price else 0,
            "newest": draft.created_on or date.min,
            "title": _text(draft.title, command.view),
        }
        return keys.get(command.sort, 0)


def _text(texts: dict[str, str], view: View) -> str:
    return texts.get(view.language) or texts.get("en", "")


def _money(prices: dict[str, int], currency: Currency) -> Money | None:
    return Money(prices[currency], currency) if currency in prices else None


def _unit_price(variant: VariantDraft, currency: Currency) -> PricePerUnit | None:
    price = _money(variant.prices, currency)
    return None if price is None else unit_price(price, variant.content)
