"""The pages that nginx shows itself, when the shop cannot or must not: plain, and for everybody to read."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from rialto.proxy.answers import PAGES, page
from tests.e2e.judging import objections, objections_to_colours


@pytest.mark.parametrize("language", sorted(PAGES))
@pytest.mark.parametrize("status", sorted(PAGES["en"]))
def test_axe_objects_to_nothing_and_nothing_sticks_out(browser: Browser, language: str, status: int) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 600}, color_scheme="dark")
    try:
        window = context.new_page()
        window.set_content(page(status, language))
        assert window.locator("html").get_attribute("lang") == language
        assert (objections(window), objections_to_colours(window)) == ([], [])
        assert window.evaluate("document.documentElement.scrollWidth") <= 320
    finally:
        context.close()
