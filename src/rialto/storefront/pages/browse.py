"""Looking around: home, categories, collections, search. Shared pages, the same for everyone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.kernel.errors import NotFound
from rialto.kernel.http import Injected, host_of
from rialto.search.api import (
    SORTS,
    Browse,
    CategoryLink,
    ChannelFor,
    CollectionAsked,
    Featured,
    ProductPage,
    QueryInvalid,
    Search,
    ViewOf,
)
from rialto.storefront import formats, structured
from rialto.storefront.facets import shown_facets
from rialto.storefront.listing import (
    Asked,
    bare_url,
    chips,
    is_filtered,
    more_url,
    page_links,
    page_url,
    read_query,
)
from rialto.storefront.rendering import PAGE, go, shared_page
from rialto.storefront.texts import LANGUAGES
from rialto.storefront.visit import AnyRequest, Visit, preferred_language


@get("/")
async def root(request: AnyRequest, search: Injected[Search]) -> Redirect:
    """To the visitor's language."""
    channel = await search.channel(ChannelFor(host=host_of(request)))
    offered = [language for language in channel.languages if language in LANGUAGES] or ["en"]
    answer = go(f"/{preferred_language(request, offered)}/", status=302)
    answer.headers["Vary"] = "Accept-Language, Cookie"
    return answer


@get("/{lang:str}/")
async def home(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    featured = (await search.featured(Featured(view=visit.view, limit=9))).items
    newest = await search.browse(Browse(view=visit.view, sort="newest", limit=12))
    shown = {card.id for card in featured}
    return await shared_page(
        visit,
        "pages/home.html",
        search=search,
        keys=("home", *(f"product:{card.id}" for card in featured)),
        featured=featured,
        newest=[card for card in newest.items if card.id not in shown][:4],
        categories=await _filled(visit, search),
        structured=[structured.website(visit)],
        section="home",
    )


@get("/{lang:str}/c/{slug:str}")
async def category(slug: FromPath[str], visit: Injected[Visit], search: Injected[Search]) -> PAGE | Redirect:
    """One category with its filters. Raises NotFound."""
    tree = (await search.categories(ViewOf(view=visit.view))).items
    trail = _path_to(slug, tree)
    if not trail:
        raise NotFound
    asked = read_query(visit)
    try:
        found = await search.browse(asked.browse(visit, category=slug))
    except QueryInvalid:
        return go(visit.path)
    return await shared_page(
        visit,
        "pages/category.html",
        search=search,
        keys=_keys(found, f"category:{slug}"),
        subject=trail[-1],
        children=trail[-1].children,
        trail=trail,
        trail_end=None,
        structured=[structured.breadcrumb(visit, trail)],
        section=trail[0].slug,
        **_list_context(visit, asked, found),
    )


@get("/{lang:str}/collections/{slug:str}")
async def collection(
    slug: FromPath[str], visit: Injected[Visit], search: Injected[Search]
) -> PAGE | Redirect:
    """One collection, shown as a category is. Raises NotFound."""
    subject = await search.collection(CollectionAsked(view=visit.view, slug=slug))
    asked = read_query(visit)
    try:
        found = await search.browse(asked.browse(visit, collection=slug))
    except QueryInvalid:
        return go(visit.path)
    return await shared_page(
        visit,
        "pages/category.html",
        search=search,
        keys=_keys(found, f"collection:{slug}"),
        subject=subject,
        children=[],
        trail=[],
        trail_end=subject.title,
        structured=[structured.breadcrumb(visit, [], subject.title)],
        **_list_context(visit, asked, found),
    )


@get("/{lang:str}/search")
async def search_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE | Redirect:
    asked = read_query(visit)
    try:
        found = await search.browse(asked.browse(visit))
    except QueryInvalid:
        return go(visit.url("search", q=asked.q))
    shorter = {each.q for each in found.fewer_words}
    return await shared_page(
        visit,
        "pages/search.html",
        search=search,
        keys=_keys(found, "search"),
        suggestions=[
            (text, visit.url("search", q=text)) for text in found.did_you_mean if text not in shorter
        ],
        fewer=[(each, visit.url("search", q=each.q)) for each in found.fewer_words],
        categories=await _filled(visit, search),
        robots="noindex, follow",
        **_list_context(visit, asked, found),
    )


async def _filled(visit: Visit, search: Search) -> list[CategoryLink]:
    """The top categories that hold something."""
    return [link for link in (await search.categories(ViewOf(view=visit.view))).items if link.count]


def _list_context(visit: Visit, asked: Asked, found: ProductPage) -> dict[str, Any]:
    query = urlencode({"page": str(found.page)}) if found.page > 1 else ""
    active = chips(visit, asked, found)
    return {
        "asked": asked,
        "query": asked.q,
        "found": found,
        "chips": active,
        "filtered": bool(active) or (not found.total and is_filtered(asked)),
        "bare_url": bare_url(visit, asked),
        "facets": shown_facets(found.facets, found.total, asked.more),
        "more_url": partial(more_url, visit),
        "price_hints": _price_hints(found),
        # An order by stars that nothing has would be a promise.
        "sorts": [sort for sort in SORTS if sort != "rating" or found.rated or asked.sort == sort],
        "page_links": page_links(visit, found),
        "previous_url": page_url(visit, found.page - 1) if found.page > 1 else None,
        "next_url": page_url(visit, found.page + 1) if found.page < found.pages else None,
        "canonical": visit.absolute(visit.path + (f"?{query}" if query else "")),
    }


def _price_hints(found: ProductPage) -> dict[str, str]:
    """The range there is, as placeholders of the price fields."""
    if found.price_range is None:
        return {}
    prices = {"price_min": found.price_range.lowest, "price_max": found.price_range.highest}
    return {name: formats.plain_amount(price) for name, price in prices.items()}


def _path_to(slug: str, tree: Sequence[CategoryLink]) -> list[CategoryLink]:
    """From the top category down to this one; empty where there is no such category."""
    for link in tree:
        if link.slug == slug:
            return [link]
        if below := _path_to(slug, link.children):
            return [link, *below]
    return []


def _keys(found: ProductPage, first: str) -> tuple[str, ...]:
    return (first, *(f"product:{card.id}" for card in found.items))
