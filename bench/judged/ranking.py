"""How good is the order of results? nDCG@10 of the judged queries, over the demo catalogue in an index of its own."""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from rialto.catalog.api import Collections, ProductDocument, SearchRules
from rialto.engines.tantivy_index import TantivyEngine
from rialto.importing.demo import DemoImporter, demo_catalogue
from rialto.importing.model import AttributeRow, CategoryRow, ImportOptions, ProductRow
from rialto.kernel.ids import PRODUCT
from rialto.search.definitions import Definitions
from rialto.search.front import Front
from rialto.search.matching import Matcher
from rialto.search.store import SearchStore

PLACES = 10
QUERIES = Path(__file__).with_name("queries.json")
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Judged:
    """A query and the grades of the products it ought to find, by slug."""

    q: str
    language: str
    relevant: Mapping[str, int]


def judged_queries() -> list[Judged]:
    return [Judged(**each) for each in json.loads(QUERIES.read_text("utf-8"))]


def measure() -> str:
    scored = asyncio.run(scores())
    by_language = {
        language: [score for query, score in scored if query.language == language]
        for language in sorted({query.language for query, _ in scored})
    }
    means = ", ".join(f"{language} {_mean(found):.3f}" for language, found in by_language.items())
    overall = _mean([score for _, score in scored])
    worst = ", ".join(
        f"{query.q} ({score:.2f})" for query, score in sorted(scored, key=lambda each: each[1])[:5]
    )
    return (
        f"search ranking     nDCG@{PLACES} {overall:.3f} over {len(scored)} judged queries ({means})\n"
        f"                   worst: {worst}"
    )


async def scores() -> list[tuple[Judged, float]]:
    """Every judged query with its nDCG@10, searched in an index that is made for this."""
    with tempfile.TemporaryDirectory(prefix="rialto-judged-") as folder:
        store = SearchStore(Path(folder), TantivyEngine())
        documents, definitions = _demo()
        await store.rebuild(
            _each(documents), definitions, {}, ratings={}, rules=SearchRules(), collections=Collections()
        )
        matcher = Matcher(store)
        found = [(query, ndcg(_slugs(store, matcher, query), query.relevant)) for query in judged_queries()]
        store.close()
    return found


def ndcg(order: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Discounted gain of the first ten results beside that of the best possible order: 1 is perfect."""
    best = _gain(sorted(relevant.values(), reverse=True))
    return _gain([relevant.get(slug, 0) for slug in order]) / best if best else 1.0


def _gain(grades: Sequence[int]) -> float:
    return sum((2.0**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades[:PLACES]))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _slugs(store: SearchStore, matcher: Matcher, query: Judged) -> list[str]:
    front = Front(store.shelf, store.shelf.definitions.default_channel)
    order = matcher.match(query.q, query.language, front).order[:PLACES]
    return [document.draft.slug for document in store.products(order)]


def _demo() -> tuple[list[ProductDocument], Definitions]:
    rows = list(DemoImporter().read(demo_catalogue(), ImportOptions()))
    drafts = [row.draft for row in rows if isinstance(row, ProductRow)]
    documents = [
        ProductDocument(
            id=PRODUCT.of(UUID(int=number << 80 | 7 << 76 | 0b10 << 62 | number)),
            version=1,
            draft=draft,
            changed_at=MADE_AT,
        )
        for number, draft in enumerate(drafts, start=1)
    ]
    definitions = Definitions(
        attributes=[row.definition for row in rows if isinstance(row, AttributeRow)],
        categories=[row.category for row in rows if isinstance(row, CategoryRow)],
    )
    return documents, definitions


async def _each(documents: Sequence[ProductDocument]) -> AsyncIterator[ProductDocument]:
    for document in documents:
        yield document
