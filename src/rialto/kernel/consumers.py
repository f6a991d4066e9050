"""Consumers: bring published events to a service's reactions, each effect exactly once.

A batch is taken in inside one transaction of the consuming service, together with the inbox rows that say
how far each stream was taken in. An event seen before is skipped by its version. When something fails, the
batch is rolled back and its events go one by one; one that keeps failing parks its own stream in
`dead_letters` (later events of that stream queue up behind it) and everything else goes on. So does an event of
a type that this release does not know: nobody can tell yet whether it matters here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog

from rialto.kernel.bus import Bus, Logged, Subscription
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.dead_letters import BEHIND, TYPE_UNKNOWN, DeadLetters, TypeNotKnown, reason_of
from rialto.kernel.errors import Unavailable
from rialto.kernel.events import Envelope, EventTypes
from rialto.kernel.faults import Faults
from rialto.kernel.service import Job, Reaction
from rialto.kernel.traced_events import cause_of, reacting
from rialto.kernel.tracing import NO_TRACER, Tracer

BATCH_MAX = 200
ATTEMPTS_MAX = 5

log = structlog.get_logger("rialto.consumers")

_POSITIONS = """
SELECT stream, version, false AS parked FROM inbox
WHERE consumer = $1 AND bucket = ANY ($2::smallint[]) AND stream = ANY ($3::uuid[])
UNION ALL
SELECT DISTINCT stream, 0, true FROM dead_letters
WHERE consumer = $1 AND bucket = ANY ($2::smallint[]) AND stream = ANY ($3::uuid[])
"""
_RECORD = """
INSERT INTO inbox (consumer, bucket, stream, version)
SELECT $1, bucket, stream, version FROM unnest($2::smallint[], $3::uuid[], $4::int[]) AS t(bucket, stream, version)
ORDER BY bucket, stream
ON CONFLICT (bucket, consumer, stream) DO UPDATE SET version = greatest(inbox.version, excluded.version)
"""
# The fence of "exactly once": a version moves on only from the one that was read. Two processes may hold the same
# event for a moment, while a partition changes hands or after one of them was suspended; one of them finds the
# row moved and is rolled back with everything its reactions wrote.
_RECORD_FIRST = """
INSERT INTO inbox (consumer, bucket, stream, version)
SELECT $1, bucket, stream, version FROM unnest($2::smallint[], $3::uuid[], $4::int[]) AS t(bucket, stream, version)
ORDER BY bucket, stream
ON CONFLICT DO NOTHING
"""
_RECORD_NEXT = """
UPDATE inbox SET version = t.version
FROM unnest($2::smallint[], $3::uuid[], $4::int[], $5::int[]) AS t(bucket, stream, version, before)
WHERE consumer = $1 AND inbox.bucket = t.bucket AND inbox.stream = t.stream AND inbox.version = t.before
"""
# For read models that are made from the truth itself: what was read there is not taken in again.
_TOOK_IN = """
INSERT INTO inbox (consumer, bucket, stream, version)
SELECT $1, bucket, stream, version FROM unnest($2::smallint[], $3::uuid[], $4::int[]) AS t(bucket, stream, version)
ORDER BY bucket, stream
ON CONFLICT (bucket, consumer, stream) DO UPDATE SET version = excluded.version WHERE inbox.version <= excluded.version
"""


async def has_taken_in(
    session: WriteSession, consumer: str, positions: Sequence[tuple[int, UUID, int]]
) -> bool:
    """Note that streams (bucket, id, version) are taken in up to there, by another way than their events' delivery.

    False when one is further already: then what was read is old, and the transaction must be rolled back.
    """
    if not positions:
        return True
    columns = [list(column) for column in zip(*positions, strict=True)]
    return await session.run(_TOOK_IN, consumer, *columns) == len(positions)


class Delivery:
    """What a reaction gets beside the event: where it came from and the transaction to write in."""

    def __init__(self, envelope: Envelope, session: WriteSession) -> None:
        self.envelope = envelope
        self.session = session


class Consumer:
    """All reactions of one service."""

    def __init__(
        self,
        name: str,
        db: Database,
        handlers: Any,
        reactions: Sequence[Reaction],
        *,
        clock: Clock,
        faults: Faults,
        known: Collection[str],
        gathers_s: float = 0.0,
        on_taken_in: Callable[[Sequence[Envelope]], None] = lambda _taken: None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """`known` are the types of all events of this release, whoever publishes them; `gathers_s`: see `Service`.

        `on_taken_in` is told which events had their effect just now; those parked are none of them.
        """
        self._on_taken_in = on_taken_in
        self.name = name
        self.gathers_s = gathers_s
        self.letters = DeadLetters(name, db, clock)
        self._db = db
        self._handlers = handlers
        self._by_type: Mapping[str, Reaction] = {reaction.event.TYPE: reaction for reaction in reactions}
        self._types = EventTypes(reaction.event for reaction in reactions)
        self._known = frozenset(known) | self._by_type.keys()
        self._others = self._known - self._by_type.keys()
        self._faults = faults
        self._tracer = tracer
        self._attempts: dict[tuple[UUID, int], int] = {}
        self._subscription: Subscription | None = None

    async def consume_once(self, bus: Bus, partitions: Collection[int]) -> set[int]:
        """Take in the next events of these partitions; those in which there may be more. Raises Unavailable."""
        subscription = self._subscription_to(bus)
        taken = await subscription.take(partitions, limit=BATCH_MAX)
        if taken.batch:
            await self._take_in(taken.batch)
        await subscription.done()
        return set(taken.more)

    async def save(self, bus: Bus) -> None:
        """Have others go on after what was taken in here."""
        await self._subscription_to(bus).save()

    async def keep_only(self, partitions: Collection[int]) -> None:
        """Leave the other partitions to other processes."""
        if self._subscription is not None:
            await self._subscription.keep_only(partitions)

    async def replay(self, limit: int = 100, *, stream: UUID | None = None) -> int:
        """Try parked events again, of all streams or of one, each in its order; how many were taken in.

        A stream whose first event still fails stays as it is and holds up no other. Raises Unavailable.
        """
        streams = None if stream is None else [stream]
        return await self.letters.replay(self._take_in_parked, limit, streams=streams)

    async def go_on(self, limit: int = 100) -> int:
        """Replay the streams that wait for nothing any more; how many events were taken in. Raises Unavailable."""
        ready = await self.letters.ready(self._known, limit)
        return await self.letters.replay(self._take_in_parked, limit, streams=ready) if ready else 0

    def _subscription_to(self, bus: Bus) -> Subscription:
        if self._subscription is None:
            self._subscription = bus.subscribe(self.name, skip=self._others)
        return self._subscription

    async def _take_in_parked(self, session: WriteSession, envelope: Envelope) -> None:
        if envelope.type in self._by_type:
            await self._react(session, [envelope])
        elif envelope.type not in self._known:
            raise TypeNotKnown
        await session.run(_RECORD, self.name, [envelope.bucket], [envelope.stream], [envelope.version])

    async def _take_in(self, batch: Sequence[Logged]) -> None:
        try:
            await self._apply(batch)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one of the three loops that must survive
            if len(batch) > 1:
                for logged in batch:
                    await self._take_in([logged])
                return
            await self._failed(batch[0].envelope, error)

    async def _apply(self, batch: Sequence[Logged]) -> None:
        buckets = list({logged.envelope.bucket for logged in batch})
        streams = list({logged.envelope.stream for logged in batch})
        async with self._db.write() as session:
            rows = await session.all(_POSITIONS, self.name, buckets, streams)
            before = {row["stream"]: row["version"] for row in rows if not row["parked"]}
            last = dict(before)
            parked = {row["stream"] for row in rows if row["parked"]}
            news: dict[UUID, Envelope] = {}
            waves: list[list[Envelope]] = []
            heights: dict[UUID, int] = {}
            for logged in batch:
                envelope = logged.envelope
                if envelope.version <= last.get(envelope.stream, 0):
                    continue
                if envelope.stream in parked:
                    await self.letters.park(session, envelope, BEHIND)
                elif envelope.type not in self._by_type:
                    await self.letters.park(session, envelope, TYPE_UNKNOWN)
                    parked.add(envelope.stream)
                else:
                    # The second event of a stream waits for the second wave: within a wave order is free.
                    height = heights.get(envelope.stream, 0)
                    heights[envelope.stream] = height + 1
                    if height == len(waves):
                        waves.append([])
                    waves[height].append(envelope)
                last[envelope.stream] = envelope.version
                news[envelope.stream] = envelope
            for wave in waves:
                await self._react(session, wave)
            await self._record(session, news, before)
            self._faults.reach("consumer.before_commit")
        if waves:
            self._on_taken_in([envelope for wave in waves for envelope in wave])
        self._faults.reach("consumer.after_commit")

    async def _record(
        self, session: WriteSession, news: Mapping[UUID, Envelope], before: Mapping[UUID, int]
    ) -> None:
        """Note how far each stream was taken in. Raises Unavailable when another process was first."""
        first = [envelope for stream, envelope in news.items() if stream not in before]
        following = [envelope for stream, envelope in news.items() if stream in before]
        count = 0
        if first:
            count += await session.run(_RECORD_FIRST, self.name, *_places(first))
        if following:
            versions = [before[envelope.stream] for envelope in following]
            count += await session.run(_RECORD_NEXT, self.name, *_places(following), versions)
        if count != len(news):
            raise Unavailable("Another process takes in the same events.")

    async def _react(self, session: WriteSession, wave: Sequence[Envelope]) -> None:
        """Call the reactions to these events, which are of different streams."""
        by_type: dict[str, list[Envelope]] = {}
        for envelope in wave:
            by_type.setdefault(envelope.type, []).append(envelope)
        for name, envelopes in by_type.items():
            reaction = self._by_type[name]
            events = [self._types.decode(name, one.schema_version, one.body) for one in envelopes]
            if reaction.run_many is not None:
                with reacting(self._tracer, self.name, envelopes):
                    await reaction.run_many(self._handlers, events, session)
                continue
            assert reaction.run is not None
            for envelope, event in zip(envelopes, events, strict=True):
                with reacting(self._tracer, self.name, [envelope]):
                    await reaction.run(self._handlers, event, Delivery(envelope, session))

    async def _failed(self, envelope: Envelope, error: Exception) -> None:
        """Count; after ATTEMPTS_MAX in this process park the event, before that have it retried."""
        key = (envelope.stream, envelope.version)
        attempts = self._attempts.get(key, 0) + 1
        cause = cause_of(envelope)
        log.warning(
            "reaction failed",
            trace_id=cause.trace_id if cause else None,
            consumer=self.name,
            type=envelope.type,
            stream=str(envelope.stream),
            version=envelope.version,
            attempt=attempts,
            error=repr(error),
        )
        if attempts < ATTEMPTS_MAX:
            self._attempts[key] = attempts
            raise Unavailable(f"a reaction of {self.name} failed and is retried") from error
        self._attempts.pop(key, None)
        async with self._db.write() as session:
            await self.letters.park(session, envelope, reason_of(error))
            await session.run(_RECORD, self.name, [envelope.bucket], [envelope.stream], [envelope.version])


def _places(envelopes: Sequence[Envelope]) -> tuple[list[int], list[UUID], list[int]]:
    """Buckets, streams and versions."""
    return (
        [envelope.bucket for envelope in envelopes],
        [envelope.stream for envelope in envelopes],
        [envelope.version for envelope in envelopes],
    )


async def _all_go_on(consumers: Sequence[Consumer]) -> int:
    return sum([await consumer.go_on() for consumer in consumers])


# Called with all consumers of the process. During an upgrade the older release's worker may hold its lease; it finds
# nothing to do, and the newer one gets the lease when that worker ends.
GO_ON = Job(name="events.parked", every_s=15, run=_all_go_on)
