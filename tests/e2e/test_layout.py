"""A purchase fits at 320 pixels and at 400 % zoom; who wants no motion gets none. Single pages: test_scenes.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import judging
from tests.e2e.buying import (
    choose_delivery,
    enter_card,
    expect_thanks,
    fill_address,
    go_to_checkout,
    press_order,
    put_in_cart,
)
from tests.e2e.conftest import Windows
from tests.e2e.running_shop import RunningShop

BROWSING = ("/en/", "/de/c/ceramics", "/en/p/vase-arc")


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    return list(page.evaluate(judging.TOO_WIDE))


def fits(page: Page) -> None:
    assert too_wide(page) == [], page.url


@pytest.mark.parametrize(
    ("width", "height"), [(320, 640), (320, 256)], ids=["narrow phone", "400 percent zoom"]
)
def test_a_purchase_in_the_smallest_window(
    shop: RunningShop, window: Windows, email: str, width: int, height: int
) -> None:
    # A window of 1280 x 1024 at 400 % has 320 x 256 CSS pixels, each of four by four.
    with window(width=width, height=height, device_scale_factor=4 if height < 300 else 2) as page:
        steps: list[Callable[[], object]] = [
            lambda: page.goto(f"{shop.url}/de/"),
            lambda: page.goto(f"{shop.url}/de/c/cushions"),
            lambda: page.locator(".filters__panel > summary").click(),
            page.locator(".card a").first.click,
            lambda: put_in_cart(page, f"{shop.url}/de/p/cushion-flur"),
            lambda: page.locator("dialog [data-close]").click(),
            lambda: page.goto(f"{shop.url}/de/cart"),
            lambda: go_to_checkout(page),
            lambda: fill_address(page, email),
            lambda: choose_delivery(page),
            lambda: enter_card(page),
            lambda: press_order(page),
            lambda: expect_thanks(page),
            page.locator("main .button").first.click,
            lambda: expect(page.locator(".cancel button")).to_be_visible(),
        ]
        for step in steps:
            step()
            page.wait_for_load_state()
            fits(page)


def test_who_wants_no_motion_gets_none(shop: RunningShop, window: Windows) -> None:
    longest = """() => Math.max(...document.getAnimations().map((animation) => animation.effect.getComputedTiming().endTime), 0)"""
    with window(reduced_motion="reduce") as page:
        for path in BROWSING:
            page.goto(shop.url + path)
            if page.locator(".card").count():
                page.locator(".card").first.hover()
            assert page.evaluate(longest) <= 1, path
        put_in_cart(page, f"{shop.url}/en/p/lamp-luna")
        assert page.evaluate(longest) <= 1
