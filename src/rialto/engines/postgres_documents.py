"""The document port on PostgreSQL: one table of JSONB documents, one of index entries, a counter per feed partition.

Writing draws the document's place in the feed under the lock of its partition's counter row, so changes within
a partition are in commit order: a reader that has seen change n has seen everything before it. Every writer
locks counter, then document. A document stands in the feed once, at its last change, so the feed never grows
beyond the documents and nobody can be away too long for it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from rialto.kernel.db import Database, WriteSession
from rialto.kernel.documents import (
    Change,
    Changes,
    Collection,
    Page,
    Query,
    Stored,
    limited,
    read_cursor,
    under,
    write_cursor,
)
from rialto.kernel.errors import InvariantBroken, VersionConflict
from rialto.kernel.service import Frozen

T = TypeVar("T", bound=Frozen)

PARTITIONS = 16
PREPARED_AT_ONCE = 200
_LAST = "\U0010ffff"  # after every key and place there can be

_GET = "SELECT key, version, body::text AS body FROM documents WHERE collection = $1 AND key = $2 AND body IS NOT NULL"
_DRAW = """
WITH drawn AS (
    INSERT INTO feeds (collection, partition, last_change) VALUES ($1, $3, 1)
    ON CONFLICT (collection, partition) DO UPDATE SET last_change = feeds.last_change + 1
    RETURNING last_change
)
"""
_CREATE = f"""{_DRAW}
INSERT INTO documents (collection, key, version, partition, change, body)
SELECT $1, $2, 1, $3, last_change, $4::jsonb FROM drawn
ON CONFLICT (collection, key) DO UPDATE
    SET version = documents.version + 1, change = excluded.change, body = excluded.body
    WHERE documents.body IS NULL
