"""Every other statement fails with its connection: what is asked of the database fails or works, and nothing in between."""

from __future__ import annotations

import asyncio
from typing import Any

from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.errors import Conflict, RialtoError, Unavailable
from rialto.orders.api import CheckoutAnswer
from tests.support.shop import Shop, a_shop


class Line:
    """The way to the database. While it is bad, it breaks before every other statement that goes over it."""

    def __init__(self) -> None:
        self.is_bad = False
        self.broken = 0
        self._statements = 0

    async def open(self, address: DatabaseAddress) -> Any:
        return _Breaking(await connect(address), self)

    def breaks(self) -> bool:
        self._statements += 1
        if self.is_bad and self._statements % 2:
            self.broken += 1
            return True
        return False


class _Breaking:
    """A real connection, cut for real."""

    def __init__(self, real: Any, line: Line) -> None:
        self._real = real
        self._line = line

    def __getattr__(self, name: str) -> Any:
        if name in {"execute", "fetch", "fetchrow", "fetchval"} and self._line.breaks():
            self._real.terminate()
        return getattr(self._real, name)


def test_half_of_the_statements_fail(postgres: DatabaseAddress) -> None:
    asyncio.run(_bad_line(postgres))


async def _bad_line(postgres: DatabaseAddress) -> None:
    line = Line()
    async with a_shop(postgres, open_connection=line.open) as shop:
        cart_id = await shop.cart({"VASE": 2})
        line.is_bad = True
        for _ in range(5):
            for path in ("/en/", "/en/p/vase", "/v1/products", "/v1/products/lamp"):
                reply = await shop.web.get(path)
                assert reply.status_code == 200, path
                assert "notice-bar--outage" not in reply.text
        for _ in range(12):
            reply = await shop.web.post("/v1/carts", json={})
            assert reply.status_code in {201, 503}
            if reply.status_code == 503:
                assert reply.json()["code"] in {"unavailable", "outcome_unknown"}
                assert int(reply.headers["retry-after"]) >= 1
        tried = await _insist(shop, cart_id, line)
        assert line.broken
        await shop.settle()
        assert tried.order.status in {"placed", "completed"}
        assert await shop.available("VASE") == 1
        assert await shop.audit() == []


async def _insist(shop: Shop, cart_id: Any, line: Line) -> CheckoutAnswer:
    """Whoever gets no answer asks again with the same key; at last the line is mended."""
    for _ in range(20):
        try:
            return await shop.checkout(cart_id, key="one")
        except (Unavailable, Conflict):  # also that the first one is still being worked on
            continue
    line.is_bad = False

    found: list[CheckoutAnswer] = []

    async def answered() -> bool:
        try:
            found.append(await shop.checkout(cart_id, key="one"))
        except RialtoError:
            return False
        return found[-1].outcome == "placed"

    await shop.until(answered)
    return found[-1]
