"""Traces across the bus: events say in their metadata what caused them, and reactions go on in that trace.

What a consumer takes in together belongs to many traces. The block it is taken in is a part of one of them, a sampled one if
there is any; it has links to the others, and each other that is sampled gets a span with the same times and a link back.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar, Token
from types import TracebackType

import msgspec
import structlog

from rialto.kernel import tracing
from rialto.kernel.events import Envelope
from rialto.kernel.tracing import NO_SPAN, Attribute, Entry, Kind, NoSpan, Parent, Tracer, parse_traceparent

LINKS_MAX = 50


class _Meta(msgspec.Struct):
    traceparent: str = ""


_decode = msgspec.json.Decoder(_Meta).decode

# Whose each event of the batch is that is being reacted to.
_batch: ContextVar[Sequence[str]] = ContextVar("rialto_batch_traces", default=())


def traceparent_in(meta: bytes) -> str:
    """As it was written; empty where there is none (an event of an earlier release, or of a process without traces)."""
    if tracing.HEADER.encode() not in meta:
        return ""
    try:
        return _decode(meta).traceparent
    except msgspec.MsgspecError:
        return ""


def cause_of(envelope: Envelope) -> Parent | None:
    return parse_traceparent(traceparent_in(envelope.meta))


def of_each(count: int) -> Sequence[str]:
    """The traceparents of the events that a reaction was given together, in their order; empty texts without traces."""
    found = _batch.get()
    return found if len(found) == count else [tracing.traceparent()] * count


def reacting(tracer: Tracer, consumer: str, envelopes: Sequence[Envelope]) -> Reacting | NoSpan:
    """A block in which events of one type are reacted to."""
    return Reacting(tracer, consumer, envelopes) if tracer.on else NO_SPAN


class Reacting:
    """See `reacting`."""

    def __init__(self, tracer: Tracer, consumer: str, envelopes: Sequence[Envelope]) -> None:
        self._tracer = tracer
        self._name = f"{consumer} {envelopes[0].type}"
        self._each = [cause_of(envelope) for envelope in envelopes]
        causes = list(dict.fromkeys(cause for cause in self._each if cause is not None))
        first = next((cause for cause in causes if cause.sampled), causes[0] if causes else None)
        self._others = [cause for cause in causes if cause is not first]
        self._entry = tracer.entry(self._name, Kind.CONSUMER, parent=first)
        self._about: dict[str, Attribute] = {
            "messaging.system": "rialto",
            "messaging.operation.type": "process",
            "messaging.destination.name": envelopes[0].type,
            "messaging.batch.message_count": len(envelopes),
        }

    def __enter__(self) -> None:
        entry = self._entry
        entry.__enter__()
        for name, value in self._about.items():
            entry.set(name, value)
        for other in self._others[:LINKS_MAX]:
            entry.link(other)
        self._token: Token[Sequence[str]] = _batch.set(
            [tracing.format_traceparent(cause) if cause else "" for cause in self._each]
        )
        # Lines that are written here are found under each of the traces.
        ids = [cause.trace_id for cause in self._others]
        self._bound = structlog.contextvars.bind_contextvars(trace_ids=ids) if ids else {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        structlog.contextvars.reset_contextvars(**self._bound)
        _batch.reset(self._token)
        entry = self._entry
        entry.__exit__(kind, error, where)
        sampled = [cause for cause in self._others if cause.sampled]
        if sampled and isinstance(entry, Entry):
            for cause in sampled:
                self._tracer.record(
                    cause,
                    self._name,
                    Kind.CONSUMER,
                    began=entry.began,
                    ended=entry.ended,
                    attributes=self._about,
                    links=[entry.as_parent()],
                )


def published(tracer: Tracer, envelopes: Sequence[Envelope], began: float) -> None:
    """Note for sampled traces when the relay carried their events to the bus."""
    ended = tracer.monotonic()
    for envelope in envelopes:
        cause = cause_of(envelope)
        if cause is not None and cause.sampled:
            about: dict[str, Attribute] = {
                "messaging.system": "rialto",
                "messaging.operation.type": "send",
                "messaging.destination.name": envelope.type,
                "messaging.batch.message_count": len(envelopes),
            }
            tracer.record(
                cause, f"publish {envelope.type}", Kind.PRODUCER, began=began, ended=ended, attributes=about
            )
