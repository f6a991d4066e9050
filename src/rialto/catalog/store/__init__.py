"""How the catalogue is kept and read: named SQL and row mapping.

Locks, in this order: the row in `lists`, attribute rows (by code), the product. A product being saved holds
its definitions and the list of channels FOR SHARE, so a definition that is being changed sees every product that uses it,
and a currency that comes or goes every product with a price in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from rialto.catalog.api import (
    AttributeDefinition,
    Category,
    Channel,
    ListProducts,
    Offer,
    Picture,
    Product,
    ProductDraft,
    SkuTaken,
    SlugTaken,
    Texts,
    former_in,
    prices_in,
    shows,
)
from rialto.catalog.model.planning import next_moment
from rialto.catalog.model.products import option_key, picture_of, uses_of
from rialto.kernel.db import Duplicate, ReadSession, Row, WriteSession
from rialto.kernel.errors import FieldProblem, InvariantBroken
from rialto.kernel.ids import PRODUCT, derived_uuid, to_uuid
from rialto.kernel.money import Currency, Money

T = TypeVar("T")

# The parent of the streams of whole lists: a UUIDv7 of time 0 and bucket 0.
LISTS_ROOT = UUID("00000000-0000-7000-8000-000000000000")
LISTS_BUCKET = 0

_PRODUCT = "SELECT id, version, draft::text AS draft, changed_at FROM products"
BY_ID = f"{_PRODUCT} WHERE id = $1"
BY_SLUG = f"{_PRODUCT} WHERE slug = $1"
LOCK_BY_ID = f"{BY_ID} FOR UPDATE"
LOCK_BY_SLUG = f"{BY_SLUG} FOR UPDATE"
FIRST_PAGE = f"{_PRODUCT} ORDER BY id LIMIT $1"
NEXT_PAGE = f"{_PRODUCT} WHERE id > $2 ORDER BY id LIMIT $1"
NARROWED_PAGE = f"""
{_PRODUCT} WHERE ($2::uuid IS NULL OR id > $2) AND ($3::text IS NULL OR category = $3)
    AND ($4::boolean IS NULL OR published = $4)
    AND ($5 = '' OR title::text ILIKE '%' || $5 || '%' OR slug ILIKE $5 || '%'
         OR id IN (SELECT product_id FROM variants WHERE sku ILIKE $5 || '%'))
ORDER BY id LIMIT $1
"""

INSERT_PRODUCT = """
INSERT INTO products
    (id, version, slug, published, category, tax_class, title, options, draft, changed_at, planned_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::json, $8, $9::json, $10, $11)
ON CONFLICT (slug) DO NOTHING
"""
UPDATE_PRODUCT = """
UPDATE products SET version = $2, slug = $3, published = $4, category = $5, tax_class = $6, title = $7::json,
    options = $8, draft = $9::json, changed_at = $10, planned_at = $11
WHERE id = $1 AND version = $2 - 1
"""
DROP_VARIANTS = "DELETE FROM variants WHERE product_id = $1"  # their prices go with them
DROP_USES = "DELETE FROM product_values WHERE product_id = $1"
INSERT_VARIANTS = """
INSERT INTO variants (sku, product_id, position, options, option_key, image, weight_g)
SELECT sku, $1, position, options::json, option_key, image::json, weight_g
FROM unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::int[])
    AS t(sku, position, options, option_key, image, weight_g)
