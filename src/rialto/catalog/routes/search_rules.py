"""Synonyms and pins on the web, for staff."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, put
from litestar.params import FromPath, JSONBody

from rialto.catalog.api import (
    Catalog,
    Pins,
    PutPins,
    PutSynonyms,
    QueryPinned,
    SearchRuleChanged,
    SearchRuleNotFound,
    SearchRuleRef,
    Synonyms,
)
from rialto.catalog.model.search_rules import (
    PINNED_MAX,
    QUERY_LENGTH_MAX,
    TERM_LENGTH_MAX,
    TERMS_MAX,
)
from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.service import Frozen, Nothing

TAG = "staff: search"
READ = [requires("catalog.read")]
WRITE = [requires("catalog.write")]
CHANGE = (SearchRuleNotFound, SearchRuleChanged)

Term = Annotated[str, msgspec.Meta(min_length=1, max_length=TERM_LENGTH_MAX)]
Slug = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class SynonymsInput(Frozen):
    """Synonyms without their id, which stands in the address."""

    language: str
    terms: Annotated[list[Term], msgspec.Meta(min_length=2, max_length=TERMS_MAX)]
    one_way: bool = False


class PinsInput(Frozen):
    """Pins without their id, which stands in the address."""

    language: str
    query: Annotated[str, msgspec.Meta(min_length=1, max_length=QUERY_LENGTH_MAX)]
    products: Annotated[list[Slug], msgspec.Meta(min_length=1, max_length=PINNED_MAX)]


class SynonymsList(Frozen):
    items: list[Synonyms]


class PinsList(Frozen):
    items: list[Pins]


@get("/v1/admin/search/synonyms", guards=READ, **about("list_synonyms", "List synonyms", tag=TAG))
async def list_synonyms(catalog: Injected[Catalog]) -> SynonymsList:
    """All of them, by id. A rule's `version` is its ETag."""
    return SynonymsList(items=(await catalog.search_rules(Nothing())).synonyms)


@put(
    "/v1/admin/search/synonyms/{synonyms_id:str}",
    guards=WRITE,
    **about(
        "put_synonyms",
        "Create or replace synonyms",
        tag=TAG,
        refuses=CHANGE,
        tagged=True,
        example={"language": "de", "terms": ["Leuchte", "Lampe"]},
    ),
)
async def put_synonyms(
    catalog: Injected[Catalog],
    synonyms_id: FromPath[str],
    data: JSONBody[SynonymsInput],
    based_on: IfMatch = None,
) -> Response[Synonyms]:
    """If-Match `"0"` makes new ones, a version replaces it. Searches follow within a second."""
    stored = await catalog.put_synonyms(
        PutSynonyms(
            synonyms=Synonyms(id=synonyms_id, language=data.language, terms=data.terms, one_way=data.one_way),
            expected_version=if_match(based_on),
        )
    )
    return Response(stored, headers={"ETag": etag(stored.version)})


@delete(
    "/v1/admin/search/synonyms/{synonyms_id:str}",
    guards=WRITE,
    status_code=204,
    **about("remove_synonyms", "Remove synonyms", tag=TAG, refuses=[SearchRuleNotFound]),
)
async def remove_synonyms(catalog: Injected[Catalog], synonyms_id: FromPath[str]) -> None:
    """From then on each word finds itself only."""
    await catalog.remove_synonyms(SearchRuleRef(id=synonyms_id))


@get("/v1/admin/search/pins", guards=READ, **about("list_pins", "List pinned products", tag=TAG))
async def list_pins(catalog: Injected[Catalog]) -> PinsList:
    """All of them, by id. A rule's `version` is its ETag."""
    return PinsList(items=(await catalog.search_rules(Nothing())).pins)


@put(
    "/v1/admin/search/pins/{pins_id:str}",
    guards=WRITE,
    **about(
        "put_pins",
        "Pin products to a query",
        tag=TAG,
        refuses=[*CHANGE, QueryPinned],
        tagged=True,
        example={"language": "en", "query": "gift", "products": ["mug-stone"]},
    ),
)
async def put_pins(
    catalog: Injected[Catalog],
    pins_id: FromPath[str],
    data: JSONBody[PinsInput],
    based_on: IfMatch = None,
) -> Response[Pins]:
    """If-Match `"0"` makes new ones, a version replaces it. Searches follow within a second.

    The products stand first when somebody searches for just this, whether they hold its words or not.
    """
    stored = await catalog.put_pins(
        PutPins(
            pins=Pins(id=pins_id, language=data.language, query=data.query, products=data.products),
            expected_version=if_match(based_on),
        )
    )
    return Response(stored, headers={"ETag": etag(stored.version)})


@delete(
    "/v1/admin/search/pins/{pins_id:str}",
    guards=WRITE,
    status_code=204,
    **about("remove_pins", "Remove pins", tag=TAG, refuses=[SearchRuleNotFound]),
)
async def remove_pins(catalog: Injected[Catalog], pins_id: FromPath[str]) -> None:
    """From then on relevance alone decides."""
    await catalog.remove_pins(SearchRuleRef(id=pins_id))


ROUTES: list[Any] = [list_synonyms, put_synonyms, remove_synonyms, list_pins, put_pins, remove_pins]
