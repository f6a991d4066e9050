from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import TooMany
from rialto.kernel.limits import RateLimiter, network_of

pytestmark = pytest.mark.fast


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


def test_admit_raises_too_many_with_the_time_to_wait() -> None:
    limiter = a_limiter(ManualClock())
    for _ in range(3):
        limiter.admit("a")
    with pytest.raises(TooMany) as refused:
        limiter.admit("a")
    assert refused.value.retry_after_s == pytest.approx(2.0)


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
