"""The broker: a pipe. Orders are placed without it, and what was to be told drains afterwards, once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from tests.degradation.people import Three, three
from tests.support.fault_proxy import FaultProxy, Mode, fault_proxy
from tests.support.rabbit import Node
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio

# Counted as its usual time for each answer.
USUALLY_S = 0.02
WITHIN_S = 120


@dataclass
class Trouble:
    people: Three
    line: FaultProxy

    async def is_over(self) -> None:
        """Nothing waits any more; the broker's clients look again at their own times."""
        await self.line.be("pass")
        async with asyncio.timeout(WITHIN_S):
            while not await self._is_settled():
                """Its own bound is shorter than what a connection may take to come back on a busy machine."""
        await self.people.come_back()

    async def _is_settled(self) -> bool:
        with suppress(TimeoutError, Unavailable):
            await self.people.shop.settle()
            return True
        return False

    async def all_have_heard(self, mails: int, order: str) -> None:
        """What a broker has handed out and is still being taken in nobody can count: so what comes of it is looked at."""
        async with asyncio.timeout(WITHIN_S):
            while len(await self.mails()) < mails or order not in await self.people.orders():
                """Each look asks the database."""
        assert len(await self.mails()) == mails

    async def mails(self) -> list[int]:
        """How many there are of each cause."""
        rows = await self.people.shop.sql("SELECT count(*) AS n FROM notifications.mails GROUP BY cause")
        return [row["n"] for row in rows]


@pytest.fixture(scope="module")
async def trouble(postgres: DatabaseAddress, rabbit: Node) -> AsyncIterator[Trouble]:
    parts = urlsplit(rabbit.url())
    async with fault_proxy(parts.port or 5672, least_s=USUALLY_S) as line:
        url = rabbit.url().replace(f":{parts.port}", f":{line.port}", 1)
        async with a_shop(postgres, bus_url=url) as shop:
            people = await three(shop)
            yield Trouble(people, line)
            await line.be("pass")
            await people.close()


@pytest.mark.parametrize("mode", ["refuse", "slow", "half"])
async def test_broker(trouble: Trouble, mode: Mode) -> None:
    people, before = trouble.people, len(await trouble.mails())
    await trouble.line.be(mode)
    # The shopper is thanked, and sees the order; its mail comes later.
    await people.shopper.browse()
    where = await people.shopper.buy()
    assert "/thanks" in where
    await people.shopper.get(where)
    # The program has its order at once.
    answer = await people.client.buy(f"broker-{mode}", "PENCIL")
    assert answer.status_code == 201
    assert (await people.merchant.order(answer.json()["id"]))["status"] == "placed"
    # The merchant works; lists of orders fill up when the news come.
    await people.merchant.works()
    await trouble.is_over()
    await trouble.all_have_heard(before + 2, answer.json()["id"])
    assert set(await trouble.mails()) == {1}
    await people.all_is_well(f"broker-{mode}-over")
