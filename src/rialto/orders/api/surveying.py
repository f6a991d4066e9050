"""Orders over all customers, for staff's search and for read models that are made from orders' own facts."""

from __future__ import annotations

from datetime import datetime

from rialto.kernel.ids import OrderId
from rialto.kernel.service import Frozen


class ByEmail(Frozen):
    email: str


class StreamsAfter(Frozen):
    """`limit` is at most SEVERAL_MAX."""

    cursor: str | None = None
    limit: int = 200


class RecordedEvent(Frozen):
    """A fact as it was recorded; `body` is JSON."""

    type: str
    schema_version: int
    body: str
    at: datetime


class OrderStream(Frozen):
    """All that happened to one order so far. `version` counts its events."""

    order_id: OrderId
    version: int
    events: list[RecordedEvent]


class OrderStreams(Frozen):
    """The orders that began last first."""

    items: list[OrderStream]
    next_cursor: str | None = None
