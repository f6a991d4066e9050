"""A whole shop served on a loopback port: its own event loop in a thread, so that a tool that waits can ask it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from rialto.engines.http_server import listen, serve, server_of
from rialto.kernel.db import DatabaseAddress
from tests.support.shop import Shop, a_shop

T = TypeVar("T")

WITHIN_S = 120
LOOPBACK = "127.0.0.1"


class Served:
    """A running shop, and how another thread asks it."""

    def __init__(self, shop: Shop, url: str) -> None:
        self.shop = shop
        self.url = url
        self.loop = asyncio.get_running_loop()

    def run(self, ask: Callable[[Shop], Awaitable[T]]) -> T:
        """What `ask` finds out in the shop's own loop."""

        async def asked() -> T:
            return await ask(self.shop)

        return asyncio.run_coroutine_threadsafe(asked(), self.loop).result(WITHIN_S)


@contextmanager
def served_shop(postgres: DatabaseAddress) -> Iterator[Served]:
    """The shop of tests/support with its background work running, behind a proxy it trusts.

    Behind a proxy, so that every request may come from an address of its own: one address is soon told to
    wait before it signs in again.
    """
    begun: Future[Served] = Future()
    stop = asyncio.Event()

    async def live() -> None:
        async with a_shop(postgres) as shop:
            shop.app.settings = msgspec.structs.replace(
                shop.app.settings, trusted_proxies=(f"{LOOPBACK}/32",)
            )
            bound = listen(LOOPBACK, 0)
            served = Served(shop, f"http://{LOOPBACK}:{bound.getsockname()[1]}")
            begun.set_result(served)
            await serve([(server_of(shop.app.web()), bound)], stop)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            if begun.done():
                raise
            begun.set_exception(error)

    thread = threading.Thread(target=run, name="served shop", daemon=True)
    thread.start()
    served = begun.result(WITHIN_S)
    try:
        yield served
    finally:
        served.loop.call_soon_threadsafe(stop.set)
        thread.join(WITHIN_S)
