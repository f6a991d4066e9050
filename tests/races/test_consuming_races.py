"""Two processes that believe they own the same partition: each effect still happens exactly once."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

from rialto.app import KNOWN
from rialto.kernel.bus import Lease
from rialto.kernel.consumers import Consumer, Delivery
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.events import Event, NewEvent, append
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import PARTITIONS, partition_of
from rialto.kernel.relay import Relay, lease_name
from rialto.kernel.service import Reaction
from tests.support.shop import Shop, a_shop
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


class Rang(Event):
    TYPE: ClassVar[str] = "notifications.rang"

    number: int


class Witness:
    """Reacts slowly enough that two consumers overlap: each holds its transaction until both are inside, or alone."""

    def __init__(self) -> None:
        self.inside = 0
        self.both = asyncio.Event()

    async def react(self, _handlers: Any, _event: Rang, delivery: Delivery) -> None:
        self.inside += 1
        visit = f"visit {self.inside}"
        if self.inside > 1:
            self.both.set()
        try:
            async with asyncio.timeout(1):
                await self.both.wait()
        except TimeoutError:
            pass
        await delivery.session.run(
            "INSERT INTO announced (sku, stream, version, band) VALUES ($1, $2, 1, 'x')",
            visit,
            delivery.envelope.stream,
        )


async def test_two_consumers_of_one_partition_take_an_event_in_once(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False) as shop:
        db: Database = shop.app.databases["inventory"]
        stream = await _published(shop, db)
        witness = Witness()
        reaction = Reaction(event=Rang, run=witness.react)
        twins = [
            Consumer("witness", db, None, (reaction,), clock=shop.clock, faults=NoFaults(), known=KNOWN)
            for _ in range(2)
        ]
        partition = [partition_of(stream.int >> 64 & 0xFFF)]
        await asyncio.gather(
            *(twin.consume_once(shop.app.bus, partition) for twin in twins), return_exceptions=True
        )
        for twin in twins:  # whoever was refused finds it done already
            await twin.consume_once(shop.app.bus, partition)
        rows = await shop.sql("SELECT sku FROM inventory.announced WHERE stream = $1", stream)
        assert len(rows) == 1, [row["sku"] for row in rows]


async def _published(shop: Shop, db: Database) -> Any:
    """One event on the bus; its stream."""
    stream = seeded_ids().uuid(5)
    async with db.write() as session:
        await append(
            session,
            [NewEvent(bucket=5, stream=stream, version=1, event=Rang(number=1), at=shop.clock.now())],
        )
    names = [lease_name(partition) for partition in range(PARTITIONS)]
    leases: list[Lease] = await shop.app.bus.acquire(names, owner="test", ttl_s=60)
    while await Relay({"inventory": db}, shop.app.bus, NoFaults()).publish_once(leases, ["inventory"]):
        pass
    return stream


async def test_two_processes_share_the_work_and_send_each_mail_once(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        await asyncio.gather(*((first, second)[n % 2].buy("PENCIL") for n in range(30)))
        await first.settle()
        assert len(first.mail.sent) == len({mail.message_id for mail in first.mail.sent}) == 30
        assert await second.audit() == []