ORDER BY sku
ON CONFLICT (sku) DO NOTHING RETURNING sku
"""
# What holds in a channel that shows the product and sells in the currency: its own price, else the draft's. So nothing is
# sold where it has no row.
INSERT_PRICES = """
INSERT INTO prices (sku, channel, currency, amount, compare_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
"""
INSERT_USES = """
INSERT INTO product_values (code, value, product_id)
SELECT code, value, $1 FROM unnest($2::text[], $3::text[]) AS t(code, value)
"""
OFFERS = """
SELECT v.sku, p.id, p.slug, p.title::text AS title, p.tax_class, p.category, p.published, p.options AS option_codes,
       v.image::text AS image, v.weight_g, pr.amount,
       (SELECT json_object_agg(a.code, a.body -> 'values' -> (v.options ->> a.code))
        FROM attributes AS a WHERE a.code = ANY (p.options))::text AS labels
FROM variants AS v
JOIN products AS p ON p.id = v.product_id
LEFT JOIN prices AS pr ON pr.sku = v.sku AND pr.channel = $2 AND pr.currency = $3
WHERE v.sku = ANY ($1::text[])
"""
CHANNELS = "SELECT body::text AS body FROM channels ORDER BY position, code"  # a handful
SHARE_CHANNELS = "SELECT version FROM lists WHERE name = 'channels' FOR SHARE"
PUT_CHANNEL = """
INSERT INTO channels (code, position, body)
SELECT $1, coalesce(max(position), 0) + 1, $2::json FROM channels
ON CONFLICT (code) DO UPDATE SET body = excluded.body
"""
CATEGORIES = "SELECT body::text AS body FROM categories ORDER BY position, slug"  # at most CATEGORIES_MAX
TREE = "SELECT slug, parent FROM categories"  # at most CATEGORIES_MAX
TREE_ABOVE = """
WITH RECURSIVE above AS (
    SELECT slug, parent FROM categories WHERE slug = $1
    UNION
    SELECT c.slug, c.parent FROM categories AS c JOIN above ON c.slug = above.parent
)
SELECT slug, parent FROM above
"""
PUT_CATEGORY = """
INSERT INTO categories (slug, parent, position, body) VALUES ($1, $2, $3, $4::json)
ON CONFLICT (slug) DO UPDATE SET parent = excluded.parent, position = excluded.position, body = excluded.body
"""
CATEGORY = "SELECT body::text AS body FROM categories WHERE slug = $1"
ATTRIBUTES = "SELECT body::text AS body FROM attributes ORDER BY code"  # at most ATTRIBUTES_MAX
ATTRIBUTES_OF = "SELECT body::text AS body FROM attributes WHERE code = ANY ($1::text[])"
SHARE_ATTRIBUTES = f"{ATTRIBUTES_OF} ORDER BY code FOR SHARE"
LOCK_ATTRIBUTE = "SELECT body::text AS body FROM attributes WHERE code = $1 FOR UPDATE"
USES = "SELECT DISTINCT value FROM product_values WHERE code = $1"  # at most VALUES_MAX and one
PUT_ATTRIBUTE = """
INSERT INTO attributes (code, type, body) VALUES ($1, $2, $3::json)
ON CONFLICT (code) DO UPDATE SET type = excluded.type, body = excluded.body
"""
LOCK_LIST = "SELECT version FROM lists WHERE name = $1 FOR UPDATE"
COUNT_LIST = "UPDATE lists SET version = version + 1 WHERE name = $1 RETURNING version"


def list_stream(name: str) -> UUID:
    """The stream on which a whole list (categories, attributes, channels) is published."""
    return derived_uuid(LISTS_ROOT, "catalog", name)


async def product_by_id(session: ReadSession, product_id: UUID) -> Product | None:
    return _product(await session.one(BY_ID, product_id))


async def product_by_slug(session: ReadSession, slug: str) -> Product | None:
    return _product(await session.one(BY_SLUG, slug))


async def lock_by_id(session: WriteSession, product_id: UUID) -> Product | None:
    return _product(await session.one(LOCK_BY_ID, product_id))


async def lock_by_slug(session: WriteSession, slug: str) -> Product | None:
    return _product(await session.one(LOCK_BY_SLUG, slug))


async def page(session: ReadSession, after: UUID | None, limit: int) -> list[Product]:
    rows = (
        await session.all(FIRST_PAGE, limit) if after is None else await session.all(NEXT_PAGE, limit, after)
    )
    return [as_product(row) for row in rows]


async def narrowed_page(
    session: ReadSession, after: UUID | None, command: ListProducts, limit: int
) -> list[Product]:
    """What `%` and `_` stand for in a pattern they do not stand for in what is searched."""
    text = re.sub(r"([\\%_])", r"\\\1", command.text)
    rows = await session.all(NARROWED_PAGE, limit, after, command.category, command.published, text)
    return [as_product(row) for row in rows]


def _product(row: Row | None) -> Product | None:
    return None if row is None else as_product(row)


def as_product(row: Row) -> Product:
    draft = msgspec.json.decode(row["draft"], type=ProductDraft)
    return Product(
        id=PRODUCT.of(row["id"]), version=row["version"], draft=draft, changed_at=row["changed_at"]
    )


async def insert_product(session: WriteSession, product: Product) -> bool:
    """False when the slug is taken already."""
    return await session.run(INSERT_PRODUCT, *product_columns(product)) == 1


async def update_product(session: WriteSession, product: Product) -> None:
    """Replace the row of the version before. Raises SlugTaken."""
    try:
        count = await session.run(UPDATE_PRODUCT, *product_columns(product))
    except Duplicate as error:
        raise SlugTaken from error
    if count != 1:
        raise InvariantBroken(f"{product.id} was changed while it was locked")


def product_columns(product: Product) -> tuple[Any, ...]:
    draft = product.draft
    return (
        to_uuid(product.id),
        product.version,
        draft.slug,
        draft.published,
        draft.category,
        draft.tax_class,
        as_json(draft.title),
        draft.options,
        as_json(draft),
        product.changed_at,
        next_moment(draft),
    )


async def replace_variants(
    session: WriteSession,
    product: Product,
    channels: Sequence[Channel],
    definitions: Mapping[str, AttributeDefinition],
) -> None:
    """Write variants, prices and uses of a stored product anew. Raises SkuTaken naming the variants."""
    product_id, variants = to_uuid(product.id), product.draft.variants
    await session.run(DROP_VARIANTS, product_id)
    await session.run(DROP_USES, product_id)
    images = [picture_of(product.draft, variant) for variant in variants]
    rows = await session.all(
        INSERT_VARIANTS,
        product_id,
        [variant.sku for variant in variants],
        list(range(len(variants))),
        [as_json(variant.options) for variant in variants],
        [option_key(variant) for variant in variants],
        [None if image is None else as_json(image) for image in images],
        [variant.weight_g for variant in variants],
    )
    written = {row["sku"] for row in rows}
    taken = [index for index, variant in enumerate(variants) if variant.sku not in written]
    if taken:
        message = "Another product has this SKU already."
        raise SkuTaken(
            fields=tuple(
                FieldProblem(path=f"variants.{i}.sku", code="sku_taken", message=message) for i in taken
            )
        )
    prices = price_rows(product.draft, channels)
    if prices:
        await session.run(INSERT_PRICES, *(list(column) for column in zip(*prices, strict=True)))
    uses = uses_of(product.draft, definitions)
    if uses:
        await session.run(INSERT_USES, product_id, *(list(column) for column in zip(*uses, strict=True)))


def price_rows(draft: ProductDraft, channels: Sequence[Channel]) -> list[tuple[Any, ...]]:
    """The columns of INSERT_PRICES, row by row."""
    return [
        (variant.sku, channel.code, currency, amount, former_in(channel, variant).get(currency))
        for channel in channels
        if shows(channel, draft)
        for variant in draft.variants
        for currency, amount in prices_in(channel, variant).items()
        if currency in channel.currencies
    ]


async def offers(
    session: ReadSession, skus: Sequence[str], channel: str, currency: Currency
) -> dict[str, Offer]:
    rows = await session.all(OFFERS, skus, channel, currency)
    return {row["sku"]: _offer(row, currency) for row in rows}


def _offer(row: Row, currency: Currency) -> Offer:
    labels = msgspec.json.decode(row["labels"] or "{}", type=dict[str, Texts])
    return Offer(
        sku=row["sku"],
        product_id=PRODUCT.of(row["id"]),
        slug=row["slug"],
        title=msgspec.json.decode(row["title"], type=Texts),
        options={code: labels[code] for code in row["option_codes"]},
        image=None if row["image"] is None else msgspec.json.decode(row["image"], type=Picture),
        price=None if row["amount"] is None else Money(row["amount"], currency),
        tax_class=row["tax_class"],
        weight_g=row["weight_g"],
        on_sale=row["published"],
        category=row["category"],
    )


async def channels(session: ReadSession) -> list[Channel]:
    return _bodies(await session.all(CHANNELS), Channel)


async def share_channels(session: WriteSession) -> list[Channel]:
    """The channels, whose currencies nobody can change before this transaction ends."""
    await session.value(SHARE_CHANNELS)
    return await channels(session)


async def categories(session: ReadSession) -> list[Category]:
    return _bodies(await session.all(CATEGORIES), Category)


async def category(session: ReadSession, slug: str) -> Category | None:
    return next(iter(_bodies(await session.all(CATEGORY, slug), Category)), None)


async def tree(session: ReadSession) -> dict[str, str | None]:
    """slug → parent, all of it."""
    return {row["slug"]: row["parent"] for row in await session.all(TREE)}


async def tree_above(session: ReadSession, slug: str | None) -> dict[str, str | None]:
    """slug → parent for a category and what it stands below; empty when it does not exist."""
    if slug is None:
        return {}
    return {row["slug"]: row["parent"] for row in await session.all(TREE_ABOVE, slug)}


async def put_category(session: WriteSession, one: Category) -> None:
    await session.run(PUT_CATEGORY, one.slug, one.parent, one.position, as_json(one))


async def attributes(session: ReadSession) -> list[AttributeDefinition]:
    return _bodies(await session.all(ATTRIBUTES), AttributeDefinition)


async def attributes_of(session: ReadSession, codes: Iterable[str]) -> dict[str, AttributeDefinition]:
    return _by_code(await session.all(ATTRIBUTES_OF, list(codes)))


async def share_attributes(session: WriteSession, codes: Sequence[str]) -> dict[str, AttributeDefinition]:
    """The definitions, which nobody can change before this transaction ends."""
    return _by_code(await session.all(SHARE_ATTRIBUTES, codes)) if codes else {}


async def lock_attribute(session: WriteSession, code: str) -> AttributeDefinition | None:
    """The definition, once no product that is being saved relies on it."""
    return next(iter(_bodies(await session.all(LOCK_ATTRIBUTE, code), AttributeDefinition)), None)


async def uses(session: ReadSession, code: str) -> list[str]:
    return [row["value"] for row in await session.all(USES, code)]


async def put_attribute(session: WriteSession, definition: AttributeDefinition) -> None:
    await session.run(PUT_ATTRIBUTE, definition.code, definition.type, as_json(definition))


async def put_channel(session: WriteSession, channel: Channel) -> None:
    """A new one stands last. The list of channels is held."""
    await session.run(PUT_CHANNEL, channel.code, as_json(channel))


async def lock_list(session: WriteSession, name: str) -> None:
    """From here on nobody else changes this list."""
    await session.value(LOCK_LIST, name)


async def count_list(session: WriteSession, name: str) -> int:
    """The list's next version."""
    version: int = await session.value(COUNT_LIST, name)
    return version


def _by_code(rows: Sequence[Row]) -> dict[str, AttributeDefinition]:
    return {definition.code: definition for definition in _bodies(rows, AttributeDefinition)}


def _bodies(rows: Sequence[Row], kind: type[T]) -> list[T]:
    return [msgspec.json.decode(row["body"], type=kind) for row in rows]


def as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
