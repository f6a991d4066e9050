"""A merchant at a browser and nothing else: takes over two catalogues, prices a product, gives a code, serves who comes for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.e2e.buying import (
    choose_delivery,
    enter_card,
    enter_code,
    expect_thanks,
    fill_address,
    go_to_checkout,
    order_id_of,
    press_order,
    put_in_cart,
)
from tests.e2e.fulfilling import (
    open_order,
    read_the_day,
    refund_a_unit_of_the_first_line,
    ship_the_first_of_two_lines,
)
from tests.e2e.running_shop import RunningShop, running_shop, until
from tests.e2e.scenes.working import enter, hire
from tests.e2e.windows import watched_window

DATA = Path(__file__).parent.parent / "importing" / "data"
SALEOR = [DATA / "saleor" / "populatedb_data.json"]
SPREE = sorted((DATA / "spree").glob("*.csv"))


def test_from_two_catalogues_to_the_numbers_of_the_day(browser: Browser, email: str) -> None:
    """In a shop of its own: what is taken over would stand in the others' navigation."""
    with running_shop() as shop, watched_window(browser, shop.origins, locale="en") as page:
        hire(shop, "merchant@staff.test", "owner")
        page.goto(f"{shop.url}/admin/import")
        enter(page, "merchant@staff.test")
        take_over(page, shop, "saleor", SALEOR)
        take_over(page, shop, "spree", SPREE)
        price(page, shop, "kettle", "43.21")
        run_a_promotion(page, shop)
        until(lambda: priced(shop, "kettle", 4321))
        order_id = sell(browser, shop, email)
        open_order(page, shop, order_id)
        ship_the_first_of_two_lines(page)
        refund_a_unit_of_the_first_line(page)
        until(lambda: shop.staff("GET", f"orders/{order_id}")["refunded"]["amount"])
        read_the_day(page, shop)
        order = shop.staff("GET", f"orders/{order_id}")
        assert order["fulfilment_status"] == "partially_shipped"
        # The kettle as it was priced, and its share of the discount off; what rounding leaves over goes with the last unit.
        assert (order["lines"][0]["total"]["amount"], order["refunded"]["amount"]) == (4321, 3888)


def sell(browser: Browser, shop: RunningShop, email: str) -> str:
    """Somebody buys one thing of each catalogue with the code, at a browser of their own; the order's id."""
    with watched_window(browser, shop.origins, locale="en") as page:
        for slug in ("kettle", "cup"):
            put_in_cart(page, f"{shop.url}/en/p/{slug}")
        enter_code(page, f"{shop.url}/en/cart", "TEAPARTY")
        go_to_checkout(page)
        fill_address(page, email)
        choose_delivery(page)
        enter_card(page)
        press_order(page)
        expect_thanks(page)
        return order_id_of(page)


def take_over(page: Page, shop: RunningShop, form: str, files: list[Path]) -> None:
    """Looks first and imports; when it looks again there is nothing new."""
    for again in (False, True):
        page.goto(f"{shop.url}/admin/import")
        page.set_input_files("#files", files)
        page.select_option("#format", form)
        page.locator("main form .button").click()
        expect(page.locator("h1")).to_have_text("What the files would change")
        row = page.locator("tr", has=page.get_by_role("rowheader", name="Products", exact=True))
        expect(row.locator("td").nth(0)).to_have_text("0" if again else re.compile("^[1-9]"))
        if not again:
            page.locator("main form .button").click()
            expect(page.locator("h1")).to_have_text("Imported")


def price(page: Page, shop: RunningShop, slug: str, amount: str) -> None:
    page.goto(f"{shop.url}/admin/products?q={slug}")
    page.locator(".table tbody a").first.click()
    page.fill("[name='variant-0-price-EUR']", amount)
    page.fill("[name='variant-0-former-EUR']", "")
    page.locator("form.form--full > .form__actions .button").click()
    expect(page.locator("[role=status]").first).to_be_visible()


def run_a_promotion(page: Page, shop: RunningShop) -> None:
    page.goto(f"{shop.url}/admin/promotions/new")
    page.fill("#id", "teatime")
    page.fill("#title-en", "Tea time")
    page.fill("#title-de", "Teestunde")
    page.check("#active")
    page.check("#needs_code")
    page.select_option("#benefit", "percent")
    page.fill("#percent", "10")
    page.locator("main form.form--wide .form__actions .button").first.click()
    expect(page.locator("[role=status]").first).to_be_visible()
    page.goto(f"{shop.url}/admin/promotions/teatime/codes")
    form = page.locator("form[action='/admin/promotions/teatime/codes']")
    form.locator("[name=code]").fill("TEAPARTY")
    form.locator(".button").click()
    expect(page.locator(".table tbody")).to_contain_text("TEAPARTY")


def priced(shop: RunningShop, slug: str, cents: int) -> dict[str, Any] | None:
    found: dict[str, Any] = shop.http.get(f"{shop.url}/v1/products/{slug}").json()
    return found if found.get("price_from", {}).get("amount") == cents else None
