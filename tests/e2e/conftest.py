"""One shop and one browser for all end-to-end tests; each test has a window of its own, watched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.running_shop import RunningShop, running_shop
from tests.e2e.windows import a_browser, chromium_path, watched_window

Windows = Callable[..., AbstractContextManager[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason="Chromium is not installed (Debian: apt install chromium)")
    for item in items:
        if item.path.parent.name == "e2e":
            item.add_marker(pytest.mark.e2e)
            if chromium_path() is None:
                item.add_marker(missing)


@pytest.fixture(scope="package")
def shop() -> Iterator[RunningShop]:
    with running_shop() as running:
        yield running


# Not for the session: the loop Playwright keeps running would be in the way of async tests that come after.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture
def window(browser: Browser, shop: RunningShop) -> Windows:
    """`with window(width=320, script=False) as page:`"""
    return partial(watched_window, browser, shop.origins)


@pytest.fixture
def email(request: pytest.FixtureRequest) -> str:
    """An address that only this test writes to."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"{name[-60:].strip('-')}@example.org"
