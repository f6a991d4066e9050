"""Words for page tests of accounts: browsers in the real shop, with its identity, carts, orders and mails.

async with customers_of(postgres) as people:
    ada = people.browser()
    await people.join(ada, "ada@example.org")        # registered, verified by the mailed link, signed in
    page = await ada.page("account")
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from rialto.kernel.db import DatabaseAddress
from tests.storefront.shopping import ADDRESS, Page
from tests.support.shop import Shop, a_shop

PASSWORD = "a-boat-under-the-bridge-7"
NAME = "Ada Lovelace"


class Browser:
    """Keeps cookies, says that its forms are the shop's own, and follows nothing by itself."""

    def __init__(self, transport: httpx.ASGITransport, base: str, language: str) -> None:
        self.language = language
        headers = {"sec-fetch-site": "same-origin", "user-agent": "Mozilla/5.0 (X11; Linux) Firefox/150.0"}
        self.client = httpx.AsyncClient(transport=transport, base_url=base, headers=headers)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path if path.startswith("/") else f"/{self.language}/{path}")

    async def post(self, path: str, data: Mapping[str, str] | None = None, **headers: str) -> httpx.Response:
        return await self.client.post(f"/{self.language}/{path}", data=dict(data or {}), headers=headers)

    async def page(self, path: str, status: int = 200) -> Page:
        answer = await self.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:200]}"
        return Page(answer.text)

    async def sent(self, path: str, data: Mapping[str, str] | None = None) -> Page:
        """The page that a form which was taken leads to."""
        answer = await self.post(path, data)
        assert answer.status_code == 303, f"{path}: {answer.status_code} {Page(answer.text).problems}"
        return await self.page(answer.headers["location"])

    async def refused(self, path: str, data: Mapping[str, str] | None = None, *, status: int) -> Page:
        answer = await self.post(path, data)
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        return Page(answer.text)

    async def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        return await self.post("account/sign-in", {"email": email, "password": password, **more})

    async def add(self, sku: str, quantity: int = 1) -> httpx.Response:
        return await self.post("cart/add", {"sku": sku, "quantity": str(quantity)})

    async def lose_session(self) -> None:
        """What a browser has when its session has ended somewhere else and its access token ran out."""
        for name in ("access", "refresh"):
            self.client.cookies.delete(name)

    async def check_out(self, address: Mapping[str, str] = ADDRESS) -> str:
        """From a full cart to the address of the page that thanks."""
        for path, form in (
            ("checkout/address", address),
            ("checkout/delivery", {"delivery": await self._first_delivery(address)}),
            ("checkout/payment", {"token": "tok_success", "label": "Visa •••• 4242"}),
        ):
            answer = await self.post(path, form)
            assert answer.status_code == 303, f"{path}: {Page(answer.text).problems}"
        review = await self.page("checkout/review")
        hidden = {
            name: review.one("input", name=name).attributes["value"] for name in ("key", "expected_total")
        }
        return str((await self.post("checkout/place", hidden)).headers["location"])

    async def _first_delivery(self, address: Mapping[str, str]) -> str:
        await self.post("checkout/address", address)
        return (await self.page("checkout/delivery")).all("input", name="delivery")[0].attributes["value"]


class People:
    """Whoever comes to the shop, and what they are mailed."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._transport = httpx.ASGITransport(app=shop.app.web())
        self._browsers: list[Browser] = []

    def browser(self, language: str = "en") -> Browser:
        browser = Browser(self._transport, self.shop.app.settings.public_url, language)
        self._browsers.append(browser)
        return browser

    async def register(self, browser: Browser, email: str) -> Page:
        form = await browser.page("account/register")
        key = form.one("input", name="key").attributes["value"]
        told = await browser.sent(
            "account/register", {"name": NAME, "email": email, "password": PASSWORD, "key": key}
        )
        await self.shop.settle()
        return told

    async def join(self, browser: Browser, email: str) -> None:
        """Registered, verified and signed in."""
        await self.register(browser, email)
        token = self.token(email)
        assert (await browser.sent("account/verify", {"token": token})).one("h1")
        assert (await browser.sign_in(email)).status_code == 303
        await self.shop.settle()

    def letters(self, email: str) -> list[str]:
        return [mail.text for mail in self.shop.mail.sent if mail.to == email]

    def link(self, email: str, path: str = "account/verify") -> str:
        """The newest mailed link to this page, without the shop's name."""
        found = [
            match
            for text in self.letters(email)
            for match in re.findall(rf"https?://[^/\s]+(/\w\w/{path}\S*)", text)
        ]
        assert found, f"no link to {path}"
        return str(found[-1])

    def token(self, email: str, path: str = "account/verify") -> str:
        return self.link(email, path).partition("token=")[2]

    async def close(self) -> None:
        for browser in self._browsers:
            await browser.client.aclose()


@asynccontextmanager
async def customers_of(postgres: DatabaseAddress, **options: Any) -> AsyncIterator[People]:
    async with a_shop(postgres, **options) as shop:
        people = People(shop)
        try:
            yield people
        finally:
            await people.close()
