"""Two shop fronts on two host names in one browser: opened while the shop runs, and bought in with a card."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.buying import (
    a_product,
    choose_delivery,
    enter_card,
    expect_thanks,
    fill_address,
    go_to_checkout,
    press_order,
    put_in_cart,
    the_one_order,
)
from tests.e2e.running_shop import RunningShop, running_shop, until
from tests.e2e.windows import SECOND_HOST, watched_window

EMAIL = "trade@example.org"


# Not everybody's: what a second shop front adds to forms is no other test's matter.
@pytest.fixture(scope="module")
def own_shop() -> Iterator[RunningShop]:
    with running_shop() as running:
        yield running


def test_a_second_shop_front_is_opened_and_bought_in(own_shop: RunningShop, browser: Browser) -> None:
    shop, second = own_shop, f"http://{SECOND_HOST}:{urlsplit(own_shop.url).port}"
    shop.staff(
        "PUT",
        "channels/trade",
        {"hosts": [SECOND_HOST], "currencies": ["EUR"], "languages": ["en"], "country": "DE"},
        **{"if-match": '"0"'},
    )
    shop.staff("PUT", "channels/trade/profile", {"name": "Trade Desk"}, **{"if-match": '"0"'})
    draft = a_product("front-jug")
    draft["variants"][0]["channel_prices"] = {"trade": {"EUR": 1234}}
    shop.put_product(draft)
    until(lambda: second in shop.http.get(f"{shop.sandbox}/frame").headers["content-security-policy"])
    with watched_window(browser, (*shop.origins, second)) as page:
        price_at(page, f"{shop.url}/en/p/front-jug", "Rialto", shown=False)
        price_at(page, f"{second}/en/p/front-jug", "Trade Desk", shown=True)
        assert page.goto(f"{second}/de/").status == 404  # type: ignore[union-attr]
        put_in_cart(page, f"{second}/en/p/front-jug")
        go_to_checkout(page)
        fill_address(page, EMAIL)
        choose_delivery(page)
        enter_card(page)
        press_order(page)
        number = expect_thanks(page)
        assert page.url.startswith(f"{second}/en/orders/")
        # Cookies are each host's own: nothing is in the other one's cart.
        page.goto(f"{shop.url}/en/cart")
        expect(page.locator(".line")).to_have_count(0)
        [mail] = until(lambda: shop.mails(EMAIL))
        assert f"{second}/en/orders/" in mail["text"]
        assert shop.url not in mail["text"]
        assert number.replace("\N{NON-BREAKING HYPHEN}", "-") in mail["text"]
    order = the_one_order(shop, EMAIL)
    assert (order["channel"], order["totals"]["items"]["amount"]) == ("trade", 1234)


def price_at(page: Page, url: str, name: str, *, shown: bool) -> None:
    page.goto(url)
    assert name in page.title()
    assert ("12.34" in page.locator("main").inner_text()) is shown
    assert page.locator("link[rel=canonical]").get_attribute("href") == url
