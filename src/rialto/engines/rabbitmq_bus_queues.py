"""Queues and exchanges: their names, their arguments, and that none misses an event.

    exchange  rialto.events.16       every event, by the number of its lane
    queue     rialto.mail.16.3       what the consumer `mail` has not taken in of lane 3
    exchange  rialto.mail.16         carries nothing: its being there says that all queues of `mail` are complete

A queue that is not there (a consumer of a new release, an empty broker, another number of lanes, an operator's mistake) is
made and filled from the PostgreSQL log before it gets new events, so that order holds and nothing is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity
from pamqp.common import FieldTable

from rialto.engines.postgres_bus import PostgresBus, Read
from rialto.engines.rabbitmq_bus_address import BrokerAddress
from rialto.engines.rabbitmq_bus_connection import Connection, asking, let_go
from rialto.engines.rabbitmq_bus_message import event_message
from rialto.engines.rabbitmq_bus_publisher import Publisher
from rialto.kernel.bus import Logged
from rialto.kernel.ids import PARTITIONS

FILL_BATCH = 500
DECLARE_S = 30.0  # a quorum queue is a Raft group of its own; a busy cluster takes its time

log = structlog.get_logger("rialto.bus")


class Names:
    """What things are called, and which lane a partition is in."""

    def __init__(self, address: BrokerAddress) -> None:
        self._prefix = address.prefix
        self.lanes = address.lanes
        self.events = f"{self._prefix}.events.{self.lanes}"

    def lane_of(self, partition: int) -> int:
        """Neighbours share a lane: processes hold neighbouring partitions, so few lanes are of two processes."""
        return partition * self.lanes // PARTITIONS

    def partitions_of(self, lane: int) -> list[int]:
        return [partition for partition in range(PARTITIONS) if self.lane_of(partition) == lane]

    def queue(self, consumer: str, lane: int) -> str:
        return f"{self._prefix}.{consumer}.{self.lanes}.{lane}"

    def complete(self, consumer: str) -> str:
        return f"{self._prefix}.{consumer}.{self.lanes}"


class Queues:
    """All consumers' queues, also those of other processes: who was never up yet must miss nothing."""

    def __init__(
        self,
        connection: Connection,
        names: Names,
        publisher: Publisher,
        *,
        consumers: Sequence[str],
        source: PostgresBus,
    ) -> None:
        self._connection = connection
        self._names = names
        self._publisher = publisher
        self._consumers = consumers
        self._source = source
        self._looked_on: object = None
        self._looking = asyncio.Lock()

    async def ensure(self) -> None:
        """Look, once per connection, that everything is there, and make what is not. Raises Unavailable."""
        connection = await self._connection.get()
        if self._looked_on is connection:
            return
        async with self._looking:
            if self._looked_on is connection:
                return
            channel = await self._connection.channel()
            async with asking(DECLARE_S):
                await channel.declare_exchange(self._names.events, durable=True)
                await channel.close()
            for consumer in self._consumers:
                if not await self._is_complete(consumer):
                    await self._complete(consumer)
            self._looked_on = connection

    def look_again(self) -> None:
        """Somebody has found a queue missing."""
        self._looked_on = None

    async def depth(self, consumer: str) -> int:
        """How many messages wait in the consumer's queues. Raises Unavailable."""
        channel = await self._connection.channel()
        try:
            async with asking():
                found = [
                    await channel.declare_queue(self._names.queue(consumer, lane), passive=True)
                    for lane in range(self._names.lanes)
                ]
        finally:
            await let_go(channel)
        return sum(queue.declaration_result.message_count or 0 for queue in found)

    async def _is_complete(self, consumer: str) -> bool:
        channel = await self._connection.channel()
        try:
            async with asking(DECLARE_S):
                try:
                    await channel.declare_exchange(self._names.complete(consumer), passive=True)
                    for lane in range(self._names.lanes):
                        await channel.declare_queue(self._names.queue(consumer, lane), passive=True)
                except ChannelClosed as error:
                    if not is_missing(error):
                        raise
                    return False
        finally:
            await let_go(channel)
        return True

    async def _complete(self, consumer: str) -> None:
        """A crash in between leaves the consumer incomplete, and the next who looks begins anew."""
        log.info("making queues", consumer=consumer, lanes=self._names.lanes)
        channel = await self._connection.channel()
        try:
            async with asking(DECLARE_S):
                await channel.exchange_delete(self._names.complete(consumer))
            for lane in range(self._names.lanes):
                async with asking(DECLARE_S):
                    await channel.declare_queue(
                        self._names.queue(consumer, lane),
                        durable=True,
                        arguments=queue_arguments(self._connection.server_version()),
                    )
            # The long part while others publish; then the rest while nobody does, so that what is published from then
            # on comes behind it.
            positions = await self._source.cursors(consumer, range(PARTITIONS))
            positions = await self._fill(consumer, positions, self._read)
            async with self._source.nobody_publishes_after() as read:
                await self._fill(consumer, positions, read)
                await self._connect(channel, consumer)
        finally:
            await let_go(channel)

    async def _fill(self, consumer: str, positions: dict[int, int], read: Read) -> dict[int, int]:
        """Everything that the log has after the positions; the positions reached."""
        while True:
            batch, positions = await read(positions, FILL_BATCH)
            if not batch:
                return positions
            messages = [
                (
                    self._names.queue(consumer, self._names.lane_of(logged.partition)),
                    event_message(logged.envelope),
                )
                for logged in batch
            ]
            for start in range(0, len(messages), FILL_BATCH):
                await self._publisher.send(messages[start : start + FILL_BATCH], exchange="")

    async def _read(self, after: dict[int, int], limit: int) -> tuple[list[Logged], dict[int, int]]:
        return await self._source.read(after, limit=limit)

    async def _connect(self, channel: AbstractChannel, consumer: str) -> None:
        async with asking(DECLARE_S):
            for lane in range(self._names.lanes):
                queue = await channel.get_queue(self._names.queue(consumer, lane), ensure=False)
                await queue.bind(self._names.events, routing_key=str(lane))
            await channel.declare_exchange(self._names.complete(consumer), durable=True)


def queue_arguments(version: tuple[int, int]) -> FieldTable:
    """No limit of any kind: what cannot be taken in is parked by the consumer's own inbox, and nothing is dropped.

    RabbitMQ 4 drops what was delivered twenty times unless told otherwise; before it there is no limit, and -1 is refused.
    """
    arguments: FieldTable = {"x-queue-type": "quorum", "x-single-active-consumer": True}
    if version >= (4, 0):
        arguments["x-delivery-limit"] = -1
    return arguments


def is_missing(error: ChannelClosed) -> bool:
    """Whether a channel was closed because what was asked for is not there."""
    return isinstance(error, ChannelNotFoundEntity)
