"""More than can be done: who gets in, who waits and for how long, what the others are told. Time is the tests' own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rialto.edge.admission import (
    COME_BACK_S,
    FEWEST,
    FIRST,
    MOST,
    SHARE,
    STANDING_S,
    WAITING_MAX,
    WINDOW_S,
    Admission,
)
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Overloaded
from rialto.kernel.importance import Importance
from rialto.kernel.telemetry import Metrics
from tests.edge.crowds import BROWSING, BUYING, OWN, SPARE, StillClock, an_admission, fill, others_run
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


@asynccontextmanager
async def in_line(admission: Admission, *wanted: Importance) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Those who have to wait, in line."""
    before = admission.waiting
    tasks = [asyncio.create_task(admission.enter(importance)) for importance in wanted]
    await others_run()
    assert admission.waiting == before + len(wanted)
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_each_importance_finds_places_that_the_lesser_cannot_have() -> None:
    admission = an_admission()
    counts = [await fill(admission, importance) for importance in Importance]
    assert all(counts)
    assert sum(counts) == admission.under_way == FIRST


async def test_who_finds_no_place_waits_and_gets_the_next_one() -> None:
    admission = an_admission()
    taken = await fill(admission)
    async with in_line(admission, BUYING) as [waiting]:
        admission.leave()
        await waiting
        assert admission.under_way == taken
        assert admission.waiting == 0


async def test_the_more_important_goes_first_whoever_came_first() -> None:
    admission = an_admission()
    await fill(admission)
    async with in_line(admission, BROWSING, OWN, BUYING) as tasks:
        admission.leave()
        await others_run()
        assert [task.done() for task in tasks] == [False, False, True]


async def test_nobody_overtakes_in_their_own_line() -> None:
    admission = an_admission()
    await fill(admission)
    async with in_line(admission, BUYING, BUYING) as tasks:
        admission.leave()
        # A newcomer finds the place given away already.
        late = asyncio.create_task(admission.enter(BUYING))
        await others_run()
        assert [task.done() for task in (*tasks, late)] == [True, False, False]
        admission.leave()
        admission.leave()
        await late


async def test_nobody_waits_longer_than_half_a_second() -> None:
    clock = StillClock()
    admission = an_admission(clock)
    await fill(admission)
    async with in_line(admission, BROWSING, OWN, BUYING) as tasks:
        await clock.pass_by(0.3)
        assert [task.done() for task in tasks] == [True, True, False]
        await clock.pass_by(0.25)
        assert all(isinstance(task.exception(), Overloaded) for task in tasks)
    assert admission.waiting == 0


async def test_what_nobody_waits_for_does_not_wait_either() -> None:
    admission = an_admission()
    await fill(admission)
    with pytest.raises(Overloaded):
        await admission.enter(SPARE)


async def test_while_the_line_never_empties_newcomers_wait_for_a_moment_only() -> None:
    clock = StillClock()
    admission = an_admission(clock)
    await fill(admission)
    async with in_line(admission, BUYING):
        await clock.pass_by(STANDING_S + 0.05)
        async with in_line(admission, BROWSING) as [newcomer]:
            await clock.pass_by(0.05)
            assert isinstance(newcomer.exception(), Overloaded)


async def test_a_line_has_an_end() -> None:
    admission = an_admission()
    await fill(admission)
    async with in_line(admission, *[OWN] * WAITING_MAX):
        with pytest.raises(Overloaded):
            await admission.enter(OWN)
        async with in_line(admission, BUYING):
            pass  # one line does not fill another


async def test_who_was_sent_away_is_told_to_come_back_at_different_times() -> None:
    admission = an_admission()
    await fill(admission)
    told = set()
    for _ in range(20):
        with pytest.raises(Overloaded) as caught:
            await admission.enter(SPARE)
        told.add(caught.value.retry_after_s)
    assert len(told) == 20
    assert all(COME_BACK_S[SPARE] <= (seconds or 0) <= 2 * COME_BACK_S[SPARE] for seconds in told)


async def test_who_has_left_is_not_let_in() -> None:
    admission = an_admission()
    await fill(admission)
    gone = asyncio.create_task(admission.enter(OWN, has_left=lambda: True))
    await others_run()
    async with in_line(admission, OWN) as [present]:
        before = admission.under_way
        for _ in range(int(before - FIRST * SHARE[OWN]) + 2):
            admission.leave()
        await others_run()
        assert isinstance(gone.exception(), Overloaded)
        assert present.done()
        assert not present.cancelled()


