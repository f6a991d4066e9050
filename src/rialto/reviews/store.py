"""How reviews are kept: two collections of the document port, and in PostgreSQL how far their feeds were followed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from rialto.kernel.db import ReadSession, WriteSession
from rialto.kernel.documents import Collection, Documents, Index, Stored
from rialto.kernel.errors import Unavailable
from rialto.kernel.events import Event, EventTypes, NewEvent, append
from rialto.kernel.ids import ProductId, bucket_of, derived_uuid, to_uuid
from rialto.kernel.service import Frozen
from rialto.reviews.events import EVENTS, ProductRated
from rialto.reviews.model.reviews import ReviewDocument
from rialto.reviews.model.summaries import SummaryDocument

T = TypeVar("T", bound=Frozen)

REVIEWS = Collection(
    name="reviews",
    of=ReviewDocument,
    key=("id",),
    indexes=(
        Index(name="by_time", on=("product_id", "status"), by=("written_at",)),
        Index(name="by_rating", on=("product_id", "status"), by=("rating", "written_at")),
        Index(name="by_status", on=("status",), by=("written_at",)),
        Index(name="by_order", on=("order_id",), by=("written_at",)),
        Index(name="by_account", on=("account_id",), by=("written_at",)),
    ),
)
SUMMARIES = Collection(name="review_summaries", of=SummaryDocument, key=("product_id",))
COLLECTIONS: tuple[Collection[Any], ...] = (REVIEWS, SUMMARIES)

SCANNED_AT_ONCE = 200
_TYPES = EventTypes(EVENTS)

_POSITION = "SELECT position FROM positions WHERE feed = $1"
_BEGIN = "INSERT INTO positions (feed, position) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_MOVE = "UPDATE positions SET position = $2 WHERE feed = $1 AND position = $3"
_LAST = """
SELECT version, type, schema_version, body::text AS body FROM events
WHERE bucket = $1 AND stream = $2 ORDER BY version DESC LIMIT 1
"""


async def load_position(session: ReadSession, feed: str) -> str | None:
    position: str | None = await session.value(_POSITION, feed)
    return position


async def move_position(session: WriteSession, feed: str, *, before: str | None, after: str) -> None:
    """Raises Unavailable when somebody else moved it: what was done in this transaction must be rolled back."""
    if before is None:
        moved = await session.run(_BEGIN, feed, after)
    else:
        moved = await session.run(_MOVE, feed, after, before)
    if not moved:
        raise Unavailable("Another process follows the same reviews.")


async def publish(session: WriteSession, event: ProductRated, at: datetime) -> None:
    """Append to the product's stream, unless that is what it said last."""
    bucket, stream = bucket_of(event.product_id), stream_of(event.product_id)
    row = await session.one(_LAST, bucket, stream)
    if row is not None and _read(row) == event:
        return
    version = 1 if row is None else row["version"] + 1
    await append(session, [NewEvent(bucket=bucket, stream=stream, version=version, event=event, at=at)])


async def last_told(session: ReadSession, product_id: ProductId) -> ProductRated | None:
    """What was last published of a product."""
    row = await session.one(_LAST, bucket_of(product_id), stream_of(product_id))
    return None if row is None else _read(row)


def stream_of(product_id: ProductId) -> UUID:
    """A stream of its own: the catalogue's stream of a product carries the product's own id."""
    return derived_uuid(to_uuid(product_id), "reviews")


async def everything(documents: Documents, collection: Collection[T]) -> AsyncIterator[Stored[T]]:
    """Every document, page by page."""
    cursor: str | None = None
    while True:
        page = await documents.scan(collection, cursor=cursor, limit=SCANNED_AT_ONCE)
        for stored in page.items:
            yield stored
        cursor = page.next_cursor
        if cursor is None:
            return


def _read(row: Any) -> ProductRated:
    event: Event = _TYPES.decode(row["type"], row["schema_version"], row["body"])
    assert isinstance(event, ProductRated)
    return event
