from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.resilience import Breaker, Bulkhead, RetryBudget
from rialto.kernel.saturation import Guards, LineState, PoolState, Sample, Saturation

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Seen:
    """What a scrape would tell after samples."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.guards = Guards()
        self.saturation = Saturation(self.registry)

    def write(
        self,
        *,
        pool: PoolState | None = None,
        lines: tuple[LineState, ...] = (),
        cpu_s: float = 0.0,
        feed_age_s: float | None = None,
    ) -> None:
        self.saturation.write(
            Sample(
                pools={"orders": pool} if pool else {},
                lines={"commits": lines} if lines else {},
                guards=self.guards.by_name,
                in_flight=3,
                lag_s=0.25,
                cpu_s=cpu_s,
                resident_bytes=2**20,
                feed_age_s=feed_age_s,
            )
        )

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"rialto_{name}", labels)


def test_what_a_process_is_is_copied() -> None:
    seen = Seen()
    seen.write()
    assert seen.value("requests_in_flight") == 3
    assert seen.value("loop_lag_seconds") == 0.25
    assert seen.value("process_resident_bytes") == 2**20
    assert seen.value("feed_age_seconds") == 0
    seen.write(feed_age_s=7.5)
    assert seen.value("feed_age_seconds") == 7.5


def test_what_only_rises_is_counted_from_where_it_was_and_anew_when_it_fell() -> None:
    seen = Seen()
    for cpu_s in (2.0, 5.0, 1.0):
        seen.write(cpu_s=cpu_s)
    assert seen.value("process_cpu_seconds_total") == 6.0
    seen.write(pool=PoolState(limit=3, open=2, in_use=1, waiting=4, waited=9, waited_s=1.5))
    told = {
        name: seen.value(f"pool_{name}", service="orders") for name in ("limit", "open", "in_use", "waiting")
    }
    assert told == {"limit": 3, "open": 2, "in_use": 1, "waiting": 4}
    assert seen.value("pool_waits_total", service="orders") == 9
    assert seen.value("pool_waited_seconds_total", service="orders") == 1.5


def test_lines_of_one_name_are_added_up() -> None:
    seen = Seen()
    seen.write(lines=(LineState(waiting=2, limit=10), LineState(waiting=1, limit=5)))
    assert seen.value("line_waiting", line="commits") == 3
    assert seen.value("line_limit", line="commits") == 15


async def test_guards_tell_who_runs_waits_and_was_refused_and_whether_calls_pass() -> None:
    clock, seen = ManualClock(), Seen()
    breaker, bulkhead = Breaker(clock, failures_min=1, rest_s=5), Bulkhead(1, queue=1)
    seen.guards.add("orders", breaker=breaker, bulkhead=bulkhead, budget=RetryBudget(reserve=4))
    seen.guards.add("nothing")
    hold = asyncio.Event()

    async def call() -> None:
        async with bulkhead.enter():
            await hold.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(call())
        group.create_task(call())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            async with bulkhead.enter():
                pass
        with pytest.raises(Unavailable):
            async with breaker.guard():
                raise Unavailable
        seen.write()
        hold.set()
    assert seen.value("bulkhead_running", to="orders") == 1
    assert seen.value("bulkhead_waiting", to="orders") == 1
    assert seen.value("bulkhead_limit", to="orders") == 1
    assert seen.value("bulkhead_refused_total", to="orders") == 1
    assert seen.value("breaker_state", to="orders") == 2
    assert seen.value("retry_budget", to="orders") == 4
    assert seen.value("breaker_state", to="nothing") is None
    clock.advance(5)
    seen.write()
    assert seen.value("breaker_state", to="orders") == 1
    assert (seen.value("bulkhead_running", to="orders"), seen.value("bulkhead_waiting", to="orders")) == (
        0,
        0,
    )
