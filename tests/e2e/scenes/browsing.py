"""Looking around: home, lists, products, information, and what is shown when something is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from litestar import Request
from playwright.sync_api import Route

from rialto.storefront.errors import render_error
from rialto.storefront.pages.info import INFO_PAGES
from tests.e2e.scenes.goods import put_goods
from tests.e2e.scenes.scene import Scene, Tour, of_shop

HOME = of_shop("home", "home", ".hero__title")
MENU = of_shop("menu", "home", ".tool-menu[open] select", whole=False)
CATEGORY = of_shop("category", "category", ".category-head + .listing, .listing .grid")
FILTERED = of_shop("category-filtered", "category", "#results .chip .icon")
FILTERS = of_shop("category-filters-open", "category", ".filters__panel[open] [name=colour]")
FILTERED_EMPTY = of_shop("category-filtered-to-nothing", "category", ".empty .button")
SEARCH = of_shop("search", "search", ".grid--listing .card")
LAST_PAGE = of_shop("search-last-page", "search", ".pages [rel=prev]")
SEARCH_EMPTY = of_shop("search-empty", "search", ".empty h2")
PRODUCT = of_shop("product", "product", "[data-buy]:not([disabled])")
VARIANT_SOLD_OUT = of_shop("product-variant-sold-out", "product", "[data-buy][disabled]")
PRODUCT_LONG = of_shop("product-long", "product", ".price--reduced")
PRODUCT_BARE = of_shop("product-without-pictures-sold-out", "product", "img[src*=stand-in]")
DRAWER = of_shop("drawer", "product", "dialog[open] .line", whole=False)
SUGGESTIONS = of_shop("suggestions", "home", ".suggest [aria-selected=true] img", whole=False)
DRAWER_EMPTY = of_shop("drawer-empty", "home", "dialog[open] .empty", whole=False)
RECENT = of_shop("recently-viewed", "recent", "[data-cards] .card")
INFO = tuple(of_shop(f"info-{name}", "info", ".prose") for name in INFO_PAGES)
MISSING = of_shop("error-404", "error", ".message")
FAILED = tuple(of_shop(f"error-{status}", "error", ".message") for status in (403, 429, 500, 503))


def look_around(tour: Tour) -> Iterator[Scene]:
    page = tour.page
    put_goods(tour)
    tour.open()
    yield HOME
    page.locator(".tool-menu summary").click()
    yield MENU
    page.keyboard.press("Escape")
    page.locator("[data-cart-link]").click()
    yield DRAWER_EMPTY
    page.keyboard.press("Escape")
    suggest(tour)
    yield SUGGESTIONS
    tour.open("c/ceramics")
    yield CATEGORY
    tour.open("c/ceramics?colour=sand&colour=moss&price_max=70&in_stock=1")
    yield FILTERED
    page.set_viewport_size({"width": 320, "height": 640})
    page.locator(".filters__panel > summary").click()
    yield FILTERS
    tour.open("c/ceramics?colour=sand&price_min=900")
    yield FILTERED_EMPTY
    tour.open("search?q=vase")
    yield SEARCH
    tour.open("search?page=4")
    yield LAST_PAGE
    tour.open("search?q=Kraftfahrzeughaftpflichtversicherung")
    yield SEARCH_EMPTY


def suggest(tour: Tour) -> None:
    """As somebody types who then looks at the first product."""
    page = tour.page
    page.locator("#q").click()
    page.keyboard.type("vase", delay=20)
    page.locator(".suggest img").first.wait_for()
    while not page.locator(".suggest [aria-selected=true] img").count():
        page.keyboard.press("ArrowDown")


def look_at_products(tour: Tour) -> Iterator[Scene]:
    put_goods(tour)
    tour.open("p/vase-arc")
    yield PRODUCT
    tour.open("p/vase-arc?sku=VASE-ARC-MOSS-L")
    yield VARIANT_SOLD_OUT
    tour.open(f"p/{tour.name('bare')}")
    yield PRODUCT_BARE
    tour.open(f"p/{tour.name('long')}")
    yield PRODUCT_LONG
    tour.page.locator("[data-buy]").click()
    yield DRAWER
    tour.open("recent?p=lamp-luna,vase-arc")
    yield RECENT


def read_information(tour: Tour) -> Iterator[Scene]:
    for name, scene in zip(INFO_PAGES, INFO, strict=True):
        tour.open(f"pages/{name}")
        yield scene
    tour.open("nothing/here")
    yield MISSING
    # No address of a sound shop fails, so the page is laid where a failing one would be.
    for scene in FAILED:
        status = int(scene.name.removeprefix("error-"))
        tour.page.route("**/failing", _failing(tour.language, status))
        tour.open("failing")
        yield scene
        tour.page.unroute("**/failing")


def _failing(language: str, status: int) -> Any:
    scope: Any = {"type": "http", "path": f"/{language}/failing", "headers": []}
    body = render_error(Request(scope), status).content

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html; charset=utf-8", body=body)

    return answer
