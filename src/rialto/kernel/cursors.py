"""Reading a log by cursors: how a consumer takes in events where the bus is a log with a place for each event.

For engines that keep what was published and let it be read from any place (PostgreSQL, and Kafka is of this kind).
Cursors stand in memory while this process reads a partition and are saved once a second: what is read twice after a
crash is skipped by the inbox.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from rialto.kernel.bus import Logged, Taken
from rialto.kernel.clock import Clock

SAVE_S = 1.0


class Log(Protocol):
    """What such an engine offers beside the bus's own operations."""

    async def cursors(self, consumer: str, partitions: Collection[int]) -> dict[int, int]:
        """The consumer's position in each partition; 0 where it never read."""
        ...

    async def advance(self, consumer: str, positions: dict[int, int]) -> None:
        """Move cursors forward; never back."""
        ...

    async def read(
        self,
        after: dict[int, int],
        *,
        limit: int,
        types: frozenset[str] | None = None,
        skip: frozenset[str] = frozenset(),
    ) -> tuple[list[Logged], dict[int, int]]: ...


class CursorSubscription:
    """See `kernel.bus.Subscription`."""

    def __init__(self, log: Log, consumer: str, *, skip: frozenset[str], clock: Clock) -> None:
        self._log = log
        self._consumer = consumer
        self._skip = skip
        self._clock = clock
        self._positions: dict[int, int] = {}
        self._unsaved: dict[int, int] = {}
        self._reached: dict[int, int] = {}
        self._saved_at = clock.monotonic()

    async def take(self, partitions: Collection[int], *, limit: int) -> Taken:
        unknown = [partition for partition in partitions if partition not in self._positions]
        if unknown:
            self._positions.update(await self._log.cursors(self._consumer, unknown))
        # One may have gone to another process while the cursors were read.
        before = {
            partition: self._positions[partition] for partition in partitions if partition in self._positions
        }
        batch, after = await self._log.read(before, skip=self._skip, limit=limit)
        self._reached = {
            partition: position for partition, position in after.items() if position != before[partition]
        }
        more = {
            partition
            for partition, position in self._reached.items()
            if position - before[partition] >= limit
        }
        return Taken(batch=batch, more=frozenset(more))

    async def done(self) -> None:
        reached, self._reached = self._reached, {}
        self._positions.update(reached)
        self._unsaved.update(reached)
        if self._unsaved and self._clock.monotonic() - self._saved_at >= SAVE_S:
            await self.save()

    async def save(self) -> None:
        unsaved, self._unsaved = self._unsaved, {}
        self._saved_at = self._clock.monotonic()
        await self._log.advance(self._consumer, unsaved)

    async def keep_only(self, partitions: Collection[int]) -> None:
        self._positions = {p: position for p, position in self._positions.items() if p in partitions}
