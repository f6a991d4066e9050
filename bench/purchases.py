"""How many whole purchases does the shop take in? Five requests each, over HTTP, with a real payment provider process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import uvloop

from bench.client import Connection
from bench.machine import cpu_seconds
from bench.roundtrip import cpu_of_a_question
from bench.shop import PASSWORD, Shop

SECONDS = 15.0
BUYERS = 48
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Weg 1",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}


class Client(Protocol):
    """Who sends JSON and gets some back; anything but a 2xx stops the program."""

    async def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any: ...


def measure(shop: Shop) -> str:
    done, seconds, latencies = uvloop.run(_measure(shop))
    before = _before
    used = {name: cpu_seconds(pids) - before[name] for name, pids in _pids(shop).items()}
    latencies.sort()
    cpu, question = (
        sum(used.values()) / done,
        uvloop.run(cpu_of_a_question(Path(shop.environment["RIALTO_DATA"]))),
    )
    parts = ", ".join(f"{name} {value / done * 1e3:.1f}" for name, value in used.items())
    return (
        f"full purchases     {done / seconds:6.0f}/s; CPU per purchase {cpu * 1e3:.1f} ms ({parts}), "
        f"that of {cpu / question:.0f} questions to the database ({question * 1e6:.0f} µs each); "
        f"checkout p50 {latencies[len(latencies) // 2] * 1e3:.0f} ms, p99 {latencies[len(latencies) * 99 // 100] * 1e3:.0f} ms; "
        f"{sum(_turned_away)} requests turned away and made again"
    )


_before: dict[str, float] = {}
_turned_away: list[int] = []


def _pids(shop: Shop) -> dict[str, list[int]]:
    return {
        "shop": shop.pids("serve"),
        "PostgreSQL": shop.pids("postgres"),
        "provider": shop.pids("rialto.sandbox"),
    }


async def _measure(shop: Shop) -> tuple[int, float, list[float]]:
    staff = Connection(shop.url)
    skus = await stock_up(staff)
    await buy(staff, skus[0], "warm-up")
    staff.close()
    for name, pids in _pids(shop).items():
        _before[name] = cpu_seconds(pids)
    latencies: list[float] = []
    begun = time.monotonic()

    async def buyer(number: int) -> None:
        connection, count = Connection(shop.url), 0
        while time.monotonic() - begun < SECONDS:
            latencies.append(await buy(connection, skus[(number + count) % len(skus)], f"{number}-{count}"))
            count += 1
        connection.close()
        _turned_away.append(connection.turned_away)

    await asyncio.gather(*(buyer(number) for number in range(BUYERS)))
    return len(latencies), time.monotonic() - begun, latencies


async def stock_up(staff: Client) -> list[str]:
    """Plenty of twenty articles, as staff."""
    tokens = await staff.call("POST", "/v1/auth/login", {"email": "admin@rialto.test", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    page = await staff.call("GET", "/v1/products?limit=20")
    skus = [item["variants"][0]["sku"] for item in page["items"]]
    for sku in skus:
        await staff.call(
            "PUT", f"/v1/admin/stock/{sku}", {"warehouse": "berlin", "on_hand": 900_000}, headers
        )
    return skus


async def buy(connection: Client, sku: str, key: str) -> float:
    """One purchase; the seconds its checkout took."""
    cart = await connection.call("POST", "/v1/carts", {"currency": "EUR", "country": "DE", "language": "en"})
    path = f"/v1/carts/{cart['id']}"
    await connection.call("POST", f"{path}/lines", {"sku": sku, "quantity": 1})
    await connection.call("PUT", f"{path}/address", {"email": "ada@example.org", "shipping": ADDRESS})
    await connection.call("PUT", f"{path}/delivery", {"option_id": "de_standard"})
    begun = time.monotonic()
    body = {"cart_id": cart["id"], "payment": {"provider": "sandbox", "token": "tok_success"}}
    order = await connection.call("POST", "/v1/checkout", body, {"Idempotency-Key": f"bench-{key}"})
    if order["status"] != "placed":
        raise SystemExit(f"not placed: {order}")
    return time.monotonic() - begun
