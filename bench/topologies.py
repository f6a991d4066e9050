"""`python -m bench topologies`: what a request and a purchase cost in `one`, `groups` and `all`, the same load on each.

Each is a platform with one replica per group and the same engines, calls between processes by TLS as `rialto cluster` has them.
Requests go to the processes and not through the proxy, whose kept pages would answer for them. What is told is CPU of the shop's
processes and, beside it, of databases and other engines, without what both use when nobody asks for anything, which is told
by itself; by the clock a machine that has other work says nothing.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.client import Connection
from bench.machine import cpu_seconds, cpu_seconds_of_trees
from bench.platform import RunningPlatform, running_platform
from bench.purchases import buy, stock_up
from rialto.app import ALL
from rialto.cluster.layout import HOST
from rialto.engines.processes import PidFile
from rialto.topology import topology_of

TOPOLOGIES = ("one", "groups", "all")
AT_ONCE = 8
IDLE_S = 15.0
KEPT, PAGES, PURCHASES = 8000, 400, 240
# By the beginning of an address: the part of the shop that answers there, as the proxy would send it.
PARTS = {
    "/v1/products": "search",
    "/v1/carts": "cart",
    "/v1/checkout": "orders",
    "/v1/auth": "identity",
    "/v1/admin/stock": "inventory",
    "/en/": "storefront",
}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """CPU seconds of one request, or of one second of nothing: the shop's processes, and everything else that runs for it."""

    shop: float
    engines: float


class Way:
    """One client's connections, each request to the process that has the address."""

    def __init__(self, platform: RunningPlatform) -> None:
        layout = platform.layout
        topology = topology_of(layout.topology, [service.name for service in ALL])
        self._connections = {
            start: Connection(f"http://{HOST}:{layout.of_group(topology.group_of(part))[0].port}")
            for start, part in PARTS.items()
        }

    def _to(self, path: str) -> Connection:
        return next(one for start, one in self._connections.items() if path.startswith(start))

    async def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        return await self._to(path).call(method, path, body, headers)

    async def get(self, path: str) -> bytes:
        return await self._to(path).get(path)

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


def measure() -> list[str]:
    found: dict[str, list[Cost]] = {}
    for topology in TOPOLOGIES:
        with running_platform(
            "--replicas", "1", "--topology", topology, RIALTO_RATE_LIMIT="0", RIALTO_LOG="error"
        ) as platform:
            found[topology] = asyncio.run(_measure(platform))
    lines = []
    for topology in TOPOLOGIES:
        idle = found[topology].pop()
        lines.append(
            f"topologies         {'nobody asks':<25} in {topology:<7} {idle.shop * 100:7.1f} % of a core for the shop; "
            f"engines {idle.engines * 100:6.1f} %"
        )
    for number, what in enumerate(("kept product of the API", "product page made anew", "full purchase")):
        least = found[TOPOLOGIES[0]][number].shop
        for topology in TOPOLOGIES:
            cost = found[topology][number]
            lines.append(
                f"topologies         {what:<25} in {topology:<7} {cost.shop * 1e3:7.2f} ms CPU of the shop, "
                f"{cost.shop / least:4.2f} of `one`; engines {cost.engines * 1e3:6.2f} ms"
            )
    return lines


async def _measure(platform: RunningPlatform) -> list[Cost]:
    staff = Way(platform)
    skus = await stock_up(staff)
    listed = await staff.get("/v1/products?limit=1")
    staff.close()
    slug = re.findall(rb'"slug":"([^"]+)"', listed)[0].decode()

    async def kept(way: Way, _number: int) -> object:
        return await way.get(f"/v1/products/{slug}")

    async def page(way: Way, number: int) -> object:
        # Another query is another page, for whoever keeps them.
        return await way.get(f"/en/p/{slug}?n={number}")

    async def purchase(way: Way, number: int) -> object:
        return await buy(way, skus[number % len(skus)], f"topologies-{number}")

    # Something of everything first: a platform that has just started still has things to do.
    for ask in (kept, page, purchase):
        await _ask_all(platform, ask, range(-AT_ONCE * 5, 0))
    idle = await _idle(platform)
    return [
        await _cost(platform, kept, count=KEPT, idle=idle),
        await _cost(platform, page, count=PAGES, idle=idle),
        await _cost(platform, purchase, count=PURCHASES, idle=idle),
        idle,
    ]


async def _idle(platform: RunningPlatform) -> Cost:
    """Per second."""
    await asyncio.sleep(IDLE_S / 3)  # events of what was bought are taken in
    shop, engines = _processes(platform)
    before, began = (cpu_seconds(shop), cpu_seconds_of_trees(engines)), time.monotonic()
    await asyncio.sleep(IDLE_S)
    seconds = time.monotonic() - began
    return Cost(
        shop=(cpu_seconds(shop) - before[0]) / seconds,
        engines=(cpu_seconds_of_trees(engines) - before[1]) / seconds,
    )


async def _cost(
    platform: RunningPlatform,
    ask: Callable[[Way, int], Awaitable[object]],
    *,
    count: int,
    idle: Cost,
) -> Cost:
    """Per request, above what is used anyway. What follows from it (events, mails) is waited for and counted."""
    shop, engines = _processes(platform)
    before, began = (cpu_seconds(shop), cpu_seconds_of_trees(engines)), time.monotonic()
    await _ask_all(platform, ask, range(count))
    await asyncio.sleep(IDLE_S / 3)
    seconds = time.monotonic() - began
    return Cost(
        shop=(cpu_seconds(shop) - before[0] - idle.shop * seconds) / count,
        engines=(cpu_seconds_of_trees(engines) - before[1] - idle.engines * seconds) / count,
    )


async def _ask_all(
    platform: RunningPlatform, ask: Callable[[Way, int], Awaitable[object]], numbers: range
) -> None:
    """By AT_ONCE clients. Each has connections of its own, which a shop that was not asked for a while has closed."""

    async def one(share: range) -> None:
        way = Way(platform)
        for number in share:
            await ask(way, number)
        way.close()

    await asyncio.gather(*(one(numbers[place::AT_ONCE]) for place in range(AT_ONCE)))


def _processes(platform: RunningPlatform) -> tuple[list[int], list[int]]:
    """Those of the shop, and the engines with what they start: databases, cache, broker and proxy."""
    replicas = {replica.name for replica in platform.layout.replicas}
    noted = {
        file.stem if file.parent == platform.data / "run" else str(file): process.pid
        for file in platform.data.rglob("run/*.pid")
        if (process := PidFile(file).load_alive()) is not None
    }
    provider = {"sandbox"}
    return (
        [pid for name, pid in noted.items() if name in replicas],
        [pid for name, pid in noted.items() if name not in replicas | provider],
    )
