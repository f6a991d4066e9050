"""Spans of one process: what is recorded under what, and which of it is kept."""

from __future__ import annotations

import asyncio
import string
from contextlib import suppress

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel import recording, tracing
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Conflict, Unavailable
from rialto.kernel.recording import Recorder
from rialto.kernel.tracing import (
    NO_SPAN,
    NO_TRACER,
    SPANS_MAX,
    Entry,
    Kind,
    Parent,
    format_traceparent,
    is_trace_id,
    parse_traceparent,
)
from tests.support.traces import Collected, recorder
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
# The last 56 bits decide: the lowest are sampled by 100 percent alone, the highest by any but none.
NEVER, ALWAYS = f"{1:032x}", "f" * 32


class Desk:
    """A recorder on a clock that stands still, and what it kept."""

    def __init__(self, percent: int = 100) -> None:
        self.clock = ManualClock()
        self.collected = Collected()
        self.tracer: Recorder = recorder(
            self.collected, self.clock, seeded_ids(clock=self.clock), percent=percent
        )


# What travels.


def test_the_example_of_the_recommendation_is_read() -> None:
    assert parse_traceparent(f"00-{TRACE}-{SPAN}-01") == Parent(TRACE, SPAN, True)
    assert parse_traceparent(f"00-{TRACE}-{SPAN}-00") == Parent(TRACE, SPAN, False)
    # Other flags mean nothing to us, later versions may say more.
    assert parse_traceparent(f"00-{TRACE}-{SPAN}-03") == Parent(TRACE, SPAN, True)
    assert parse_traceparent(f"cc-{TRACE}-{SPAN}-01-what-else") == Parent(TRACE, SPAN, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_what_is_no_traceparent_begins_nothing(text: str) -> None:
    assert parse_traceparent(text) is None


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_what_is_written_is_read_again(trace: int, span: int, sampled: bool) -> None:
    parent = Parent(f"{trace:032x}", f"{span:016x}", sampled)
    assert parse_traceparent(format_traceparent(parent)) == parent
    assert is_trace_id(parent.trace_id)


@given(st.text(alphabet=string.hexdigits + "-\n ", max_size=70))
def test_reading_refuses_or_yields_whole_ids(text: str) -> None:
    found = parse_traceparent(text)
    assert found is None or (is_trace_id(found.trace_id) and len(found.span_id) == 16)


# What is recorded.


async def test_spans_hang_together_and_have_their_times() -> None:
    desk = Desk()
    with desk.tracer.entry("request", Kind.SERVER, trace_id=TRACE) as entry:
        desk.clock.advance(0.5)
        with tracing.span("orders.place") as inner:
            inner.set("rialto.lines", 2)
            desk.clock.advance(0.25)
            told = tracing.traceparent()
        assert tracing.current() is entry
    assert tracing.current() is None
    [kept] = desk.collected.kept
    assert [span.name for span in kept.spans] == ["orders.place", "request"]
    first, last = kept.spans
    assert (first.parent_id, last.parent_id) == (last.span_id, "")
    assert (first.ended - first.began, last.ended - last.began) == (0.25, 0.75)
    assert first.attributes == {"rialto.lines": 2}
    assert told == f"00-{TRACE}-{first.span_id}-01"
    began = desk.clock.now().timestamp() - 0.75
    assert kept.epoch_ns + last.began * 1e9 == pytest.approx(began * 1e9, abs=2e3)


async def test_a_parent_elsewhere_decides_for_all() -> None:
    desk = Desk(percent=0)
    with desk.tracer.entry("orders.place", Kind.SERVER, parent=Parent(TRACE, SPAN, True)):
        assert tracing.is_sampled()
    [entry] = desk.collected.spans
    assert (entry.trace_id, entry.parent_id) == (TRACE, SPAN)
    desk = Desk(percent=100)
    with desk.tracer.entry("orders.place", Kind.SERVER, parent=Parent(TRACE, SPAN, False)):
        assert tracing.traceparent().endswith("-00")
    assert desk.collected.kept == []


async def test_an_inner_call_of_the_same_name_is_not_told_twice() -> None:
    desk = Desk()
    with desk.tracer.entry("orders.place", Kind.SERVER), tracing.span("orders.place"):
        pass
    assert desk.collected.names() == ["orders.place"]


async def test_log_lines_of_a_part_carry_the_traces_id() -> None:
    desk = Desk(percent=0)
    with desk.tracer.entry("request", Kind.SERVER, trace_id=TRACE):
        assert structlog.contextvars.get_contextvars()["trace_id"] == TRACE
    assert "trace_id" not in structlog.contextvars.get_contextvars()


async def test_trace_ids_are_whole_and_differ() -> None:
    tracer = Desk().tracer
    drawn = [tracer.new_trace_id() for _ in range(200)]
    assert len(set(drawn)) == 200
    assert all(is_trace_id(one) for one in drawn)


async def test_span_ids_differ_and_are_never_zero() -> None:
    ids = [Desk().tracer.new_span_id() for _ in range(2)]
    assert ids[0] == ids[1]  # the same seed
    tracer = Desk().tracer
    drawn = [tracer.new_span_id() for _ in range(1000)]
    assert len(set(drawn)) == 1000
    tracer._last_span = 2**64 - recording._STEP
    assert int(tracer.new_span_id(), 16) != 0


# What is kept.


@pytest.mark.parametrize(
    ("percent", "trace_id", "kept"), [(1, NEVER, 0), (1, ALWAYS, 1), (0, ALWAYS, 0), (100, NEVER, 1)]
)
async def test_chance_goes_by_the_traces_id(percent: int, trace_id: str, kept: int) -> None:
    desk = Desk(percent)
    with desk.tracer.entry("request", Kind.SERVER, trace_id=trace_id):
        pass
    assert len(desk.collected.kept) == kept


async def test_about_as_many_are_sampled_as_was_said() -> None:
    desk = Desk(percent=10)
    for _ in range(2000):
        with desk.tracer.entry("request", Kind.SERVER):
            pass
    assert 130 < len(desk.collected.kept) < 270


def _failing(below: str) -> None:
    with tracing.span(below):
        pass
    raise Unavailable(code="database_away")


def _bug() -> None:
    with tracing.span("search.query", Kind.CLIENT):
        raise RuntimeError("a name that must not be seen")


async def test_what_fails_is_kept_with_all_that_led_to_it() -> None:
    desk = Desk(percent=0)
    with pytest.raises(Unavailable), desk.tracer.entry("request", Kind.SERVER):
        _failing("orders.place")
    assert [(span.name, span.error) for span in desk.collected.spans] == [
        ("orders.place", None),
        ("request", "database_away"),
    ]


async def test_what_failed_below_and_was_made_good_is_kept() -> None:
    desk = Desk(percent=0)
    with desk.tracer.entry("request", Kind.SERVER), suppress(RuntimeError):
        _bug()
    assert [span.error for span in desk.collected.spans] == ["RuntimeError", None]


async def test_a_refusal_is_an_answer_and_who_leaves_is_no_failure() -> None:
    desk = Desk(percent=0)
    with pytest.raises(Conflict), desk.tracer.entry("request", Kind.SERVER):
        raise Conflict
    with pytest.raises(asyncio.CancelledError), desk.tracer.entry("request", Kind.SERVER):
        raise asyncio.CancelledError
    assert desk.collected.kept == []


async def test_what_was_said_to_fail_is_not_said_again() -> None:
    desk = Desk()
    entry = desk.tracer.entry("request", Kind.SERVER)
    entry.fail("503")
    with pytest.raises(RuntimeError), entry:
        _bug()
    assert desk.collected.named("request").error == "503"


async def test_what_is_slow_is_kept() -> None:
    desk = Desk(percent=0)
    for seconds in (0.999, 1.0):
        with desk.tracer.entry("request", Kind.SERVER):
            desk.clock.advance(seconds)
    assert [span.ended - span.began for span in desk.collected.spans] == [pytest.approx(1.0)]


async def test_when_everything_fails_some_are_kept_and_the_rest_is_counted() -> None:
    desk = Desk(percent=0)
    for _ in range(recording.UNUSUAL_AT_ONCE + 30):
        with desk.tracer.entry("request", Kind.SERVER) as entry:
            entry.fail("500")
    assert len(desk.collected.kept) == recording.UNUSUAL_AT_ONCE
    assert desk.collected.lost_count == 30


async def test_a_part_has_room_for_so_many_spans() -> None:
    desk = Desk()
    with desk.tracer.entry("import", Kind.INTERNAL):
        for number in range(SPANS_MAX + 5):
            with tracing.span(f"row {number % 2}"):
                pass
    assert len(desk.collected.spans) == SPANS_MAX
    assert desk.collected.lost_count == 6


async def test_what_outlives_its_request_is_nobodys() -> None:
    desk = Desk()
    with desk.tracer.entry("request", Kind.SERVER) as entry:
        late = tracing.span("late")
        late.__enter__()
    assert isinstance(entry, Entry)
    late.__exit__(None, None, None)
    with tracing.within(entry):
        assert tracing.span("later") is NO_SPAN
        assert not tracing.is_sampled()
        assert tracing.traceparent()  # what it causes is its own all the same
    assert desk.collected.names() == ["request"]


async def test_a_span_that_is_over_is_recorded_as_such() -> None:
    desk = Desk(percent=0)
    link = Parent(ALWAYS, SPAN, True)
    desk.tracer.record(
        Parent(TRACE, SPAN, True),
        "publish orders.placed",
        Kind.PRODUCER,
        began=1.0,
        ended=3.0,
        attributes={"messaging.system": "rialto"},
        links=[link],
    )
    [span] = desk.collected.spans
    assert (span.trace_id, span.parent_id, span.ended - span.began) == (TRACE, SPAN, 2.0)
    assert (span.links, span.attributes) == ([link], {"messaging.system": "rialto"})


# Work that was put off.


async def test_work_that_was_put_off_goes_on_in_its_own_trace() -> None:
    desk = Desk()
    with (
        desk.tracer.entry("job orders.saga", Kind.INTERNAL, sampled=False) as job,
        tracing.resumed("orders.saga", f"00-{TRACE}-{SPAN}-01") as resumed,
    ):
        assert resumed.trace_id == TRACE
    [span] = desk.collected.spans
    assert (span.trace_id, span.parent_id) == (TRACE, SPAN)
    assert isinstance(job, Entry)
    assert span.links == [job.as_parent()]


@pytest.mark.parametrize("header", ["", f"00-{ALWAYS}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"])
async def test_or_in_the_one_that_is_read(header: str) -> None:
    desk = Desk()
    with (
        desk.tracer.entry("request", Kind.SERVER, trace_id=ALWAYS) as entry,
        tracing.resumed("orders.saga", header),
    ):
        pass
    assert desk.collected.named("orders.saga").trace_id == entry.trace_id
    assert desk.collected.named("orders.saga").parent_id == desk.collected.named("request").span_id


# Without a tracer.


async def test_without_a_tracer_nothing_is_current_and_all_of_it_may_be_called() -> None:
    with NO_TRACER.entry("request", Kind.SERVER) as entry:
        entry.set("http.route", "/")
        entry.fail("500")
        entry.link(Parent(TRACE, SPAN, True))
        assert entry.trace_id == ""
        assert tracing.current() is None
        assert tracing.span("orders.place") is NO_SPAN
        assert tracing.resumed("orders.saga", f"00-{TRACE}-{SPAN}-01") is NO_SPAN
    assert tracing.traceparent() == ""
    NO_TRACER.record(Parent(TRACE, SPAN, True), "x", Kind.CLIENT, began=0.0, ended=1.0, attributes={})
    assert not NO_TRACER.chosen(ALWAYS)
    assert NO_TRACER.monotonic() == 0.0
    assert (NO_TRACER.new_trace_id(), NO_TRACER.new_span_id()) == ("0" * 32, "0" * 16)
