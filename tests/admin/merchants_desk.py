"""The back office of a whole shop, asked by a browser of somebody who is signed in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape

import httpx

from rialto.kernel.db import DatabaseAddress
from tests.api.people import OWNER, PASSWORD, hire
from tests.support.shop import Shop, a_shop

ORIGIN = {"Origin": "http://shop.test"}
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_INPUT = re.compile(r"<input\b([^>]*)>")
_AREA = re.compile(r"<textarea\b([^>]*)>(.*?)</textarea>", re.DOTALL)
_SELECT = re.compile(r"<select\b([^>]*)>(.*?)</select>", re.DOTALL)
_CHOSEN = re.compile(r'<option value="([^"]*)" selected>')
_ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')

Form = dict[str, object]


class Browser:
    """Somebody at a desk. Every page must come without a fault, unless another status is expected."""

    def __init__(self, shop: Shop, web: httpx.AsyncClient) -> None:
        self.shop = shop
        self.web = web

    async def sign_in(self, email: str) -> None:
        answer = await self.web.post("/admin/sign-in", data={"email": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text

    async def get(self, address: str, status: int = 200) -> str:
        answer = await self.web.get(f"/admin{address}")
        assert answer.status_code == status, (address, answer.status_code, answer.text[-2000:])
        return answer.text

    async def form(self, address: str, action: str) -> Form:
        """The fields of the form with this action, as the page shows them."""
        return fields_of(await self.get(address), action)

    async def post(self, address: str, form: Mapping[str, object], status: int = 303) -> str:
        """The page it answers with; after a redirect the address it leads to."""
        answer = await self.web.post(f"/admin{address}", data=dict(form))
        assert answer.status_code == status, (address, answer.status_code, answer.text[-3000:])
        return answer.headers["location"] if status == 303 else answer.text


def fields_of(html: str, action: str) -> Form:
    """What a browser would send of a form that nobody touched."""
    forms = [inner for tag, inner in _FORM.findall(html) if f'method="post" action="{action}"' in tag]
    assert forms, f"no form leads to {action}"
    inner = forms[0]
    found: Form = {}
    for attributes in map(_attributes, _INPUT.findall(inner)):
        ticked = attributes.get("type") not in {"checkbox", "radio"} or "checked" in attributes
        if attributes.get("name") and ticked:
            _add(found, attributes["name"], attributes.get("value", ""))
    for tag, text in _AREA.findall(inner):
        _add(found, _attributes(tag)["name"], unescape(text))
    for tag, options in _SELECT.findall(inner):
        chosen = [unescape(value) for value in _CHOSEN.findall(options)]
        for value in chosen if "multiple" in tag else chosen[:1]:
            _add(found, _attributes(tag)["name"], value)
    return found


def _add(form: Form, name: str, value: str) -> None:
    present = form.get(name)
    if present is None:
        form[name] = value
    else:
        form[name] = [*present, value] if isinstance(present, list) else [present, value]


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}


@asynccontextmanager
async def back_office(postgres: DatabaseAddress) -> AsyncIterator[Browser]:
    """A shop with goods, and its owner at the desk."""
    async with a_shop(postgres) as shop:
        await hire(shop, OWNER, "owner")
        browser = Browser(shop, shop.web)
        await browser.sign_in(OWNER)
        yield browser
        await shop.settle()
