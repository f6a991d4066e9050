"""Looking for somebody's traces in every table that a service can read."""

from __future__ import annotations

from rialto.kernel.db import Database

_TABLES = """
SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


async def places_of(db: Database, *marks: str) -> dict[str, list[str]]:
    """Tables (as `schema.table`) in whose rows a mark stands, with these marks; in whatever column, in any case."""
    found: dict[str, list[str]] = {}
    async with db.read() as session:
        for row in await session.all(_TABLES):
            rows = await session.all(f"SELECT lower(t::text) AS text FROM {row['name']} AS t")
            texts = [entry["text"] for entry in rows]
            here = [mark for mark in marks if any(mark.lower() in text for text in texts)]
            if here:
                found[row["name"]] = here
    return found
