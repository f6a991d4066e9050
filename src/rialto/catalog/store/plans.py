"""Products whose plan has something to do."""

from __future__ import annotations

from datetime import datetime

from rialto.catalog.api import Product
from rialto.catalog.store import as_product
from rialto.kernel.db import WriteSession

# What somebody changes just now is looked at again at the next turn.
_CLAIM = """
SELECT id, version, draft::text AS draft, changed_at FROM products WHERE planned_at <= $1
ORDER BY planned_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""


async def claim(session: WriteSession, now: datetime, at_most: int) -> list[Product]:
    return [as_product(row) for row in await session.all(_CLAIM, now, at_most)]
