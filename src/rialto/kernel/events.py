"""Facts: what services publish, and the rows they stand in.

An event type is a frozen struct in a service's `events.py` with a stable `TYPE` and a `SCHEMA_VERSION`.
Changes are additive; anything else is a new schema version with an upcaster. `events(bucket, stream,
version)` is unique: that is the optimistic lock of event-sourced streams and the publication order of all
others. Every appended event gets a pointer in `outbox`, in the same transaction; the relay does the rest.

Personal data never stands in an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec

from rialto.kernel import tracing
from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.errors import VersionConflict
from rialto.kernel.service import Frozen


class Event(Frozen):
    """Root of all facts. `TYPE` is `service.past_tense`, unique in the whole shop and never reused."""

    TYPE: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int] = 1


E = TypeVar("E", bound=Event)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way: who published it, where it stands in its stream, and its body as stored."""

    service: str
    bucket: int
    stream: UUID
    version: int
    type: str
    schema_version: int
    body: bytes
    meta: bytes
    at: datetime


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class EventTypes:
    """Decodes bodies of one or several services; brings older schema versions forward by upcasters."""

    def __init__(
        self, types: Iterable[type[Event]], upcasters: dict[tuple[str, int], Upcaster] | None = None
    ) -> None:
        self._types = {event.TYPE: event for event in types}
        self._decoders = {name: msgspec.json.Decoder(event) for name, event in self._types.items()}
        self._upcasters = upcasters or {}

    def knows(self, type_name: str) -> bool:
        return type_name in self._types

    def decode(self, type_name: str, schema_version: int, body: bytes | str) -> Event:
        """The event. Raises KeyError for an unknown type (park it), msgspec errors for a broken body."""
        event_type = self._types[type_name]
        if schema_version >= event_type.SCHEMA_VERSION:
            return self._decoders[type_name].decode(body)
        value = msgspec.json.decode(body)
        for version in range(schema_version, event_type.SCHEMA_VERSION):
            value = self._upcasters[type_name, version](value)
        return msgspec.convert(value, event_type)


def caused_here() -> dict[str, str]:
    """An event's metadata: the trace of whoever is at work."""
    traceparent = tracing.traceparent()
    return {tracing.HEADER: traceparent} if traceparent else {}


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event to append: `version` is its place in the stream, from 1; `meta` says what caused it."""

    bucket: int
    stream: UUID
    version: int
    event: Event
    at: datetime
    meta: dict[str, str] = msgspec.field(default_factory=caused_here)


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in its stream."""

    version: int
    event: Event
    at: datetime


APPEND = """
WITH input AS (
    SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[],
                         $8::timestamptz[])
        AS t(bucket, stream, version, type, schema_version, body, meta, at)
), added AS (
    INSERT INTO events (bucket, stream, version, type, schema_version, body, meta, at)
    SELECT bucket, stream, version, type, schema_version, body::jsonb, meta::jsonb, at FROM input
    ON CONFLICT DO NOTHING
    RETURNING bucket, stream, version
), pointed AS (
    INSERT INTO outbox (bucket, stream, version) SELECT bucket, stream, version FROM added
)
SELECT stream, version FROM added
"""

LOAD = """
SELECT version, type, schema_version, body::text AS body, at FROM events
WHERE bucket = $1 AND stream = $2 AND version > $3 ORDER BY version
"""  # no limit: a stream is read whole; orders and payments have some tens of events at most

LOAD_SEVERAL = """
SELECT stream, version, type, schema_version, body::text AS body FROM events
JOIN unnest($1::smallint[], $2::uuid[]) AS t(bucket, stream) USING (bucket, stream) ORDER BY stream, version
"""  # no limit: as above, and whoever asks bounds the streams

_CAUSE = "SELECT meta->>'traceparent' FROM events WHERE bucket = $1 AND stream = $2 ORDER BY version LIMIT 1"


async def append_all(session: WriteSession, events: Sequence[NewEvent]) -> set[tuple[UUID, int]]:
    """Append what does not clash; the (stream, version) pairs that were written. Never aborts for a clash."""
    rows = await session.all(APPEND, *columns_of(events))
    if rows:
        session.published()
    return {(row["stream"], row["version"]) for row in rows}


async def append(session: WriteSession, events: Sequence[NewEvent]) -> None:
    """Append all or raise VersionConflict; the caller's transaction must then be rolled back."""
    if len(await append_all(session, events)) != len(events):
        raise VersionConflict


async def load(session: ReadSession, types: EventTypes, bucket: int, stream: UUID) -> list[Event]:
    """All events of a stream in order; empty when there is none."""
    return [recorded.event for recorded in await load_recorded(session, types, bucket, stream)]


async def load_recorded(session: ReadSession, types: EventTypes, bucket: int, stream: UUID) -> list[Recorded]:
    """As `load`, with when and at which place each was written."""
    rows = await session.all(LOAD, bucket, stream, 0)
    return [
        Recorded(
            version=row["version"],
            event=types.decode(row["type"], row["schema_version"], row["body"]),
            at=row["at"],
        )
        for row in rows
    ]


async def cause_of_stream(session: ReadSession, bucket: int, stream: UUID) -> str:
    """The traceparent under which a stream began; empty where there is none."""
    return await session.value(_CAUSE, bucket, stream) or ""


async def load_several(
    session: ReadSession, types: EventTypes, streams: Sequence[tuple[int, UUID]]
) -> dict[UUID, list[Event]]:
    """The events of several (bucket, stream), each in order; absent where there are none."""
    found: dict[UUID, list[Event]] = {}
    columns = ([bucket for bucket, _ in streams], [stream for _, stream in streams])
    for row in await session.all(LOAD_SEVERAL, *columns):
        event = types.decode(row["type"], row["schema_version"], row["body"])
        found.setdefault(row["stream"], []).append(event)
    return found


def columns_of(events: Sequence[NewEvent]) -> tuple[list[Any], ...]:
    """The eight columns of `APPEND`."""
    encode = msgspec.json.encode
    return (
        [event.bucket for event in events],
        [event.stream for event in events],
        [event.version for event in events],
        [event.event.TYPE for event in events],
        [event.event.SCHEMA_VERSION for event in events],
        [encode(event.event).decode() for event in events],
        [encode(event.meta).decode() for event in events],
        [event.at for event in events],
    )
