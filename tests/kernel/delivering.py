"""Relay, bus and consumers by hand: publish what is waiting, let a consumer read, kill either on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rialto.engines.postgres_bus import partitions_all
from rialto.kernel.bus import Lease
from rialto.kernel.consumers import ATTEMPTS_MAX, Consumer, Delivery
from rialto.kernel.errors import InvariantBroken, Unavailable
from rialto.kernel.relay import Relay, lease_name
from tests.kernel.bakery import Baked, Town, store_arrival


class Killed(BaseException):
    """Stands for the process's end at a fault point."""


class KillAt:
    """Ends the process the first time it reaches a point."""

    def __init__(self, point: str) -> None:
        self._point: str | None = point

    def reach(self, point: str) -> None:
        if point == self._point:
            self._point = None
            raise Killed


async def all_leases(town: Town, owner: str = "worker") -> list[Lease]:
    return await town.bus.acquire([lease_name(number) for number in partitions_all()], owner=owner, ttl_s=10)


async def publish(town: Town, relay: Relay | None = None) -> int:
    return await (relay or town.relay).publish_once(await all_leases(town), ["bakery"])


async def consume(town: Town, consumer: Consumer) -> None:
    """Until nothing is left."""
    partitions: set[int] = set(partitions_all())
    while partitions:
        partitions = await consumer.consume_once(town.bus, partitions)


async def parked(town: Town) -> list[tuple[int, str]]:
    async with town.cellar.read() as session:
        rows = await session.all("SELECT version, reason FROM dead_letters ORDER BY stream, version")
    return [(row["version"], row["reason"]) for row in rows]


def poison(*bad: str, error: Callable[[], Exception] = InvariantBroken) -> Any:
    async def run(handlers: Any, event: Baked, delivery: Delivery) -> None:
        await store_arrival(handlers, event, delivery)
        if event.bread in bad:
            raise error()

    return run


async def until_parked(town: Town, consumer: Consumer) -> None:
    for _ in range(ATTEMPTS_MAX - 1):
        with pytest.raises(Unavailable):
            await consume(town, consumer)
    await consume(town, consumer)
