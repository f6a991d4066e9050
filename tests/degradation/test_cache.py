"""The key-value server (Redis or Valkey): only speed changes, whatever it does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rialto.engines.redis_keyvalue import RedisKeyValues
from rialto.kernel.clock import Clock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.keyvalue import KeyValueAddress
from rialto.kernel.telemetry import Metrics
from tests.degradation.people import Three, three
from tests.support.fault_proxy import FaultProxy, Mode, fault_proxy
from tests.support.key_value_servers import KeyValueServer, find_server, key_value_server
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio

# Counted as its usual time; ten times that is as long as anybody waits for it.
USUALLY_S = 0.005
PASSWORD = "correct horse battery staple"


@dataclass
class Trouble:
    people: Three
    line: FaultProxy


@pytest.fixture(scope="module")
def server() -> Iterator[KeyValueServer]:
    program: Path | None = find_server("valkey") or find_server("redis")
    if program is None:
        pytest.skip("there is no valkey-server or redis-server on this machine")
    with key_value_server(program) as running:
        yield running


@pytest.fixture(scope="module")
async def trouble(postgres: DatabaseAddress, server: KeyValueServer) -> AsyncIterator[Trouble]:
    async with fault_proxy(server.port, least_s=USUALLY_S) as line:
        made: list[RedisKeyValues] = []

        def make(clock: Clock, metrics: Metrics) -> RedisKeyValues:
            address = KeyValueAddress(host="127.0.0.1", port=line.port)
            made.append(RedisKeyValues(address, secret="s", clock=clock, metrics=metrics))
            return made[0]

        async with a_shop(postgres, key_values=make, rate_limit=10_000) as shop:
            people = await three(shop)
            yield Trouble(people, line)
            await people.close()
            await made[0].close()


@pytest.mark.parametrize("mode", ["refuse", "swallow", "slow", "half"])
async def test_cache(trouble: Trouble, mode: Mode) -> None:
    people = trouble.people
    await trouble.line.be(mode)
    # The shopper: pages are made here, a cart and an order are what they always are.
    await people.shopper.browse()
    where = await people.shopper.buy()
    assert "/thanks" in where
    await people.shopper.get(where)
    # The program: also who signs in too often is stopped, by each process's own count.
    account = {"email": f"{mode}@example.org", "password": PASSWORD}
    answer = await people.client.ask("POST", "/v1/auth/register", json={**account, "name": "Ada"})
    assert answer.status_code < 300, answer.text
    assert (await people.client.ask("POST", "/v1/auth/login", json=account)).status_code == 200
    assert (await people.client.buy(f"cache-{mode}", "PENCIL")).status_code == 201
    wrong = {**account, "password": "something else entirely"}
    tried = [(await people.client.ask("POST", "/v1/auth/login", json=wrong)).status_code for _ in range(30)]
    assert set(tried) == {401, 429}
    # The merchant: a new price is on the page as soon as this process has heard of it.
    await people.merchant.works()
    cents = {"refuse": 1111, "swallow": 2222, "slow": 3333, "half": 4444}[mode]
    await people.shop.set_price("LAMP", cents)
    await people.shop.settle()
    page = await people.shopper.get("/en/p/lamp")
    assert f"{cents / 100:.2f}" in page.text
    await trouble.line.be("pass")
    people.shop.clock.advance(900)  # whoever tried too often may try again
    await people.come_back()
    await people.all_is_well(f"cache-{mode}-over")
