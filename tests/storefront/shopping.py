"""Words for page tests: a shop with a browser's memory, and pages read as trees."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from httpx import Response
from litestar.testing import TestClient

from tests.storefront.fixture_shop import FixtureShop

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)

ADDRESS = {
    "email": "ada@example.org",
    "shipping-name": "Ada Lovelace",
    "shipping-line1": "Brückenstraße 12",
    "shipping-postal_code": "10115",
    "shipping-city": "Berlin",
    "shipping-country": "DE",
}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    form: Element | None = None


class Page(HTMLParser):
    """All elements of a page in order, each with its own text and the form it stands in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        form = next((element for element in reversed(self._open) if element.tag == "form"), None)
        element = Element(tag, {name: value or "" for name, value in attrs}, form=form)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element.tag == tag
            and all(element.attributes.get(name) == value for name, value in wanted.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of <{tag}> with {attributes}"
        return found[0]

    def json_ld(self) -> list[Any]:
        return [json.loads(element.text) for element in self.all("script", type="application/ld+json")]

    @property
    def problems(self) -> str:
        summary = self.all("div", id="problems")
        return " ".join(summary[0].text.split()) if summary else ""


class Shopper:
    """A browser without JavaScript: keeps cookies, sends the same-origin header, follows where it is told."""

    def __init__(self, shop: FixtureShop, language: str = "en") -> None:
        self.shop, self.language = shop, language
        self.client = TestClient(shop.app, base_url="http://127.0.0.1:8000")
        self.client.headers["sec-fetch-site"] = "same-origin"

    def get(self, path: str, **options: Any) -> Response:
        return self.client.get(f"/{self.language}/{path}", follow_redirects=False, **options)

    def post(self, path: str, data: dict[str, str] | None = None, **options: Any) -> Response:
        return self.client.post(
            f"/{self.language}/{path}", data=data or {}, follow_redirects=False, **options
        )

    def page(self, path: str, status: int = 200) -> Page:
        answer = self.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        return Page(answer.text)

    def add(self, sku: str, quantity: int = 1) -> Response:
        return self.post("cart/add", {"sku": sku, "quantity": str(quantity)})

    def check_out(self, sku: str, token: str = "tok_success") -> Response:
        """Everything up to the order button, then that."""
        self.add(sku)
        assert self.post("checkout/address", ADDRESS).headers["location"].endswith("/checkout/delivery")
        assert self.post("checkout/delivery", {"delivery": "standard"}).status_code == 303
        assert self.post("checkout/payment", {"token": token, "label": "Visa •••• 4242"}).status_code == 303
        return self.place()

    def place(self) -> Response:
        review = self.page("checkout/review")
        hidden = {
            name: review.one("input", name=name).attributes["value"] for name in ("key", "expected_total")
        }
        return self.post("checkout/place", hidden)


def any_sku(shop: FixtureShop, *, left_at_least: int = 20) -> str:
    return next(sku for sku, left in shop.search.stock.left.items() if left >= left_at_least)


def product_with_options(shop: FixtureShop) -> Any:
    return next(draft for draft in shop.search.drafts.values() if draft.options and len(draft.variants) > 2)
