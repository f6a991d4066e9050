"""Everything beside selling: sample legal pages, language and currency, what robots read, and the files of the pages."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import File, Redirect

from rialto.cart.api import AddLine, Cart, Carts, ChangeLine, NewCart
from rialto.catalog.api import LEGAL_PAGES, ChannelClosed, address_of
from rialto.demo import MEDIA
from rialto.kernel.errors import NotFound, RialtoError
from rialto.kernel.http import GOES_ON, Injected, host_of
from rialto.kernel.money import Currency
from rialto.kernel.settings import Settings
from rialto.search.api import AllSlugs, ChannelFor, Search, SitemapEntry
from rialto.storefront.assets import assets
from rialto.storefront.forms import is_own_path, typed
from rialto.storefront.rendering import PAGE, go, shared_page
from rialto.storefront.texts import LANGUAGES
from rialto.storefront.visit import (
    AnyRequest,
    Visit,
    load_cart,
    remember_cart,
    remember_choice,
)

INFO_PAGES = LEGAL_PAGES
# Where in a language the pages of each kind of entry stand.
SECTIONS = {"category": "c", "collection": "collections", "product": "p"}
FOR_EVER = "public, max-age=31536000, immutable"
_MEDIA_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,180}\.(webp|avif|jpg|png)", re.ASCII)
_MEDIA_TYPES = {"webp": "image/webp", "avif": "image/avif", "jpg": "image/jpeg", "png": "image/png"}


@get("/{lang:str}/pages/{name:str}")
async def info_page(name: FromPath[str], visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    """Raises NotFound for a page there is not."""
    if name not in INFO_PAGES:
        raise NotFound
    own = visit.channel.profile.pages.get(name, {}).get(visit.language, "")
    return await shared_page(
        visit,
        "pages/info.html",
        search=search,
        keys=(f"page:{name}",),
        name=name,
        paragraphs=(own or visit.texts(f"info.{name}.text")).split("\n\n"),
        is_sample=not own,
        info_pages=INFO_PAGES,
    )


@post("/{lang:str}/preferences", status_code=200, opt={GOES_ON: True})
async def preferences(request: AnyRequest, visit: Injected[Visit], carts: Injected[Carts]) -> Redirect:
    """Language and currency, then back to the same page. A cart in the old currency is filled anew in the new one."""
    data = dict(await request.form())
    language = next((code for code in visit.languages if code == typed(data, "language")), visit.language)
    currency = next(
        (code for code in visit.channel.currencies if code == typed(data, "currency")), visit.currency
    )
    answer = go(_back(typed(data, "back"), visit.language, language))
    remember_choice(answer, visit, language=language, currency=currency)
    cart = await load_cart(visit, carts)
    if cart is not None and cart.status == "open" and cart.currency != currency:
        renewed = await _in_currency(carts, cart, currency, language)
        if visit.account_id is not None:
            await _empty(visit, carts, cart)
        remember_cart(answer, visit, renewed.id)
    return answer


@get("/sitemap.xml")
async def sitemap(
    request: AnyRequest, search: Injected[Search], settings: Injected[Settings]
) -> Response[bytes]:
    """Every page in every language, each naming its translations."""
    channel = await search.channel(ChannelFor(host=host_of(request)))
    if not channel.open:
        raise ChannelClosed
    entries = (await search.sitemap(AllSlugs(channel=channel.code))).items
    languages = [language for language in channel.languages if language in LANGUAGES]
    base = address_of(channel, settings.public_url)
    paths: list[tuple[str, SitemapEntry | None]] = [("", None)]
    paths += [(f"{SECTIONS[entry.kind]}/{entry.slug}", entry) for entry in entries]
    paths += [(f"pages/{name}", None) for name in INFO_PAGES]
    urls = "".join(
        _sitemap_url(base, path, language, languages=languages, entry=entry)
        for path, entry in paths
        for language in languages
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
        f"{urls}</urlset>\n"
    )
    headers = {
        "Cache-Control": "public, max-age=0, s-maxage=300, stale-while-revalidate=3600",
        "Surrogate-Key": "sitemap",
    }
    return Response(body.encode(), media_type="application/xml", headers=headers)


@get("/robots.txt")
async def robots(
    request: AnyRequest, search: Injected[Search], settings: Injected[Settings]
) -> Response[str]:
    """Each shop front's own. A closed one is to be left alone for now."""
    channel = await search.channel(ChannelFor(host=host_of(request)))
    if not channel.open:
        return Response(
            "User-agent: *\nDisallow: /\n", media_type="text/plain", headers={"Cache-Control": "no-store"}
        )
    private = "".join(
        f"Disallow: /{language}/{path}\n"
        for language in LANGUAGES
        for path in ("account", "cart", "checkout/", "orders/", "reviews/")
    )
    text = f"User-agent: *\n{private}\nSitemap: {address_of(channel, settings.public_url)}/sitemap.xml\n"
    return Response(text, media_type="text/plain", headers={"Cache-Control": "public, max-age=3600"})


