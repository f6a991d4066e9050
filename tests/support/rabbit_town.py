"""The bakery and the cellar with RabbitMQ between them; each bus is another process's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from rialto.engines.postgres_bus import PostgresBus, partitions_all
from rialto.engines.rabbitmq_bus import RabbitBus
from rialto.engines.rabbitmq_bus_address import parse_bus_url
from rialto.kernel.bus import Bus, Lease, Subscription
from rialto.kernel.consumers import Consumer
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.faults import Faults, NoFaults
from rialto.kernel.relay import Relay, lease_name
from tests.kernel.bakery import Town, open_town

WITHIN_S = 60.0
LOOK_S = 0.05


class RabbitTown:
    def __init__(self, town: Town, url: str, stack: AsyncExitStack) -> None:
        self.town = town
        self.url = url
        self._stack = stack

    def a_bus(self, *, consumers: Sequence[str] = ("cellar",), url: str = "") -> RabbitBus:
        log = PostgresBus(self.town.bus_db, self.town.clock, listen_on=None)
        bus = RabbitBus(parse_bus_url(url or self.url), log, self.town.clock, consumers=consumers)
        self._stack.push_async_callback(bus.close)
        return bus

    async def leases(self, owner: str = "worker") -> list[Lease]:
        names = [lease_name(number) for number in partitions_all()]
        return await self.town.bus.acquire(names, owner=owner, ttl_s=10)

    async def publish(self, bus: Bus, faults: Faults | None = None) -> int:
        relay = Relay({"bakery": self.town.bakery}, bus, faults or NoFaults())
        return await relay.publish_once(await self.leases(), ["bakery"])

    async def publish_soon(self, bus: Bus) -> None:
        """As the background does: again and again until the broker is there."""
        async with asyncio.timeout(WITHIN_S):
            while await self._published(bus) or await self.town.waiting():
                """There may be more than a batch."""

    async def consume(self, consumer: Consumer, bus: Bus, count: int) -> list[str]:
        """Until that many have arrived at the cellar in all; what arrived."""
        async with asyncio.timeout(WITHIN_S):
            while len(await self.town.arrivals()) < count:
                try:
                    await consumer.consume_once(bus, partitions_all())
                except Unavailable:
                    self.town.clock.advance(1)
                await bus.wait(LOOK_S)
        return await self.town.arrivals()

    async def _published(self, bus: Bus) -> int:
        try:
            return await self.publish(bus)
        except Unavailable:
            self.town.clock.advance(1)
            await bus.wait(LOOK_S)
            return 0


@asynccontextmanager
async def open_rabbit_town(postgres: DatabaseAddress, url: str) -> AsyncIterator[RabbitTown]:
    async with open_town(postgres) as town, AsyncExitStack() as stack:
        yield RabbitTown(town, url, stack)


async def take_versions(subscription: Subscription, bus: Bus, count: int) -> list[int]:
    """The versions of what is taken once at least that many have come; nothing of it is done."""
    versions: list[int] = []
    async with asyncio.timeout(WITHIN_S):
        while len(versions) < count:
            taken = await subscription.take(partitions_all(), limit=count)
            versions = [logged.envelope.version for logged in taken.batch]
            if len(versions) < count:
                await bus.wait(LOOK_S)
    return versions
