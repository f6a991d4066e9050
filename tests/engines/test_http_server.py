"""The real server: who leaves before being answered is noticed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rialto.engines.http_server import listen, serve, server_of

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


async def test_the_application_can_find_out_who_has_left() -> None:
    asked = asyncio.Event()
    found: list[bool] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        has_left = scope["rialto.has_left"]
        found.append(has_left())
        asked.set()
        while not has_left():
            await asyncio.sleep(0)
        found.append(True)
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    bound, stop = listen("127.0.0.1", 0, shared=False), asyncio.Event()
    serving = asyncio.create_task(serve([(server_of(app), bound)], stop))
    _, writer = await asyncio.open_connection("127.0.0.1", bound.getsockname()[1])
    writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
    await asked.wait()
    writer.close()
    async with asyncio.timeout(20):
        while len(found) < 2:
            await asyncio.sleep(0)
    stop.set()
    await serving
    assert found == [False, True]
