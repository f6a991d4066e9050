"""Reading what was traced: a collector that keeps, a recorder that samples everything, and looking at the spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rialto.kernel.clock import Clock
from rialto.kernel.ids import Ids
from rialto.kernel.recording import Kept, Recorder
from rialto.kernel.tracing import Span


class Collected:
    """Keeps whatever it is given; may be shared by the recorders of several processes."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.lost_count = 0

    def take(self, kept: Kept) -> None:
        self.kept.append(kept)

    def lost(self, count: int) -> None:
        self.lost_count += count

    @property
    def spans(self) -> Sequence[Span]:
        return [span for kept in self.kept for span in kept.spans]

    def names(self, trace_id: str = "") -> list[str]:
        """Of all spans, or of a trace's."""
        return [span.name for span in self.spans if trace_id in {"", span.trace_id}]

    def named(self, name: str) -> Span:
        return next(span for span in self.spans if span.name == name)

    def above(self, span: Span) -> Iterator[str]:
        """The names on the way from a span to the first of its trace."""
        by_id = {one.span_id: one for one in self.spans}
        found = by_id.get(span.parent_id)
        while found is not None:
            yield found.name
            found = by_id.get(found.parent_id)


def recorder(
    collected: Collected, clock: Clock, ids: Ids, *, percent: int = 100, slow_s: float = 1.0
) -> Recorder:
    return Recorder(collected, clock=clock, ids=ids, percent=percent, slow_s=slow_s)
