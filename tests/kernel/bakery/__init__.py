"""Two small services for the kernel's tests: the bakery publishes, the cellar hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Protocol
from uuid import UUID

from rialto.engines.postgres_bus import PostgresBus
from rialto.kernel.clock import ManualClock
from rialto.kernel.consumers import Consumer, Delivery
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.events import Event, NewEvent, append
from rialto.kernel.faults import Faults, NoFaults
from rialto.kernel.migrations import BUS_SCHEMA, role_of
from rialto.kernel.relay import Relay
from rialto.kernel.service import Reaction, Service
from tests.support.databases import SECRETS, fresh_database, in_database
from tests.support.values import seeded_ids


class Baked(Event):
    TYPE: ClassVar[str] = "bakery.baked"
    bread: str


class Sold(Event):
    TYPE: ClassVar[str] = "bakery.sold"
    bread: str


class Nobody(Protocol):
    """The tests' services are asked nothing."""


def a_service(name: str) -> Service:
    return Service(name=name, api=Nobody, build=lambda _: None, package=f"tests.kernel.{name}")


BAKERY = a_service("bakery")
CELLAR = a_service("cellar")


async def store_arrival(_handlers: Any, event: Baked, delivery: Delivery) -> None:
    envelope = delivery.envelope
    await delivery.session.run(
        "INSERT INTO arrivals (stream, version, bread) VALUES ($1, $2, $3)",
        envelope.stream,
        envelope.version,
        event.bread,
    )


class StillClock(ManualClock):
    """Nobody waits, and no lease runs out by itself."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Town:
    """Both services on one fresh database, a bus between them, and a clock that stands still."""

    def __init__(self, address: DatabaseAddress, admin: DatabaseAddress) -> None:
        self.address = address
        self.admin = in_database(admin, address.database)
        self.clock = StillClock()
        self.ids = seeded_ids(clock=self.clock)
        self._opened: list[Database] = []
        self.bakery = self.database("bakery")
        self.cellar = self.database("cellar")
        self.bus_db = self.database(BUS_SCHEMA)
        self.bus = self.another_bus()
        self.relay = Relay({"bakery": self.bakery}, self.bus, NoFaults())

    def database(self, service: str, **options: Any) -> Database:
        role = role_of(service)
        address = self.address.as_user(role, SECRETS.database_password(role))
        self._opened.append(Database(address, **{"connections": 4, **options}))
        return self._opened[-1]

    def another_bus(self) -> PostgresBus:
        return PostgresBus(self.bus_db, self.clock, listen_on=None)

    def a_consumer(
        self,
        run: Any = store_arrival,
        *,
        faults: Faults | None = None,
        known: Sequence[type[Event]] = (Baked, Sold),
    ) -> Consumer:
        """The cellar's, which hears of what is baked. `known`: the events of its release."""
        return Consumer(
            "cellar",
            self.cellar,
            None,
            [Reaction(event=Baked, run=run)],
            clock=self.clock,
            faults=faults or NoFaults(),
            known=[event.TYPE for event in known],
        )

    async def bake(self, stream: UUID, *breads: str, after: int = 0, sold: Sequence[str] = ()) -> None:
        """Append one event per bread; those also named in `sold` are told as sold."""
        bucket = stream.int >> 64 & 0xFFF
        events = [
            NewEvent(
                bucket=bucket,
                stream=stream,
                version=after + number,
                event=Sold(bread=bread) if bread in sold else Baked(bread=bread),
                at=self.clock.now(),
            )
            for number, bread in enumerate(breads, start=1)
        ]
        async with self.bakery.write() as session:
            await append(session, events)

    async def arrivals(self) -> list[str]:
        async with self.cellar.read() as session:
            return [row["bread"] for row in await session.all("SELECT bread FROM arrivals ORDER BY ctid")]

    async def waiting(self) -> int:
        async with self.bakery.read() as session:
            count: int = await session.value("SELECT count(*) FROM outbox")
        return count

    async def close(self) -> None:
        await self.bus.close()
        for database in self._opened:
            await database.close()


@asynccontextmanager
async def open_town(postgres: DatabaseAddress) -> AsyncIterator[Town]:
    async with fresh_database(postgres, [BAKERY, CELLAR]) as address:
        town = Town(address, postgres)
        try:
            yield town
        finally:
            await town.close()
