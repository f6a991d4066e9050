"""Three people at a shop in trouble: a shopper at the pages, a program at the API, and the merchant."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from rialto.edge.classes import class_of
from tests.api.people import OWNER, PASSWORD, hire
from tests.api.people import sign_in as tokens_of
from tests.storefront.shopping import ADDRESS, Page
from tests.support.shop import Shop

ADA = {"name": "Ada", "line1": "Weg 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
BROWSED = ("/en/", "/de/", "/en/p/lamp", "/en/search?q=lamp")


@dataclass
class Person:
    """Somebody at the public port. Every answer must come within its class's time and never be a bug."""

    shop: Shop
    web: httpx.AsyncClient
    token: str = ""

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        told = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **(headers or {})}
        allowed_s = class_of({"method": method, "path": path.partition("?")[0], "headers": []}).seconds
        async with asyncio.timeout(allowed_s):
            answer = await self.web.request(method, path, headers=told, **options)
        assert answer.status_code not in {500, 502, 504}, (path, answer.text)
        assert "Traceback" not in answer.text
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1, path
        return answer

    async def get(self, path: str, status: int = 200) -> httpx.Response:
        answer = await self.ask("GET", path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return answer

    async def form(self, path: str, data: Mapping[str, str]) -> httpx.Response:
        return await self.ask("POST", path, data=dict(data), headers={"Sec-Fetch-Site": "same-origin"})


class ApiClient(Person):
    """A program. Refusals are problem details with a code to go by."""

    async def cart(self, sku: str = "LAMP") -> str:
        made = await self.ask(
            "POST", "/v1/carts", json={"currency": "EUR", "country": "DE", "language": "en"}
        )
        assert made.status_code == 201, made.text
        cart: str = made.json()["id"]
        path = f"/v1/carts/{cart}"
        for method, step, body in (
            ("POST", f"{path}/lines", {"sku": sku, "quantity": 1}),
            ("PUT", f"{path}/address", {"email": "ada@example.org", "shipping": ADA}),
        ):
            answer = await self.ask(method, step, json=body)
            assert answer.status_code < 300, answer.text
        options = (await self.get(f"{path}/delivery-options")).json()["items"]
        answer = await self.ask("PUT", f"{path}/delivery", json={"option_id": options[0]["id"]})
        assert answer.status_code == 200, answer.text
        return cart

    async def check_out(self, cart: str, key: str, token: str = "tok_success") -> httpx.Response:
        body = {"cart_id": cart, "payment": {"provider": "sandbox", "token": token}}
        return await self.ask("POST", "/v1/checkout", json=body, headers={"Idempotency-Key": key})

    async def buy(self, key: str, sku: str = "LAMP") -> httpx.Response:
        return await self.check_out(await self.cart(sku), key)


class Shopper(Person):
    """A browser without JavaScript, in one language."""

    async def page(self, path: str, status: int = 200) -> Page:
        return Page((await self.get(path, status)).text)

    async def browse(self) -> None:
        """Home, a product and a search."""
        for path in BROWSED:
            await self.get(path)

    async def fill_cart(self, sku: str = "LAMP", token: str = "tok_success") -> None:
        """Everything up to the order button."""
        await self.form("/en/cart/add", {"sku": sku, "quantity": "1"})
        assert (await self.form("/en/checkout/address", ADDRESS)).status_code == 303
        delivery = await self.page("/en/checkout/delivery")
        options = [
            one.attributes["value"] for one in delivery.elements if one.attributes.get("name") == "delivery"
        ]
        assert (await self.form("/en/checkout/delivery", {"delivery": options[0]})).status_code == 303
        paid = await self.form("/en/checkout/payment", {"token": token, "label": "Visa •••• 4242"})
        assert paid.status_code == 303, paid.text

    async def review(self) -> dict[str, str]:
        """What the order button would send."""
        return order_form(await self.page("/en/checkout/review"))

    async def place(self, form: Mapping[str, str]) -> str:
        """Where pressing the button leads."""
        answer = await self.form("/en/checkout/place", form)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def buy(self, sku: str = "LAMP") -> str:
        await self.fill_cart(sku)
        return await self.place(await self.review())


class Merchant(Person):
    """The owner at the back office, by the API and at the pages."""

    async def sign_in(self) -> None:
        answer = await self.web.post("/admin/sign-in", data={"email": OWNER, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        self.token = (await tokens_of(self.shop, OWNER)).access_token

    async def works(self) -> None:
        """The desk's first pages and a change of stock."""
        for path in ("/admin", "/admin/orders", "/admin/products"):
            await self.get(path)
        body = {"warehouse": "berlin", "on_hand": 30}
        answer = await self.ask("PUT", "/v1/admin/stock/PENCIL", json=body)
        assert answer.status_code == 200, answer.text

    async def order(self, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get(f"/v1/admin/orders/{order_id}")).json()
        return found


def order_form(review: Page) -> dict[str, str]:
    return {name: review.one("input", name=name).attributes["value"] for name in ("key", "expected_total")}


def order_in(location: str) -> str:
    """The order that a page's address is about."""
    found = re.search(r"(ord_\w+)", location)
    assert found is not None, location
    return found[1]


@dataclass
class Three:
    shop: Shop
    shopper: Shopper
    client: ApiClient
    merchant: Merchant

    async def all_is_well(self, key: str) -> None:
        """Everybody does what they came for, and the books agree: the shop has recovered."""
        await self.shopper.browse()
        bought = await self.client.buy(key, "PENCIL")
        assert bought.status_code == 201, bought.text
        await self.merchant.works()
        await self.shop.settle()
        assert await self.shop.audit() == []

    async def come_back(self) -> None:
        """Another day's visitors: nobody has a cart, and staff's tokens are fresh."""
        self.shopper.web.cookies.clear()
        self.merchant.web.cookies.clear()
        await self.merchant.sign_in()

    async def orders(self) -> dict[str, str]:
        """The status of every order there is, as the merchant sees it."""
        items = (await self.merchant.get("/v1/admin/orders?limit=100")).json()["items"]
        return {item["id"]: item["status"] for item in items}

    async def close(self) -> None:
        for person in (self.shopper, self.client, self.merchant):
            await person.web.aclose()


async def three(shop: Shop) -> Three:
    """The merchant has signed in; the shop knows its goods."""
    app = shop.app.web()

    def web() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app)
        return httpx.AsyncClient(transport=transport, base_url=shop.app.settings.public_url, timeout=None)

    people = Three(shop, Shopper(shop, web()), ApiClient(shop, web()), Merchant(shop, web()))
    await hire(shop, OWNER, "owner")
    await people.merchant.sign_in()
    await shop.settle()
    return people


def problem_of(answer: httpx.Response, code: str) -> None:
    """A refusal that a program understands: 503, when to come back, and this code."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["code"]) == (503, code)
    assert told["detail"].endswith(".")
    assert int(answer.headers["retry-after"]) >= 1
