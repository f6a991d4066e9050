"""How this process takes in events for one consumer: the lanes in which it holds a partition.

Which process gets a queue's messages is the broker's choice (single active consumer) among those that hold one of its
partitions; it takes in the whole lane. So two processes that share a lane do not share its events, and never two have
the same one at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from itertools import islice

from rialto.engines.postgres_bus import PostgresBus
from rialto.engines.rabbitmq_bus_connection import Connection
from rialto.engines.rabbitmq_bus_lane import Lane
from rialto.engines.rabbitmq_bus_message import Mark
from rialto.engines.rabbitmq_bus_queues import Names, Queues
from rialto.kernel.bus import Logged, Taken
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Unavailable
from rialto.kernel.events import Envelope
from rialto.kernel.ids import partition_of

# A queue whose messages are held and not acknowledged for half an hour is taken away by the broker (consumer_timeout),
# and some releases do not give it to anybody afterwards. So it is given back in time.
HELD_S_MAX = 600.0


class RabbitSubscription:
    """See `kernel.bus.Subscription`."""

    def __init__(
        self,
        consumer: str,
        *,
        skip: frozenset[str],
        connection: Connection,
        names: Names,
        queues: Queues,
        log: PostgresBus,
        clock: Clock,
    ) -> None:
        self.consumer = consumer
        self._skip = skip
        self._connection = connection
        self._names = names
        self._queues = queues
        self._log = log
        self._clock = clock
        self._lanes: dict[int, Lane] = {}
        self._reached: dict[int, tuple[Lane, int]] = {}
        self._marks: dict[int, int] = {}

    async def take(self, partitions: Collection[int], *, limit: int) -> Taken:
        self._reached, self._marks = {}, {}
        lanes = sorted({self._names.lane_of(partition) for partition in partitions})
        trouble = await self._open(lanes)
        if not any(self._lanes[number].held for number in lanes if number in self._lanes):
            await asyncio.sleep(0)  # let what has arrived be seen; longer waits are the bus's `wait`
        batch: list[Logged] = []
        more: set[int] = set()
        for lane in [self._lanes[number] for number in lanes if number in self._lanes]:
            batch += self._front(lane, limit)
            if len(lane.held) > limit:
                more |= set(partitions) & set(self._names.partitions_of(lane.number))
        if trouble is not None and not self._reached:
            raise trouble
        return Taken(batch=batch, more=frozenset(more))

    async def done(self) -> None:
        reached, self._reached = self._reached, {}
        marks, self._marks = self._marks, {}
        await self._log.advance(self.consumer, marks)
        for lane, tag in reached.values():
            if lane.is_open:  # otherwise it is delivered again, and skipped as seen
                await lane.acknowledge(tag, self._clock.monotonic())

    async def save(self) -> None:
        """Nothing is kept here: what is done is acknowledged."""

    async def keep_only(self, partitions: Collection[int]) -> None:
        kept = {self._names.lane_of(partition) for partition in partitions}
        given = [self._lanes.pop(number) for number in list(self._lanes) if number not in kept]
        for lane in given:
            await lane.close()

    def held(self) -> int:
        """How many events were delivered to this process and are not done."""
        return sum(isinstance(one.content, Envelope) for lane in self._lanes.values() for one in lane.held)

    async def _open(self, numbers: Collection[int]) -> Unavailable | None:
        """Have these lanes open; what is wrong with one of them, which must not stop the others."""
        trouble: Unavailable | None = None
        for number in numbers:
            lane = self._lanes.get(number)
            if lane is not None and (not lane.is_open or self._is_stuck(lane)):
                await self._lanes.pop(number).close()
                lane = None
            if lane is None:
                try:
                    self._lanes[number] = await self._opened(number)
                except Unavailable as error:
                    self._queues.look_again()
                    trouble = error
        return trouble

    async def _opened(self, number: int) -> Lane:
        await self._queues.ensure()
        queue = self._names.queue(self.consumer, number)
        lane = Lane(number, queue, self._told, skip=self._skip, at=self._clock.monotonic())
        await lane.open(self._connection)
        return lane

    def _is_stuck(self, lane: Lane) -> bool:
        if not lane.held:
            lane.moved_at = self._clock.monotonic()
        return self._clock.monotonic() - lane.moved_at > HELD_S_MAX

    def _front(self, lane: Lane, limit: int) -> list[Logged]:
        """The first events that are held, and how far they reach."""
        found: list[Logged] = []
        for one in islice(lane.held, limit):
            self._reached[lane.number] = (lane, one.tag)
            if isinstance(one.content, Mark):
                self._marks.update(one.content.positions)
            elif one.content is not None:
                partition = partition_of(one.content.bucket)
                found.append(Logged(partition=partition, id=one.tag, envelope=one.content))
        return found

    def _told(self, lane: int) -> None:
        # All of the lane's: which of them this process holds is not known here, and it is to look in any case.
        self._log.hear(self._names.partitions_of(lane))
