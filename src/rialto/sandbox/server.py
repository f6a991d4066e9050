"""One sandbox as a running server: books, writer, courier, clockwork and HTTP in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import aiohttp
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rialto.kernel.clock import Clock
from rialto.sandbox.asgi import DROP_EXTENSION
from rialto.sandbox.core import Sandbox
from rialto.sandbox.http import App, Keys, MerchantApi
from rialto.sandbox.pages import Pages
from rialto.sandbox.webhooks import POST_TIMEOUT_S, Courier, Post
from rialto.sandbox.writer import Writer

LOG = logging.getLogger("rialto.sandbox")
TICK_S = 0.5
PURGE_EVERY_TICKS = 120


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with a way for the app to cut the connection without an answer."""

    def on_message_begin(self) -> None:
        """Offer the transport's abort as an ASGI extension."""
        super().on_message_begin()
        cast("dict[str, object]", self.scope)["extensions"] = {DROP_EXTENSION: self.transport.abort}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A sandbox put together. Nothing runs by itself yet but the writer's thread."""

    app: App
    sandbox: Sandbox
    writer: Writer
    courier: Courier
    clock: Clock


def assembled(sandbox: Sandbox, clock: Clock, keys: Keys, post: Post, *, webhook_url: str = "") -> Parts:
    """Put HTTP, writer and courier around a sandbox; must be called on the running loop."""
    writer = Writer(sandbox.books)
    courier = Courier(sandbox, writer, clock, post).aimed_at(webhook_url, keys.webhook_secret)
    api = MerchantApi(sandbox, writer, clock, courier, keys=keys)
    pages = Pages(sandbox, writer, courier, keys.publishable_key)
    app = App({**api.routes(), **pages.routes()})
    return Parts(app=app, sandbox=sandbox, writer=writer, courier=courier, clock=clock)


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[None]:
    """Deliver webhooks and let time pass while the context lasts; ends the writer with it."""
    background = (
        asyncio.ensure_future(_kept_alive(parts.courier.run)),
        asyncio.ensure_future(_kept_alive(lambda: _clockwork(parts))),
    )
    try:
        yield
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await parts.writer.close()


@asynccontextmanager
async def http_post() -> AsyncIterator[Post]:
    """A `Post` over aiohttp; any failure to get an answer is status 0."""
    timeout = aiohttp.ClientTimeout(total=POST_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:

        async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
            try:
                async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                    return answer.status
            except (aiohttp.ClientError, TimeoutError, OSError):
                return 0

        yield post


async def serve(app: App, listener: socket.socket) -> None:
    """Serve HTTP on a bound socket until SIGTERM or SIGINT, then end in order."""
    config = uvicorn.Config(
        app,
        http=DroppableProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=2000,
    )
    await uvicorn.Server(config).serve([listener])


async def _kept_alive(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` again after an unexpected failure, for example while the disk is full."""
    while True:
        try:
            await work()
            return
        except Exception as error:  # noqa: BLE001 - the job loop must survive; CancelledError passes
            LOG.warning("background work paused: %s", type(error).__name__)
        await asyncio.sleep(TICK_S)


async def _clockwork(parts: Parts) -> None:
    ticks = 0
    while True:
        if await parts.writer.run(parts.sandbox.settle_due):
            parts.courier.nudge()
        if ticks % PURGE_EVERY_TICKS == 0:
            await parts.writer.run(parts.sandbox.purge)
        ticks += 1
        await parts.clock.sleep(TICK_S)


def bound(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    with contextlib.ExitStack() as undo:
        undo.callback(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
        listener.setblocking(False)
        undo.pop_all()
    return listener
