"""The bus on PostgreSQL: a log table per partition, LISTEN/NOTIFY to wake, polling as the truth.

Publishing locks the partition's counter row, so ids within a partition are in commit order: a reader that
has seen id n has seen everything before it. The lease row is checked in the same transaction, so a relay
that lost its lease appends nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from rialto.kernel.bus import Lease, LeaseLost, Logged
from rialto.kernel.clock import Clock
from rialto.kernel.cursors import CursorSubscription
from rialto.kernel.db import ChangingSession, Database, DatabaseAddress, ReadSession, connect_session
from rialto.kernel.errors import Unavailable
from rialto.kernel.events import Envelope
from rialto.kernel.ids import PARTITIONS, partition_of

CHANNEL = "rialto_bus"
RECONNECT_S = 1.0
# The advisory lock between those who publish through a broker (shared) and who fills a broker's queue from the log.
PUBLISHING = 0x7269616C746F

_ACQUIRE = """
INSERT INTO leases (name, owner, fence, expires_at)
SELECT name, $2, 1, $4 FROM unnest($1::text[]) AS name ORDER BY name
ON CONFLICT (name) DO UPDATE SET
    owner = excluded.owner, expires_at = excluded.expires_at,
    fence = CASE WHEN leases.owner = excluded.owner THEN leases.fence ELSE leases.fence + 1 END
WHERE leases.owner = excluded.owner OR leases.expires_at <= $3
RETURNING name, owner, fence
"""
# The row stays, so that the next owner's fence is higher.
_GIVE_BACK = """
UPDATE leases SET owner = '', expires_at = '-infinity' WHERE owner = $1 AND ($2::text[] IS NULL OR name = ANY ($2))
"""
_HEARTBEAT = """
INSERT INTO workers (owner, expires_at) VALUES ($1, $2)
ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at
"""
_FORGET_WORKERS = "DELETE FROM workers WHERE expires_at <= $1"
# Those that share work are of one scope, which stands before the slash in their names.
_WORKERS = """
SELECT count(*) FROM workers
WHERE expires_at > $1
  AND ($2::text IS NULL OR left(owner, position('/' IN owner)) = left($2, position('/' IN $2::text)))
