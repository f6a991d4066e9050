"""New products set by set: one statement per table, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rialto.catalog.api import AttributeDefinition, Channel, Product
from rialto.catalog.model.products import option_key, picture_of, uses_of
from rialto.catalog.store import INSERT_PRICES, as_json, price_rows, product_columns
from rialto.kernel.db import WriteSession
from rialto.kernel.ids import to_uuid

_TAKEN_SLUGS = "SELECT slug FROM products WHERE slug = ANY ($1::text[])"
_TAKEN_SKUS = "SELECT sku FROM variants WHERE sku = ANY ($1::text[])"
# `options` as JSON, because arrays of arrays cannot differ in length.
_INSERT_PRODUCTS = """
INSERT INTO products
    (id, version, slug, published, category, tax_class, title, options, draft, changed_at, planned_at)
SELECT id, version, slug, published, category, tax_class, title::json,
    ARRAY(SELECT json_array_elements_text(options::json)), draft::json, changed_at, planned_at
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::bool[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::timestamptz[], $11::timestamptz[])
    AS t(id, version, slug, published, category, tax_class, title, options, draft, changed_at, planned_at)
ORDER BY slug
ON CONFLICT (slug) DO NOTHING
"""
_INSERT_VARIANTS = """
INSERT INTO variants (sku, product_id, position, options, option_key, image, weight_g)
SELECT sku, product_id, position, options::json, option_key, image::json, weight_g
FROM unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::int[])
    AS t(sku, product_id, position, options, option_key, image, weight_g)
ORDER BY sku
ON CONFLICT (sku) DO NOTHING
"""
_INSERT_USES = """
INSERT INTO product_values (code, value, product_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])
"""


async def taken_slugs(session: WriteSession, slugs: Sequence[str]) -> set[str]:
    return {row["slug"] for row in await session.all(_TAKEN_SLUGS, slugs)}


async def taken_skus(session: WriteSession, skus: Sequence[str]) -> set[str]:
    return {row["sku"] for row in await session.all(_TAKEN_SKUS, skus)}


async def insert(
    session: WriteSession,
    products: Sequence[Product],
    channels: Sequence[Channel],
    definitions: Mapping[str, AttributeDefinition],
) -> bool:
    """False when a slug or SKU is taken after all: the caller's transaction must then be rolled back."""
    written = await session.run(_INSERT_PRODUCTS, *_columns([_product_row(each) for each in products]))
    keys = [to_uuid(product.id) for product in products]
    variants = [
        row for key, product in zip(keys, products, strict=True) for row in _variant_rows(key, product)
    ]
    if written != len(products) or await session.run(_INSERT_VARIANTS, *_columns(variants)) != len(variants):
        return False
    prices = [row for product in products for row in price_rows(product.draft, channels)]
    if prices:
        await session.run(INSERT_PRICES, *_columns(prices))
    uses = [
        (code, value, key)
        for key, product in zip(keys, products, strict=True)
        for code, value in uses_of(product.draft, definitions)
    ]
    if uses:
        await session.run(_INSERT_USES, *_columns(uses))
    return True


def _product_row(product: Product) -> tuple[Any, ...]:
    columns = product_columns(product)
    return (*columns[:7], as_json(product.draft.options), *columns[8:])


def _variant_rows(key: UUID, product: Product) -> list[tuple[Any, ...]]:
    rows = []
    for position, variant in enumerate(product.draft.variants):
        image = picture_of(product.draft, variant)
        rows.append(
            (
                variant.sku,
                key,
                position,
                as_json(variant.options),
                option_key(variant),
                None if image is None else as_json(image),
                variant.weight_g,
            )
        )
    return rows


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
