"""What is left of the shop's work when more comes than it can do? `python -m bench.overload [SECONDS]`.

Half, once, twice and four times the measured peak of visits, as they come: (a) pages that nothing keeps ready, (b) one
purchase to five such pages. Asked is that at twice the load 90 % of the peak is still done (pages, purchases), and that
whoever is sent away is told so within a second, with Retry-After.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Callable
from functools import partial

import uvloop

from bench.arrivals import Client, Told, Visit, closed, opened
from bench.client import Connection
from bench.purchases import ADDRESS, stock_up
from bench.shop import Shop, running_shop

SECONDS = 10.0
USERS = 48
LOADS = (0.5, 1.0, 2.0, 4.0)
PAGES_TO_A_PURCHASE = 5
KEPT_OF_PEAK = 0.9
REFUSED_WITHIN_S = 1.0

_fresh = itertools.count()


def measure(shop: Shop, seconds: float = SECONDS, *, tell: Callable[[str], None]) -> None:
    """Tells a report line by line. Each says which of what is asked it keeps."""
    uvloop.run(_measure(shop, seconds, tell))


async def _measure(shop: Shop, seconds: float, tell: Callable[[str], None]) -> None:
    staff = Connection(shop.url)
    skus = await stock_up(staff)
    staff.close()
    client = Client(shop.url)
    slugs = [item["slug"] for item in (await client.ask("GET", "/v1/products?limit=20")).json()["items"]]

    async def page(client: Client, told: Told, number: int) -> int:
        path = f"/en/p/{slugs[number % len(slugs)]}?fresh={next(_fresh)}"
        seen = int(told.note(await client.ask("GET", path)))
        told.pages += seen
        return seen

    async def pages(client: Client, told: Told, number: int) -> None:
        seen = await page(client, told, number)
        told.good += seen

    async def mixed(client: Client, told: Told, number: int) -> None:
        if number % (PAGES_TO_A_PURCHASE + 1):
            await page(client, told, number)
        else:
            placed = await _purchase(client, told, skus[number % len(skus)])
            told.good += placed

    for name, visit in (("pages", pages), ("purchases", mixed)):
        async for line in _under_loads(client, name, visit, seconds):
            tell(line)
    client.close()


async def _under_loads(client: Client, name: str, visit: Visit, seconds: float) -> AsyncIterator[str]:
    await closed(client, visit, users=USERS, seconds=min(3.0, seconds))  # warm
    peak = await closed(client, visit, users=USERS, seconds=seconds)
    visits_per_s = peak.good / peak.seconds * (PAGES_TO_A_PURCHASE + 1 if name == "purchases" else 1)
    yield _line(name, "peak", peak, peak)
    for load in LOADS:
        told = await opened(client, visit, per_s=visits_per_s * load, seconds=seconds)
        yield _line(name, f"{load:g}x", told, peak)
        await asyncio.sleep(1)


async def _purchase(client: Client, told: Told, sku: str) -> int:
    """One purchase, ended by the first answer that is not a good one; 1 when it was placed."""
    cart = await client.ask("POST", "/v1/carts", {"currency": "EUR", "country": "DE", "language": "en"})
    if not told.note(cart):
        return 0
    path = f"/v1/carts/{cart.json()['id']}"
    for method, step, body in (
        ("POST", f"{path}/lines", {"sku": sku, "quantity": 1}),
        ("PUT", f"{path}/address", {"email": "ada@example.org", "shipping": ADDRESS}),
        ("PUT", f"{path}/delivery", {"option_id": "de_standard"}),
    ):
        if not told.note(await client.ask(method, step, body)):
            return 0
    body = {"cart_id": path.rpartition("/")[2], "payment": {"provider": "sandbox", "token": "tok_success"}}
    key = f"Idempotency-Key: overload-{time.monotonic_ns()}\r\n"
    placed = await client.ask("POST", "/v1/checkout", body, key)
    return int(told.note(placed))


def _line(name: str, load: str, told: Told, peak: Told) -> str:
    goodput, most = told.good / told.seconds, peak.good / peak.seconds
    kept, slowest = goodput / most, max(told.refused, default=0.0)
    asked = ""
    if load == "2x":
        asked += f"; asked {KEPT_OF_PEAK:.0%}: {'kept' if kept >= KEPT_OF_PEAK else 'MISSED'}"
    if told.refused and load != "peak":
        asked += f"; refusals within a second: {'kept' if slowest < REFUSED_WITHIN_S else 'MISSED'}"
    odd = f", no answer {told.silent}" if told.silent else ""
    odd += f", other answers {sorted(set(told.wrong))}" if told.wrong else ""
    return (
        f"overload {name:9} {load:>4}  {goodput:6.0f}/s done ({kept:4.0%} of the peak), "
        f"{told.pages / told.seconds:5.0f} pages/s, served {_ms(told.served)}, "
        f"{len(told.refused) / told.seconds:5.0f}/s refused {_ms(told.refused)}{odd}{asked}"
    )


def _ms(times: list[float]) -> str:
    if not times:
        return "-"
    times = sorted(times)
    return f"p50 {times[len(times) // 2] * 1e3:.0f} p99 {times[len(times) * 99 // 100] * 1e3:.0f} ms"


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with running_shop() as shop:
        measure(shop, seconds, tell=partial(print, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
