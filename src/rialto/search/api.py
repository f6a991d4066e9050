"""What can be asked of the read model: everything a shopper browses, answered without any database.

Texts come back in the asked language (fallback: the channel's default). Prices are those last published;
checkout never uses them.
"""

from __future__ import annotations

from datetime import date
from typing import Protocol

from rialto.catalog.api import AttributeValue, Channel, Collection, Content, Maker, Picture, PricePerUnit
from rialto.kernel.errors import Invalid, NotFound
from rialto.kernel.ids import ProductId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, operation

SORTS = ("relevance", "newest", "price", "-price", "rating", "title")


class ProductGone(NotFound):
    message = "There is no such product in this shop."


class CollectionGone(NotFound):
    message = "There is no such collection in this shop."


class QueryInvalid(Invalid):
    code = "validation_failed"


class View(Frozen):
    """In which language, currency and channel to answer. Without `stock_known` every availability is `unknown`: what was
    heard of stock last may be long over.
    """

    language: str = "en"
    currency: Currency = Currency("EUR")
    channel: str = "default"
    stock_known: bool = True


class Browse(Frozen):
    """A search or category page. `filters` maps attribute codes to chosen values (any of them matches);
    several attributes must all match. Prices in minor units of the view's currency, both ends included.
    In a collection by hand `relevance` is its own order. `cursor` comes from the answer before; `page` (from 1) is the other way to move on.
    """

    view: View
    q: str = ""
    category: str | None = None
    collection: str | None = None
    filters: dict[str, list[str]] = {}
    price_min: int | None = None
    price_max: int | None = None
    sort: str = "relevance"
    limit: int = 24
    cursor: str | None = None
    page: int = 1
    in_stock: bool = False


class FacetValue(Frozen):
    """`count` is what choosing this value as well would show (disjunctive: the facet's own choice is left out)."""

    value: str
    label: str
    count: int
    chosen: bool


class Facet(Frozen):
    code: str
    label: str
    unit: str | None = None
    values: list[FacetValue]


class PriceRange(Frozen):
    lowest: Money
    highest: Money


class CategoryLink(Frozen):
    slug: str
    title: str
    count: int = 0
    description: str = ""
    parent: str | None = None
    image: Picture | None = None
    children: list[CategoryLink] = []


class Rating(Frozen):
    """Of real reviews only; absent where there are none. `average` is in hundredths of a star."""

    average: int
    count: int


class VariantCard(Frozen):
    sku: str
    options: dict[str, str] = {}
    availability: str = "in_stock"


class ProductCard(Frozen):
    """A product in a list. `availability` is in_stock, few_left or sold_out over all its variants, or unknown (see View).

    `unit_price` is that of its cheapest variant, `compare_at` is what that cost before, `lowest_30_days` the lowest price of the 30 days before
    that reduction, where it is known.
    """

    id: ProductId
    slug: str
    title: str
    category: str | None
    price_from: Money | None
    price_to: Money | None
    compare_at: Money | None = None
    lowest_30_days: Money | None = None
    unit_price: PricePerUnit | None = None
    attributes: dict[str, AttributeValue] = {}
    images: list[Picture] = []
    variants: list[VariantCard] = []
    availability: str = "in_stock"
    rating: Rating | None = None


class FewerWords(Frozen):
    """A query without the words in `dropped`, and how many products it finds."""

    q: str
    dropped: list[str]
    total: int


class ProductPage(Frozen):
    """One page of results. `did_you_mean` and `fewer_words` help where nothing was found as it was written.

    `rated` counts products with reviews.
    """

    items: list[ProductCard]
    total: int
    facets: list[Facet] = []
    price_range: PriceRange | None = None
    page: int = 1
    pages: int = 1
    next_cursor: str | None = None
    did_you_mean: list[str] = []
    categories: list[CategoryLink] = []
    rated: int = 0
    fewer_words: list[FewerWords] = []


class OptionValue(Frozen):
    value: str
    label: str


class ProductOption(Frozen):
    code: str
    label: str
    values: list[OptionValue]


class Variant(Frozen):
    sku: str
    title: str
    options: dict[str, str] = {}
    price: Money | None = None
    compare_at: Money | None = None
    lowest_30_days: Money | None = None
    availability: str = "in_stock"
    weight_g: int = 0
    gtin: str | None = None
    content: Content | None = None
    unit_price: PricePerUnit | None = None


class AttributeLine(Frozen):
    """An attribute as shown: label, and the value with its unit in the view's language."""

    code: str
    label: str
    value: str