async def test_a_caller_whose_own_time_is_over_is_not_let_in() -> None:
    clock = StillClock()
    admission = an_admission(clock)
    await fill(admission)
    caller = asyncio.create_task(admission.enter(BUYING, left_s=0.1))
    await others_run()
    await clock.pass_by(0.15)
    assert isinstance(caller.exception(), Overloaded)
    with pytest.raises(Overloaded):
        await admission.enter(BUYING, left_s=0.0)


@pytest.mark.parametrize("let_in", [False, True])
async def test_who_is_cancelled_in_line_takes_no_place_along(let_in: bool) -> None:
    admission = an_admission()
    taken = await fill(admission)
    async with in_line(admission, BUYING) as [waiting]:
        if let_in:
            admission.leave()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
    for _ in range(taken - let_in):
        admission.leave()
    assert (admission.under_way, admission.waiting) == (0, 0)


async def test_who_is_cancelled_at_the_door_takes_no_place_along() -> None:
    admission = an_admission()
    task = asyncio.create_task(admission.enter(OWN))
    await asyncio.sleep(0)
    assert admission.under_way == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert admission.under_way == 0


async def busy(admission: Admission, clock: ManualClock, late_s: float, *, rounds: int) -> None:
    """More than there are places for at once, again and again, on a loop that is late by so much."""
    for _ in range(rounds):
        tasks = [asyncio.create_task(admission.enter(BUYING)) for _ in range(int(admission.limit))]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await admission.enter(SPARE)
        clock.advance(late_s + WINDOW_S / len(tasks))
        for task in tasks:
            await task
            admission.leave()
        clock.advance(WINDOW_S)


async def test_a_loop_that_is_late_takes_less_and_one_in_time_takes_more() -> None:
    clock = StillClock()
    admission = an_admission(clock)
    await busy(admission, clock, 0.1, rounds=3)
    assert admission.limit < FIRST
    fallen = admission.limit
    await busy(admission, clock, 0.0, rounds=3)
    assert fallen < admission.limit < FIRST + 3 * 2


async def test_there_is_always_room_for_a_few_and_never_for_everybody() -> None:
    clock = StillClock()
    admission = an_admission(clock)
    await busy(admission, clock, 1.0, rounds=60)
    assert admission.limit == FEWEST
    await busy(admission, clock, 0.0, rounds=200)
    assert admission.limit == MOST


async def test_a_quiet_shop_asks_for_no_more_places() -> None:
    clock = StillClock()
    admission = an_admission(clock)
    for _ in range(20):
        await admission.enter(BROWSING)
        admission.leave()
        clock.advance(WINDOW_S)
    assert admission.limit == FIRST


async def test_it_counts_whom_it_sends_away() -> None:
    metrics = Metrics()
    admission = Admission(StillClock(), seeded_ids(), metrics, port="public")
    await fill(admission)
    for _ in range(3):
        with pytest.raises(Overloaded):
            await admission.enter(SPARE)
    labels = {"port": "public", "importance": "spare"}
    assert metrics.registry.get_sample_value("rialto_overload_refused_total", labels) == 3
    assert metrics.registry.get_sample_value("rialto_overload_places", {"port": "public"}) == FIRST


async def test_hundreds_at_once_leave_no_place_behind() -> None:
    """Whatever ends a request (an answer, a refusal, a cancelled client), at the end all places are free."""
    clock = StillClock()
    admission = an_admission(clock)
    chosen = itertools.cycle(Importance)
    ended: list[str] = []

    async def one(number: int) -> None:
        try:
            await admission.enter(next(chosen))
        except Overloaded:
            ended.append("refused")
            return
        try:
            await clock.sleep(0.01 * (number % 7))
        finally:
            admission.leave()
        ended.append("served")

    tasks = [asyncio.create_task(one(number)) for number in range(600)]
    await others_run()
    for task in tasks[::11]:
        task.cancel()
    await clock.pass_by(2)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert {"refused", "served"} <= set(ended)
    assert (admission.under_way, admission.waiting) == (0, 0)
