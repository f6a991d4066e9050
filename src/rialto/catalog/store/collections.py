"""How collections are kept. Whoever changes one holds the row `collections` of `lists`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from rialto.catalog.api.collections import Collection
from rialto.catalog.api.products import Product
from rialto.catalog.store import as_product
from rialto.kernel.db import ReadSession, WriteSession

# No limit: at most COLLECTIONS_MAX.
_ALL = "SELECT body::text AS body FROM collections ORDER BY slug"
_ONE = "SELECT body::text AS body FROM collections WHERE slug = $1"
_PUT = """
INSERT INTO collections (slug, version, body, changed_at) VALUES ($1, $2, $3::json, $4)
ON CONFLICT (slug) DO UPDATE SET version = excluded.version, body = excluded.body, changed_at = excluded.changed_at
"""
_REMOVE = "DELETE FROM collections WHERE slug = $1"
_PRODUCTS = "SELECT id, version, draft::text AS draft, changed_at FROM products WHERE id = ANY ($1::uuid[])"
_KNOWN_CATEGORIES = "SELECT slug FROM categories WHERE slug = ANY ($1::text[])"

_decode = msgspec.json.Decoder(Collection).decode


async def all_collections(session: ReadSession) -> list[Collection]:
    return [_decode(row["body"]) for row in await session.all(_ALL)]


async def load_collection(session: ReadSession, slug: str) -> Collection | None:
    row = await session.one(_ONE, slug)
    return None if row is None else _decode(row["body"])


async def put_collection(session: WriteSession, one: Collection, at: datetime) -> None:
    await session.run(_PUT, one.slug, one.version, msgspec.json.encode(one).decode(), at)


async def remove_collection(session: WriteSession, slug: str) -> bool:
    """False when there is none."""
    return await session.run(_REMOVE, slug) == 1


async def products(session: ReadSession, ids: Sequence[UUID]) -> list[Product]:
    return [as_product(row) for row in await session.all(_PRODUCTS, ids)]


async def known_categories(session: ReadSession, slugs: Sequence[str]) -> set[str]:
    return {row["slug"] for row in await session.all(_KNOWN_CATEGORIES, slugs)}
