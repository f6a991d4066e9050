from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.edge.asgi import ask
from tests.edge.described import document, shop_app

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


class Page(HTMLParser):
    """What of the page is worth asserting on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found: dict[str, Any] = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(found)
        if "id" in found:
            self.ids.append(found["id"])
        self.links |= {found[name] for name in ("href", "src") if name in found}


async def the_page() -> tuple[Page, str]:
    text = (await ask(shop_app(), "/docs")).body.decode()
    return Page(text), text


async def test_every_operation_type_and_code_stands_on_the_page() -> None:
    page, _ = await the_page()
    told = await document()
    for item in told["paths"].values():
        for operation in item.values():
            assert operation["operationId"] in page.ids
            for status, response in operation["responses"].items():
                if status >= "300":
                    codes = response["content"]["application/problem+json"]["examples"]
                    assert {f"error-{code}" for code in codes} <= set(page.ids)
    assert {f"type-{name}" for name in told["components"]["schemas"]} <= set(page.ids)


async def test_ids_are_there_once_and_links_lead_somewhere() -> None:
    page, _ = await the_page()
    assert len(set(page.ids)) == len(page.ids)
    assert page.links <= {f"#{one}" for one in page.ids} | {"/", "/openapi.json"}


async def test_the_page_needs_no_script_and_nothing_from_elsewhere() -> None:
    page, text = await the_page()
    assert not page.tags & {"script", "img", "link", "iframe", "object", "form"}
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    assert "url(" not in text
    assert "@import" not in text


async def test_its_policy_allows_its_own_style_and_nothing_else() -> None:
    reply = await ask(shop_app(), "/docs")
    policy = reply.header("content-security-policy") or ""
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert reply.header("content-type") == "text/html; charset=utf-8"


async def test_text_from_descriptions_cannot_become_markup() -> None:
    _, text = await the_page()
    assert "Bearer &lt;access_token&gt;" in text
    assert re.search(r"<code>[^<]*&quot;|&#34;", text)
