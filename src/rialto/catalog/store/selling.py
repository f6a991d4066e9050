"""Prices by shop front, when the currencies of one change: from what products are kept with, in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.catalog.api.selling import Unpriced
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.money import Currency

_DROP = "DELETE FROM prices WHERE channel = $1 AND currency = ANY ($2::text[])"
_ADD = """
INSERT INTO prices (sku, channel, currency, amount, compare_at)
SELECT v ->> 'sku', $1, c.code, (v -> 'prices' ->> c.code)::bigint, (v -> 'compare_at' ->> c.code)::bigint
FROM products AS p CROSS JOIN json_array_elements(p.draft -> 'variants') AS v CROSS JOIN unnest($2::text[]) AS c(code)
WHERE v -> 'prices' ->> c.code IS NOT NULL
ORDER BY 1, 3
"""
# No limit: a count over all products, asked for by staff.
_UNPRICED = """
SELECT c.code, count(*) AS lacking FROM products AS p CROSS JOIN unnest($1::text[]) AS c(code)
WHERE p.published AND EXISTS (
    SELECT 1 FROM json_array_elements(p.draft -> 'variants') AS v WHERE v -> 'prices' ->> c.code IS NULL
)
GROUP BY c.code
"""
_PUBLISHED = "SELECT count(*) FROM products WHERE published"


async def drop_prices(session: WriteSession, channel: str, currencies: Sequence[Currency]) -> None:
    """The list of channels is held."""
    await session.run(_DROP, channel, list(currencies))


async def add_prices(session: WriteSession, channel: str, currencies: Sequence[Currency]) -> None:
    """Of currencies in which the channel has none. The list of channels is held."""
    await session.run(_ADD, channel, list(currencies))


async def unpriced(session: ReadSession, currencies: Sequence[Currency]) -> Unpriced:
    lacking = dict.fromkeys(currencies, 0)
    for row in await session.all(_UNPRICED, list(currencies)):
        lacking[Currency(row["code"])] = row["lacking"]
    return Unpriced(products=await session.value(_PUBLISHED), lacking=lacking)
