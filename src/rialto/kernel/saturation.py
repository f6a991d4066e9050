"""How full a process is: what stands in pools, lines and behind breakers, looked at instead of counted.

Nothing here is on the way of a request. Whoever bounds something keeps plain numbers; `Saturation.write` copies them into
gauges when `/metrics` is asked, and every few seconds for workers that are not asked themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from rialto.kernel.resilience import Breaker, Bulkhead, RetryBudget

# What the gauge says. An open breaker is the worst.
BREAKER_STATES = {"closed": 0, "half-open": 1, "open": 2}

# How the gauges of several workers of one machine become one.
Together = Literal["sum", "max", "min"]


@dataclass(frozen=True, kw_only=True)
class PoolState:
    """Connections of one pool. `waited` is who had to wait so far, and for how many seconds in all."""

    limit: int = 0
    open: int = 0
    in_use: int = 0
    waiting: int = 0
    waited: int = 0
    waited_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LineState:
    """Who waits for something that is done in turn, and how many may."""

    waiting: int
    limit: int


class HasLine(Protocol):
    """Something with a bounded line of those who wait for it."""

    @property
    def line(self) -> LineState: ...


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What stands before a dependency; `None` where there is no such thing."""

    breaker: Breaker | None = None
    bulkhead: Bulkhead | None = None
    budget: RetryBudget | None = None


class Guards:
    """The guards of one process by the dependency's name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Guard] = {}

    def add(
        self,
        name: str,
        *,
        breaker: Breaker | None = None,
        bulkhead: Bulkhead | None = None,
        budget: RetryBudget | None = None,
    ) -> None:
        """Whoever guards the same dependency anew takes the place of the one before."""
        self.by_name[name] = Guard(breaker=breaker, bulkhead=bulkhead, budget=budget)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What there was to see at one moment."""

    pools: Mapping[str, PoolState]
    lines: Mapping[str, Iterable[LineState]]
    guards: Mapping[str, Guard]
    in_flight: int
    lag_s: float
    cpu_s: float
    resident_bytes: int
    feed_age_s: float | None


class Saturation:
    """The gauges, and what of them only rises."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._risen: dict[tuple[str, str], float] = {}
        gauge, counter = self._gauge, self._counter
        self.in_flight = gauge("requests_in_flight", "Public requests being answered.")
        self.lag = gauge("loop_lag_seconds", "How late the event loop was, at worst of late.", together="max")
        self.cpu = counter("process_cpu_seconds", "CPU time of the process, user and system.")
        self.resident = gauge("process_resident_bytes", "Memory of the process that is in RAM.")
        self.feed_age = gauge(
            "feed_age_seconds",
            "How long ago the search index and the kept pages had taken in all events there were.",
            together="max",
        )
        self.pool_limit = gauge("pool_limit", "Most connections to the database.", "service")
        self.pool_open = gauge("pool_open", "Open connections to the database.", "service")
        self.pool_in_use = gauge("pool_in_use", "Connections that somebody uses.", "service")
        self.pool_waiting = gauge("pool_waiting", "Who waits for a connection.", "service")
        self.pool_waited = counter("pool_waits", "Who had to wait for a connection.", "service")
        self.pool_waited_s = counter("pool_waited_seconds", "For how long, in all.", "service")
        self.line_waiting = gauge(
            "line_waiting", "Who waits in line: commits of a service, passwords.", "line"
        )
        self.line_limit = gauge("line_limit", "How many may; one more is refused.", "line")
        self.bulkhead_running = gauge("bulkhead_running", "Calls under way to a dependency.", "to")
        self.bulkhead_waiting = gauge("bulkhead_waiting", "Calls that wait their turn.", "to")
        self.bulkhead_limit = gauge("bulkhead_limit", "How many calls may be under way.", "to")
        self.bulkhead_refused = counter("bulkhead_refused", "Calls refused since too many waited.", "to")
        self.breaker = gauge(
            "breaker_state", "0: calls pass, 1: one tries, 2: refused at once.", "to", together="max"
        )
        self.budget = gauge("retry_budget", "Retries that are affordable now.", "to", together="min")

    def write(self, sample: Sample) -> None:
        """Tell what was seen."""
        self.in_flight.set(sample.in_flight)
        self.lag.set(sample.lag_s)
        self.resident.set(sample.resident_bytes)
        self._rise(self.cpu, "", sample.cpu_s)
        if sample.feed_age_s is not None:
            self.feed_age.set(sample.feed_age_s)
        for name, pool in sample.pools.items():
            self.pool_limit.labels(name).set(pool.limit)
            self.pool_open.labels(name).set(pool.open)
            self.pool_in_use.labels(name).set(pool.in_use)
            self.pool_waiting.labels(name).set(pool.waiting)
            self._rise(self.pool_waited, name, pool.waited)
            self._rise(self.pool_waited_s, name, pool.waited_s)
        for name, lines in sample.lines.items():
            states = list(lines)
            self.line_waiting.labels(name).set(sum(state.waiting for state in states))
            self.line_limit.labels(name).set(sum(state.limit for state in states))
        for name, guard in sample.guards.items():
            self._write_guard(name, guard)

    def _write_guard(self, name: str, guard: Guard) -> None:
        if guard.breaker is not None:
            self.breaker.labels(name).set(BREAKER_STATES[guard.breaker.state])
        if guard.bulkhead is not None:
            self.bulkhead_running.labels(name).set(guard.bulkhead.running)
            self.bulkhead_waiting.labels(name).set(guard.bulkhead.waiting)
            self.bulkhead_limit.labels(name).set(guard.bulkhead.limit)
            self._rise(self.bulkhead_refused, name, guard.bulkhead.refused)
        if guard.budget is not None:
            self.budget.labels(name).set(guard.budget.tokens)

    def _rise(self, counter: Counter, label: str, total: float) -> None:
        """Count what was added since the last sample; a number that fell began anew."""
        key = (counter._name, label)  # noqa: SLF001 - the library tells a counter's name nowhere else
        before = self._risen.get(key, 0.0)
        self._risen[key] = total
        (counter.labels(label) if label else counter).inc(total - before if total >= before else total)

    def _gauge(self, name: str, text: str, *labels: str, together: Together = "sum") -> Gauge:
        return Gauge(f"rialto_{name}", text, labels, registry=self._registry, multiprocess_mode=together)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"rialto_{name}", text, labels, registry=self._registry)
