"""A guest buys, from the first page to the cancelled order; in both languages and currencies."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.buying import (
    choose_delivery,
    enter_card,
    expect_thanks,
    fill_address,
    go_to_checkout,
    press_order,
    the_one_order,
)
from tests.e2e.conftest import Windows
from tests.e2e.running_shop import RunningShop, until

WORDS = {
    "en": {"stands": "Your order stands", "cancelled": "This order was cancelled", "colour": "Clay"},
    "de": {"stands": "Ihre Bestellung", "cancelled": "storniert", "colour": "Lehm"},
}


@pytest.mark.parametrize(("language", "script"), [("en", True), ("de", True), ("en", False)])
def test_from_the_first_page_to_the_cancelled_order(
    shop: RunningShop, window: Windows, email: str, language: str, script: bool
) -> None:
    with window(script=script) as page:
        choose_by_facets(page, shop, language)
        # Another variant than the one shown first.
        page.locator(".choice[data-value=clay]").click()
        page.locator(".choice[data-value='60x60']").click()
        expect(page.locator("[data-sku-text]")).to_have_text("CUSHION-FLUR-CLAY-60X60")
        page.locator("[data-buy]").click()
        expect(page.locator(".line").first).to_contain_text(WORDS[language]["colour"])
        go_to_checkout(page)
        fill_address(page, email)
        choose_delivery(page, 2)
        enter_card(page)
        total = page.locator(".totals__total dd").inner_text()
        expect(page.locator("main")).to_contain_text("Visa •••• 4242")
        press_order(page)
        number = expect_thanks(page)
        expect(page.locator("main")).to_contain_text(total)
        [mail] = until(lambda: shop.mails(email))
        assert (mail["language"], mail["to"]) == (language, email)
        for part in (number, total):
            assert spaces(part) in spaces(mail["text"]), part
            assert spaces(part) in spaces(mail["html"]), part
        follow_the_mail_and_cancel(page, mail["text"], shop, language)
        assert spaces(number) in spaces(page.locator("main").inner_text()).replace("‑", "-")
    [order] = shop.orders_of(email)
    assert order["status"] == "cancelled"
    assert order["payment_status"] == "voided"
    letters = until(lambda: found if len(found := shop.mails(email)) == 2 else [])
    assert {letter["language"] for letter in letters} == {language}


def choose_by_facets(page: Page, shop: RunningShop, language: str) -> None:
    """Home, a category, two facets together, a product."""
    page.goto(f"{shop.url}/{language}/")
    page.locator(".tile a[href$='/c/textiles']").click()
    page.locator(".category-head .chip[href$='/c/cushions']").click()
    for colour in ("oat", "sand"):
        page.locator(f"[name=colour][value={colour}]").check()
        apply(page)
        expect(page).to_have_url(re.compile(f"colour={colour}"))
    linen = page.locator("[name=material][value=linen]")
    counted = page.locator(f"label[for={linen.get_attribute('id')}] small").inner_text()
    around = page.locator("details.facet:has([name=material])")
    if around.get_attribute("open") is None:
        around.locator("summary").click()
    linen.check()
    apply(page)
    expect(page).to_have_url(re.compile("material=linen"))
    expect(page.locator("[data-count]")).to_have_text(re.compile(rf"^{counted}\b"))
    expect(page.locator("#results .chip .icon")).to_have_count(3)
    page.locator("#results .card a[href$='/p/cushion-flur']").click()
    expect(page.locator("h1")).to_contain_text("Flur")


def apply(page: Page) -> None:
    """Filters apply by themselves with JavaScript; without it there is a button."""
    button = page.locator("[data-apply]")
    if button.is_visible():
        button.click()


def follow_the_mail_and_cancel(page: Page, text: str, shop: RunningShop, language: str) -> None:
    link = next(url for url in re.findall(r"https?://\S+", text) if "/orders/" in url)
    assert link.startswith(f"{shop.url}/{language}/")
    page.goto(link)
    expect(page.locator(".lead")).to_contain_text(WORDS[language]["stands"])
    page.locator(".cancel button").click()
    expect(page.locator(".lead")).to_contain_text(WORDS[language]["cancelled"])
    expect(page.locator(".cancel")).to_have_count(0)


def spaces(text: str) -> str:
    """Narrow and non-breaking spaces as plain ones: mails and pages may set them differently."""
    return re.sub(r"\s+", " ", text)  # \s matches them all


def test_in_dollars_everything_is_in_dollars(shop: RunningShop, window: Windows, email: str) -> None:
    with window() as page:
        page.goto(f"{shop.url}/en/p/vase-arc")
        page.locator(".tool-menu summary").click()
        page.select_option("#currency-header", "USD")
        page.locator(".tool-menu .preferences button").click()
        expect(page.locator("[data-price]")).to_contain_text("$53.00")
        page.locator("[data-buy]").click()
        expect(page.locator(".line").first).to_contain_text("$53.00")
        go_to_checkout(page)
        fill_address(page, email)
        choose_delivery(page)
        expect(page.locator("main")).not_to_contain_text("€")
        enter_card(page)
        press_order(page)
        expect_thanks(page)
        expect(page.locator("main")).not_to_contain_text("€")
    order = the_one_order(shop, email)
    assert order["totals"]["total"]["currency"] == "USD"