"""

# One statement, so one commit: the leases are still held, ids are drawn under the partitions' locks, the events stand
# in the log, and whoever listens is told. FOR SHARE: several publishers of one owner may go on, a new owner's
# acquire waits for the commit.
_PUBLISH = """
WITH held AS (
    SELECT 1 FROM leases JOIN unnest($1::text[], $2::bigint[]) AS mine(name, fence) USING (name, fence)
    WHERE owner = $3 FOR SHARE OF leases
), locked AS (
    SELECT partition FROM partitions WHERE partition = ANY ($4::smallint[]) ORDER BY partition FOR UPDATE
), drawn AS (
    UPDATE partitions SET last_id = last_id + wanted.count
    FROM unnest($4::smallint[], $5::int[]) AS wanted(partition, count), locked
    WHERE partitions.partition = wanted.partition AND locked.partition = wanted.partition
      AND (SELECT count(*) FROM held) = cardinality($1::text[])
    RETURNING partitions.partition, last_id - wanted.count AS before
), added AS (
    INSERT INTO log (partition, id, service, bucket, stream, version, type, schema_version, body, meta, at)
    SELECT news.partition, drawn.before + news.place, service, bucket, stream, version, type, schema_version, body, meta, at
    FROM unnest($6::smallint[], $7::bigint[], $8::text[], $9::smallint[], $10::uuid[], $11::int[], $12::text[],
                $13::int[], $14::text[], $15::text[], $16::timestamptz[])
        AS news(partition, place, service, bucket, stream, version, type, schema_version, body, meta, at)
    JOIN drawn USING (partition)
), told AS (
    SELECT pg_notify($17, $18) FROM (SELECT 1 FROM drawn LIMIT 1) AS something WHERE $17::text IS NOT NULL
)
SELECT (SELECT count(*) FROM drawn) AS drawn, (SELECT count(*) FROM told) AS told
"""
_HELD = """
SELECT count(*) FROM leases JOIN unnest($1::text[], $2::bigint[]) AS mine(name, fence) USING (name, fence)
WHERE owner = $3
"""
_CURSORS = "SELECT partition, position FROM cursors WHERE consumer = $1 AND partition = ANY ($2::smallint[])"
_ADVANCE = """
INSERT INTO cursors (consumer, partition, position)
SELECT $1, partition, position FROM unnest($2::smallint[], $3::bigint[]) AS t(partition, position) ORDER BY partition
ON CONFLICT (consumer, partition) DO UPDATE SET position = greatest(cursors.position, excluded.position)
"""
# The inner limit bounds what one partition can contribute, so that a busy one starves no other.
_READ = """
SELECT l.* FROM unnest($1::smallint[], $2::bigint[]) AS c(partition, position),
LATERAL (SELECT * FROM log WHERE log.partition = c.partition AND log.id > c.position ORDER BY log.id LIMIT $3) AS l
ORDER BY l.partition, l.id
"""
_TAIL = "SELECT partition, last_id FROM partitions"
# Old, and behind every consumer: where one has no cursor yet it has read nothing.
_PRUNE = """
DELETE FROM log WHERE ctid IN (
    SELECT log.ctid FROM log JOIN (
        SELECT p.partition, min(coalesce(c.position, 0)) AS position
        FROM partitions AS p CROSS JOIN unnest($3::text[]) AS named(consumer)
        LEFT JOIN cursors AS c USING (consumer, partition) GROUP BY p.partition
    ) AS behind ON behind.partition = log.partition
    WHERE log.at < $1 AND log.id <= behind.position ORDER BY log.partition, log.id LIMIT $2
)
"""


Read = Callable[[dict[int, int], int], Awaitable[tuple[list[Logged], dict[int, int]]]]


class PostgresBus:
    """See `kernel.bus.Bus` for the contract."""

    def __init__(self, db: Database, clock: Clock, *, listen_on: DatabaseAddress | None) -> None:
        """`listen_on` is where to LISTEN, past a pooler if there is one; None: polling only."""
        self._db = db
        self._clock = clock
        self._listen_on = listen_on
        self._listener: Any = None
        self._listen_after = 0.0
        self._rung = asyncio.Event()
        self._news: set[int] = set()

    async def acquire(self, names: Sequence[str], *, owner: str, ttl_s: float) -> list[Lease]:
        now = self._clock.now()
        async with self._db.write() as session:
            rows = await session.all(_ACQUIRE, list(names), owner, now, now + timedelta(seconds=ttl_s))
        return [Lease(name=row["name"], owner=row["owner"], fence=row["fence"]) for row in rows]

    async def give_back(self, owner: str, names: Sequence[str] | None = None) -> None:
        async with self._db.write() as session:
            await session.run(_GIVE_BACK, owner, None if names is None else list(names))
            if names is None:
                await session.run("DELETE FROM workers WHERE owner = $1", owner)

    async def heartbeat(self, owner: str, *, ttl_s: float) -> int:
        now = self._clock.now()
        async with self._db.write() as session:
            await session.run(_FORGET_WORKERS, now)
            await session.run(_HEARTBEAT, owner, now + timedelta(seconds=ttl_s))
            count: int = await session.value(_WORKERS, now, owner)
        return count

    async def workers(self) -> int:
        async with self._db.read() as session:
            count: int = await session.value(_WORKERS, self._clock.now(), None)
        return count

    async def publish(self, leases: Sequence[Lease], batch: Sequence[Envelope]) -> None:
        async with self._db.alone() as session:
            await self._append(session, leases, batch)
        self._tell(batch)

    async def publish_after(
        self, leases: Sequence[Lease], batch: Sequence[Envelope], pass_on: Callable[[], Awaitable[None]]
    ) -> None:
        """As `publish`, once `pass_on` has ended well: for an engine that hands events to a broker and leaves the log
        to this one. The leases are looked at before it, too. What `pass_on` raises is raised, and nothing is appended.
        """
        async with self._db.write() as session:
            await session.value("SELECT pg_advisory_xact_lock_shared($1)", PUBLISHING)
            held = await session.value(
                _HELD, [lease.name for lease in leases], [lease.fence for lease in leases], leases[0].owner
            )
            if held != len(leases):
                raise LeaseLost
            await pass_on()
            await self._append(session, leases, batch)
        self._tell(batch)

    @asynccontextmanager
    async def nobody_publishes_after(self) -> AsyncIterator[Read]:
        """Within this block no `publish_after` of any process is under way; reads the log. Raises Unavailable."""
        async with self._db.write() as session:
            await session.value("SELECT pg_advisory_xact_lock($1)", PUBLISHING)
            yield partial(_read, session)

    async def _append(
        self, session: ChangingSession, leases: Sequence[Lease], batch: Sequence[Envelope]
    ) -> None:
        counts = _counts(batch)
        channel = CHANNEL if self._listen_on is not None else None
        row = await session.one(
            _PUBLISH,
            [lease.name for lease in leases],
            [lease.fence for lease in leases],
            leases[0].owner,
            sorted(counts),
            [counts[key] for key in sorted(counts)],
            *_columns(batch),
            channel,
            ",".join(str(partition) for partition in counts),
        )
        if row is None or row["drawn"] != len(counts):
            raise LeaseLost

    def _tell(self, batch: Sequence[Envelope]) -> None:
        if not self._is_listening():  # otherwise the server tells us as it tells the others
            self.hear(_counts(batch))

    def subscribe(self, consumer: str, *, skip: frozenset[str]) -> CursorSubscription:
        return CursorSubscription(self, consumer, skip=skip, clock=self._clock)

    async def behind(self, consumers: Sequence[str]) -> dict[str, int]:
        tail = await self.tail()
        found: dict[str, int] = {}
        for consumer in consumers:
            read = await self.cursors(consumer, partitions_all())
            found[consumer] = sum(max(0, last - read.get(at, 0)) for at, last in tail.items())
        return found

    async def cursors(self, consumer: str, partitions: Collection[int]) -> dict[int, int]:
        async with self._db.read() as session:
            rows = await session.all(_CURSORS, consumer, list(partitions))
        found = {row["partition"]: row["position"] for row in rows}
        return {partition: found.get(partition, 0) for partition in partitions}

    async def advance(self, consumer: str, positions: dict[int, int]) -> None:
        if positions:
            async with self._db.alone() as session:
                await session.run(_ADVANCE, consumer, list(positions), list(positions.values()))

    async def read(
        self,
        after: dict[int, int],
        *,
        limit: int,
        types: frozenset[str] | None = None,
        skip: frozenset[str] = frozenset(),
    ) -> tuple[list[Logged], dict[int, int]]:
        async with self._db.read() as session:
            return await _read(session, after, limit, types=types, skip=skip)

    async def tail(self) -> dict[int, int]:
        async with self._db.read() as session:
            rows = await session.all(_TAIL)
        return {row["partition"]: row["last_id"] for row in rows}

    async def prune(self, consumers: Sequence[str], *, keep: timedelta, limit: int = 5000) -> int:
        """A shop that was off for longer than `keep` still has what its consumers had not taken in. Feeds that were
        away longer must be rebuilt.
        """
        async with self._db.write() as session:
            return await session.run(_PRUNE, self._clock.now() - keep, limit, list(consumers))

    async def wait(self, timeout_s: float) -> frozenset[int]:
        await self._ensure_listening()
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            return frozenset()
        self._rung.clear()
        news = frozenset(self._news)
        self._news.clear()
        return news

    async def close(self) -> None:
        self.stop_listening()

    def stop_listening(self) -> None:
        """Until somebody waits again: a connection that nothing comes from any more cannot be told from a quiet one."""
        listener, self._listener = self._listener, None
        if listener is not None and not listener.is_closed():
            listener.terminate()

    def _is_listening(self) -> bool:
        return self._listener is not None and not self._listener.is_closed()

    async def _ensure_listening(self) -> None:
        if self._listen_on is None or self._is_listening():
            return
        if self._clock.monotonic() < self._listen_after:
            return
        self._listen_after = self._clock.monotonic() + RECONNECT_S
        try:
            listener = await connect_session(self._listen_on)
            await listener.add_listener(CHANNEL, self._heard)
        except Exception as error:
            if not isinstance(error, Unavailable | OSError):
                raise
            return
        self._listener = listener

    def _heard(self, *details: Any) -> None:
        """asyncpg's callback: connection, process, channel, payload. An odd payload wakes for everything."""
        self.hear(int(part) for part in str(details[-1]).split(",") if part.isdigit())

    def hear(self, partitions: Iterable[int]) -> None:
        """Wake who waits: there is news in these partitions."""
        self._news.update(partitions)
        self._rung.set()


