"""A session's position over several requests: who sends it back, and who is answered by the primary."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar, get, post

from rialto.edge.positions import following
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.positions import note_write, seen_now, write_lsn
from rialto.kernel.standbys import Standbys

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


@get("/read")
async def read() -> int | None:
    seen = seen_now()
    assert seen is not None
    return seen.allows


@post("/write")
async def write() -> bool:
    note_write()
    seen = seen_now()
    return seen is not None and seen.allows is None


class Edge:
    def __init__(self) -> None:
        self.position = 0x16_0000_00FF
        self.answers = True
        standbys = Standbys([], self.ask, ManualClock())
        app = Litestar([read, write], middleware=[following(standbys, secure=True)], openapi_config=None)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=cast("Any", app)), base_url="https://shop.test"
        )

    async def ask(self, _sql: str) -> str:
        if not self.answers:
            raise Unavailable
        return write_lsn(self.position)

    async def allows(self, **headers: str) -> int | None:
        answer = await self.http.get("/read", headers=headers)
        assert not answer.headers.get("set-cookie")
        found: int | None = answer.json()
        return found


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    made = Edge()
    yield made
    await made.http.aclose()


async def test_who_says_nothing_of_what_they_have_seen_is_answered_by_the_primary(edge: Edge) -> None:
    assert await edge.allows() is None


async def test_a_browser_without_the_cookie_has_written_nothing_lately(edge: Edge) -> None:
    assert await edge.allows(cookie="cart=abc") == 0


async def test_after_a_change_a_browser_brings_its_position_along(edge: Edge) -> None:
    answer = await edge.http.post("/write")
    assert answer.json() is True
    cookie = SimpleCookie(answer.headers["set-cookie"])["position"]
    assert cookie.value == "16/FF"
    assert (cookie["max-age"], cookie["path"], cookie["samesite"]) == ("60", "/", "lax")
    assert cookie["httponly"]
    assert cookie["secure"]
    assert await edge.allows() == 0x16_0000_00FF


async def test_a_program_sends_the_header_back(edge: Edge) -> None:
    told = (await edge.http.post("/write")).headers["rialto-position"]
    edge.http.cookies.clear()
    assert await edge.allows(**{"rialto-position": told}) == 0x16_0000_00FF
    assert await edge.allows() is None


async def test_a_position_that_cannot_be_found_out_keeps_to_the_primary(edge: Edge) -> None:
    edge.answers = False
    answer = await edge.http.post("/write")
    assert (answer.status_code, answer.headers["rialto-position"]) == (201, "unknown")
    assert await edge.allows() is None


@pytest.mark.parametrize("made_up", ["", "x", "1/2/3", "-1/0"])
async def test_what_is_no_position_keeps_to_the_primary(edge: Edge, made_up: str) -> None:
    assert await edge.allows(cookie=f'cart=abc; position="{made_up}"') is None
    assert await edge.allows(**{"rialto-position": made_up}) is None
