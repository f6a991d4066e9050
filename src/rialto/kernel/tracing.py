"""Traces: what happened on behalf of one request, over all processes that it met, as spans under one id.

    entry (a request, an event taken in, a job)          one process's part of a trace
      └── span (a call to a service, a statement, …)     ends with the part or before

Whether a part is kept is decided when it ends: it failed, or took longer than a bound, or its trace is one of those that
are sampled. So every span costs little (an object of ours, a microsecond) until it is known that somebody will read it.
Ids travel as W3C Trace Context says (https://www.w3.org/TR/trace-context/, level 1, version 00).

The current span stands in a ContextVar and knows its tracer: only entries are made by an injected `Tracer`. Without one
(`NO_TRACER`) there is never a current span, and everything here does nothing. No personal data stands in a span.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from enum import IntEnum
from types import TracebackType
from typing import Protocol, Self, TypeAlias

import msgspec
import structlog

from rialto.kernel.errors import RialtoError, Unavailable

HEADER = "traceparent"
# What one process's part may hold; a page or a checkout has some tens.
SPANS_MAX = 500

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_SAMPLED = 1

Attribute: TypeAlias = str | int | float | bool


class Kind(IntEnum):
    """Numbered as in OTLP."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Parent(msgspec.Struct, frozen=True):
    """The span elsewhere or earlier that caused something: what a traceparent says."""

    trace_id: str
    span_id: str
    sampled: bool


def parse_traceparent(text: str) -> Parent | None:
    """None for what is no traceparent: then a new trace begins (W3C, 3.2.2 and 4.3)."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return Parent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def format_traceparent(parent: Parent) -> str:
    return f"00-{parent.trace_id}-{parent.span_id}-0{int(parent.sampled)}"


def is_trace_id(text: str) -> bool:
    return _TRACE_ID.fullmatch(text) is not None and text != _NO_TRACE


class Part:
    """One process's share of a trace, while it runs and until it is decided about."""

    __slots__ = ("closed", "failed", "left_out", "sampled", "spans", "trace_id", "tracer")

    def __init__(self, tracer: Tracer, trace_id: str, *, sampled: bool) -> None:
        self.tracer = tracer
        self.trace_id = trace_id
        self.sampled = sampled
        self.spans: list[Span] = []
        self.failed = False
        self.closed = False
        self.left_out = 0

    def end(self, span: Span) -> None:
        """Take in a span that is over. What ends after the part does is not looked at any more."""
        if self.closed:
            return
        self.failed = self.failed or span.error is not None
        if len(self.spans) < SPANS_MAX:
            self.spans.append(span)
        else:
            self.left_out += 1


class Span:
    """Something that takes time, as a block: `with span("orders.place"): …`. An error that leaves it is noted by its code.

    `began` and `ended` are monotonic seconds of the tracer's clock. Refusals are no errors: they are answers.
    """

    __slots__ = (
        *("_token", "attributes", "began", "ended", "error", "kind", "links"),
        *("name", "parent_id", "part", "span_id"),
    )

    def __init__(self, part: Part, name: str, kind: Kind, parent_id: str) -> None:
        self.part = part
        self.name = name
        self.kind = kind
        self.parent_id = parent_id
        self.span_id = part.tracer.new_span_id()
        self.attributes: dict[str, Attribute] = {}
        self.links: list[Parent] = []
        self.error: str | None = None
        self.began = part.tracer.monotonic()
        self.ended = self.began
        self._token: Token[Span | None] | None = None

    @property
    def trace_id(self) -> str:
        return self.part.trace_id

    def set(self, name: str, value: Attribute) -> None:
        """An attribute, named after OpenTelemetry's semantic conventions where they have a name for it."""
        self.attributes[name] = value

    def fail(self, reason: str) -> None:
        """It failed; `reason` is a code or a type's name, never a text."""
        self.error = reason

    def link(self, other: Parent) -> None:
        """Another span that has to do with this one, in whichever trace."""
        self.links.append(other)

    def as_parent(self) -> Parent:
        return Parent(self.part.trace_id, self.span_id, self.part.sampled)

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        assert self._token is not None, "a span is entered before it is left"
        _current.reset(self._token)
        if error is not None and self.error is None:
            self.error = failure_of(error)
        self.ended = self.part.tracer.monotonic()
        self.part.end(self)