RETURNING version
"""
_REPLACE = f"""{_DRAW}
UPDATE documents SET version = documents.version + 1, change = drawn.last_change, body = $4::jsonb FROM drawn
WHERE collection = $1 AND key = $2 AND version = $5 AND body IS NOT NULL
RETURNING documents.version
"""
# Entries of indexes that this release does not know belong to a newer one that runs beside it.
_ENTER = """
WITH wanted AS (
    SELECT * FROM unnest($3::text[], $4::text[], $5::text[]) AS t(index, under, place)
), gone AS (
    DELETE FROM entries WHERE collection = $1 AND key = $2 AND index = ANY ($6::text[])
    AND (index, under, place) NOT IN (SELECT index, under, place FROM wanted)
)
INSERT INTO entries (collection, index, under, place, key)
SELECT $1, index, under, place, $2 FROM wanted ON CONFLICT DO NOTHING
"""
_LEAVE = "DELETE FROM entries WHERE collection = $1 AND key = $2"
_QUERY = """
SELECT d.key, d.version, d.body::text AS body, e.place FROM entries AS e JOIN documents AS d USING (collection, key)
WHERE e.collection = $1 AND e.index = $2 AND e.under = $3 AND (e.place, e.key) > ($4, $5) AND d.body IS NOT NULL
ORDER BY e.place, e.key LIMIT $6
"""
_QUERY_DESCENDING = """
SELECT d.key, d.version, d.body::text AS body, e.place FROM entries AS e JOIN documents AS d USING (collection, key)
WHERE e.collection = $1 AND e.index = $2 AND e.under = $3 AND (e.place, e.key) < ($4, $5) AND d.body IS NOT NULL
ORDER BY e.place DESC, e.key DESC LIMIT $6
"""
_SCAN = """
SELECT key, version, body::text AS body FROM documents
WHERE collection = $1 AND key > $2 AND body IS NOT NULL ORDER BY key LIMIT $3
"""
# The inner limit bounds what one partition can contribute, so that a busy one starves no other.
_CHANGES = """
SELECT d.key, d.version, d.body::text AS body, d.partition, d.change
FROM unnest($2::smallint[], $3::bigint[]) AS c(partition, position),
LATERAL (
    SELECT * FROM documents WHERE collection = $1 AND partition = c.partition AND change > c.position
    ORDER BY change LIMIT $4
) AS d
ORDER BY d.partition, d.change
"""
_TAIL = "SELECT partition, last_change FROM feeds WHERE collection = $1"
_ENTERED = "SELECT indexes FROM collections WHERE name = $1"
_NOTE_ENTERED = """
INSERT INTO collections (name, indexes) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET indexes = excluded.indexes
"""
_NEXT_TO_ENTER = """
SELECT key, body::text AS body FROM documents
WHERE collection = $1 AND key > $2 AND body IS NOT NULL ORDER BY key LIMIT $3 FOR UPDATE
"""


class PostgresDocuments:
    """See `kernel.documents.Documents` for the contract. Queries do not lag."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def prepare(self, collections: Sequence[Collection[Any]]) -> None:
        for collection in collections:
            declared = msgspec.json.encode(collection.indexes).decode()
            async with self._db.read() as session:
                if await session.value(_ENTERED, collection.name) == declared:
                    continue
            after: str | None = ""
            while after is not None:
                after = await self._enter_more(collection, after)
            async with self._db.write() as session:
                await session.run(_NOTE_ENTERED, collection.name, declared)

    async def get(self, collection: Collection[T], key: str) -> Stored[T] | None:
        if "\x00" in key:
            return None
        async with self._db.read() as session:
            row = await session.one(_GET, collection.name, key)
        return None if row is None else _stored(collection, row)

    async def put(self, collection: Collection[T], value: T, *, expected: int) -> int:
        key = collection.key_of(value)
        body = msgspec.json.encode(value).decode()
        place = (collection.name, key, _partition(key), body)
        async with self._db.write() as session:
            if expected:
                version = await session.value(_REPLACE, *place, expected)
            else:
                version = await session.value(_CREATE, *place)
            if version is None:
                raise VersionConflict
            await _enter(session, collection, key, value)
        return int(version)

    async def delete(self, collection: Collection[T], key: str, *, expected: int) -> None:
        async with self._db.write() as session:
            place = (collection.name, key, _partition(key), None)
            if await session.value(_REPLACE, *place, expected) is None:
                raise VersionConflict
            await session.run(_LEAVE, collection.name, key)

    async def query(self, collection: Collection[T], query: Query) -> Page[T]:
        if len(query.equal) != len(collection.index(query.index).on):
            raise InvariantBroken(f"{query.index} of {collection.name} wants other fields")
        start = [_LAST, _LAST] if query.descending else ["", ""]
        if query.cursor is not None:
            start = read_cursor(query, query.cursor, 2)
        statement = _QUERY_DESCENDING if query.descending else _QUERY
        limit, below = limited(query.limit), under(query.equal)
        async with self._db.read() as session:
            rows = await session.all(statement, collection.name, query.index, below, *start, limit + 1)
        more = len(rows) > limit
        found = [(row, _stored(collection, row)) for row in rows[:limit]]
        # An entry that a release beside this one left behind is no reason to show what does not match.
        matching = [
            stored
            for row, stored in found
            if (query.index, below, row["place"])
            in {(entry.index, entry.under, entry.place) for entry in collection.entries(stored.value)}
        ]
        last = rows[limit - 1] if more else None
        return Page(
            items=matching,
            next_cursor=write_cursor(query, last["place"], last["key"]) if last is not None else None,
        )

    async def scan(self, collection: Collection[T], *, cursor: str | None = None, limit: int) -> Page[T]:
        [after] = [""] if cursor is None else read_cursor(collection.name, cursor, 1)
        limit = limited(limit)
        async with self._db.read() as session:
            rows = await session.all(_SCAN, collection.name, after, limit + 1)
        items = [_stored(collection, row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next_cursor=write_cursor(collection.name, items[-1].key) if more else None)

    async def changes(self, collection: Collection[T], after: str | None, *, limit: int) -> Changes[T]:
        positions = _positions(after)
        share = -(-limited(limit) // PARTITIONS)
        async with self._db.read() as session:
            rows = await session.all(_CHANGES, collection.name, list(range(PARTITIONS)), positions, share)
        for row in rows:
            positions[row["partition"]] = row["change"]
        items = [
            Change(
                key=row["key"],
                version=row["version"],
                value=None if row["body"] is None else collection.decode(row["body"]),
            )
            for row in rows
        ]
        return Changes(items=items, position=_position(positions))

    async def tail(self, collection: Collection[T]) -> str:
        positions = _positions(None)
        async with self._db.read() as session:
            for row in await session.all(_TAIL, collection.name):
                positions[row["partition"]] = row["last_change"]
        return _position(positions)

    async def close(self) -> None:
        await self._db.close()

    async def _enter_more(self, collection: Collection[Any], after: str) -> str | None:
        """Enter the next documents anew; the last one's key, None when there are no more."""
        async with self._db.write() as session:
            rows = await session.all(_NEXT_TO_ENTER, collection.name, after, PREPARED_AT_ONCE)
            for row in rows:
                await _enter(session, collection, row["key"], collection.decode(row["body"]))
        return rows[-1]["key"] if rows else None


async def _enter(session: WriteSession, collection: Collection[T], key: str, value: T) -> None:
    if not collection.indexes:
        return
    entries = list(collection.entries(value))
    await session.run(
        _ENTER,
        collection.name,
        key,
        [entry.index for entry in entries],
        [entry.under for entry in entries],
        [entry.place for entry in entries],
        [index.name for index in collection.indexes],
    )


def _stored(collection: Collection[T], row: Any) -> Stored[T]:
    return Stored(key=row["key"], version=row["version"], value=collection.decode(row["body"]))


def _partition(key: str) -> int:
    return zlib.crc32(key.encode()) % PARTITIONS


def _position(positions: Sequence[int]) -> str:
    return ",".join(map(str, positions))


def _positions(position: str | None) -> list[int]:
    if position is None:
        return [0] * PARTITIONS
    found = [int(part) for part in position.split(",") if part.isdecimal()]
    if len(found) != PARTITIONS:
        raise InvariantBroken(f"{position[:80]!r} is no position of a feed")
    return found
