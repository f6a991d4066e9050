"""How synonyms and pins are kept. Whoever changes one holds the row `search_rules` of `lists`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rialto.catalog.api.search_rules import Pins, SearchRules, Synonyms
from rialto.kernel.db import ReadSession, WriteSession

# No limits: at most RULES_MAX each.
_SYNONYMS = "SELECT id, language, terms, one_way, version FROM search_synonyms ORDER BY id"
_PINS = "SELECT id, language, query, products, version FROM search_pins ORDER BY id"
_PUT_SYNONYMS = """
INSERT INTO search_synonyms (id, version, language, terms, one_way, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, language = excluded.language, terms = excluded.terms,
    one_way = excluded.one_way, changed_at = excluded.changed_at
"""
_PUT_PINS = """
INSERT INTO search_pins (id, version, language, query, query_key, products, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, language = excluded.language, query = excluded.query,
    query_key = excluded.query_key, products = excluded.products, changed_at = excluded.changed_at
"""
_REMOVE_SYNONYMS = "DELETE FROM search_synonyms WHERE id = $1"
_REMOVE_PINS = "DELETE FROM search_pins WHERE id = $1"
_KNOWN_SLUGS = "SELECT slug FROM products WHERE slug = ANY ($1::text[])"


async def load_rules(session: ReadSession) -> SearchRules:
    synonyms = [Synonyms(**dict(row)) for row in await session.all(_SYNONYMS)]
    pins = [Pins(**dict(row)) for row in await session.all(_PINS)]
    return SearchRules(synonyms=synonyms, pins=pins)


async def put_synonyms(session: WriteSession, one: Synonyms, at: datetime) -> None:
    await session.run(_PUT_SYNONYMS, one.id, one.version, one.language, one.terms, one.one_way, at)


async def put_pins(session: WriteSession, one: Pins, key: str, at: datetime) -> None:
    await session.run(_PUT_PINS, one.id, one.version, one.language, one.query, key, one.products, at)


async def remove_synonyms(session: WriteSession, name: str) -> bool:
    """False when there is none."""
    return await session.run(_REMOVE_SYNONYMS, name) == 1


async def remove_pins(session: WriteSession, name: str) -> bool:
    """False when there is none."""
    return await session.run(_REMOVE_PINS, name) == 1


async def known_slugs(session: ReadSession, slugs: Sequence[str]) -> set[str]:
    return {row["slug"] for row in await session.all(_KNOWN_SLUGS, slugs)}
