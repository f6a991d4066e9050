"""What stands in a message: an event as JSON that an operator can read, or a tide mark.

A mark is published behind events and says how far the log had got by then: whoever comes by it has taken in everything up
to there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from aio_pika import DeliveryMode, Message

from rialto.kernel.events import Envelope
from rialto.kernel.traced_events import traceparent_in
from rialto.kernel.tracing import HEADER

EVENT, MARK = "event", "mark"


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """Body and metadata are JSON already and stand inside as they are."""

    service: str
    bucket: int
    stream: UUID
    version: int
    type: str
    schema_version: int
    at: datetime
    body: msgspec.Raw
    meta: msgspec.Raw


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The log's positions when it was published, by partition."""

    positions: dict[int, int]


_encode = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(_Written).decode
_decode_mark = msgspec.json.Decoder(Mark).decode


def event_message(envelope: Envelope) -> Message:
    written = _Written(
        service=envelope.service,
        bucket=envelope.bucket,
        stream=envelope.stream,
        version=envelope.version,
        type=envelope.type,
        schema_version=envelope.schema_version,
        at=envelope.at,
        body=msgspec.Raw(envelope.body),
        meta=msgspec.Raw(envelope.meta),
    )
    # For whoever looks into queues with tools of their own; what counts stands in the metadata.
    traceparent = traceparent_in(envelope.meta)
    return _message(EVENT, _encode(written), headers={HEADER: traceparent} if traceparent else {})


def mark_message(positions: Mapping[int, int]) -> Message:
    return _message(MARK, _encode(Mark(positions=dict(positions))))


def read_message(kind: str | None, body: bytes) -> Envelope | Mark:
    """ValueError for what is not ours; unknown fields of a later release are passed over."""
    if kind == MARK:
        return _decode_mark(body)
    if kind != EVENT:
        raise ValueError(f"a message of the kind {kind!r}")
    written = _decode_event(body)
    return Envelope(
        service=written.service,
        bucket=written.bucket,
        stream=written.stream,
        version=written.version,
        type=written.type,
        schema_version=written.schema_version,
        body=bytes(written.body),
        meta=bytes(written.meta),
        at=written.at,
    )


def _message(kind: str, body: bytes, *, headers: dict[str, str] | None = None) -> Message:
    return Message(
        body,
        headers=dict(headers or {}),
        type=kind,
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
    )
