"""The shop changes while somebody buys: stock, prices, products; and impatient fingers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.buying import (
    a_product,
    expect_thanks,
    go_to_review,
    press_order,
    put_in_cart,
    the_one_order,
)
from tests.e2e.conftest import Windows
from tests.e2e.running_shop import RunningShop, until

SHEET = Path(__file__).parent / "sources" / "one_product.csv"


def test_sold_out_while_in_the_cart_is_told_and_mended(
    shop: RunningShop, window: Windows, email: str
) -> None:
    shop.put_product(a_product("e2e-scarce"))
    with window() as page:
        go_to_review(page, f"{shop.url}/en/p/e2e-scarce", email)
        shop.put_stock("E2E-SCARCE", berlin=0)
        press_order(page)
        expect(page).to_have_url(re.compile("/cart"))
        expect(page.locator("#problems")).to_contain_text("not in stock any more")
        expect(page.locator(".line__problem").first).to_contain_text("Sold out in the meantime")
        expect(page.locator("a[href$='/checkout/address']")).to_have_count(0)
        shop.put_stock("E2E-SCARCE", berlin=1)

        def is_mended() -> bool:
            """Carts show stock as it was within the last second."""
            page.goto(f"{shop.url}/en/cart")
            return page.locator(".line__problem").count() == 0

        until(is_mended)
        page.goto(f"{shop.url}/en/checkout/review")
        press_order(page)
        expect_thanks(page)
    the_one_order(shop, email)


def test_a_changed_price_is_told_before_it_is_accepted(
    shop: RunningShop, window: Windows, email: str
) -> None:
    def dearer(draft: dict[str, Any]) -> None:
        draft["variants"][0]["prices"]["EUR"] = 3100

    shop.put_product(a_product("e2e-dearer"))
    with window() as page:
        go_to_review(page, f"{shop.url}/en/p/e2e-dearer", email)
        before = page.locator(".totals__total dd").inner_text()
        shop.change_product("e2e-dearer", dearer)
        press_order(page)
        expect(page.locator("#problems")).to_contain_text("The total has changed")
        expect(page).to_have_url(re.compile("/checkout/review"))
        after = page.locator(".totals__total dd").inner_text()
        assert after != before
        assert not shop.orders_of(email) or all(o["status"] != "placed" for o in shop.orders_of(email))
        press_order(page)
        expect_thanks(page)
        expect(page.locator(".totals__total dd")).to_have_text(after)
    assert the_one_order(shop, email)["totals"]["items"]["amount"] == 3100


@pytest.mark.parametrize("script", [True, False])
def test_impatient_fingers_make_one_order(
    shop: RunningShop, window: Windows, email: str, script: bool
) -> None:
    with window(script=script) as page:
        go_to_review(page, f"{shop.url}/en/p/tray-rund", email)
        page.locator(".button--order").dblclick(no_wait_after=True)
        expect_thanks(page)
        page.reload()
        number = expect_thanks(page)
        page.go_back()
        page.wait_for_load_state()
        button = page.locator(".button--order")
        if button.count():  # the page as it was, from the browser's memory
            button.click()
            page.wait_for_load_state()
            expect(page).to_have_url(re.compile("/thanks|/cart"))
    assert the_one_order(shop, email)["number"] == number
    assert len(shop.orders_of(email)) == 1
    until(lambda: shop.mails(email))
    assert len(shop.mails(email)) == 1


def test_an_imported_product_appears_while_the_shop_runs_and_is_bought(
    shop: RunningShop, window: Windows, email: str
) -> None:
    with window() as page:
        page.goto(f"{shop.url}/en/search?q=Regenpfeifer")
        expect(page.locator(".empty h2")).to_be_visible()
        done = shop.command("import", str(SHEET), "--format", "csv")
        assert done.returncode == 0, done.stderr + done.stdout
        until(lambda: "in_stock" in shop.bands("e2e-plover-jug"), 2)
        page.reload()
        page.locator(".card a[href$='/p/e2e-plover-jug']").click()
        expect(page.locator(".gallery img").first).to_be_visible()
        go_to_review(page, page.url, email)
        expect(page.locator(".mini-lines")).to_contain_text("Regenpfeifer jug")
        press_order(page)
        expect_thanks(page)
    assert [line["sku"] for line in the_one_order(shop, email)["lines"]] == ["E2E-PLOVER-JUG-BLUE"]


def test_an_unpublished_product_is_gone_at_once(shop: RunningShop, window: Windows) -> None:
    shop.put_product(a_product("e2e-withdrawn"))
    with window() as page:
        put_in_cart(page, f"{shop.url}/en/p/e2e-withdrawn")
        shop.unpublish("e2e-withdrawn")
        url = f"{shop.url}/en/p/e2e-withdrawn"
        until(lambda: shop.http.get(url).status_code == 404, shop.kept_s)
        page.goto(url)
        expect(page.locator("h1")).to_contain_text("There is nothing here")

        def is_told() -> bool:
            """Carts show offers as they were within the last second."""
            page.goto(f"{shop.url}/en/cart")
            return "not sold any more" in page.locator("main").inner_text()

        until(is_told)
