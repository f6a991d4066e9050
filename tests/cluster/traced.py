"""A purchase in Chromium through a platform's proxy, and what the platform's traces and logs tell of it."""

from __future__ import annotations

import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Response

from rialto.cluster.layout import Layout
from rialto.cluster.sink_store import StoredSpan
from tests.e2e.buying import expect_thanks, go_to_review, order_id_of, press_order
from tests.e2e.windows import a_browser

EMAIL = "planted-person@example.org"


@dataclass(frozen=True)
class Purchase:
    """`request_id` is the proxy's, as it tells the browser with the answer to the press of the button."""

    request_id: str
    order_id: str


def buy_in_chromium(layout: Layout) -> Purchase:
    answers: list[Response] = []
    with a_browser() as browser:
        context = browser.new_context(ignore_https_errors=True)
        try:
            page = context.new_page()
            page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks its handlers
            page.goto(f"{layout.public_url}/en/")
            product = page.locator("a[href*='/en/p/']").first.get_attribute("href")
            go_to_review(page, f"{layout.public_url}{product}", EMAIL)
            answers.clear()
            press_order(page)
            expect_thanks(page)
            posted = next(answer for answer in answers if answer.request.method == "POST")
            return Purchase(posted.headers["x-request-id"], order_id_of(page))
        finally:
            context.close()


def visit(layout: Layout, data: Path) -> str:
    """Look at the first page; the id that the proxy gave the request."""
    with urllib.request.urlopen(f"{layout.public_url}/en/", context=_trust(data), timeout=60) as answer:
        return str(answer.headers["X-Request-Id"])


def _trust(data: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(data / "tls" / "ca.pem"))


class Staff:
    """The API as staff use it, over TLS with the platform's own authority."""

    def __init__(self, layout: Layout, data: Path, password: str) -> None:
        self._url = layout.public_url
        self._tls = _trust(data)
        self._headers: dict[str, str] = {}
        tokens = self.post("/v1/auth/login", {"email": "admin@rialto.test", "password": password})
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def ship(self, order_id: str) -> Any:
        return self.post(f"/v1/admin/orders/{order_id}/ship", {}, **{"Idempotency-Key": f"ship-{order_id}"})

    def post(self, path: str, body: Any, **headers: str) -> Any:
        request = urllib.request.Request(
            self._url + path,
            data=msgspec.json.encode(body),
            headers={"Content-Type": "application/json", **self._headers, **headers},
        )
        with urllib.request.urlopen(request, context=self._tls, timeout=60) as answer:
            return msgspec.json.decode(answer.read())


def hangs_together(spans: list[StoredSpan]) -> bool:
    """Whether all but the first span have their parent among the others."""
    ids = {span.span_id for span in spans}
    return len([span for span in spans if span.parent_id not in ids]) == 1
