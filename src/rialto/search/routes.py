"""The public browsing routes. Every read takes `language`, `currency` and `channel`.

Parameters are taken as text where the answer to a bad one should name its field in our words; what the
framework can check it checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from rialto.catalog.api import Channel, ChannelClosed
from rialto.kernel.errors import FieldProblem
from rialto.kernel.http import Injected, about, host_of, outage_of
from rialto.kernel.money import parse_currency
from rialto.search.api import (
    Browse,
    ChannelFor,
    ProductAsked,
    ProductGone,
    QueryInvalid,
    Search,
    SuggestFor,
    View,
    ViewOf,
)
from rialto.search.model import LIMIT_MAX, PRICE_MAX
from rialto.search.wire import (
    ApiCategories,
    ApiCollections,
    ApiProduct,
    ApiProductPage,
    ApiSuggestions,
    api_categories,
    api_collections,
    api_page,
    api_product,
    api_suggestions,
)
from rialto.search.words import QUERY_LENGTH_MAX

RESERVED = frozenset(
    {
        *("q", "category", "collection", "price_min", "price_max", "sort", "limit", "cursor", "page"),
        *("currency", "language", "channel", "in_stock"),
    }
)
LANGUAGES_READ_MAX = 10
TAG = "products"
# The same for everybody. Two seconds is the longest that a stock band may be old.
SHARED = "public, max-age=0, s-maxage=2, stale-while-revalidate=3, stale-if-error=3600"
BRIEF = "public, max-age=0, s-maxage=2"
AS_OF = "Prices-As-Of"
FILTERS = {
    "name": "filters",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": True,
    "description": "Any filterable attribute by its code, such as `colour=stone,chalk`.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
T = TypeVar("T")

AnyRequest = Request[Any, Any, Any]
Sort = Literal["relevance", "newest", "price", "-price", "rating", "title"]
Text = Annotated[str, QueryParameter(max_length=QUERY_LENGTH_MAX)]
Code = Annotated[str | None, QueryParameter(max_length=100)]
# Not optional: the framework would read `null` as nothing given, and show what was not asked for.
Price = Annotated[int, QueryParameter(ge=0, le=PRICE_MAX, description="Minor units of the currency")]


@get(
    "/v1/products",
    **about("list_products", "Browse products", tag=TAG, refuses=[ChannelClosed], parameters=[FILTERS]),
)
async def list_products(
    request: AnyRequest,
    search: Injected[Search],
    *,
    q: Text = "",
    category: Code = None,
    collection: Code = None,
    price_min: Price = 0,
    price_max: Price = PRICE_MAX,
    sort: FromQuery[Sort] = "relevance",
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 24,
    cursor: Code = None,
    in_stock: FromQuery[bool] = False,
    currency: Code = None,
    language: Code = None,
    channel: Code = None,
) -> Response[ApiProductPage]:
    """Products with facets. Any other parameter that is a filterable attribute filters by it.

    Several values (repeated, or with commas between) match any of them; several attributes must all match.
    """
    page = await search.browse(
        Browse(
            view=await _view(request, search, currency=currency, language=language, channel=channel),
            q=q,
            category=category,
            collection=collection,
            filters=filters_of(request.query_params.dict()),
            price_min=price_min or None,
            price_max=None if price_max == PRICE_MAX else price_max,
            sort=sort,
            limit=limit,
            cursor=cursor,
            in_stock=in_stock,
        )
    )
    return _shared(request, api_page(page), "products", *(f"product:{item.id}" for item in page.items))


@get(
    "/v1/products/{ref:str}",
    **about("get_product", "Look at a product", tag=TAG, refuses=[ProductGone, ChannelClosed]),
)
async def get_product(
    request: AnyRequest,
    search: Injected[Search],
    ref: FromPath[str],
    *,
    currency: Code = None,
    language: Code = None,
    channel: Code = None,
) -> Response[ApiProduct]:
    """One product by its slug or id."""
    view = await _view(request, search, currency=currency, language=language, channel=channel)
    product = api_product(await search.product(ProductAsked(view=view, ref=ref)))
    return _shared(request, product, f"product:{product.id}")


@get("/v1/categories", **about("list_categories", "See the categories", tag=TAG, refuses=[ChannelClosed]))
async def list_categories(
    request: AnyRequest,
    search: Injected[Search],
    *,
    currency: Code = None,
    language: Code = None,
    channel: Code = None,
) -> Response[ApiCategories]:
    """The tree of categories with counts; a parent counts its children's products."""
    view = await _view(request, search, currency=currency, language=language, channel=channel)
    found = await search.categories(ViewOf(view=view))
    return _shared(request, ApiCategories(items=api_categories(found.items)), "categories")


