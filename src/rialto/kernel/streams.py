"""Writing event streams by group commit: optimistic locks, projections in the same transaction.

A write names the version it is based on; of two writers one gets VersionConflict, and nobody's batch is
aborted for it. The projection of the winners is stored in the transaction of their events. Each write carries
a token in its events' metadata, so that after a lost COMMIT reply the table itself says whose write it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from rialto.kernel.batch import Batcher
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import RialtoError, Unavailable, VersionConflict
from rialto.kernel.events import Event, NewEvent, append_all
from rialto.kernel.faults import Faults
from rialto.kernel.ids import Ids

P = TypeVar("P")

Project = Callable[[WriteSession, Sequence[P]], Awaitable[None]]

TOKEN = "write"  # noqa: S105 - the name of a metadata field, no secret

_WRITTEN = """
SELECT stream, version FROM events
JOIN unnest($1::smallint[], $2::uuid[], $3::int[], $4::text[]) AS t(bucket, stream, version, token)
    USING (bucket, stream, version)
WHERE events.meta->>'write' = t.token
"""


class StreamWrite(Generic[P]):
    """Events to append after `version`, and what to project with them."""

    __slots__ = ("at", "bucket", "events", "projection", "stream", "token", "version")

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

    def rows(self) -> list[NewEvent]:
        return [
            NewEvent(
                bucket=self.bucket,
                stream=self.stream,
                version=self.version + offset,
                event=event,
                at=self.at,
                meta={TOKEN: self.token},
            )
            for offset, event in enumerate(self.events, start=1)
        ]


class StreamWriter(Generic[P]):
    """All writers of one service's streams in this process."""

    def __init__(self, db: Database, project: Project[P], *, ids: Ids, faults: Faults) -> None:
        self._db = db
        self._project = project
        self._ids = ids
        self._batcher: Batcher[StreamWrite[P], int] = Batcher(db, self._flush, self._recover, faults=faults)

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

    async def _flush(
        self, session: WriteSession, writes: Sequence[StreamWrite[P]]
    ) -> Sequence[int | RialtoError]:
        # A stream appears once in a batch; a second writer of it has lost already.
        first: dict[UUID, StreamWrite[P]] = {}
        for write in writes:
            first.setdefault(write.stream, write)
        rows = [
            write.rows() for write in sorted(first.values(), key=lambda write: (write.bucket, write.stream))
        ]
        won = {stream for stream, _ in await append_all(session, [row[0] for row in rows])}
        following = [event for row in rows for event in row[1:] if event.stream in won]
        if following:
            await append_all(session, following)
        winners = {id(write) for write in first.values() if write.stream in won}
        if winners:
            await self._project(session, [write.projection for write in writes if id(write) in winners])
        return [
            write.version + len(write.events) if id(write) in winners else VersionConflict()
            for write in writes
        ]

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
