"""Collections on the web, for staff. Shoppers meet them in `search` and in the storefront."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, put
from litestar.params import FromPath, JSONBody

from rialto.catalog.api import (
    Catalog,
    Collection,
    CollectionChanged,
    CollectionNotFound,
    CollectionRef,
    CollectionRule,
    Collections,
    PutCollection,
    Texts,
)
from rialto.catalog.model.collections import CHOSEN_MAX
from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.service import Frozen, Nothing

TAG = "staff: collections"
READ = [requires("catalog.read")]
WRITE = [requires("catalog.write")]

Slug = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class CollectionInput(Frozen):
    """A collection without its slug, which stands in the address. It has either a rule or products."""

    title: Texts
    description: Texts = {}
    rule: CollectionRule | None = None
    products: Annotated[list[Slug], msgspec.Meta(max_length=CHOSEN_MAX)] = []


@get("/v1/admin/collections", guards=READ, **about("list_collections", "List collections", tag=TAG))
async def list_collections(catalog: Injected[Catalog]) -> Collections:
    """All of them, by slug. A collection's `version` is its ETag."""
    return await catalog.collections(Nothing())


@get(
    "/v1/admin/collections/{slug:str}",
    guards=READ,
    **about("read_collection", "Read a collection", tag=TAG, refuses=[CollectionNotFound], tagged=True),
)
async def read_collection(catalog: Injected[Catalog], slug: FromPath[str]) -> Response[Collection]:
    """One collection; its ETag is what changes are based on."""
    return _tagged(await catalog.collection(CollectionRef(slug=slug)))


@put(
    "/v1/admin/collections/{slug:str}",
    guards=WRITE,
    **about(
        "put_collection",
        "Create or replace a collection",
        tag=TAG,
        refuses=[CollectionNotFound, CollectionChanged],
        tagged=True,
        example={
            "title": {"en": "Small gifts", "de": "Kleine Geschenke"},
            "rule": {"prices": {"EUR": {"high": 2500}}, "stock": "in_stock"},
        },
    ),
)
async def put_collection(
    catalog: Injected[Catalog],
    slug: FromPath[str],
    data: JSONBody[CollectionInput],
    based_on: IfMatch = None,
) -> Response[Collection]:
    """If-Match `"0"` makes a new one, a version replaces it. Lists follow within a second.

    A rule is judged whenever somebody looks: prices, stock and newness count as they are at that moment. Products
    chosen by hand stand in their order.
    """
    collection = Collection(
        slug=slug, title=data.title, description=data.description, rule=data.rule, products=data.products
    )
    command = PutCollection(collection=collection, expected_version=if_match(based_on))
    return _tagged(await catalog.put_collection(command))


@delete(
    "/v1/admin/collections/{slug:str}",
    guards=WRITE,
    status_code=204,
    **about("remove_collection", "Remove a collection", tag=TAG, refuses=[CollectionNotFound]),
)
async def remove_collection(catalog: Injected[Catalog], slug: FromPath[str]) -> None:
    """Its address leads nowhere from then on; its products stay."""
    await catalog.remove_collection(CollectionRef(slug=slug))


ROUTES: list[Any] = [list_collections, read_collection, put_collection, remove_collection]


def _tagged(collection: Collection) -> Response[Collection]:
    return Response(collection, headers={"ETag": etag(collection.version)})
