"""What happens when somebody browses. Everything is answered from memory and the index of this host.

Searches run in the event loop: at 100,000 products a list takes a few milliseconds, at 80 a fraction of one.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, TypeVar, cast

import structlog

from rialto.catalog.api import Catalog, Category, Channel, Collection
from rialto.inventory.api import Inventory
from rialto.kernel.clock import Clock
from rialto.kernel.money import Currency, Money
from rialto.reviews.api import Reviews
from rialto.search.api import (
    AllSlugs,
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
    Featured,
    Held,
    HeldBy,
    PriceRange,
    ProductAsked,
    ProductDetail,
    ProductGone,
    ProductPage,
    Related,
    SitemapEntries,
    SitemapEntry,
    SuggestFor,
    Suggestions,
    View,
    ViewOf,
)
from rialto.search.collecting import chosen_by_hand, collected
from rialto.search.columns import Chosen
from rialto.search.definitions import DEPTH_MAX, canonical, pick
from rialto.search.documents import Row
from rialto.search.facets import facets_of
from rialto.search.front import Front
from rialto.search.matching import Match, Matcher
from rialto.search.model import (
    Cursor,
    check_browse,
    choose_channel,
    query_key,
    read_cursor,
    write_cursor,
)
from rialto.search.ports import IndexDamaged
from rialto.search.relating import available_first, related_slots, together_slots
from rialto.search.rendering import Rendering
from rialto.search.sorting import Matched, Sorted, sorted_by
from rialto.search.store import NotReady, SearchStore
from rialto.search.suggesting import suggestions

COLLECTION_FEATURED = "featured"
CARDS_MAX = 50
PRICED_BY_ROW_MAX = 500

F = TypeVar("F", bound=Callable[..., Coroutine[Any, Any, Any]])
log = structlog.get_logger("rialto.search")


def _answering(method: F) -> F:
    """See what another process committed; give up an index that turns out to be damaged (the feed rebuilds it)."""

    @wraps(method)
    async def answer(self: SearchHandlers, command: Any) -> Any:
        self.store.follow()
        try:
            return await method(self, command)
        except IndexDamaged as damage:
            log.exception("search index is damaged")
            self.store.forget()
            raise NotReady from damage

    return cast("F", answer)


class SearchHandlers:
    """Implements `Search`. Catalog, inventory and reviews are asked by rebuilds only."""

    def __init__(
        self, store: SearchStore, clock: Clock, *, catalog: Catalog, inventory: Inventory, reviews: Reviews
    ) -> None:
        self.store = store
        self.clock = clock
        self.catalog = catalog
        self.inventory = inventory
        self.reviews = reviews
        self._matcher = Matcher(store)

    async def finish(self) -> None:
        """Let go of the writer's lock, so that another process of this host can take over."""
        self.store.close()

    @_answering
    async def browse(self, command: Browse) -> ProductPage:
        check_browse(command)
        front, rendering = self._view(command.view)
        key = query_key(command, rendering.language)
        cursor = read_cursor(command.cursor, key) if command.cursor is not None else None
        match = self._matcher.match(command.q, rendering.language, front) if command.q.strip() else None
        chosen = _chosen_values(front, command)
        base = _base(front, command, match) & self._collected(front, command)
        priced = _price_bits(front, command)
        matching = base
        for code, values in chosen.items():
            matching &= front.value_bits(code, values)
        found = Chosen(matching & priced)
        order = _order(front, rendering, command, found=found, match=match)
        offset = (command.page - 1) * command.limit if cursor is None else _offset(front, order, cursor)
        slots = order.page(offset, command.limit)
        end = offset + len(slots)
        total = len(found)
        more = bool(slots) and end < total
        return ProductPage(
            items=[rendering.card(document) for document in self.store.products(slots)],
            total=total,
            facets=facets_of(front, rendering, base & priced, chosen),
            price_range=_price_range(front, rendering, Chosen(matching)),
            page=offset // command.limit + 1,
            pages=max(-(-total // command.limit), 1),
            next_cursor=write_cursor(Cursor(query=key, offset=end, last=slots[-1])) if more else None,
            did_you_mean=match.instead if match is not None else [],
            fewer_words=match.fewer if match is not None else [],
            categories=_narrower(front, rendering, command.category, found),
            rated=(found.bits & front.by_rating.between(None, None)).bit_count(),
        )

    @_answering
    async def product(self, command: ProductAsked) -> ProductDetail:
        front, rendering = self._view(command.view)
        for document in self.store.products([_found(front, command.ref).slot]):
            return rendering.detail(document)
        raise ProductGone

    @_answering
    async def related(self, command: Related) -> Cards:
        front, rendering = self._view(command.view)
        row, limit = _found(front, command.ref), min(max(command.limit, 1), CARDS_MAX)
        return self._cards(rendering, related_slots(front, row, self._named(row), limit))

    @_answering
    async def together(self, command: Related) -> Cards:
        front, rendering = self._view(command.view)
        row, limit = _found(front, command.ref), min(max(command.limit, 1), CARDS_MAX)
        return self._cards(rendering, together_slots(front, row, self._named(row), limit))

    @_answering
    async def cards(self, command: CardsOf) -> Cards:
        front, rendering = self._view(command.view)
        rows = (front.find(ref) for ref in command.refs[:CARDS_MAX])
        return self._cards(rendering, list(dict.fromkeys(row.slot for row in rows if row is not None)))

    @_answering
    async def featured(self, command: Featured) -> Cards:
        """Featured products, then the newest."""
        front, rendering = self._view(command.view)
        limit = min(max(command.limit, 1), CARDS_MAX)
        slots = available_first(front, front.featured, limit)
        if len(slots) < limit:
            slots += available_first(front, front.published & ~front.featured, limit - len(slots))
        return self._cards(rendering, slots)

    @_answering
    async def categories(self, command: ViewOf) -> CategoryTree:
        front, rendering = self._view(command.view)
        return CategoryTree(items=list(_tree(front, rendering, None, DEPTH_MAX)))

    @_answering
    async def collection(self, command: CollectionAsked) -> CollectionHead:
        front, rendering = self._view(command.view)
        found = front.collections.get(command.slug)
        if found is None:
            raise CollectionGone
        return _head(front, rendering, found)

    @_answering
    async def collections(self, command: ViewOf) -> CollectionHeads:
        front, rendering = self._view(command.view)
        return CollectionHeads(items=[_head(front, rendering, one) for one in front.collections.values()])

    @_answering
    async def held(self, command: HeldBy) -> Held:
        front, rendering = self._view(command.view)
        collection, limit = command.collection, min(max(command.limit, 1), CARDS_MAX)
        found = Chosen(collected(front, collection, rendering.currency, self.clock.now().date()))
        slots = _as_kept(front, rendering, collection, found).page(0, limit)
        return Held(
            total=len(found), items=[rendering.card(document) for document in self.store.products(slots)]
        )

    @_answering
    async def suggest(self, command: SuggestFor) -> Suggestions:
        """Categories, then products, then ways to go on typing."""
        _, rendering = self._view(command.view)
        return suggestions(self.store, self._matcher, rendering, command)

    @_answering
    async def sitemap(self, command: AllSlugs) -> SitemapEntries:
        shelf = self.store.shelf
        front = Front(shelf, shelf.definitions.channel(command.channel))
        products = [
            SitemapEntry(kind="product", slug=row.slug, changed_on=row.changed_on)
            for row in shelf.rows.values()
            if front.shows(row)
        ]
        categories = [
            SitemapEntry(kind="category", slug=category.slug)
            for category in shelf.definitions.categories
            if front.category_bits(category.slug)
        ]
        collections = [SitemapEntry(kind="collection", slug=slug) for slug in front.collections]
        return SitemapEntries(items=[*categories, *collections, *products])

    @_answering
    async def channel(self, command: ChannelFor) -> Channel:
        # Every page asks, also of the cart and of checkout: these go on without an index.
        definitions = self.store.definitions
        return choose_channel(command, definitions.channels, definitions.default_channel)

    def _view(self, view: View) -> tuple[Front, Rendering]:
        shelf = self.store.shelf
        channel = shelf.definitions.channel(view.channel)
        front = Front(shelf, channel)
        language = shelf.definitions.language(view.language, channel)
        return front, Rendering(front, language, view.currency, stock_known=view.stock_known)

    def _collected(self, front: Front, command: Browse) -> int:
        """Products of the collection asked for: of one that nobody knows none, and without one all."""
        if command.collection is None:
            return front.published
        if command.collection == COLLECTION_FEATURED:
            return front.featured
        found = front.collections.get(command.collection)
        if found is None:
            return 0
        return collected(front, found, command.view.currency, self.clock.now().date())

    def _named(self, row: Row) -> list[str]:
        """The products that the merchant named beside this one."""
        return [ref for document in self.store.products([row.slot]) for ref in document.draft.related]

    def _cards(self, rendering: Rendering, slots: list[int]) -> Cards:
        return Cards(items=[rendering.card(document) for document in self.store.products(slots)])


def _head(front: Front, rendering: Rendering, collection: Collection) -> CollectionHead:
    default = front.definitions.languages[0]
    return CollectionHead(
        slug=collection.slug,
        title=pick(collection.title, rendering.language, default),
        description=pick(collection.description, rendering.language, default),
    )


def _found(front: Front, ref: str) -> Row:
    row = front.find(ref)
    if row is None:
        raise ProductGone
    return row


def _chosen_values(front: Front, command: Browse) -> dict[str, frozenset[str]]:
    """What is not a filterable attribute filters nothing: addresses carry parameters of many makers."""
    definitions = front.definitions
    return {
        code: frozenset(canonical(value, definitions.attribute[code].type) for value in values)
        for code, values in command.filters.items()
        if code in definitions.filterable and values
    }


def _base(front: Front, command: Browse, match: Match | None) -> int:
    """What everything but facets, price and collection lets through."""
    base = front.published if match is None else front.published & match.bits
    if command.category is not None:
        base &= front.category_bits(command.category)
    return base & front.available if command.in_stock else base


def _price_bits(front: Front, command: Browse) -> int:
    if command.price_min is None and command.price_max is None:
        return front.published
    return front.price_bits(command.view.currency, command.price_min, command.price_max)


def _price_range(front: Front, rendering: Rendering, chosen: Chosen) -> PriceRange | None:
    if len(chosen) <= PRICED_BY_ROW_MAX:
        every = [amount for slot in chosen for amount in front.amounts(front.rows[slot], rendering.currency)]
        low, high = min(every, default=None), max(every, default=None)
        return _range(low, high, rendering.currency)
    prices = front.prices(rendering.currency)
    return _range(prices.extreme(chosen), prices.extreme(chosen, highest=True), rendering.currency)


def _range(lowest: int | None, highest: int | None, currency: Currency) -> PriceRange | None:
    if lowest is None or highest is None:
        return None
    return PriceRange(lowest=Money(lowest, currency), highest=Money(highest, currency))


def _order(
    front: Front, rendering: Rendering, command: Browse, *, found: Chosen, match: Match | None
) -> Sorted | Matched:
    if match is not None and command.sort == "relevance":
        return Matched(match.order, found)
    if command.sort == "relevance":
        return _as_kept(front, rendering, front.collections.get(command.collection or ""), found)
    return sorted_by(
        front, found, sort=command.sort, language=rendering.language, currency=rendering.currency
    )


def _as_kept(
    front: Front, rendering: Rendering, collection: Collection | None, found: Chosen
) -> Sorted | Matched:
    """In the order that staff gave those chosen by hand; else as everything stands."""
    if collection is not None and collection.products:
        return Matched(chosen_by_hand(front, collection), found)
    return sorted_by(front, found, sort="relevance", language=rendering.language, currency=rendering.currency)


def _offset(front: Front, order: Sorted | Matched, cursor: Cursor) -> int:
    """Behind the product that was shown last, wherever it stands now; if it is gone, where it stood."""
    row = front.rows.get(cursor.last)
    place = order.after(row) if row is not None else None
    return cursor.offset if place is None else place


def _tree(front: Front, rendering: Rendering, parent: str | None, depth: int) -> Iterator[CategoryLink]:
    for category in front.definitions.children.get(parent, ()) if depth else ():
        count = front.category_bits(category.slug).bit_count()
        yield rendering.category(
            category, count=count, children=list(_tree(front, rendering, category.slug, depth - 1))
        )


def _narrower(front: Front, rendering: Rendering, parent: str | None, found: Chosen) -> list[CategoryLink]:
    counted: list[tuple[Category, int]] = [
        (category, (front.category_bits(category.slug) & found.bits).bit_count())
        for category in front.definitions.children.get(parent, ())
    ]
    return [rendering.category(category, count=count) for category, count in counted if count]
