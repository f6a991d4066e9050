from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rialto.kernel.clock import LoopClock, ManualClock
from rialto.kernel.errors import Conflict, OutcomeUnknown, Unavailable
from rialto.kernel.resilience import Breaker, Bulkhead, RetryBudget, deadline, retry, time_left, time_limit
from tests.support.values import seeded_ids

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Flaky:
    """Fails as often as told, then answers."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.calls = 0
        self._failures = failures
        self._error = error or Unavailable()

    async def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error
        return "answer"


async def never() -> None:
    await asyncio.Event().wait()


async def test_without_a_deadline_there_is_all_the_time() -> None:
    assert time_left(ManualClock()) is None


async def test_an_inner_deadline_may_be_nearer_but_never_further() -> None:
    clock = ManualClock()
    with deadline(clock, 10):
        clock.advance(4)
        assert time_left(clock) == 6
        with deadline(clock, 2):
            assert time_left(clock) == 2
        with deadline(clock, 60):
            assert time_left(clock) == 6
        clock.advance(7)
        assert time_left(clock) == -1
    assert time_left(clock) is None


async def test_a_deadline_ends_with_its_block_also_on_failure() -> None:
    clock = ManualClock()
    with pytest.raises(Conflict), deadline(clock, 1):
        raise Conflict
    assert time_left(clock) is None


async def test_a_call_is_repeated_while_it_is_unavailable() -> None:
    call = Flaky(2)
    assert await retry(call, clock=ManualClock(), ids=seeded_ids(), budget=RetryBudget()) == "answer"
    assert call.calls == 3


async def test_waits_double_and_are_jittered() -> None:
    waits = []

    class Watched(ManualClock):
        async def sleep(self, seconds: float) -> None:
            waits.append(seconds)
            await super().sleep(seconds)

    with pytest.raises(Unavailable):
        await retry(
            Flaky(9),
            clock=Watched(),
            ids=seeded_ids(),
            budget=RetryBudget(),
            attempts=6,
            first_wait_s=1,
        )
    expected = seeded_ids()
    assert waits == [2**attempt * expected.random() for attempt in range(5)]


async def test_after_the_last_attempt_the_error_is_raised() -> None:
    call = Flaky(9)
    with pytest.raises(Unavailable):
        await retry(call, clock=ManualClock(), ids=seeded_ids(), budget=RetryBudget())
    assert call.calls == 3


async def test_what_will_not_pass_is_not_repeated() -> None:
    call = Flaky(1, Conflict())
    with pytest.raises(Conflict):
        await retry(call, clock=ManualClock(), ids=seeded_ids(), budget=RetryBudget())
    assert call.calls == 1


async def test_nothing_is_repeated_past_the_deadline() -> None:
    clock, call = ManualClock(), Flaky(9)
    with pytest.raises(Unavailable), deadline(clock, 0):
        await retry(call, clock=clock, ids=seeded_ids(), budget=RetryBudget())
    assert call.calls == 1


async def test_retries_are_at_most_a_share_of_the_calls_beside_a_reserve() -> None:
    clock, ids, budget = ManualClock(), seeded_ids(), RetryBudget(ratio=0.1, reserve=10)
    calls = 0

    async def down() -> None:
        nonlocal calls
        calls += 1
        raise Unavailable

    for _ in range(1000):
        with pytest.raises(Unavailable):
            await retry(down, clock=clock, ids=ids, budget=budget)
    assert 1000 + 100 <= calls <= 1000 + 111


async def test_the_budget_saves_only_so_much() -> None:
    budget = RetryBudget(ratio=1, reserve=2)
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(21)] == [True] * 20 + [False]


def a_breaker(clock: ManualClock) -> Breaker:
    return Breaker(clock, window=4, failures_min=2, rest_s=5)


async def through(breaker: Breaker, call: Callable[[], Awaitable[object]]) -> object:
    async with breaker.guard():
        return await call()


async def open_it(breaker: Breaker) -> None:
    for _ in range(2):
        with pytest.raises(Unavailable):
            await through(breaker, Flaky(1))


async def test_a_breaker_opens_after_failures_and_then_calls_nothing() -> None:
    breaker = a_breaker(ManualClock())
    assert breaker.state == "closed"
    await open_it(breaker)
    assert breaker.state == "open"
    call = Flaky(0)
    with pytest.raises(Unavailable) as refused:
        await through(breaker, call)
    assert call.calls == 0
    assert refused.value.retry_after_s == 5


async def test_a_timeout_counts_as_a_failure_and_a_refusal_does_not() -> None:
    breaker = a_breaker(ManualClock())
    for error in (Conflict(), Conflict(), Conflict()):
        with pytest.raises(Conflict):
            await through(breaker, Flaky(1, error))
    assert breaker.state == "closed"
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await through(breaker, Flaky(1, TimeoutError()))
    assert breaker.state == "open"


async def test_old_failures_are_forgotten() -> None:
    breaker = a_breaker(ManualClock())
    for _ in range(5):
        with pytest.raises(Unavailable):
            await through(breaker, Flaky(1))
        for _ in range(4):
            await through(breaker, Flaky(0))
    assert breaker.state == "closed"


async def test_after_a_rest_one_call_tries_and_closes_it() -> None:
    clock = ManualClock()
    breaker = a_breaker(clock)
    await open_it(breaker)
    clock.advance(5)
    assert breaker.state == "half-open"
    async with breaker.guard():
        with pytest.raises(Unavailable):  # only one at a time
            await through(breaker, Flaky(0))
    assert breaker.state == "closed"
    with pytest.raises(Unavailable):
        await through(breaker, Flaky(1))
    assert breaker.state == "closed"


async def test_a_failed_try_opens_it_again() -> None:
    clock = ManualClock()
    breaker = a_breaker(clock)
    await open_it(breaker)
    clock.advance(5)
    with pytest.raises(Unavailable):
        await through(breaker, Flaky(1))
    assert breaker.state == "open"
    clock.advance(5)
    assert await through(breaker, Flaky(0)) == "answer"
    assert breaker.state == "closed"


async def test_a_cancelled_try_says_nothing_and_the_next_one_tries() -> None:
    clock = ManualClock()
    breaker = a_breaker(clock)
    await open_it(breaker)
    clock.advance(5)
    with pytest.raises(asyncio.CancelledError):
        await through(breaker, Flaky(1, asyncio.CancelledError()))  # type: ignore[arg-type]
    assert breaker.state == "half-open"
    assert await through(breaker, Flaky(0)) == "answer"
    assert breaker.state == "closed"


async def test_a_call_from_before_does_not_decide_for_the_one_that_tries() -> None:
    clock = ManualClock()
    breaker = a_breaker(clock)
    early = breaker.guard()
    await early.__aenter__()
    await open_it(breaker)
    clock.advance(5)
    async with breaker.guard():
        await early.__aexit__(None, None, None)
        assert breaker.state == "half-open"
        with pytest.raises(Unavailable):
            await through(breaker, Flaky(0))
    assert breaker.state == "closed"


async def test_a_bulkhead_lets_some_in_lets_some_wait_and_refuses_the_rest() -> None:
    bulkhead = Bulkhead(2, queue=1)
    inside = 0
    most = 0
    go = asyncio.Event()

    async def call() -> None:
        nonlocal inside, most
        async with bulkhead.enter():
            inside += 1
            most = max(most, inside)
            await go.wait()
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(call())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await call()
        go.set()
    assert most == 2
    async with bulkhead.enter():
        pass


async def test_whoever_leaves_the_queue_makes_room() -> None:
    bulkhead = Bulkhead(1, queue=1)
    async with bulkhead.enter():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0), bulkhead.enter():
                pass
        waiting = asyncio.ensure_future(bulkhead.enter().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with bulkhead.enter():
        pass


@pytest.mark.parametrize(("idempotent", "error"), [(True, Unavailable), (False, OutcomeUnknown)])
async def test_a_call_past_its_time_is_unavailable_or_unknown(
    idempotent: bool, error: type[Unavailable]
) -> None:
    with pytest.raises(Unavailable) as ended:
        async with time_limit(ManualClock(), 0, idempotent=idempotent):
            await never()
    assert type(ended.value) is error


async def test_the_requests_deadline_ends_a_call_with_more_time_of_its_own() -> None:
    clock = ManualClock()
    with pytest.raises(Unavailable), deadline(clock, 0):
        async with time_limit(clock, 3600, idempotent=True):
            await never()


async def test_a_call_within_its_time_answers() -> None:
    clock = ManualClock()
    with deadline(clock, 60):
        async with time_limit(clock, 60, idempotent=True):
            await asyncio.sleep(0)
    assert clock.monotonic() == 0


async def test_a_refusal_within_the_time_stays_what_it_is() -> None:
    with pytest.raises(Conflict):
        async with time_limit(LoopClock(ManualClock().now()), 60, idempotent=False):
            raise Conflict
