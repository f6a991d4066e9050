"""Spans of calls: to services here and elsewhere, and of what several callers share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from rialto.kernel import tracing
from rialto.kernel.batch import Batcher
from rialto.kernel.calls import bind
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import Conflict, RialtoError, Unavailable
from rialto.kernel.faults import NoFaults
from rialto.kernel.recording import Recorder
from rialto.kernel.remote import AnswerLost
from rialto.kernel.tracing import Kind, Parent, parse_traceparent
from rialto.kernel.wire import encode_error
from tests.kernel.test_batch import Book
from tests.kernel.test_remote import Baked, Bakery, Street, Wanted, baked, spoken
from tests.support.traces import Collected, recorder
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]

SPAN = "b7ad6b7169203331"


class Bakers:
    """Both say whose span they work in."""

    async def look(self, command: Wanted) -> Baked:
        return Baked(loaves=command.loaves)

    async def bake(self, command: Wanted) -> Baked:
        raise Conflict if command.loaves else Unavailable

    doze = sleep = look


def traced(percent: int = 100) -> tuple[Collected, Recorder]:
    collected, clock = Collected(), ManualClock()
    return collected, recorder(collected, clock, seeded_ids(clock=clock), percent=percent)


async def test_a_call_within_the_process_is_a_span_below_its_caller() -> None:
    collected, tracer = traced()
    bakery = bind(Bakery, Bakers(), clock=ManualClock(), strict=False)
    with tracer.entry("GET /bread", Kind.SERVER):
        await bakery.look(Wanted(loaves=1))
        for loaves, refusal in ((1, Conflict), (0, Unavailable)):
            with pytest.raises(refusal):
                await bakery.bake(Wanted(loaves=loaves))
    assert [(span.name, span.error) for span in collected.spans] == [
        ("bakery.look", None),
        ("bakery.bake", None),  # a refusal is an answer
        ("bakery.bake", "unavailable"),
        ("GET /bread", None),
    ]


async def test_a_call_to_another_process_tells_it_of_its_span() -> None:
    collected, tracer = traced()
    street = Street(a=[baked(3)])
    with tracer.entry("GET /bread", Kind.SERVER):
        await street.bakery.look(Wanted(loaves=3))
    call = collected.named("bakery.look")
    told = parse_traceparent(street.asked[0][3]["traceparent"])
    assert told == Parent(call.trace_id, call.span_id, True)
    assert (call.kind, call.error) == (Kind.CLIENT, None)


async def test_outside_a_trace_nothing_is_told() -> None:
    street = Street(a=[baked(3)])
    await street.bakery.look(Wanted(loaves=3))
    assert "traceparent" not in street.asked[0][3]


async def test_each_try_is_a_span_and_a_refusal_no_failure() -> None:
    collected, tracer = traced(percent=0)
    street = Street(a=[AnswerLost, baked(1)])
    with tracer.entry("GET /bread", Kind.SERVER):
        await street.bakery.look(Wanted(loaves=1))
    assert [span.error for span in collected.spans] == ["unavailable", None, None]
    collected.kept.clear()
    refusing = Street(a=[spoken("error", encode_error(Conflict()), status=409)])
    with pytest.raises(Conflict), tracer.entry("POST /bread", Kind.SERVER):
        await refusing.bakery.bake(Wanted(loaves=1))
    assert collected.kept == []


class Ledger:
    """A batcher whose flush says in whose trace it runs."""

    def __init__(self) -> None:
        self.book = Book()
        self.ran_in: list[str] = []
        self.batcher: Batcher[str, str] = Batcher(
            self.book,  # type: ignore[arg-type]
            self._flush,
            self._recover,
            faults=NoFaults(),
        )

    async def _flush(self, _session: WriteSession, members: Sequence[str]) -> Sequence[str | RialtoError]:
        self.ran_in.append(tracing.traceparent())
        return members

    async def _recover(self, members: Sequence[str]) -> Sequence[str | RialtoError]:
        return members


async def test_a_batch_is_seen_in_a_sampled_trace_of_those_that_share_it() -> None:
    """Not in that of whoever happened to come first, and set the runner going."""
    _, tracer = traced()
    ledger = Ledger()
    ledger.book.open.clear()

    async def write(name: str, *, sampled: bool) -> str:
        with tracer.entry(name, Kind.SERVER, sampled=sampled) as entry:
            await ledger.batcher.submit(name)
        return entry.trace_id

    async with asyncio.TaskGroup() as group:
        first = group.create_task(write("first", sampled=True))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        later = [group.create_task(write(str(one), sampled=one == 1)) for one in range(3)]
        await asyncio.sleep(0)
        ledger.book.open.set()
    assert [told[3:35] for told in ledger.ran_in] == [first.result(), later[1].result()]


async def test_a_batch_outside_any_trace_is_in_none() -> None:
    _, tracer = traced()
    ledger = Ledger()
    with tracer.entry("first", Kind.SERVER):
        await ledger.batcher.submit("first")
    await ledger.batcher.submit("second")
    assert [bool(told) for told in ledger.ran_in] == [True, False]
