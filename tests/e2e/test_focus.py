"""Tab goes through a page as the eye does: the skip link first, then down, and to the right before down again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.buying import go_to_checkout, put_in_cart
from tests.e2e.conftest import Windows
from tests.e2e.keyboard import Keyboard
from tests.e2e.running_shop import RunningShop

# So tall that nothing scrolls: what sticks to the window's edge would else stand elsewhere for each stop.
SIZES = [(1440, 6000), (320, 9000)]
# Edges of neighbours may overlap by this much.
TOLERANCE_PX = 4
PLACES: dict[str, Callable[[Page, str], object]] = {
    "product": lambda page, url: page.goto(f"{url}/en/p/cushion-flur"),
    "cart": lambda page, url: page.goto(f"{url}/en/cart"),
    "checkout": lambda page, url: page.goto(f"{url}/en/checkout/address"),
    "category": lambda page, url: page.goto(f"{url}/en/c/ceramics?colour=sand"),
}


@pytest.mark.parametrize(("width", "height"), SIZES, ids=["wide", "narrow"])
@pytest.mark.parametrize("place", PLACES)
def test_the_order_of_focus_is_the_order_of_reading(
    shop: RunningShop, window: Windows, place: str, width: int, height: int
) -> None:
    with window(width=width, height=height) as page:
        put_in_cart(page, f"{shop.url}/en/p/lamp-luna")
        PLACES[place](page, shop.url)
        stops = Keyboard(page).every_stop()
    assert "skip" in stops[0]["what"]
    assert stops[-1]["at_end"], f"the focus was lost after {stops[-1]['what']}"
    back = [
        f"{now['what']}\n  after {before['what']}"
        for before, now in pairwise(stops[1:])
        if goes_back(before, now)
    ]
    assert not back, "\n".join(back)


def goes_back(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Up without going to the right, or to the left within a row."""
    above = now["bottom"] <= before["top"] + TOLERANCE_PX
    right = now["left"] >= before["right"] - TOLERANCE_PX
    below = now["top"] >= before["bottom"] - TOLERANCE_PX
    left = now["right"] <= before["left"] + TOLERANCE_PX
    return (above and not right) or (left and not below)


def test_the_skip_link_shows_itself_and_leads_past_the_header(shop: RunningShop, window: Windows) -> None:
    with window(width=320, height=640) as page:
        put_in_cart(page, f"{shop.url}/en/p/lamp-luna")
        page.goto(f"{shop.url}/en/cart")
        go_to_checkout(page)
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        expect(page.locator(".skip")).to_be_in_viewport()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("Boolean(document.activeElement.closest('main'))")
