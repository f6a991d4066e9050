"""Prices by shop front, when the currencies of one change: from what products are kept with, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rialto.catalog.api.profile import Channel
from rialto.catalog.api.selling import Unpriced
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.money import Currency

_DROP = "DELETE FROM prices WHERE channel = $1 AND currency = ANY ($2::text[])"
# So many products per statement: of 100,000 at once the reading alone would take longer than a statement may.
BATCH = 10_000
_ADD = """
WITH batch AS (
    SELECT id, draft FROM products WHERE $3::uuid IS NULL OR id > $3 ORDER BY id LIMIT $4
), shown AS (
    SELECT draft FROM batch WHERE coalesce(json_array_length(draft -> 'channels'), 0) = 0
        OR EXISTS (SELECT FROM json_array_elements_text(draft -> 'channels') AS c(code) WHERE c.code = $1)
), priced AS (
    SELECT v ->> 'sku' AS sku, c.code, (v -> 'channel_prices' -> $1 ->> c.code)::bigint AS own,
        CASE WHEN NOT $5 THEN (v -> 'prices' ->> c.code)::bigint END AS shared,
        CASE WHEN NOT $5 THEN (v -> 'compare_at' ->> c.code)::bigint END AS former
    FROM shown CROSS JOIN json_array_elements(shown.draft -> 'variants') AS v CROSS JOIN unnest($2::text[]) AS c(code)
), added AS (
    INSERT INTO prices (sku, channel, currency, amount, compare_at)
    SELECT sku, $1, code, coalesce(own, shared), CASE WHEN own IS NULL THEN former END
    FROM priced WHERE coalesce(own, shared) IS NOT NULL ORDER BY 1, 3
)
SELECT id FROM batch ORDER BY id DESC LIMIT 1
"""
# No limit on either: counts over all products, asked for by staff.
_UNPRICED = """
SELECT count(DISTINCT p.id) FROM products AS p JOIN variants AS v ON v.product_id = p.id
LEFT JOIN prices AS pr ON pr.sku = v.sku AND pr.channel = $1 AND pr.currency = $2
WHERE p.published AND pr.sku IS NULL AND (coalesce(json_array_length(p.draft -> 'channels'), 0) = 0
    OR EXISTS (SELECT FROM json_array_elements_text(p.draft -> 'channels') AS c(code) WHERE c.code = $1))
"""
# In a currency that no channel sells in yet there are no rows: what products are kept with is read.
_UNPRICED_YET = """
SELECT count(DISTINCT p.id) FROM products AS p CROSS JOIN json_array_elements(p.draft -> 'variants') AS v
WHERE p.published AND v -> 'prices' ->> $1 IS NULL
"""
_PUBLISHED = "SELECT count(*) FROM products WHERE published"


async def drop_prices(session: WriteSession, channel: str, currencies: Sequence[Currency]) -> None:
    """The list of channels is held."""
    await session.run(_DROP, channel, list(currencies))


async def add_prices(
    session: WriteSession, channel: Channel, currencies: Sequence[Currency], *, batch: int = BATCH
) -> None:
    """Of currencies in which the channel has none, as `price_rows` would. The list of channels is held."""
    if not currencies:
        return
    last: UUID | None = None
    while True:
        last = await session.value(_ADD, channel.code, list(currencies), last, batch, channel.own_prices)
        if last is None:
            return


async def unpriced(
    session: ReadSession, currencies: Sequence[Currency], channels: Sequence[Channel]
) -> Unpriced:
    lacking: dict[Currency, int] = {}
    for code in currencies:
        seller = next((one.code for one in channels if code in one.currencies), None)
        lacking[code] = await (
            session.value(_UNPRICED_YET, code) if seller is None else session.value(_UNPRICED, seller, code)
        )
    return Unpriced(products=await session.value(_PUBLISHED), lacking=lacking)
