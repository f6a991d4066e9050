"""Somebody at a browser in the back office, without scripts: what a page shows, and sending its forms."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx

from tests.api.people import PASSWORD
from tests.api.serving import WITHIN_S, Served
from tests.storefront.shopping import Page
from tests.support.shop import Shop

_numbers = itertools.count(1)


def email_of(role: str) -> str:
    return f"{role}@staff.test"


def now_of(served: Served) -> datetime:
    """By the shop's clock, which runs with the shop's loop."""

    async def ask(shop: Shop) -> datetime:
        return shop.clock.now()

    return served.run(ask)


class Browser:
    """Cookies and an address of its own. Redirects are not followed, so that each answer can be looked at."""

    def __init__(self, served: Served, language: str = "en") -> None:
        turn = next(_numbers)
        self.served = served
        self.client = httpx.Client(
            base_url=served.url,
            timeout=WITHIN_S,
            headers={"X-Forwarded-For": f"10.3.{turn >> 8}.{turn & 255}", "Accept-Language": language},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.client.close()

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, data: Mapping[str, str], **headers: str) -> httpx.Response:
        return self.client.post(path, data=dict(data), headers=headers)

    def page(self, path: str, status: int = 200) -> Page:
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.headers.get("location"))
        return Page(answer.text)

    def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return self.post("/admin/sign-in", {"email": email, "password": password})


def form_of(page: Page, action: str) -> dict[str, str]:
    """What the form that goes to this address would send if it were sent as it stands."""
    found: dict[str, str] = {}
    for field in page.all("input") + page.all("textarea"):
        if field.form is None or field.form.attributes.get("action") != action:
            continue
        kind = field.attributes.get("type", "")
        if kind not in {"radio", "checkbox"} or "checked" in field.attributes:
            found[field.attributes["name"]] = field.attributes.get("value", field.text)
    assert found, f"no form goes to {action}"
    return found
