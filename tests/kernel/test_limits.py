from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import TooMany, Unavailable
from rialto.kernel.limits import RateLimiter, SharedLimiter, Throttle, limiter_of, network_of

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Server(MemoryKeyValues):
    """What processes share, as far as a limit can tell; `away` while it does not answer."""

    shared = True

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.away = False
        self.asked = 0

    async def take(self, key: str, *, per_s: float, burst: float, cost: float = 1.0) -> float:
        self._answer()
        return await super().take(key, per_s=per_s, burst=burst, cost=cost)

    async def charge(self, key: str, *, per_s: float, burst: float, cost: float) -> float:
        self._answer()
        return await super().charge(key, per_s=per_s, burst=burst, cost=cost)

    def _answer(self) -> None:
        self.asked += 1
        if self.away:
            raise Unavailable


def a_limiter(clock: ManualClock, *, keys_max: int = 100) -> RateLimiter:
    return RateLimiter(per_s=0.5, burst=3, clock=clock, keys_max=keys_max)


def test_a_burst_is_let_through_and_the_next_one_is_told_when_to_come_back() -> None:
    limiter = a_limiter(ManualClock())
    assert [limiter.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limiter.take("a") == pytest.approx(2.0)


def test_coming_back_at_the_time_told_is_let_through() -> None:
    clock = ManualClock()
    limiter = a_limiter(clock)
    for _ in range(3):
        limiter.take("a")
    clock.advance(limiter.take("a"))
    assert limiter.take("a") == 0.0
    assert limiter.take("a") > 0


def test_being_refused_costs_nothing() -> None:
    clock = ManualClock()
    limiter = a_limiter(clock)
    for _ in range(50):
        limiter.take("a")
    clock.advance(2)
    assert limiter.take("a") == 0.0


def test_keys_do_not_share() -> None:
    limiter = a_limiter(ManualClock())
    for _ in range(5):
        limiter.take("a")
    assert limiter.take("b") == 0.0


def test_a_long_silence_gives_one_burst_and_no_more() -> None:
    clock = ManualClock()
    limiter = a_limiter(clock)
    limiter.take("a")
    clock.advance(1_000_000)
    assert [limiter.take("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_a_cost_above_the_burst_passes_when_the_bucket_is_full() -> None:
    limiter = a_limiter(ManualClock())
    assert limiter.take("a", cost=10) == 0.0
    assert limiter.take("a") == pytest.approx(2.0)


def test_the_key_silent_longest_is_forgotten_first() -> None:
    limiter = a_limiter(ManualClock(), keys_max=2)
    for key in ("a", "a", "a", "b", "a", "c"):  # b was silent longest
        limiter.take(key)
    assert len(limiter) == 2
    assert limiter.take("a") > 0


@pytest.mark.parametrize(("per_s", "burst", "keys_max"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_limiter_that_could_never_work_is_refused(per_s: float, burst: float, keys_max: int) -> None:
    with pytest.raises(ValueError, match="limiter"):
        RateLimiter(per_s=per_s, burst=burst, clock=ManualClock(), keys_max=keys_max)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 20)), max_size=60))
def test_never_more_than_burst_and_rate_allow(steps: list[tuple[int, float]]) -> None:
    clock = ManualClock()
    limiter = a_limiter(clock, keys_max=4)
    let_through = dict.fromkeys(range(4), 0)
    for key, pause_s in steps:
        clock.advance(pause_s)
        let_through[key] += limiter.take(str(key)) == 0.0
        assert let_through[key] <= 3 + 0.5 * clock.monotonic() + 1e-6


def processes(server: Server, clock: ManualClock, count: int, *, keys_max: int = 100) -> list[SharedLimiter]:
    return [
        SharedLimiter("t", server, per_s=1, burst=40, clock=clock, keys_max=keys_max) for _ in range(count)
    ]


async def all_settled(limiters: list[SharedLimiter]) -> None:
    for limiter in limiters:
        await limiter.settled()


async def test_one_limit_holds_over_processes_but_for_a_lot_each() -> None:
    clock = ManualClock()
    server = Server(clock)
    limiters = processes(server, clock, 5)
    passed = 0
    for _ in range(60):
        for limiter in limiters:
            passed += limiter.take("a") == 0.0
            await limiter.settled()
    assert 40 <= passed <= 40 + 5 * 4


async def test_over_time_no_more_is_let_through_than_one_limiter_would() -> None:
    clock = ManualClock()
    limiters = processes(Server(clock), clock, 4)
    passed = 0
    for _ in range(3000):
        clock.advance(0.1)
        for limiter in limiters:
            passed += limiter.take("a") == 0.0
        await all_settled(limiters)
    assert 300 <= passed <= 40 + 300 + 4 * 4 + 4


async def test_few_requests_ask_nobody() -> None:
    clock = ManualClock()
    server = Server(clock)
    [limiter] = processes(server, clock, 1)
    assert [limiter.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    await limiter.settled()
    assert server.asked == 0
    limiter.take("a")
    limiter.take("a")  # while the first is about to be settled
    await limiter.settled()
    assert server.asked == 1


async def test_a_key_that_is_closed_opens_when_it_was_said_and_others_do_not_share() -> None:
    clock = ManualClock()
    server = Server(clock)
    one, other = processes(server, clock, 2)
    for _ in range(40):
        one.take("a")
    for _ in range(4):
        other.take("a")
    await all_settled([one, other])
    wait_s = other.take("a")
    assert wait_s == pytest.approx(5)
    assert other.take("b") == 0.0
    clock.advance(wait_s)
    assert other.take("a") == 0.0


async def test_alone_a_process_limits_as_it_would_without_a_server() -> None:
    clock = ManualClock()
    server = Server(clock)
    server.away = True
    limiters = processes(server, clock, 2)
    for limiter in limiters:
        assert [limiter.take("a") for _ in range(41)].count(0.0) == 40
        await limiter.settled()
    server.away = False
    clock.advance(40)
    assert [limiters[0].take("a") for _ in range(41)].count(0.0) == 40
    await limiters[0].settled()
    assert limiters[1].take("a") == 0.0  # what was let through meanwhile is forgiven


async def test_what_a_process_remembers_of_keys_is_bounded() -> None:
    clock = ManualClock()
    [limiter] = processes(Server(clock), clock, 1, keys_max=2)
    for number in range(20):
        for _ in range(45):
            limiter.take(f"client {number}")
        if number % 5 == 4:
            await limiter.settled()
    await limiter.settled()
    assert len(limiter._owed) <= 2
    assert len(limiter._closed) <= 2


async def test_whether_a_limit_is_shared_follows_from_what_is_shared() -> None:
    clock = ManualClock()
    server = Server(clock)
    for key_values, asked in ((MemoryKeyValues(clock), 0), (server, 1)):
        limiter = limiter_of("t", key_values, per_s=1, burst=1, clock=clock)
        assert [limiter.take("a") > 0 for _ in range(2)] == [False, True]
        if isinstance(limiter, SharedLimiter):
            await limiter.settled()
        assert server.asked == asked


def a_throttle(server: MemoryKeyValues, clock: ManualClock, name: str = "t") -> Throttle:
    return Throttle(name, server, per_s=0.5, burst=3, clock=clock)


async def test_a_throttle_is_exact_over_processes() -> None:
    clock = ManualClock()
    server = Server(clock)
    throttles = [a_throttle(server, clock) for _ in range(3)]
    waits = [await throttle.take("a") for _ in range(3) for throttle in throttles]
    assert waits.count(0.0) == 3
    assert await a_throttle(server, clock, "another").take("a") == 0.0


async def test_a_throttle_raises_too_many_with_the_time_to_wait() -> None:
    clock = ManualClock()
    throttle = a_throttle(MemoryKeyValues(clock), clock)
    for _ in range(3):
        await throttle.admit("a")
    with pytest.raises(TooMany) as refused:
        await throttle.admit("a")
    assert refused.value.retry_after_s == pytest.approx(2.0)


async def test_without_the_server_a_throttle_goes_on_with_what_its_process_let_through() -> None:
    clock = ManualClock()
    server = Server(clock)
    throttle = a_throttle(server, clock)
    assert [await throttle.take("a") for _ in range(2)] == [0.0, 0.0]
    server.away = True
    assert [await throttle.take("a") > 0 for _ in range(3)] == [False, True, True]


async def test_memory_that_does_not_answer_is_a_fault_and_not_a_limit() -> None:
    class Broken(Server):
        shared = False

    clock = ManualClock()
    server = Broken(clock)
    server.away = True
    with pytest.raises(Unavailable):
        await a_throttle(server, clock).take("a")


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("somewhere", "somewhere"),
    ],
)
def test_a_household_is_one_client(client: str, network: str) -> None:
    assert network_of(client) == network
