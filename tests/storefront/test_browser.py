"""What scripts add, in Chromium. How every page looks and weighs: tests/e2e/walking.py."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from tests.storefront.fixture_shop import FixtureShop, fixture_shop
from tests.storefront.shopping import ADDRESS, product_with_options

CHROMIUM = shutil.which("chromium")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")]


class Served:
    """The fixture shop on a port of its own."""

    def __init__(self, shop: FixtureShop, url: str) -> None:
        self.shop, self.url = shop, url


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    shop = fixture_shop()
    server = uvicorn.Server(
        uvicorn.Config(shop.app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(shop, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, *, width: int = 1280, dark: bool = False, script: bool = True) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(6_000)
    yield page
    context.close()


def press_to(page: Page, selector: str, presses_max: int = 120) -> None:
    """Tab until the focus is there; each stop on the way must be visible."""
    for _ in range(presses_max):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is out of the keyboard's reach")


@pytest.mark.parametrize("script", [True, False])
def test_a_keyboard_is_enough_to_buy(browser: Browser, served: Served, script: bool) -> None:
    with window(browser, script=script) as page:
        page.goto(f"{served.url}/en/p/{product_with_options(served.shop).slug}")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        press_to(page, "[data-buy]")
        page.keyboard.press("Enter")
        page.wait_for_selector(".line")
        press_to(page, "a[href$='/checkout/address']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/checkout/address")
        for field, value in ADDRESS.items():
            press_to(page, f"#{field}")
            if field != "shipping-country":
                page.keyboard.type(value)
        page.keyboard.press("Tab")
        press_to(page, ".form__actions .button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/checkout/delivery")
        press_to(page, "input[type=radio]")
        page.keyboard.press("ArrowDown")
        press_to(page, ".form__actions .button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/checkout/payment")
        page.goto(f"{served.url}/en/checkout/payment/return?token=tok_success&label=Visa")
        press_to(page, ".button--order")
        page.keyboard.press("Enter")
        page.wait_for_url("**/thanks**")
        assert "Express" in page.inner_text("main")


def test_a_problem_summary_has_the_focus(browser: Browser, served: Served) -> None:
    for script in (True, False):
        with window(browser, script=script) as page:
            page.goto(f"{served.url}/en/p/{product_with_options(served.shop).slug}")
            page.click("[data-buy]")
            page.wait_for_selector(".line")
            page.goto(f"{served.url}/en/checkout/address")
            page.click(".form__actions .button")
            page.wait_for_selector("#problems")
            assert page.evaluate("document.activeElement.id") == "problems"
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "email"


def test_another_variant_needs_no_load(browser: Browser, served: Served) -> None:
    draft = product_with_options(served.shop)
    with window(browser) as page:
        page.goto(f"{served.url}/en/p/{draft.slug}")
        page.evaluate("window.stayed = true")
        before = page.inner_text("[data-sku-text]")
        page.click("[data-option]:not([aria-current])")
        page.wait_for_function(
            "before => document.querySelector('[data-sku-text]').textContent !== before", arg=before
        )
        assert page.evaluate("window.stayed")
        assert page.input_value("[data-sku]") == page.inner_text("[data-sku-text]")
        fresh = page.url
        page.goto(fresh)
        assert page.inner_text("[data-sku-text]") != before


def test_filters_answer_without_a_load_and_keep_the_focus(browser: Browser, served: Served) -> None:
    with window(browser) as page:
        page.goto(f"{served.url}/en/c/ceramics")
        page.evaluate("window.stayed = true")
        page.locator("[name=colour]").first.focus()
        page.keyboard.press("Space")
        page.wait_for_selector(".chip .icon")
        assert page.evaluate("window.stayed")
        assert "colour=" in page.url
        assert page.evaluate("document.activeElement.name") == "colour"
