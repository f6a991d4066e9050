"""The shop while its database does not answer: looking around goes on, the rest is refused and says so."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Route

from tests.e2e.buying import put_in_cart
from tests.e2e.scenes.goods import put_goods
from tests.e2e.scenes.scene import Scene, Tour, of_shop

NOTICE = ".notice-bar--outage"
HOME_AWAY = of_shop("outage-home", "home", NOTICE)
CATEGORY_AWAY = of_shop("outage-category", "category", NOTICE)
SEARCH_AWAY = of_shop("outage-search", "search", NOTICE)
PRODUCT_AWAY = of_shop("outage-product", "product", "[data-band=unknown]")
CART_SEEN = of_shop("outage-cart-as-seen", "cart", "main .cart__seen")
DRAWER_SEEN = of_shop("outage-drawer", "cart", "dialog[open] .cart__seen", whole=False)
CART_AWAY = of_shop("outage-cart", "cart", "main .empty .button")
FORM_KEPT = of_shop("outage-form-kept", "error", ".message form button")
CHECKOUT_AWAY = of_shop("outage-checkout", "error", ".message")


def shop_without_database(tour: Tour) -> Iterator[Scene]:
    page = tour.page
    put_goods(tour)
    put_in_cart(page, tour.address("p/vase-arc"))
    tour.open("cart")
    page.locator("main .line").first.wait_for()
    with tour.shop.database_silent():
        tour.open()
        yield HOME_AWAY
        tour.open("c/ceramics")
        yield CATEGORY_AWAY
        tour.open("search?q=vase")
        yield SEARCH_AWAY
        tour.open("p/vase-arc")
        yield PRODUCT_AWAY
        page.locator("[data-cart-link]").click()
        yield DRAWER_SEEN
        tour.open("cart")
        yield CART_SEEN
        # These say 503, which whoever watches the window takes for a fault.
        page.route("**/cart/add", _as_if_well)
        tour.open("p/vase-arc")
        page.locator("[data-buy]").click()
        yield FORM_KEPT
        page.route("**/checkout/address", _as_if_well)
        tour.open("checkout/address")
        yield CHECKOUT_AWAY
        page.context.clear_cookies(name="cart")
        page.context.add_cookies(
            [{"name": "cart", "value": "cart_01m8q4jfene278zw4p038naf8y", "url": tour.shop.url}]
        )
        page.route("**/cart", _as_if_well)
        tour.open("cart")
        yield CART_AWAY


def _as_if_well(route: Route) -> None:
    got = route.fetch(max_redirects=0)
    route.fulfill(response=got, status=200)
