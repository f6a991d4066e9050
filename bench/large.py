"""How does browsing feel with many products? Latency of single requests that no cache has, and memory, at size.

Not part of `make bench`, since making up the goods takes minutes: `python -m bench large`, `python -m bench large 1000000`.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from bench.judged.ranking import judged_queries
from bench.machine import cpu_seconds, memory_mb
from bench.shop import Shop

PRODUCTS = 100_000
REQUESTS = 300
WAITED_S_MAX = 3600


def measure(shop: Shop, products: int = PRODUCTS) -> Iterator[str]:
    """Make up the goods beside the demo's, wait until searches know all of them, then ask."""
    begun, used = time.monotonic(), cpu_seconds(shop.pids())
    command = [sys.executable, "-m", "rialto.cli", "seed", "--products", str(products)]
    subprocess.run(command, env=shop.environment, check=True)
    seeded = time.monotonic() - begun
    indexed = _wait_until_searchable(shop, products) - begun
    used = cpu_seconds(shop.pids()) - used
    yield (
        f"made up            {products:,} products in {seeded:.0f} s, all of them found after {indexed:.0f} s; "
        f"CPU of the shop meanwhile {used:.0f} s"
    )
    yield from ask(shop)


def ask(shop: Shop) -> Iterator[str]:
    """One request after the other, each for an address of its own."""
    for name, addresses in (
        ("search", _searches()),
        ("mistyped search", _mistyped()),
        ("suggest", _beginnings()),
        ("list with facets", _filtered()),
    ):
        took = sorted(_timed(shop, itertools.islice(addresses, REQUESTS)))
        middle, late = took[len(took) // 2], took[len(took) * 99 // 100]
        yield f"{name:<19}p50 {middle * 1000:.1f} ms, p99 {late * 1000:.1f} ms over {len(took)} requests"
    yield (
        f"memory             {memory_mb(shop.pids('serve')):.0f} MB of the worker, "
        f"{memory_mb(shop.pids()):.0f} MB of all processes"
    )


def _timed(shop: Shop, addresses: Iterator[str]) -> Iterator[float]:
    connection = http.client.HTTPConnection(urlsplit(shop.url).netloc)
    for address in addresses:
        begun = time.perf_counter()
        connection.request("GET", address)
        answer = connection.getresponse()
        answer.read()
        yield time.perf_counter() - begun
        if answer.status != 200:
            raise SystemExit(f"{address} answered {answer.status}")


def _wait_until_searchable(shop: Shop, products: int) -> float:
    """When nearly all can be found; some are not published."""
    connection = http.client.HTTPConnection(urlsplit(shop.url).netloc)
    total, asked = -1, itertools.count()
    for _ in range(WAITED_S_MAX):
        connection.request("GET", f"/v1/products?limit=1&asked={next(asked)}")
        before, total = total, json.loads(connection.getresponse().read())["total"]
        if total > products * 0.95 and total == before:
            return time.monotonic()
        time.sleep(1)
    raise SystemExit("the search index did not follow")


def _searches() -> Iterator[str]:
    """The judged queries, as written there and by two of their words together."""
    queries = judged_queries()
    chance = random.Random(1)
    for number in itertools.count():
        query = chance.choice(queries)
        yield f"/v1/products?q={quote(query.q)}&language={query.language}&asked={number}"


def _mistyped() -> Iterator[str]:
    words = [query for query in judged_queries() if len(query.q) > 5 and query.q.isalpha()]
    chance = random.Random(2)
    for number in itertools.count():
        query = chance.choice(words)
        at = chance.randrange(1, len(query.q) - 1)
        typed = query.q[:at] + query.q[at + 1] + query.q[at] + query.q[at + 2 :]
        yield f"/v1/products?q={quote(typed)}&language={query.language}&asked={number}"


def _beginnings() -> Iterator[str]:
    chance = random.Random(3)
    queries = judged_queries()
    for number in itertools.count():
        query = chance.choice(queries)
        typed = query.q[: chance.randrange(2, max(3, len(query.q)))]
        yield f"/v1/suggest?q={quote(typed)}&language={query.language}&asked={number}"


def _filtered() -> Iterator[str]:
    chance = random.Random(4)
    colours, categories = (
        ("sand", "black", "cream", "petrol"),
        ("ceramics", "lighting", "textiles", "storage"),
    )
    for number in itertools.count():
        some = ",".join(chance.sample(colours, 2))
        sort = chance.choice(("relevance", "price", "newest", "title"))
        page = f"&price_max={chance.randrange(2000, 90_000)}&sort={sort}&asked={number}"
        yield f"/v1/products?category={chance.choice(categories)}&colour={some}{page}"
