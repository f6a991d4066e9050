"""A merchant at a browser and nothing else: takes over two catalogues, prices a product and gives a code for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.e2e.running_shop import RunningShop, running_shop, until
from tests.e2e.scenes.working import enter, hire
from tests.e2e.windows import watched_window

DATA = Path(__file__).parent.parent / "importing" / "data"
SALEOR = [DATA / "saleor" / "populatedb_data.json"]
SPREE = sorted((DATA / "spree").glob("*.csv"))


def test_a_merchant_takes_over_catalogues_prices_a_product_and_runs_a_promotion(browser: Browser) -> None:
    """In a shop of its own: what is taken over would stand in the others' navigation."""
    with running_shop() as shop, watched_window(browser, shop.origins, locale="en") as page:
        hire(shop, "merchant@staff.test", "owner")
        page.goto(f"{shop.url}/admin/import")
        enter(page, "merchant@staff.test")
        take_over(page, shop, "saleor", SALEOR)
        take_over(page, shop, "spree", SPREE)
        price(page, shop, "kettle", "43.21")
        run_a_promotion(page, shop)
        product = until(lambda: priced(shop, "kettle", 4321)) or {}
        cart = ask(shop, "carts", {"country": "DE"})["id"]
        ask(shop, f"carts/{cart}/lines", {"sku": product["variants"][0]["sku"], "quantity": 1})
        totals = ask(shop, f"carts/{cart}/codes", {"code": "TEAPARTY"})["totals"]
        assert (totals["items"]["amount"], totals["discount"]["amount"]) == (4321, 432)


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


def ask(shop: RunningShop, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = shop.http.post(f"{shop.url}/v1/{path}", json=body)
    assert answer.is_success, f"{path}: {answer.text[:300]}"
    told: dict[str, Any] = answer.json()
    return told