class ProductDetail(Frozen):
    id: ProductId
    slug: str
    title: str
    description: str
    category: str | None
    breadcrumb: list[CategoryLink] = []
    attributes: dict[str, AttributeValue] = {}
    details: list[AttributeLine] = []
    options: list[ProductOption] = []
    images: list[Picture] = []
    price_from: Money | None
    price_to: Money | None = None
    variants: list[Variant]
    availability: str = "in_stock"
    rating: Rating | None = None
    changed_on: date | None = None
    maker: Maker | None = None
    safety: str = ""


class ProductAsked(Frozen):
    view: View
    ref: str


class Related(Frozen):
    view: View
    ref: str
    limit: int = 4


class CardsOf(Frozen):
    """By slug or id, at most 50."""

    view: View
    refs: list[str]


class Cards(Frozen):
    items: list[ProductCard]


class Featured(Frozen):
    view: View
    limit: int = 8


class ViewOf(Frozen):
    view: View


class CategoryTree(Frozen):
    items: list[CategoryLink]


class CollectionAsked(Frozen):
    view: View
    slug: str


class CollectionHead(Frozen):
    """What stands above the products of a collection; `Browse.collection` lists them."""

    slug: str
    title: str
    description: str = ""


class CollectionHeads(Frozen):
    """By slug, also those that hold nothing at the moment. How many each holds would cost a search for each."""

    items: list[CollectionHead]


class HeldBy(Frozen):
    """A collection as it is said here, whatever this process was told of it so far."""

    view: View
    collection: Collection
    limit: int = 12


class Held(Frozen):
    """The first products in their order, and how many there are in all."""

    total: int
    items: list[ProductCard]


class SuggestFor(Frozen):
    view: View
    q: str
    limit: int = 8


class Suggestion(Frozen):
    """`kind` is product, category or query."""

    kind: str
    text: str
    slug: str | None = None
    image: Picture | None = None
    price_from: Money | None = None


class ProductHint(Frozen):
    slug: str
    title: str
    image: Picture | None = None
    price_from: Money | None = None
    price_to: Money | None = None


class CategoryHint(Frozen):
    slug: str
    title: str
    count: int


class Suggestions(Frozen):
    """`items` hold everything in one order; `products`, `categories` and `queries` are the same by kind."""

    items: list[Suggestion]
    products: list[ProductHint] = []
    categories: list[CategoryHint] = []
    queries: list[str] = []


class AllSlugs(Frozen):
    channel: str = "default"


class SitemapEntry(Frozen):
    kind: str
    slug: str
    changed_on: date | None = None


class SitemapEntries(Frozen):
    items: list[SitemapEntry]


class ChannelFor(Frozen):
    """By host name, by code, or (neither known) the default."""

    host: str | None = None
    code: str | None = None


class Search(Protocol):
    """Browsing. Answers while every database is down."""

    @operation(idempotent=True, timeout_s=2)
    async def browse(self, command: Browse) -> ProductPage:
        """A page of products with facets. Raises QueryInvalid for an unknown sort, cursor or range."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def product(self, command: ProductAsked) -> ProductDetail:
        """By slug or id. Raises ProductGone when it is not published in the channel."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def related(self, command: Related) -> Cards:
        """Those the merchant named, then the most alike. Raises ProductGone."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def together(self, command: Related) -> Cards:
        """Those the merchant named, then those bought with it; none until orders say so. Raises ProductGone."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def cards(self, command: CardsOf) -> Cards:
        """The published ones of these products, in the order they were named."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def featured(self, command: Featured) -> Cards: ...

    @operation(idempotent=True, timeout_s=2)
    async def categories(self, command: ViewOf) -> CategoryTree:
        """The tree with counts of published products (a parent counts its children's)."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def collection(self, command: CollectionAsked) -> CollectionHead:
        """Raises CollectionGone when staff keep none of this name."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def collections(self, command: ViewOf) -> CollectionHeads:
        """All that staff keep; the featured products are not among them."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def held(self, command: HeldBy) -> Held:
        """What this collection holds at this moment; it need not be one that staff keep."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def suggest(self, command: SuggestFor) -> Suggestions: ...

    @operation(idempotent=True, timeout_s=5)
    async def sitemap(self, command: AllSlugs) -> SitemapEntries: ...

    @operation(idempotent=True, timeout_s=1)
    async def channel(self, command: ChannelFor) -> Channel: ...
