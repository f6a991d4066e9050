"""Suggestions while typing, by keys and by pointer, and what was looked at last; both also without script."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Windows
from tests.e2e.running_shop import RunningShop

ACTIVE = ".suggest [aria-selected=true]"


def type_query(page: Page, text: str) -> None:
    page.locator("#q").click()
    page.keyboard.type(text, delay=10)


def test_suggestions_are_walked_by_keys_and_pressed_by_pointer(shop: RunningShop, window: Windows) -> None:
    with window() as page:
        page.goto(f"{shop.url}/de/")
        type_query(page, "tischl")
        field = page.locator("#q[role=combobox]")
        expect(field).to_have_attribute("aria-expanded", "true")
        expect(page.get_by_role("listbox").get_by_role("group")).to_have_count(3)
        expect(page.locator(".suggest img").first).to_be_visible()
        expect(page.locator(".suggest small", has_text="€").first).to_be_visible()
        page.keyboard.press("ArrowUp")
        last = page.locator(ACTIVE).get_attribute("id")
        page.keyboard.press("ArrowDown")
        expect(page.locator(ACTIVE)).to_have_count(0)
        page.keyboard.press("ArrowDown")
        expect(page.locator(ACTIVE)).to_have_count(1)
        first = page.locator(ACTIVE).get_attribute("id")
        assert first != last
        expect(field).to_have_attribute("aria-activedescendant", str(first))
        page.keyboard.press("Escape")
        expect(page.locator(".suggest")).to_have_count(0)
        expect(field).to_have_value("tischl")
        page.keyboard.type("euchte pilz")
        product = page.locator(".suggest a[href$='/de/p/lamp-pilz']")
        expect(product).to_be_visible()
        while not page.locator(f"{ACTIVE}[href$='lamp-pilz']").count():
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/de/p/lamp-pilz"))
        type_query(page, "vasen")
        page.locator(".suggest a[href$='/de/c/vases']").click()
        expect(page).to_have_url(re.compile("/de/c/vases"))
        type_query(page, "vase")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/de/search.q=vase"))


def test_without_script_the_field_is_a_plain_form(shop: RunningShop, window: Windows) -> None:
    with window(script=False) as page:
        page.goto(f"{shop.url}/en/")
        page.locator("#q").fill("notebok")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/en/search.q=notebok"))
        expect(page.locator(".card").first).to_contain_text("notebook")
        expect(page.locator("[data-recent]")).to_have_count(0)


def test_what_was_looked_at_is_remembered_by_the_browser_until_cleared(
    shop: RunningShop, window: Windows
) -> None:
    with window() as page:
        for slug in ("vase-arc", "lamp-luna", "vase-arc", "mug-brenner"):
            page.goto(f"{shop.url}/en/p/{slug}")
            page.wait_for_function(
                "slug => JSON.parse(localStorage['recently-viewed'] || '[]')[0] === slug", arg=slug
            )
        section = page.locator("[data-recent]")
        expect(section).to_be_visible()
        expect(section.locator(".card a")).to_have_count(2)
        hrefs = [link.get_attribute("href") for link in section.locator(".card a").all()]
        assert hrefs == ["/en/p/vase-arc", "/en/p/lamp-luna"]
        assert not [each for each in page.context.cookies() if "recent" in each["name"]]
        section.get_by_role("button").click()
        expect(section).to_be_hidden()
        assert page.evaluate("localStorage.length") == 0