def partitions_all() -> list[int]:
    return list(range(PARTITIONS))


def _counts(batch: Sequence[Envelope]) -> dict[int, int]:
    """How many events of each partition."""
    counts: dict[int, int] = {}
    for envelope in batch:
        partition = partition_of(envelope.bucket)
        counts[partition] = counts.get(partition, 0) + 1
    return counts


def _columns(batch: Sequence[Envelope]) -> tuple[list[Any], ...]:
    """What the log holds; `place` counts the events of a partition from 1."""
    partitions = [partition_of(envelope.bucket) for envelope in batch]
    counts: dict[int, int] = {}
    places = []
    for partition in partitions:
        counts[partition] = counts.get(partition, 0) + 1
        places.append(counts[partition])
    return (
        partitions,
        places,
        [envelope.service for envelope in batch],
        [envelope.bucket for envelope in batch],
        [envelope.stream for envelope in batch],
        [envelope.version for envelope in batch],
        [envelope.type for envelope in batch],
        [envelope.schema_version for envelope in batch],
        [envelope.body.decode() for envelope in batch],
        [envelope.meta.decode() for envelope in batch],
        [envelope.at for envelope in batch],
    )


async def _read(
    session: ReadSession,
    after: dict[int, int],
    limit: int,
    *,
    types: frozenset[str] | None = None,
    skip: frozenset[str] = frozenset(),
) -> tuple[list[Logged], dict[int, int]]:
    rows = await session.all(_READ, list(after), list(after.values()), limit)
    positions = dict(after)
    for row in rows:
        positions[row["partition"]] = row["id"]
    wanted = [
        _logged(row) for row in rows if (types is None or row["type"] in types) and row["type"] not in skip
    ]
    return wanted, positions


def _logged(row: Any) -> Logged:
    return Logged(
        partition=row["partition"],
        id=row["id"],
        envelope=Envelope(
            service=row["service"],
            bucket=row["bucket"],
            stream=row["stream"],
            version=row["version"],
            type=row["type"],
            schema_version=row["schema_version"],
            body=row["body"].encode(),
            meta=row["meta"].encode(),
            at=row["at"],
        ),
    )
