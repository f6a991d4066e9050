"""What staff wrote down about orders. Notes are personal data as contacts are, and go with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rialto.kernel.db import ReadSession, Row, WriteSession
from rialto.kernel.errors import TooMany
from rialto.kernel.ids import OrderId, bucket_of, to_uuid
from rialto.orders.api import AddNote, Note

# The row is locked with its order, so that two who write at once count each other.
LOCK = "SELECT 1 FROM orders WHERE bucket = $1 AND id = $2 FOR UPDATE"
COUNT = "SELECT count(*) FROM notes WHERE bucket = $1 AND order_id = $2 AND id <> $3"
ADD = """
INSERT INTO notes (bucket, order_id, id, staff_id, text, written_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (bucket, order_id, id) DO NOTHING
"""
GET = "SELECT id, staff_id, text, written_at FROM notes WHERE bucket = $1 AND order_id = $2 AND id = $3"
LOAD = """
SELECT n.id, n.staff_id, n.text, n.written_at
FROM notes AS n JOIN unnest($1::smallint[], $2::uuid[]) AS t(bucket, order_id) USING (bucket, order_id)
ORDER BY n.written_at, n.id
"""  # no limit: whoever asks bounds the orders, and an order has a bounded number
FORGET = """
DELETE FROM notes USING unnest($1::smallint[], $2::uuid[]) AS t(bucket, order_id)
WHERE notes.bucket = t.bucket AND notes.order_id = t.order_id
"""


async def add(
    session: WriteSession, command: AddNote, *, note_id: UUID, text: str, now: datetime, at_most: int
) -> Note:
    """The note; the one that is there where it was written before. Raises TooMany."""
    place = (bucket_of(command.order_id), to_uuid(command.order_id))
    await session.value(LOCK, *place)
    if await session.value(COUNT, *place, note_id) >= at_most:
        raise TooMany(f"An order has at most {at_most} notes.")
    await session.run(ADD, *place, note_id, command.staff_id, text, now)
    row = await session.one(GET, *place, note_id)
    assert row is not None, "a note that was just written is gone"
    return _note(row)


async def load(session: ReadSession, order_ids: Sequence[OrderId]) -> list[Note]:
    """The oldest first."""
    return [_note(row) for row in await session.all(LOAD, *_columns(order_ids))]


async def forget(session: WriteSession, order_ids: Sequence[OrderId]) -> None:
    await session.run(FORGET, *_columns(order_ids))


def _columns(order_ids: Sequence[OrderId]) -> tuple[list[int], list[UUID]]:
    return [bucket_of(order_id) for order_id in order_ids], [to_uuid(order_id) for order_id in order_ids]


def _note(row: Row) -> Note:
    return Note(id=str(row["id"]), staff_id=row["staff_id"], text=row["text"], written_at=row["written_at"])
