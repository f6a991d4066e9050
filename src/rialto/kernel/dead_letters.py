"""Dead letters: events that one consumer could not take in, kept in order until they can be.

The first parked event of a stream says why it is here; those behind it only wait for it. Two kinds clear up without
a person: an event of a type that this release does not know waits for the release that does, and one that came
behind an event which meanwhile was replayed waits for nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.events import Envelope
from rialto.kernel.service import Frozen

TYPE_UNKNOWN = "this release does not know the event's type"
BEHIND = "an earlier event of this stream is parked"
# Reasons that are no failure: they give way to the first real one.
WAITING = (TYPE_UNKNOWN, BEHIND)

log = structlog.get_logger("rialto.consumers")

_PARK = """
INSERT INTO dead_letters (consumer, bucket, stream, version, type, schema_version, service, body, meta, at, reason, parked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10, $11, $12) ON CONFLICT DO NOTHING
"""
_FIRST_OF_EACH = """
SELECT DISTINCT ON (bucket, stream) bucket, stream, version, type, service, reason, parked_at,
    count(*) OVER (PARTITION BY bucket, stream) - 1 AS behind
FROM dead_letters WHERE consumer = $1 AND ($2::uuid IS NULL OR stream = $2)
ORDER BY bucket, stream, version LIMIT $3
"""
_READY = """
SELECT stream FROM (
    SELECT DISTINCT ON (bucket, stream) bucket, stream, type, reason FROM dead_letters
    WHERE consumer = $1 ORDER BY bucket, stream, version
) AS first
WHERE reason = $2 OR (reason = $3 AND type = ANY ($4::text[])) ORDER BY bucket, stream LIMIT $5
"""
_LETTERS = """
SELECT bucket, stream, version, type, schema_version, service, body::text AS body, meta::text AS meta, at
FROM dead_letters
WHERE consumer = $1 AND stream <> ALL ($2::uuid[]) AND ($3::uuid[] IS NULL OR stream = ANY ($3::uuid[]))
ORDER BY bucket, stream, version LIMIT $4
"""
_UNPARK = "DELETE FROM dead_letters WHERE consumer = $1 AND bucket = $2 AND stream = $3 AND version = $4"
_FAILED_NOW = """
UPDATE dead_letters SET reason = $5
WHERE consumer = $1 AND bucket = $2 AND stream = $3 AND version = $4 AND reason = ANY ($6::text[])
"""

TakeIn = Callable[[WriteSession, Envelope], Awaitable[None]]


class Stuck(Frozen):
    """A stream that a consumer cannot go on with: its first parked event and how many wait behind it.

    `reason` is the first error's code, or its type where it has none.
    """

    consumer: str
    stream: UUID
    version: int
    type: str
    publisher: str
    reason: str
    parked_at: datetime
    behind: int


class DeadLetters:
    """One consumer's parked events."""

    def __init__(self, consumer: str, db: Database, clock: Clock) -> None:
        self._consumer = consumer
        self._db = db
        self._clock = clock

    async def stuck(self, limit: int, *, stream: UUID | None = None) -> list[Stuck]:
        """Streams with parked events, at most `limit`, or the one named. Raises Unavailable."""
        async with self._db.read() as session:
            rows = await session.all(_FIRST_OF_EACH, self._consumer, stream, limit)
        return [
            Stuck(
                consumer=self._consumer,
                stream=row["stream"],
                version=row["version"],
                type=row["type"],
                publisher=row["service"],
                reason=row["reason"],
                parked_at=row["parked_at"],
                behind=row["behind"],
            )
            for row in rows
        ]

    async def ready(self, known: Collection[str], limit: int) -> list[UUID]:
        """Streams that can go on by themselves when the types in `known` are known. Raises Unavailable."""
        async with self._db.read() as session:
            rows = await session.all(_READY, self._consumer, BEHIND, TYPE_UNKNOWN, list(known), limit)
        return [row["stream"] for row in rows]

    async def park(self, session: WriteSession, envelope: Envelope, reason: str) -> None:
        """Keep an event for later; parking it again changes nothing."""
        await session.run(
            _PARK,
            self._consumer,
            envelope.bucket,
            envelope.stream,
            envelope.version,
            envelope.type,
            envelope.schema_version,
            envelope.service,
            envelope.body.decode(),
            envelope.meta.decode(),
            envelope.at,
            reason,
            self._clock.now(),
        )

    async def replay(self, take_in: TakeIn, limit: int, *, streams: Sequence[UUID] | None = None) -> int:
        """Try parked events again, each stream in its order; how many were taken in. None: all streams.

        A stream whose first event still fails stays as it is and holds up no other. Raises Unavailable.
        """
        done = 0
        failing: set[UUID] = set()
        while done < limit:
            async with self._db.read() as session:
                rows = await session.all(_LETTERS, self._consumer, list(failing), streams, limit - done)
            if not rows:
                break
            for row in rows:
                envelope = _envelope(row)
                if envelope.stream in failing:
                    continue
                if await self._replay_one(envelope, take_in):
                    done += 1
                else:
                    failing.add(envelope.stream)
        return done

    async def _replay_one(self, envelope: Envelope, take_in: TakeIn) -> bool:
        place = (self._consumer, envelope.bucket, envelope.stream, envelope.version)
        try:
            async with self._db.write() as session:
                # First, and with its row locked: of two who replay at once, one finds nothing left to do.
                if await session.run(_UNPARK, *place):
                    await take_in(session, envelope)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - what fails stays parked, the others go on
            log.warning(
                "a parked event still fails",
                consumer=self._consumer,
                type=envelope.type,
                stream=str(envelope.stream),
                version=envelope.version,
                error=repr(error),
            )
            async with self._db.write() as session:
                await session.run(_FAILED_NOW, *place, reason_of(error), list(WAITING))
            return False
        return True


class TypeNotKnown(RialtoError):
    """The event is of a type that came with a later release."""

    code = "type_not_known"


def reason_of(error: Exception) -> str:
    """What is kept of an error: its stable code, or its type where it has none; never its text, which may be personal."""
    if isinstance(error, TypeNotKnown):
        return TYPE_UNKNOWN
    return error.stable_code if isinstance(error, RialtoError) else type(error).__name__


def _envelope(row: Any) -> Envelope:
    return Envelope(**{**dict(row), "body": row["body"].encode(), "meta": row["meta"].encode()})
