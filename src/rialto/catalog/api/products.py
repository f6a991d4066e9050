"""The write side of products, and the truth about offers.

Shoppers browse `search`; carts and checkout ask `offers` here, because prices decide.
All texts are by language (`{"en": …, "de": …}`); the channel's default language is always present.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from rialto.catalog.api.labelling import Content, Maker
from rialto.catalog.api.profile import Channels
from rialto.kernel.errors import Conflict, FieldProblem, Invalid, NotFound, VersionConflict
from rialto.kernel.ids import ProductId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, Nothing, operation

Texts = dict[str, str]
AttributeValue = str | int | bool | list[str]


class ProductNotFound(NotFound):
    code = "not_found"
    message = "There is no such product."


class CategoryNotFound(NotFound):
    code = "not_found"
    message = "There is no such category."


class ProductInvalid(Invalid):
    code = "validation_failed"


class SlugTaken(Conflict):
    code = "slug_taken"
    message = "Another product has this address already."


class SkuTaken(Conflict):
    code = "sku_taken"
    message = "Another product has this SKU already."


class ProductChanged(VersionConflict):
    """The If-Match version is not the present one."""


class CategoryInvalid(Invalid):
    """A category breaks a rule; `category_cycle` when it would stand below itself."""

    code = "validation_failed"


class AttributeInvalid(Invalid):
    code = "validation_failed"


class AttributeInUse(Conflict):
    """Products hold values that the new definition would not allow; `fields` names them."""

    code = "attribute_in_use"
    message = "Products use what this change would take away."


class AttributeDefinition(Frozen):
    """`type` is choice, number, boolean or text. Numbers are decimals, stored as text where not whole.

    `order` lists the codes of `values` as they are to be shown (sizes s, m, l): a mapping loses its order on
    the way through a stored event. What it leaves out is appended when the definition is saved.
    """

    code: str
    label: Texts
    type: str = "choice"
    unit: str | None = None
    filterable: bool = False
    values: dict[str, Texts] = {}
    order: list[str] = []


class Picture(Frozen):
    """One view. Files are `{file}-{width}.webp` below the media address; `url` stands for pictures kept elsewhere.

    `options` says which variant it shows; empty: any. `width` and `height` are those of the largest file.
    """

    alt: Texts = {}
    file: str | None = None
    url: str | None = None
    widths: list[int] = []
    width: int = 0
    height: int = 0
    options: dict[str, str] = {}


class Category(Frozen):
    slug: str
    title: Texts
    parent: str | None = None
    position: int = 0
    description: Texts = {}
    image: Picture | None = None


class VariantDraft(Frozen):
    """`prices` by currency in minor units, `compare_at` likewise (a struck-through former price).

    `channel_prices` by shop front and currency go before them there, and have no former price. The default one has none.
    """

    sku: str
    options: dict[str, str] = {}
    prices: dict[str, int] = {}
    compare_at: dict[str, int] = {}
    weight_g: int = 0
    gtin: str | None = None
    content: Content | None = None
    channel_prices: dict[str, dict[str, int]] = {}


class ProductDraft(Frozen):
    """Everything a merchant says about a product; saving replaces the whole. `safety` are its warnings.

    At `publish_at` it is published (until then it is hidden, whatever `published` says), at `unpublish_at` hidden again;
    a moment that has come is done and is null from then on. `channels` are the shop fronts that show it; empty: all of them.
    """

    slug: str
    title: Texts
    description: Texts = {}
    category: str | None = None
    tax_class: str = "standard"
    attributes: dict[str, AttributeValue] = {}
    options: list[str] = []
    variants: list[VariantDraft]
    images: list[Picture] = []
    related: list[str] = []
    featured: bool = False
    published: bool = True
    created_on: date | None = None
    maker: Maker | None = None
    safety: Texts = {}
    publish_at: datetime | None = None
    unpublish_at: datetime | None = None
    channels: list[str] = []


class Product(Frozen):
    """A stored product. `version` counts its changes and is its ETag."""

    id: ProductId
    version: int
    draft: ProductDraft
    changed_at: datetime


class ProductDocument(Frozen):
    """A whole product as published: what `search` and every other reader needs, with definitions inlined.

    `category_path` runs from the root to the product's own category. `attributes` are the definitions of its
    options, then of its other attributes, in the order the merchant gave them. Both are as of `version`; later
    changes of the tree or of a definition are told by their own events. `lowest_30_days` by SKU and currency, in
    minor units, is the lowest price of the 30 days before the present reduction; absent where none is known.
    """

    id: ProductId
    version: int
    draft: ProductDraft
    category_path: list[str] = []
    attributes: list[AttributeDefinition] = []
    lowest_30_days: dict[str, dict[str, int]] = {}
    changed_at: datetime


class Offer(Frozen):
    """One SKU as it is sold now in a channel and currency. `price` is None where it has none there.

    `collections` are those its product is in, in this currency, without those whose rule asks for stock; a change of
    collections or categories is in them within three seconds.
    """

    sku: str
    product_id: ProductId
    slug: str
    title: Texts
    options: dict[str, Texts] = {}
    image: Picture | None = None
    price: Money | None = None
    tax_class: str = "standard"
    weight_g: int = 0
    on_sale: bool = True
    category: str | None = None
    collections: list[str] = []


class PutProduct(Frozen):
    """Create or replace, by `id` or else by the draft's slug.

    `expected_version` None: whatever is there; 0: it must not exist yet (SlugTaken); else the present version,
    or ProductChanged. A repeat whose draft is what the first attempt stored answers `unchanged`.
    """

    draft: ProductDraft
    id: ProductId | None = None
    expected_version: int | None = None


class PutOutcome(Frozen):
    """`outcome` is created, changed or unchanged; `before` is the draft that a change replaced."""

    product: Product
    outcome: str
    before: ProductDraft | None = None


class Rehearsal(Frozen):
    """Changes to try, in this order: definitions, categories (parents first), products. At most 10,000 in all."""

    attributes: list[AttributeDefinition] = []
    categories: list[Category] = []
    products: list[ProductDraft] = []


class Verdict(Frozen):
    """`outcome` is refused (then `code`, `message` and `fields` say why), or what saving would have answered:
    created, changed (from `before`) or unchanged for a product, saved for the rest.
    """

    outcome: str
    code: str = ""
    message: str = ""
    fields: list[FieldProblem] = []
    before: ProductDraft | None = None


class Rehearsed(Frozen):
    """A verdict per change, in the order they were given."""

    attributes: list[Verdict] = []
    categories: list[Verdict] = []
    products: list[Verdict] = []


class PutProducts(Frozen):
    """Products to create or replace by their slugs, whatever is there. At most 1,000, with a slug or SKU once."""

    drafts: list[ProductDraft]


class Verdicts(Frozen):
    """One per draft, in the order they were given."""

    items: list[Verdict]


class ProductRef(Frozen):
    """By id or by slug."""

    ref: str


class SetPublished(Frozen):
    id: ProductId
    published: bool
    expected_version: int


class ListProducts(Frozen):
    """Pages of the admin list in id order. `cursor` is the last id seen.

    `text` narrows it to titles that hold it, and addresses and SKUs that begin with it, in any case; `category` to
    that one alone.
    """

    text: str = ""
    category: str | None = None
    published: bool | None = None
    cursor: ProductId | None = None
    limit: int = 50


class Products(Frozen):
    items: list[Product]
    next_cursor: ProductId | None = None


class Documents(Frozen):
    items: list[ProductDocument]
    next_cursor: ProductId | None = None


class OffersOf(Frozen):
    skus: list[str]
    currency: Currency
    channel: str = "default"


class Offers(Frozen):
    """Offers by SKU; unknown SKUs are absent."""

    items: dict[str, Offer]


class Categories(Frozen):
    items: list[Category]


class AttributeDefinitions(Frozen):
    items: list[AttributeDefinition]


class Goods(Protocol):
    """Products and what they are sorted by. Every write publishes the whole document it changed."""

    @operation(idempotent=True)
    async def put_product(self, command: PutProduct) -> PutOutcome:
        """Create or replace a product by id or slug; saving the same draft twice changes nothing.

        Raises ProductInvalid (with field paths), SlugTaken, SkuTaken, ProductChanged, CategoryNotFound, and
        ProductNotFound for an `id` that names nothing.
        """
        ...

    @operation(idempotent=True, timeout_s=60)
    async def put_products(self, command: PutProducts) -> Verdicts:
        """Save many at once, for imports: each is saved or refused as `put_product` would.

        Raises Invalid for too many; Unavailable, with nothing saved.
        """
        ...

    @operation(idempotent=True, timeout_s=60)
    async def rehearse(self, command: Rehearsal) -> Rehearsed:
        """What these changes would come to, each seeing those before it. Nothing is changed or published."""
        ...

    @operation(idempotent=True)
    async def set_published(self, command: SetPublished) -> Product:
        """Publish or unpublish. Raises ProductNotFound, ProductChanged."""
        ...

    @operation(idempotent=True)
    async def get_product(self, command: ProductRef) -> Product:
        """Published or not. Raises ProductNotFound."""
        ...

    @operation(idempotent=True)
    async def list_products(self, command: ListProducts) -> Products:
        """A page, published or not. Raises Invalid for a limit outside 1-200, ProductNotFound for a wrong cursor."""
        ...

    @operation(idempotent=True)
    async def documents(self, command: ListProducts) -> Documents:
        """Whole documents in id order, for rebuilding read models."""
        ...

    @operation(idempotent=True)
    async def offers(self, command: OffersOf) -> Offers:
        """The present truth about SKUs (at most 200 at a time), read from the primary.

        Raises Invalid for more than 200 SKUs or an unknown currency.
        """
        ...

    @operation(idempotent=True)
    async def put_category(self, command: Category) -> Category:
        """Create or replace by slug. Raises CategoryInvalid, also for an unknown parent or a cycle."""
        ...

    @operation(idempotent=True)
    async def categories(self, command: Nothing) -> Categories:
        """The whole tree, by position, then slug."""
        ...

    @operation(idempotent=True)
    async def put_attribute(self, command: AttributeDefinition) -> AttributeDefinition:
        """Create or replace by code. Raises AttributeInvalid; AttributeInUse when products hold removed values."""
        ...

    @operation(idempotent=True)
    async def attributes(self, command: Nothing) -> AttributeDefinitions:
        """All definitions, by code."""
        ...

    @operation(idempotent=True)
    async def channels(self, command: Nothing) -> Channels:
        """All shop fronts; `default` comes first."""
        ...
