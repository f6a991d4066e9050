"""Browser windows that are watched: whatever leaves the shop's origins or is complained of fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.e2e.cut_shop import browser_flags, driver_trusts

TIMEOUT_MS = 20_000
# Browsers trust names below localhost as they trust TLS: without it they complain of our headers.
SECOND_HOST = "trade.localhost"
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A second shop front's host name leads to this machine.
    f"--host-resolver-rules=MAP {SECOND_HOST} 127.0.0.1",
)


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Debian's Chromium. Only one at a time per thread: Playwright keeps an event loop running meanwhile."""
    flags = [*FLAGS, *browser_flags(), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=TIMEOUT_MS)
    with driver_trusts(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """Collects what no page may do: foreign requests, errors on the console, broken scripts, failed parts."""

    def __init__(self, context: BrowserContext, origins: Sequence[str]) -> None:
        self.complaints: list[str] = []
        self._origins = origins
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("requestfailed", self._failed)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"data", "blob", "about"}:
            return
        if f"{parts.scheme}://{parts.netloc}" not in self._origins:
            self.complaints.append(f"left the shop: {request.url}")

    def _response(self, response: Response) -> None:
        # A page may refuse what was entered (4xx); no part of a page may be missing.
        page = response.request.resource_type in {"document", "fetch"}
        if response.status >= 500 or (response.status >= 400 and not page):
            self.complaints.append(f"{response.status}: {response.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the next page was opened before this one was complete
            self.complaints.append(f"{request.failure}: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        # Statuses are judged above, where it is known what they belong to.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text}")


@contextmanager
def watched_window(
    browser: Browser,
    origins: Sequence[str],
    *,
    width: int = 1280,
    height: int = 900,
    script: bool = True,
    **options: Any,
) -> Iterator[Page]:
    """A window with nothing remembered. Leaving it raises AssertionError for whatever the watch has seen."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=script, **options
    )
    context.set_default_timeout(TIMEOUT_MS)
    watch = Watch(context, origins)
    try:
        yield context.new_page()
        assert not watch.complaints, "\n".join(watch.complaints)
    finally:
        context.close()