class Entry(Span):
    """The first span of a process's part. Log lines in its block carry the trace's id; its end decides about the part."""

    __slots__ = ("_bound",)

    def __enter__(self) -> Self:
        super().__enter__()
        self._bound = structlog.contextvars.bind_contextvars(trace_id=self.part.trace_id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        structlog.contextvars.reset_contextvars(**self._bound)
        super().__exit__(kind, error, where)
        self.part.closed = True
        self.part.tracer.ended(self)


class NoSpan:
    """Stands where nothing is recorded."""

    __slots__ = ()
    trace_id = ""

    def set(self, name: str, value: Attribute) -> None:
        """Nothing."""

    def fail(self, reason: str) -> None:
        """Nothing."""

    def link(self, other: Parent) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing."""


NO_SPAN = NoSpan()


class Tracer(Protocol):
    """The port behind which parts of traces are kept or forgotten."""

    on: bool

    def entry(
        self,
        name: str,
        kind: Kind,
        *,
        parent: Parent | None = None,
        trace_id: str = "",
        sampled: bool | None = None,
    ) -> Entry | NoSpan:
        """Begin this process's part: of the parent's trace, or of a new one under `trace_id` or an id of its own.

        `sampled` None: as the parent's, or by chance.
        """
        ...

    def record(
        self,
        parent: Parent,
        name: str,
        kind: Kind,
        *,
        began: float,
        ended: float,
        attributes: Mapping[str, Attribute],
        links: Sequence[Parent] = (),
    ) -> None:
        """A span that is over, in a trace that is sampled. Times are monotonic seconds."""
        ...

    def chosen(self, trace_id: str) -> bool:
        """Whether chance samples a trace: the same for an id wherever it is asked."""
        ...

    def new_trace_id(self) -> str: ...

    def new_span_id(self) -> str: ...

    def monotonic(self) -> float: ...

    def ended(self, entry: Entry) -> None:
        """Decide about a part whose entry is over."""
        ...


class NoTracer:
    """Records nothing."""

    on = False

    def entry(self, *_of: object, **_more: object) -> NoSpan:
        return NO_SPAN

    def record(self, *_of: object, **_more: object) -> None:
        """Nothing."""

    def chosen(self, _trace_id: str) -> bool:
        return False

    def new_trace_id(self) -> str:
        return _NO_TRACE

    def new_span_id(self) -> str:
        return _NO_SPAN

    def monotonic(self) -> float:
        return 0.0

    def ended(self, _entry: Entry) -> None:
        """Nothing."""


NO_TRACER: Tracer = NoTracer()

_current: ContextVar[Span | None] = ContextVar("rialto_current_span", default=None)


def current() -> Span | None:
    return _current.get()


def span(name: str, kind: Kind = Kind.INTERNAL) -> Span | NoSpan:
    """A span below the current one, and nothing where there is none."""
    above = _current.get()
    if above is None or above.part.closed or above.name == name:
        return NO_SPAN
    return Span(above.part, name, kind, above.span_id)


def is_sampled() -> bool:
    """Whether the current span will surely be kept: what is many and small is recorded only then."""
    above = _current.get()
    return above is not None and above.part.sampled and not above.part.closed


def traceparent() -> str:
    """What to tell others of the current span; empty where there is none."""
    above = _current.get()
    return "" if above is None else format_traceparent(above.as_parent())


def resumed(name: str, header: str, kind: Kind = Kind.INTERNAL) -> Entry | NoSpan:
    """Go on in the trace that a traceparent says, with a link to the current span: for work that was put off.

    Where the current trace is read and the other would not be, this is a part of the current one.
    """
    here = _current.get()
    if here is None:
        return NO_SPAN
    parent = parse_traceparent(header)
    if parent is None or parent.trace_id == here.trace_id or (here.part.sampled and not parent.sampled):
        return here.part.tracer.entry(name, kind, parent=here.as_parent())
    entry = here.part.tracer.entry(name, kind, parent=parent)
    entry.link(here.as_parent())
    return entry


class within:  # noqa: N801 - reads as a statement
    """Make a span the current one for a block, or none: for work that one task does for others."""

    __slots__ = ("_span", "_token")

    def __init__(self, chosen: Span | None) -> None:
        self._span = chosen

    def __enter__(self) -> None:
        self._token = _current.set(self._span)

    def __exit__(self, *_error: object) -> None:
        _current.reset(self._token)


def failure_of(error: BaseException) -> str | None:
    """The code of an error that is a failure. A refusal is an answer, and who is cancelled was given up by others."""
    if isinstance(error, RialtoError):
        return error.stable_code if isinstance(error, Unavailable) else None
    return type(error).__name__ if isinstance(error, Exception) else None