@get(
    "/v1/collections", **about("browse_collections", "See the collections", tag=TAG, refuses=[ChannelClosed])
)
async def list_collections(
    request: AnyRequest,
    search: Injected[Search],
    *,
    currency: Code = None,
    language: Code = None,
    channel: Code = None,
) -> Response[ApiCollections]:
    """All of them by slug; `/v1/products?collection=` lists what one holds, and how many that is."""
    view = await _view(request, search, currency=currency, language=language, channel=channel)
    found = await search.collections(ViewOf(view=view))
    return _shared(request, ApiCollections(items=api_collections(found.items)), "collections")


@get("/v1/suggest", **about("suggest", "Suggest while typing", tag=TAG, refuses=[ChannelClosed]))
async def suggest(
    request: AnyRequest,
    search: Injected[Search],
    *,
    q: Text = "",
    limit: Annotated[int, QueryParameter(ge=1, le=20)] = 8,
    currency: Code = None,
    language: Code = None,
    channel: Code = None,
) -> Response[ApiSuggestions]:
    """What may be meant by a query that is still being typed."""
    view = await _view(request, search, currency=currency, language=language, channel=channel)
    found = await search.suggest(SuggestFor(view=view, q=q, limit=limit))
    return _shared(request, api_suggestions(found), "products", "categories")


ROUTES = (list_products, get_product, list_categories, list_collections, suggest)


def _shared(request: AnyRequest, content: T, *keys: str) -> Response[T]:
    """An answer that caches may keep. `keys` name what it shows, for a cache in front that is told to forget.

    While the shop's database is away it is kept for seconds only, and says as of when it is.
    """
    outage = outage_of(request)
    headers = {
        "Cache-Control": SHARED if outage is None else BRIEF,
        "Vary": "Accept-Encoding, Accept-Language",
        "Surrogate-Key": " ".join(keys),
    }
    if outage is not None and outage.as_of is not None:
        headers[AS_OF] = outage.as_of.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Response(content, headers=headers)


def filters_of(parameters: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Every parameter that is not reserved, its values cut at commas; empty ones choose nothing."""
    return {
        code: values
        for code, given in parameters.items()
        if code not in RESERVED
        and (values := [part.strip() for text in given for part in str(text).split(",") if part.strip()])
    }


def preferred_language(header: str, languages: list[str]) -> str:
    """Of the channel's languages the one that Accept-Language (RFC 9110) likes best; else the first."""
    wishes: list[tuple[float, str]] = []
    for part in header.split(",")[:LANGUAGES_READ_MAX]:
        name, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.partition("=")[2]) if quality else 1.0
        except ValueError:
            continue
        wishes.append((weight, name.strip().lower()))
    known = {language.lower(): language for language in languages}
    for weight, name in sorted(wishes, key=lambda wish: -wish[0]):
        found = known.get(name) or known.get(name.partition("-")[0])
        if found and weight > 0:
            return found
    return languages[0]


async def _view(
    request: AnyRequest, search: Search, *, currency: str | None, language: str | None, channel: str | None
) -> View:
    """The view asked for, in the channel named or found by host.

    Raises QueryInvalid for what it does not have, ChannelClosed.
    """
    shop = await search.channel(ChannelFor(host=host_of(request), code=channel))
    if channel is not None and shop.code != channel:
        raise _problem("channel", "channel_unknown", "There is no such channel.")
    if not shop.open:
        raise ChannelClosed
    return View(
        channel=shop.code,
        currency=shop.currencies[0] if currency is None else _currency(currency, shop),
        language=_language(request, language, shop),
        stock_known=outage_of(request) is None,
    )


def _currency(asked: str, shop: Channel) -> Any:
    found = parse_currency(asked)
    if found not in shop.currencies:
        raise _problem(
            "currency", "currency_not_offered", f"This channel sells in {', '.join(shop.currencies)}."
        )
    return found


def _language(request: AnyRequest, asked: str | None, shop: Channel) -> str:
    if asked is None:
        return preferred_language(request.headers.get("accept-language", ""), shop.languages)
    found = {language.lower(): language for language in shop.languages}
    name = asked.lower()
    chosen = found.get(name) or found.get(name.partition("-")[0])
    if chosen is None:
        raise _problem(
            "language", "language_not_offered", f"This channel speaks {', '.join(shop.languages)}."
        )
    return chosen


def _problem(path: str, code: str, message: str) -> QueryInvalid:
    return QueryInvalid(message, fields=(FieldProblem(path=path, code=code, message=message),))
