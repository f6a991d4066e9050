"""Pages hold still, are light, and fit: at 320 pixels, at 400 % zoom, for those who want no motion."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

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

SHIFT_MAX = 0.02
BYTES_MAX = 100_000
BROWSING = ("/en/", "/de/c/ceramics", "/en/p/vase-arc")

COLLECT_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
"""
TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((part) => part.getBoundingClientRect().right > root.clientWidth + 1);
  return [`${root.scrollWidth} in ${root.clientWidth}`, ...wide.map((part) => part.cloneNode().outerHTML.slice(0, 90))].slice(0, 6);
}"""
# To the end in steps of a screen, as somebody reads; each picture is waited for.
READ_TO_THE_END = """async () => {
  for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight) {
    scrollTo({ top, behavior: "instant" });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
  await Promise.all([...document.images].filter((image) => image.loading !== "lazy").map((image) => image.decode().catch(() => {})));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return window.shifts.reduce((sum, value) => sum + value, 0);
}"""


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    return list(page.evaluate(TOO_WIDE))


def fits(page: Page) -> None:
    assert too_wide(page) == [], page.url


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_moves_while_a_page_loads(shop: RunningShop, window: Windows, width: int) -> None:
    for path in BROWSING:
        with window(width=width) as page:
            page.add_init_script(COLLECT_SHIFTS)
            page.goto(shop.url + path)
            assert page.evaluate(READ_TO_THE_END) < SHIFT_MAX, path


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


def weight(page: Page) -> int:
    """The page's HTML, style and script, before compression; pictures and the provider's frame not counted."""
    page.wait_for_load_state()
    parts = page.evaluate(
        """[location.href, ...performance.getEntriesByType("resource").map((entry) => entry.name)
             .filter((name) => name.startsWith(location.origin + "/assets/") && /[.](css|js)$/.test(name))]"""
    )
    return sum(len(page.request.get(url).body()) for url in parts)


def test_pages_are_light(shop: RunningShop, window: Windows, email: str) -> None:
    weights: dict[str, int] = {}
    with window() as page:
        for path in (*BROWSING, "/de/c/textiles", "/de/search?q=lampe", "/de/search", "/en/pages/terms"):
            page.goto(shop.url + path)
            weights[path] = weight(page)
        put_in_cart(page, f"{shop.url}/de/p/cushion-flur")
        weights["product with drawer"] = weight(page)
        steps: list[Callable[[], object]] = [
            lambda: page.goto(f"{shop.url}/de/cart"),
            lambda: go_to_checkout(page),
            lambda: fill_address(page, email),
            lambda: choose_delivery(page),
            lambda: enter_card(page),
            lambda: press_order(page),
            lambda: expect_thanks(page),
        ]
        for step in steps:
            step()
            weights[page.url.rpartition("/")[2]] = weight(page)
    assert all(size > 30_000 for size in weights.values()), weights
    assert {name: size for name, size in weights.items() if size >= BYTES_MAX} == {}