@get("/favicon.ico")
async def favicon() -> Response[bytes]:
    """For whoever asks by habit; pages name the drawing itself."""
    return Response(
        assets().body("icon.svg"),
        media_type="image/svg+xml",
        headers={"Cache-Control": "public, max-age=86400"},
    )


@get("/assets/{name:str}")
async def asset(name: FromPath[str]) -> Response[bytes]:
    """Raises NotFound. The name holds the content's hash, so nobody needs to ask twice."""
    found = assets().by_name.get(name)
    if found is None:
        raise NotFound
    return Response(found.body, media_type=found.type, headers={"Cache-Control": FOR_EVER})


@get("/media/{name:str}")
async def media(name: FromPath[str], settings: Injected[Settings]) -> File:
    """A product picture: those of the data folder first, then those that came with the demo. Raises NotFound."""
    match = _MEDIA_NAME.fullmatch(name)
    folders = (settings.data / "media", MEDIA)
    path = next((folder / name for folder in folders if (folder / name).is_file()), None) if match else None
    if match is None or path is None:
        raise NotFound
    return File(
        path,
        filename=name,
        media_type=_MEDIA_TYPES[match[1]],
        content_disposition_type="inline",
        headers={"Cache-Control": FOR_EVER},
    )


def _back(url: str, old: str, new: str) -> str:
    """The page the form stood on, in the new language; never another site's, whatever was sent."""
    return f"/{new}/" + url.removeprefix(f"/{old}/") if is_own_path(url, old) else f"/{new}/"


async def _in_currency(carts: Carts, cart: Cart, currency: Currency, language: str) -> Cart:
    renewed = await carts.create(
        NewCart(currency=currency, country=cart.country, language=language, channel=cart.channel)
    )
    for line in cart.lines:
        try:
            renewed = await carts.add_line(AddLine(cart_id=renewed.id, sku=line.sku, quantity=line.quantity))
        except RialtoError:
            continue  # not sold in that currency; the rest still is
    return renewed


async def _empty(visit: Visit, carts: Carts, cart: Cart) -> None:
    """An account's cart stays when another takes its place: at the next sign-in its lines would come twice."""
    for line in cart.lines:
        await carts.change_line(
            ChangeLine(cart_id=cart.id, account_id=visit.account_id, line_id=line.id, quantity=0)
        )


def _sitemap_url(
    base: str, path: str, language: str, *, languages: list[str], entry: SitemapEntry | None
) -> str:
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang={quoteattr(other)} href={quoteattr(f"{base}/{other}/{path}")}/>'
        for other in languages
    )
    changed = f"<lastmod>{entry.changed_on.isoformat()}</lastmod>" if entry and entry.changed_on else ""
    return f"<url><loc>{escape(f'{base}/{language}/{path}')}</loc>{changed}{links}</url>\n"
