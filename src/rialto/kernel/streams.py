"""Writing event streams by group commit: optimistic locks, projections in the same statement.

A write names the version it is based on; of two writers one gets VersionConflict, and nobody's batch is
aborted for it. Events of a whole batch and what is projected from them are one statement, which commits by
itself; only what needs to read before it writes (a hash chain) has a transaction around it. Each write carries
a token in its events' metadata, so that after a lost COMMIT reply the table itself says whose write it was.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from rialto.kernel.batch import Alone, Batcher
from rialto.kernel.db import AloneSession, ChangingSession, Database, WriteSession
from rialto.kernel.errors import RialtoError, Unavailable, VersionConflict
from rialto.kernel.events import Event, NewEvent, caused_here, columns_of
from rialto.kernel.faults import Faults
from rialto.kernel.ids import Ids

P = TypeVar("P")

_PLACEHOLDER = re.compile(r"\$(\d+)")
TOKEN = "write"  # noqa: S105 - the name of a metadata field, no secret

# A stream's first new event decides: with it the others stand or fall. `won` is what projections join.
_APPEND = """
WITH input AS (
    SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[],
                         $8::timestamptz[], $9::boolean[])
        AS t(bucket, stream, version, type, schema_version, body, meta, at, decides)
), won AS (
    INSERT INTO events (bucket, stream, version, type, schema_version, body, meta, at)
    SELECT bucket, stream, version, type, schema_version, body::jsonb, meta::jsonb, at FROM input WHERE decides
    ON CONFLICT DO NOTHING
    RETURNING bucket, stream
), following AS (
    INSERT INTO events (bucket, stream, version, type, schema_version, body, meta, at)
    SELECT bucket, stream, version, type, schema_version, body::jsonb, meta::jsonb, at
    FROM input JOIN won USING (bucket, stream) WHERE NOT decides
), pointed AS (
    INSERT INTO outbox (bucket, stream, version) SELECT bucket, stream, version FROM input JOIN won USING (bucket, stream)
)
"""
_WRITTEN = """
SELECT stream, version FROM events
JOIN unnest($1::smallint[], $2::uuid[], $3::int[], $4::text[]) AS t(bucket, stream, version, token)
    USING (bucket, stream, version)
