"""What articles cost before: rows that are added as prices change, and the lowest of 30 days before a reduction.

Of the prices that all channels share, by SKU and currency. A price of a channel's own is never told as reduced, so it needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rialto.catalog.api import ProductDraft, VariantDraft
from rialto.kernel.db import ReadSession, WriteSession

LOOKED_BACK = timedelta(days=30)
KEPT = timedelta(days=60)

# The row in force when the 30 days began counts too, hence the innermost look for it.
APPEND = """
INSERT INTO price_history AS h (sku, currency, since, amount, is_reduced, lowest_before)
SELECT n.sku, n.currency, $5, n.amount, n.is_reduced, CASE WHEN n.is_reduced THEN (
    SELECT min(o.amount) FROM price_history AS o
    WHERE o.sku = n.sku AND o.currency = n.currency AND o.since < $5 AND o.since >= COALESCE((
        SELECT max(f.since) FROM price_history AS f
        WHERE f.sku = n.sku AND f.currency = n.currency AND f.since <= $6), '-infinity'))
    END
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[]) AS n(sku, currency, amount, is_reduced)
LEFT JOIN LATERAL (
    SELECT amount, is_reduced FROM price_history AS l
    WHERE l.sku = n.sku AND l.currency = n.currency ORDER BY since DESC LIMIT 1
) AS last ON true
WHERE (last.amount, last.is_reduced) IS DISTINCT FROM (n.amount, n.is_reduced)
ORDER BY n.sku, n.currency
ON CONFLICT (sku, currency, since) DO UPDATE
SET amount = excluded.amount, is_reduced = excluded.is_reduced, lowest_before = excluded.lowest_before
"""
# The last row that was in force at that time stays, with all after it.
PRUNE = """
DELETE FROM price_history AS h WHERE h.sku = ANY ($1::text[]) AND EXISTS (
    SELECT FROM price_history AS later
    WHERE later.sku = h.sku AND later.currency = h.currency AND later.since > h.since AND later.since <= $2)
"""
LOWEST = """
SELECT DISTINCT ON (sku, currency) sku, currency, lowest_before
FROM price_history WHERE sku = ANY ($1::text[]) ORDER BY sku, currency, since DESC
"""


async def append_prices(session: WriteSession, drafts: Sequence[ProductDraft], at: datetime) -> None:
    """Note what changed, and forget what is too old to matter. The products are locked, or new."""
    rows = [
        (variant.sku, currency, amount, currency in variant.compare_at)
        for variant in _variants(drafts)
        for currency, amount in variant.prices.items()
    ]
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    if await session.run(APPEND, *columns, at, at - LOOKED_BACK):
        await session.run(PRUNE, columns[0], at - KEPT)


async def lowest_before(session: ReadSession, drafts: Sequence[ProductDraft]) -> dict[str, dict[str, int]]:
    """By SKU and currency the lowest price of the 30 days before the present reduction; absent without a history."""
    reduced = [variant.sku for variant in _variants(drafts) if variant.compare_at]
    if not reduced:
        return {}
    found: dict[str, dict[str, int]] = {}
    for row in await session.all(LOWEST, reduced):
        if row["lowest_before"] is not None:
            found.setdefault(row["sku"], {})[row["currency"]] = row["lowest_before"]
    return found


def _variants(drafts: Iterable[ProductDraft]) -> Iterable[VariantDraft]:
    return (variant for draft in drafts for variant in draft.variants)
