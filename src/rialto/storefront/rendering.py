"""From a template and what it shows to a response: the frame around every page and its cache headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.response import Redirect
from markupsafe import Markup, escape

from rialto.kernel.errors import Unavailable
from rialto.kernel.reaching import Outage
from rialto.search.api import CategoryLink, Search, ViewOf
from rialto.storefront import formats, pictures
from rialto.storefront.assets import assets
from rialto.storefront.security import content_policy, origin_of
from rialto.storefront.texts import LANGUAGES, Texts, texts_of
from rialto.storefront.visit import SHOP_NAME, Visit

SHARED = "public, max-age=0, s-maxage=2, stale-while-revalidate=3, stale-if-error=3600"
# While the database is away: what is shown then shall not outlive it.
BRIEF = "public, max-age=0, s-maxage=2"
PRIVATE = "no-store"
RETRY_AFTER_S = 5
PAGE = Response[bytes]
_INDENT = re.compile(r"\n\s+")
# What a page may say instead of the frame.
OVERRIDABLE = frozenset({"robots", "query", "section", "canonical"})


@cache
def environment() -> Environment:
    """Jinja, strict: a missing value is an error in the tests, not a gap on a page."""
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals.update(
        asset=assets().url,
        drawing=lambda name: Markup(assets().body(name).decode()),  # noqa: S704  our own files
        shown=pictures.shown,
        of_choice=pictures.of_choice,
        country_name=formats.country_name,
        suggest_words=_suggest_words,
    )
    env.filters.update(
        data=formats.as_data,
        lines=_lines,
        money=formats.money,
        moment=formats.moment,
        rate=formats.rate,
        stars=formats.stars,
    )
    return env


async def shared_page(
    visit: Visit, template: str, *, search: Search, keys: Sequence[str], **context: Any
) -> PAGE:
    """A page that is the same for everyone: no cookie but language and currency may have shaped it.

    `keys` name what it shows, so that a cache in front can be told to forget exactly these pages.
    """
    kept = SHARED if visit.outage is None else BRIEF
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding, Cookie", "Surrogate-Key": " ".join(keys)}
    return await _page(visit, template, search=search, status=200, headers=headers, context=context)


async def private_page(
    visit: Visit, template: str, *, search: Search, status: int = 200, **context: Any
) -> PAGE:
    """A page of one visitor: cart, checkout, order."""
    context.setdefault("robots", "noindex")
    headers = {"Cache-Control": PRIVATE}
    return await _page(visit, template, search=search, status=status, headers=headers, context=context)


def go(url: str, status: Literal[302, 303] = 303) -> Redirect:
    """To another page, never remembered by a cache."""
    return Redirect(url, status_code=status, headers={"Cache-Control": PRIVATE})


async def _page(
    visit: Visit,
    template: str,
    *,
    search: Search,
    status: int,
    headers: dict[str, str],
    context: dict[str, Any],
) -> PAGE:
    frame = {**_frame(visit), "navigation": await _navigation(visit, search)}
    shadowed = frame.keys() & context.keys() - OVERRIDABLE
    assert not shadowed, f"a page shadows the frame's {shadowed}"
    html = _INDENT.sub("\n", environment().get_template(template).render({**frame, **context}))
    headers["Content-Security-Policy"] = content_policy(origin_of(visit.settings.sandbox_url))
    headers["Content-Language"] = visit.language
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return Response(html.encode(), status_code=status, media_type="text/html", headers=headers)


def bare_frame(language: str, path: str) -> dict[str, Any]:
    """What the frame needs when no service can be asked: for error pages."""
    rest = path.removeprefix(f"/{language}").lstrip("/")
    return {
        "t": texts_of(language),
        "language": language,
        "languages": list(LANGUAGES),
        "currency": "",
        "currencies": [],
        "tax_included": True,
        "path": path,
        "here": path,
        "rest": rest,
        "public_url": "",
        "shop_name": SHOP_NAME,
        "shop_email": "",
        "accent_style": "",
        "logo": None,
        "notice": "",
        "navigation": [],
        "robots": "noindex",
        "query": "",
        "section": "",
        "outage": "",
        "alternates": [],
        "canonical": "",
    }


def outage_notice(outage: Outage | None, language: str) -> str:
    """What stands above every page while the database is away; empty else."""
    if outage is None:
        return ""
    said = texts_of(language)
    if outage.as_of is None:
        return said("outage.undated")
    return said("outage.notice", at=formats.moment_and_time(outage.as_of, language))


def _frame(visit: Visit) -> dict[str, Any]:
    rest = visit.path.removeprefix(f"/{visit.language}").lstrip("/")
    query = urlencode(visit.query)
    return {
        **bare_frame(visit.language, visit.path),
        "languages": visit.languages,
        "shop_name": visit.shop_name,
        "shop_email": visit.shop_email,
        "accent_style": visit.accent_style,
        "logo": visit.logo,
        "notice": visit.notice,
        "outage": outage_notice(visit.outage, visit.language),
        "currency": visit.currency,
        "currencies": visit.channel.currencies,
        "tax_included": visit.channel.prices_include_tax,
        "here": visit.path + (f"?{query}" if query else ""),
        "rest": rest,
        "public_url": visit.address,
        "robots": "",
        "canonical": visit.absolute(visit.path),
        "alternates": [(language, visit.absolute(f"/{language}/{rest}")) for language in visit.languages],
    }


async def _navigation(visit: Visit, search: Search) -> list[CategoryLink]:
    """The categories in the header that hold something; a shop whose search is away still shows its cart."""
    try:
        return [link for link in (await search.categories(ViewOf(view=visit.view))).items if link.count]
    except Unavailable:
        return []


def _suggest_words(texts: Texts) -> str:
    """What the script says that suggests while somebody types, for an attribute."""
    said = {name: texts(f"suggest.{name}") for name in ("list", "categories", "products", "queries")}
    return msgspec.json.encode({**said, "from": texts("price.from", amount="{amount}")}).decode()


def _lines(text: str) -> Markup:
    """What stands in a textarea: its line breaks are no indentation of ours, to be taken out of the page."""
    return escape(text).replace("\n", Markup("&#10;"))
