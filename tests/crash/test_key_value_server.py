"""Two processes of one shop and the server they share for speed: whatever happens to that, pages are right and people served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from rialto.engines.redis_keyvalue import REST_S, RedisKeyValues
from rialto.kernel.clock import Clock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.keyvalue import KeyValueAddress
from rialto.kernel.telemetry import Metrics
from tests.support.key_value_servers import KeyValueServer, find_server, key_value_server
from tests.support.shop import Shop, a_shop

pytestmark = [pytest.mark.anyio, pytest.mark.crash]

PATIENT_S = 5.0


@pytest.fixture(params=["valkey", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[KeyValueServer]:
    program: Path | None = find_server(request.param)
    if program is None:
        pytest.skip(f"there is no {request.param}-server on this machine")
    with key_value_server(program) as running:
        yield running


@asynccontextmanager
async def two_processes(
    postgres: DatabaseAddress, server: KeyValueServer, *, limit_s: float = PATIENT_S, rate_limit: int = 0
) -> AsyncIterator[tuple[Shop, Shop]]:
    """`limit_s` as wide as the test's machine is slow, where the server is meant to answer."""
    engines: list[RedisKeyValues] = []

    def make(clock: Clock, metrics: Metrics) -> RedisKeyValues:
        address = KeyValueAddress(host="127.0.0.1", port=server.port)
        engines.append(RedisKeyValues(address, secret="s", clock=clock, metrics=metrics, limit_s=limit_s))
        return engines[-1]

    async with (
        a_shop(postgres, key_values=make, rate_limit=rate_limit) as one,
        a_shop(postgres, beside=one, key_values=make, rate_limit=rate_limit) as other,
    ):
        try:
            yield one, other
        finally:
            for engine in engines:
                await engine.close()


async def price_of(shop: Shop, sku: str) -> int:
    reply = await shop.web.get("/v1/products", params={"q": sku})
    assert reply.status_code == 200, reply.text
    items = reply.json()["items"]
    [price] = {item["price_from"]["amount"] for item in items if item["slug"] == sku.lower()}
    return int(price)


async def serves_everything(one: Shop, other: Shop, cents: int) -> None:
    """A price set by one process is told by both as soon as they have heard of it; pages, accounts and orders go on."""
    await one.set_price("LAMP", cents)
    for shop in (one, other):
        await shop.settle()
        assert await price_of(shop, "LAMP") == cents
        assert (await shop.web.get("/en/")).status_code == 200
    account = {"email": f"ada{cents}@example.org", "password": "correct horse battery staple"}
    assert (await one.web.post("/v1/auth/register", json={**account, "name": "Ada"})).status_code < 300
    assert (await other.web.post("/v1/auth/login", json=account)).status_code == 200
    assert (await other.buy("PENCIL")).order is not None


def taken_over(shop: Shop) -> float:
    told = shop.app.metrics.cached.collect()
    return sum(
        sample.value
        for metric in told
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["outcome"] == "shared"
    )


async def until_shared(one: Shop, other: Shop) -> None:
    """Pages of one are taken over by the other, after at most a rest."""
    before = taken_over(other)
    for number in range(50):
        one.clock.advance(REST_S)
        target = f"/en/search?q=lamp{number}"
        await one.web.get(target)
        await other.web.get(target)
        if taken_over(other) > before:
            return
    raise AssertionError("the server is there and nothing is shared")


HARM: dict[str, tuple[Callable[[KeyValueServer], object], Callable[[KeyValueServer], object]]] = {
    "killed": (KeyValueServer.kill, KeyValueServer.start),
    "emptied": (lambda server: server.ask("FLUSHALL"), lambda _: None),
    "paused": (KeyValueServer.pause, KeyValueServer.go_on),
}


@pytest.mark.parametrize("harm", HARM)
async def test_a_server_that_is_harmed_costs_nothing_but_sharing(
    postgres: DatabaseAddress, server: KeyValueServer, harm: str
) -> None:
    strike, heal = HARM[harm]
    limit_s = 0.1 if harm == "paused" else PATIENT_S
    async with two_processes(postgres, server, limit_s=limit_s, rate_limit=1000) as (one, other):
        await serves_everything(one, other, 1111)
        await until_shared(one, other)
        strike(server)
        await serves_everything(one, other, 2222)
        heal(server)
        await until_shared(one, other)
        await serves_everything(one, other, 3333)
        assert await one.audit() == []


async def test_one_client_has_one_limit_at_both(postgres: DatabaseAddress, server: KeyValueServer) -> None:
    """Two per second, eight at once, one by one: each process may be one ahead, and let some through while it asks."""
    async with two_processes(postgres, server, rate_limit=2) as (one, other):
        for shop in (one, other):
            await shop.web.get("/health/live")  # makes the application, which takes its time
        begun, passed = one.clock.monotonic(), 0
        for shop in (one, other) * 200:
            if (await shop.web.get("/health/live")).status_code == 429:
                break
            passed += 1
            # Requests by the network would let the loop turn; these do not. What was charged is answered before this.
            for _ in range(2):
                await shop.app.key_values.get("nothing")
        assert 6 <= passed <= 8 + 2 * (1 + 1) + 2 * (one.clock.monotonic() - begun)


async def test_a_browser_that_comes_too_often_to_sign_in_is_slowed_by_both(
    postgres: DatabaseAddress, server: KeyValueServer
) -> None:
    async with two_processes(postgres, server) as (one, other):
        statuses = []
        for number in range(20):
            for shop in (one, other):
                account = {"email": f"nobody{number}@example.org", "password": "wrong"}
                statuses.append((await shop.web.post("/v1/auth/login", json=account)).status_code)
        assert statuses[:30] == [401] * 30
        assert statuses[-1] == 429


async def test_a_shop_starts_and_serves_without_its_server(
    postgres: DatabaseAddress, server: KeyValueServer
) -> None:
    server.kill()
    async with two_processes(postgres, server, rate_limit=1000) as (one, other):
        with suppress(Unavailable):
            await one.app.key_values.check()
        await serves_everything(one, other, 1111)
        server.start()
        await until_shared(one, other)
