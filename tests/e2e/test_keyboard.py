"""A purchase by Tab, Enter and Space alone; problems take the focus and lead to the field."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.e2e.buying import ADDRESS, CARD, expect_thanks, put_in_cart, the_one_order
from tests.e2e.conftest import Windows
from tests.e2e.keyboard import Keyboard
from tests.e2e.running_shop import RunningShop


@pytest.mark.parametrize("script", [True, False])
def test_tab_enter_and_space_are_enough_to_buy(
    shop: RunningShop, window: Windows, email: str, script: bool
) -> None:
    with window(script=script) as page:
        keys = Keyboard(page)
        page.goto(f"{shop.url}/en/c/drinking-glasses")
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.evaluate("window.stayed = true")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        assert page.evaluate("window.stayed"), "the page was loaded again"
        keys.press(".card a[href$='/p/tumbler-rille']")
        expect(page.locator("h1")).to_contain_text("Rille")
        keys.press(".choice[data-value=clear]")
        expect(page.locator("[data-sku-text]")).to_have_text("TUMBLER-RILLE-CLEAR")
        keys.press("[data-buy]")
        expect(page.locator(".line").first).to_be_visible()
        keys.press("a.button[href$='/checkout/address']")
        expect(page).to_have_url(re.compile("/checkout/address"))
        enter_address(page, keys, email)
        keys.press("input[name=delivery]", "Space")
        keys.press(".form__actions button")
        expect(page).to_have_url(re.compile("/checkout/payment"))
        enter_card(page, keys, script=script)
        keys.press(".button--order")
        expect_thanks(page)
    assert the_one_order(shop, email)["lines"][0]["sku"] == "TUMBLER-RILLE-CLEAR"


def enter_address(page: Page, keys: Keyboard, email: str) -> None:
    """First nothing, to see where the problems lead, then everything."""
    keys.press(".form__actions button")
    expect(page.locator("#problems")).to_be_focused()
    keys.press("#problems a")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type(email)
    for name, value in ADDRESS.items():
        keys.type(f"#{name}", value)
    keys.press(".form__actions button")
    expect(page).to_have_url(re.compile("/checkout/delivery"))


def enter_card(page: Page, keys: Keyboard, *, script: bool) -> None:
    frame: Frame | None = None
    if script:
        expect(page.frame_locator("[data-pay-frame] iframe").locator("#number")).to_be_visible()
        frame = page.frames[-1]
    else:
        keys.press("[data-pay-hosted] button")
        expect(page.locator("#number")).to_be_visible()
    for name, value in CARD.items():
        keys.type(f"#{name}", value, in_frame=frame)
    # Enter in a field sends it, in the frame too.
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/checkout/review"))


def test_the_drawer_keeps_the_focus_and_gives_it_back(shop: RunningShop, window: Windows) -> None:
    with window() as page:
        put_in_cart(page, f"{shop.url}/en/p/lamp-luna")
        inside = (
            "Boolean(document.activeElement.closest('dialog')) || document.activeElement === document.body"
        )
        for _ in range(20):
            page.keyboard.press("Tab")
            assert page.evaluate(inside)
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(page.locator("[data-buy]")).to_be_focused()
