"""The tracer that records: ids, chance, and what becomes of each part of a trace.

Sampling goes by the last 56 bits of the trace's id, which are random (W3C Trace Context level 2, 3.2.2.3): any process that
is asked about an id answers the same. What fails or is slow is kept beside that, up to a rate: when everything fails, some
hundred examples tell as much as all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from rialto.kernel.clock import Clock
from rialto.kernel.ids import Ids
from rialto.kernel.limits import RateLimiter
from rialto.kernel.tracing import Attribute, Entry, Kind, Parent, Part, Span

# Parts that are kept although chance did not choose them: per second, and at once.
UNUSUAL_PER_S = 20
UNUSUAL_AT_ONCE = 100

_RANDOM_DIGITS = 14
_RANDOM_BITS = 4 * _RANDOM_DIGITS
_SPAN_IDS = 2**64
# Ids of traces are drawn so many at a time: asking the operating system costs more than the rest of a span.
_DRAWN = 64
# Odd, so that counting by it meets every 64-bit number before any comes again (2**64 / the golden ratio).
_STEP = 0x9E3779B97F4A7C15


class Kept(msgspec.Struct, frozen=True):
    """Spans of one trace to be exported. `epoch_ns`: nanoseconds since 1970 at which the monotonic clock showed zero."""

    trace_id: str
    spans: Sequence[Span]
    epoch_ns: int


class Collector(Protocol):
    """Where kept spans go: it takes them at once, whatever happens to them later."""

    def take(self, kept: Kept) -> None: ...

    def lost(self, count: int) -> None:
        """So many spans are not kept although they would have been."""
        ...


class Recorder:
    """See `tracing.Tracer`. `percent` of new traces are sampled; parts that took `slow_s` are kept in any case."""

    on = True

    def __init__(self, collector: Collector, *, clock: Clock, ids: Ids, percent: int, slow_s: float) -> None:
        self._collector = collector
        self._clock = clock
        self._ids = ids
        # Of 2**56 numbers, those from here on are sampled.
        self._from: int = (100 - percent) * 2**_RANDOM_BITS // 100
        self._slow_s = slow_s
        self._unusual = RateLimiter(per_s=UNUSUAL_PER_S, burst=UNUSUAL_AT_ONCE, clock=clock)
        self._last_span = ids.below(_SPAN_IDS)
        self._fresh: list[str] = []

    def entry(
        self,
        name: str,
        kind: Kind,
        *,
        parent: Parent | None = None,
        trace_id: str = "",
        sampled: bool | None = None,
    ) -> Entry:
        above = ""
        if parent is not None:
            trace_id, above = parent.trace_id, parent.span_id
            sampled = parent.sampled if sampled is None else sampled
        elif not trace_id:
            trace_id = self.new_trace_id()
        if sampled is None:
            sampled = self.chosen(trace_id)
        return Entry(Part(self, trace_id, sampled=sampled), name, kind, above)

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
        span = Span(Part(self, parent.trace_id, sampled=True), name, kind, parent.span_id)
        span.began, span.ended = began, ended
        span.attributes.update(attributes)
        span.links.extend(links)
        self._collector.take(Kept(parent.trace_id, [span], self._epoch_ns()))

    def chosen(self, trace_id: str) -> bool:
        return int(trace_id[-_RANDOM_DIGITS:], 16) >= self._from

    def new_trace_id(self) -> str:
        while not self._fresh:
            drawn = f"{self._ids.below(2 ** (128 * _DRAWN)):0{32 * _DRAWN}x}"
            self._fresh = [drawn[at : at + 32] for at in range(0, 32 * _DRAWN, 32)]
        return self._fresh.pop()

    def new_span_id(self) -> str:
        self._last_span = (self._last_span + _STEP) % _SPAN_IDS or _STEP
        return f"{self._last_span:016x}"

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def ended(self, entry: Entry) -> None:
        part = entry.part
        if not part.sampled:
            if not part.failed and entry.ended - entry.began < self._slow_s:
                return
            if self._unusual.take("") > 0:
                self._collector.lost(len(part.spans) + part.left_out)
                return
        if part.left_out:
            self._collector.lost(part.left_out)
        self._collector.take(Kept(part.trace_id, part.spans, self._epoch_ns()))

    def _epoch_ns(self) -> int:
        return int((self._clock.now().timestamp() - self._clock.monotonic()) * 1e9)
