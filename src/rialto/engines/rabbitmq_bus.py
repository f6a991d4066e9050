"""The bus on RabbitMQ: competing consumers have quorum queues, one per lane of partitions.

    events ──▶ exchange ──▶ queue per consumer and lane ──▶ the one process that has it ──▶ inbox
       └─────▶ the log in PostgreSQL ──▶ feeds (search, kept pages), and queues that have to be made anew

Leases, workers and the log are PostgreSQL's, which has them already (`PostgresBus`). An event is published when the
broker has confirmed it and the log has it, in this order. Why so: docs/adr/0017.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rialto.engines.postgres_bus import PostgresBus
from rialto.engines.rabbitmq_bus_address import BrokerAddress, parse_bus_url
from rialto.engines.rabbitmq_bus_connection import Connection
from rialto.engines.rabbitmq_bus_message import event_message, mark_message
from rialto.engines.rabbitmq_bus_publisher import Publisher
from rialto.engines.rabbitmq_bus_queues import Names, Queues
from rialto.engines.rabbitmq_bus_subscription import RabbitSubscription
from rialto.kernel.bus import Lease, Logged
from rialto.kernel.clock import Clock
from rialto.kernel.events import Envelope
from rialto.kernel.ids import partition_of


class RabbitBus:
    """See `kernel.bus.Bus` for the contract."""

    def __init__(
        self, address: BrokerAddress, log: PostgresBus, clock: Clock, *, consumers: Sequence[str]
    ) -> None:
        """`consumers`: all of the shop's, wherever they live. Raises SettingWrong."""
        # Connections that fail are told once, as a sentence, by who needed them.
        logging.getLogger("aiormq").setLevel(logging.CRITICAL)
        logging.getLogger("aio_pika").setLevel(logging.CRITICAL)
        self._log = log
        self._clock = clock
        self._names = Names(address)
        # Two, because a broker that is short of memory stops reading from those that publish.
        self._publishing = Connection(address, "rialto publishes", clock)
        self._taking = Connection(address, "rialto takes in", clock)
        self._publisher = Publisher(self._publishing)
        self._queues = Queues(self._publishing, self._names, self._publisher, consumers=consumers, source=log)
        self._subscriptions: list[RabbitSubscription] = []
        self.acquire = log.acquire
        self.give_back = log.give_back
        self.heartbeat = log.heartbeat
        self.workers = log.workers
        self.tail = log.tail
        self.wait = log.wait

    async def publish(self, leases: Sequence[Lease], batch: Sequence[Envelope]) -> None:
        """Raises Unavailable, within seconds, while the broker is away."""
        await self._queues.ensure()
        await self._log.publish_after(leases, batch, lambda: self._pass_on(batch))

    def subscribe(self, consumer: str, *, skip: frozenset[str]) -> RabbitSubscription:
        subscription = RabbitSubscription(
            consumer,
            skip=skip,
            connection=self._taking,
            names=self._names,
            queues=self._queues,
            log=self._log,
            clock=self._clock,
        )
        self._subscriptions.append(subscription)
        return subscription

    async def behind(self, consumers: Sequence[str]) -> dict[str, int]:
        """What waits in the queues, and what was delivered to this process; what others hold is not known."""
        await self._queues.ensure()
        return {consumer: await self._behind(consumer) for consumer in consumers}

    async def prune(self, consumers: Sequence[str], *, keep: timedelta, limit: int = 5000) -> int:
        """Of the log; a queue forgets by itself what was taken in. Marks tell how far consumers are by then."""
        await self._queues.ensure()
        tail = await self._log.tail()
        for_lanes = [
            (
                str(lane),
                mark_message({partition: tail[partition] for partition in self._names.partitions_of(lane)}),
            )
            for lane in range(self._names.lanes)
        ]
        await self._publisher.send(for_lanes, exchange=self._names.events)
        return await self._log.prune(consumers, keep=keep, limit=limit)

    async def read(
        self,
        after: dict[int, int],
        *,
        limit: int,
        types: frozenset[str] | None = None,
        skip: frozenset[str] = frozenset(),
    ) -> tuple[list[Logged], dict[int, int]]:
        return await self._log.read(after, limit=limit, types=types, skip=skip)

    async def close(self) -> None:
        for subscription in self._subscriptions:
            await subscription.keep_only([])
        await self._taking.close()
        await self._publishing.close()
        await self._log.close()

    async def _behind(self, consumer: str) -> int:
        held = sum(one.held() for one in self._subscriptions if one.consumer == consumer)
        return held + await self._queues.depth(consumer)

    async def _pass_on(self, batch: Sequence[Envelope]) -> None:
        messages = [
            (str(self._names.lane_of(partition_of(envelope.bucket))), event_message(envelope))
            for envelope in batch
        ]
        await self._publisher.send(messages, exchange=self._names.events)


def open_rabbit_bus(
    url: str, log: PostgresBus, clock: Clock, *, ca: Path | None, consumers: Sequence[str]
) -> RabbitBus:
    """Opens no connection yet. Raises SettingWrong."""
    return RabbitBus(parse_bus_url(url, ca=ca), log, clock, consumers=consumers)