WHERE events.meta->>'write' = t.token
"""


@dataclass(frozen=True, kw_only=True)
class Also(Generic[P]):
    """One part of a projection: SQL that writes, part of the statement that appends the events.

    Its own columns are `$1` and so on. `won(bucket, stream)` are the streams whose events were written: what it
    does for others it must leave, so it joins them. Parts must not touch the same rows.
    """

    sql: str
    columns: Callable[[Sequence[P]], Sequence[list[Any]]]


@dataclass(frozen=True, kw_only=True)
class Within(Generic[P]):
    """What some projections need beside that: a transaction, to read and write in. `wanted` says which."""

    wanted: Callable[[P], bool]
    write: Callable[[WriteSession, Sequence[P]], Awaitable[None]]


class StreamWrite(Generic[P]):
    """Events to append after `version`, and what to project with them."""

    __slots__ = ("at", "bucket", "events", "meta", "projection", "stream", "token", "version")

    def __init__(
        self,
        *,
        bucket: int,
        stream: UUID,
        version: int,
        events: Sequence[Event],
        at: datetime,
        projection: P,
        token: str,
    ) -> None:
        self.bucket = bucket
        self.stream = stream
        self.version = version
        self.events = events
        self.at = at
        self.projection = projection
        self.token = token
        # Taken here, where the caller is: a batch is written by whoever was first.
        self.meta = {TOKEN: token, **caused_here()}

    def rows(self) -> list[NewEvent]:
        return [
            NewEvent(
                bucket=self.bucket,
                stream=self.stream,
                version=self.version + offset,
                event=event,
                at=self.at,
                meta=self.meta,
            )
            for offset, event in enumerate(self.events, start=1)
        ]


class StreamWriter(Generic[P]):
    """All writers of one service's streams in this process."""

    def __init__(
        self,
        db: Database,
        also: Sequence[Also[P]],
        *,
        ids: Ids,
        faults: Faults,
        within: Within[P] | None = None,
    ) -> None:
        self._db = db
        self._also = also
        self._within = within
        self._ids = ids
        self._sql = _statement(also)
        self._batcher: Batcher[StreamWrite[P], int] = Batcher(
            db,
            self._flush,
            self._recover,
            faults=faults,
            alone=Alone(suits=self._is_one_statement, flush=self._flush_alone),
        )

    async def write(
        self, *, bucket: int, stream: UUID, version: int, events: Sequence[Event], at: datetime, projection: P
    ) -> int:
        """Append `events` (at least one); the stream's new version.

        Raises VersionConflict when somebody wrote after `version`, Unavailable, OutcomeUnknown.
        """
        token = self._ids.token(60)
        return await self._batcher.submit(
            StreamWrite(
                bucket=bucket,
                stream=stream,
                version=version,
                events=events,
                at=at,
                projection=projection,
                token=token,
            )
        )

    async def close(self) -> None:
        await self._batcher.close()

    def _is_one_statement(self, writes: Sequence[StreamWrite[P]]) -> bool:
        within = self._within
        return within is None or not any(within.wanted(write.projection) for write in writes)

    async def _flush_alone(
        self, session: AloneSession, writes: Sequence[StreamWrite[P]]
    ) -> Sequence[int | RialtoError]:
        return _answers(writes, await self._append(session, writes))

    async def _flush(
        self, session: WriteSession, writes: Sequence[StreamWrite[P]]
    ) -> Sequence[int | RialtoError]:
        winners = await self._append(session, writes)
        assert self._within is not None, "only what is to be written within a transaction has one"
        await self._within.write(
            session,
            [
                write.projection
                for write in writes
                if id(write) in winners and self._within.wanted(write.projection)
            ],
        )
        return _answers(writes, winners)

    async def _append(self, session: ChangingSession, writes: Sequence[StreamWrite[P]]) -> set[int]:
        """Events and projections in one statement; the ids (of objects) of those that won."""
        # A stream appears once in a batch; a second writer of it has lost already.
        first: dict[UUID, StreamWrite[P]] = {}
        for write in writes:
            first.setdefault(write.stream, write)
        ordered = sorted(first.values(), key=lambda write: (write.bucket, write.stream))
        events = [event for write in ordered for event in write.rows()]
        decides = [number == 0 for write in ordered for number in range(len(write.events))]
        projections = [write.projection for write in ordered]
        parts = [column for also in self._also for column in also.columns(projections)]
        rows = await session.all(self._sql, *columns_of(events), decides, *parts)
        if rows:
            session.published()
        return {id(first[row["stream"]]) for row in rows}

    async def _recover(self, writes: Sequence[StreamWrite[P]]) -> Sequence[int | RialtoError]:
        columns: tuple[list[Any], ...] = (
            [write.bucket for write in writes],
            [write.stream for write in writes],
            [write.version + 1 for write in writes],
            [write.token for write in writes],
        )
        async with self._db.read() as session:
            written = {(row["stream"], row["version"]) for row in await session.all(_WRITTEN, *columns)}
        return [
            write.version + len(write.events)
            if (write.stream, write.version + 1) in written
            else Unavailable()
            for write in writes
        ]


def _statement(also: Sequence[Also[Any]]) -> str:
    """The appending statement with all parts of the projection, their columns numbered on."""
    sql, taken = _APPEND.rstrip(), 9
    for number, part in enumerate(also):
        sql += f", part_{number} AS ({_numbered_from(taken, part.sql)})"
        taken += max(int(found) for found in _PLACEHOLDER.findall(part.sql))
    return sql + " SELECT stream FROM won"


def _numbered_from(taken: int, sql: str) -> str:
    return _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + taken}", sql)


def _answers(writes: Sequence[StreamWrite[Any]], winners: set[int]) -> Sequence[int | RialtoError]:
    return [
        write.version + len(write.events) if id(write) in winners else VersionConflict() for write in writes
    ]
