"""What do traces cost? CPU of the workers per cached read and per purchase: without, at the default sampling, and with all.

    python -m bench tracing

Three shops stand side by side and are asked in turn, several times, so that what else the machine does meets all of them.
The collector is the platform's own sink; its CPU is not counted, as that of a collector elsewhere would not be.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import purchases, reads
from bench.client import Connection
from bench.machine import cpu_seconds, free_ports
from bench.shop import Shop, running_shop
from rialto.cluster.engines import listens

ROUNDS = 8
READS_S = 3
PURCHASES_S = 5.0
BUYERS = 8
SAMPLING = {"without": None, "1 %": "1", "100 %": "100"}


@dataclass
class Spent:
    """CPU of the worker for each, in microseconds, round by round."""

    rounds: dict[str, list[float]] = field(default_factory=lambda: {"read": [], "purchase": []})

    def least(self, what: str) -> float:
        """Of the round that was least disturbed: a busy machine makes the same work dearer, never cheaper."""
        return min(self.rounds[what])


def measure() -> Iterator[str]:
    with ExitStack() as stack:
        collector = stack.enter_context(_sink())
        shops = {
            name: stack.enter_context(running_shop(settings=_settings(percent, collector)))
            for name, percent in SAMPLING.items()
        }
        spent = {name: Spent() for name in shops}
        skus = {name: uvloop.run(_stocked(shop)) for name, shop in shops.items()}
        path = f"/v1/products/{_slug(next(iter(shops.values())))}"
        for number in range(ROUNDS):
            # Forth and back, so that nobody is always the first.
            for name, shop in list(shops.items())[:: -1 if number % 2 else 1]:
                workers = shop.pids("serve")
                each_s, _ = reads.load(shop.url + path, workers, seconds=READS_S)
                spent[name].rounds["read"].append(each_s * 1e6)
                before = cpu_seconds(workers)
                done = uvloop.run(_buy(shop.url, skus[name], number))
                spent[name].rounds["purchase"].append((cpu_seconds(workers) - before) / done * 1e6)
        for what in ("read", "purchase"):
            base = spent["without"].least(what)
            parts = ", ".join(
                f"{name} {one.least(what):.0f} µs ({one.least(what) / base - 1:+.1%})"
                for name, one in spent.items()
            )
            yield f"traces, {what:<10} CPU of the worker: {parts}"


async def _stocked(shop: Shop) -> list[str]:
    staff = Connection(shop.url)
    try:
        return await purchases.stock_up(staff)
    finally:
        staff.close()


def _settings(percent: str | None, collector: str) -> dict[str, str]:
    return {} if percent is None else {"RIALTO_OTLP_URL": collector, "RIALTO_TRACE_PERCENT": percent}


def _slug(shop: Shop) -> str:
    found = re.search(rb'"slug":"([^"]+)"', reads.get(f"{shop.url}/v1/products?limit=1"))
    if found is None:
        raise SystemExit("the shop has no product")
    return found[1].decode()


@contextmanager
def _sink() -> Iterator[str]:
    port = free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="rialto-bench-traces-") as folder:
        file = str(Path(folder) / "spans.sqlite")
        process = subprocess.Popen(
            [sys.executable, "-m", "rialto.cluster.sink", "--port", str(port), "--file", file]
        )
        try:
            while not listens(port):
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


async def _buy(url: str, skus: list[str], number: int) -> int:
    begun = time.monotonic()
    done = 0

    async def buyer(buyer_number: int) -> None:
        nonlocal done
        connection, count = Connection(url), 0
        while time.monotonic() - begun < PURCHASES_S:
            await purchases.buy(connection, skus[count % len(skus)], f"{number}-{buyer_number}-{count}")
            count += 1
        connection.close()
        done += count

    await asyncio.gather(*(buyer(one) for one in range(BUYERS)))
    return done
