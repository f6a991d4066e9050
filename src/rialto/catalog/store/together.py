"""How pairs of products are counted. Rows are written in the order of their keys, so that two writers do not deadlock."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rialto.catalog.api.together import Companions
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.ids import PRODUCT

_PRODUCTS_OF = "SELECT sku, product_id FROM variants WHERE sku = ANY ($1::text[])"
_COUNT = """
INSERT INTO bought_together AS b (product_id, other_id, orders, weight)
SELECT product_id, other_id, count(*), sum(weight)
FROM unnest($1::uuid[], $2::uuid[], $3::float8[]) AS t(product_id, other_id, weight)
GROUP BY product_id, other_id ORDER BY product_id, other_id
ON CONFLICT (product_id, other_id) DO UPDATE SET orders = b.orders + excluded.orders, weight = b.weight + excluded.weight
"""
_DUE = """
INSERT INTO companions (product_id, version, others, due)
SELECT DISTINCT product_id, 0, '{}'::uuid[], true FROM unnest($1::uuid[]) AS product_id ORDER BY product_id
ON CONFLICT (product_id) DO UPDATE SET due = true
"""
_CLAIM = """
SELECT product_id, version, others FROM companions WHERE due ORDER BY product_id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_BEST = """
SELECT p.id AS product_id, ARRAY(
    SELECT other_id FROM bought_together AS b WHERE b.product_id = p.id AND b.orders >= $2
    ORDER BY weight DESC, other_id LIMIT $3) AS others
FROM unnest($1::uuid[]) AS p(id)
"""
_PRUNE = """
DELETE FROM bought_together AS b USING unnest($1::uuid[]) AS p(id)
WHERE b.product_id = p.id AND b.other_id NOT IN (
    SELECT other_id FROM bought_together AS k WHERE k.product_id = p.id ORDER BY weight DESC, other_id LIMIT $2)
"""
_SETTLE = """
UPDATE companions AS c SET version = t.version, others = ARRAY(SELECT json_array_elements_text(t.others)::uuid), due = false
FROM unnest($1::uuid[], $2::int[], $3::json[]) AS t(product_id, version, others) WHERE c.product_id = t.product_id
"""
_PAGE = """
SELECT product_id, others FROM companions WHERE product_id > $1 AND cardinality(others) > 0 ORDER BY product_id LIMIT $2
"""
NIL = UUID(int=0)


async def products_of(session: ReadSession, skus: Sequence[str]) -> dict[str, UUID]:
    """By SKU; what is not sold any more is absent."""
    return {row["sku"]: row["product_id"] for row in await session.all(_PRODUCTS_OF, skus)}


async def count(session: WriteSession, pairs: Sequence[tuple[UUID, UUID, float]]) -> None:
    """Add these pairs with their weights, and note whose companions may change."""
    products = [product for product, _, _ in pairs]
    await session.run(_COUNT, products, [other for _, other, _ in pairs], [weight for _, _, weight in pairs])
    await session.run(_DUE, sorted(set(products)))


async def claim(session: WriteSession, limit: int) -> list[tuple[UUID, int, list[UUID]]]:
    """Some that are due, locked: product, version and companions as last told."""
    rows = await session.all(_CLAIM, limit)
    return [(row["product_id"], row["version"], list(row["others"])) for row in rows]


async def best(
    session: WriteSession, products: Sequence[UUID], *, orders_min: int, limit: int
) -> dict[UUID, list[UUID]]:
    rows = await session.all(_BEST, products, orders_min, limit)
    return {row["product_id"]: list(row["others"]) for row in rows}


async def prune(session: WriteSession, products: Sequence[UUID], keep: int) -> None:
    await session.run(_PRUNE, products, keep)


async def settle(session: WriteSession, told: Sequence[tuple[UUID, int, str]]) -> None:
    """Note what was told: product, version, companions as a JSON list."""
    await session.run(_SETTLE, *(list(column) for column in zip(*told, strict=True)))


async def page(session: ReadSession, after: UUID | None, limit: int) -> list[Companions]:
    rows = await session.all(_PAGE, after or NIL, limit)
    return [
        Companions(
            product_id=PRODUCT.of(row["product_id"]), others=[PRODUCT.of(other) for other in row["others"]]
        )
        for row in rows
    ]
