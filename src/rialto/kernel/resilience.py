"""Failing well: deadlines that travel, retries with a budget, breakers, bulkheads.

Every call that leaves the process names its timeout; retries happen at one level only (the caller of an
idempotent operation) and never cost more than a share of the successful traffic.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TypeVar

from rialto.kernel.clock import Clock
from rialto.kernel.errors import OutcomeUnknown, Overloaded, Unavailable
from rialto.kernel.ids import Ids

T = TypeVar("T")

_deadline: ContextVar[float | None] = ContextVar("rialto_deadline", default=None)


def time_left(clock: Clock) -> float | None:
    """Seconds until the running request's deadline; None without one. Below zero: too late already."""
    until = _deadline.get()
    return None if until is None else until - clock.monotonic()


@contextmanager
def deadline(clock: Clock, seconds: float) -> Iterator[None]:
    """Give whatever runs inside at most `seconds`, or less where an outer deadline is nearer."""
    until = clock.monotonic() + seconds
    outer = _deadline.get()
    token = _deadline.set(until if outer is None else min(until, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def no_deadline() -> Iterator[None]:
    """For work that serves many requests and happens to be started by one of them."""
    token = _deadline.set(None)
    try:
        yield
    finally:
        _deadline.reset(token)


class RetryBudget:
    """Retries may be at most `ratio` of the calls, plus a small reserve; so that retries never make a storm."""

    def __init__(self, *, ratio: float = 0.1, reserve: float = 10.0) -> None:
        self._ratio = ratio
        self._reserve = reserve
        self._tokens = reserve

    @property
    def tokens(self) -> float:
        """How many retries are affordable now."""
        return self._tokens

    def earn(self) -> None:
        self._tokens = min(self._tokens + self._ratio, self._reserve * 10)

    def spend(self) -> bool:
        """Whether one more retry is affordable; it is then paid for."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


async def retry(
    call: Callable[[], Awaitable[T]],
    *,
    clock: Clock,
    ids: Ids,
    budget: RetryBudget,
    attempts: int = 3,
    first_wait_s: float = 0.05,
) -> T:
    """Call an idempotent operation again while it is Unavailable: exponential waits with full jitter.

    The last error is raised when attempts, budget or deadline are used up. Who is overloaded is not asked again.
    """
    budget.earn()
    for attempt in range(attempts):
        try:
            return await call()
        except Overloaded:
            raise
        except Unavailable:
            wait_s = first_wait_s * 2**attempt * ids.random()
            left = time_left(clock)
            late = left is not None and left <= wait_s
            if attempt == attempts - 1 or late or not budget.spend():
                raise
        await clock.sleep(wait_s)
    raise AssertionError("unreachable: the last attempt returns or raises")


class Breaker:
    """Stops calling what keeps failing. Closed: calls pass. Open: refused at once. Half-open: one call tries.

    Opens when at least `failures_min` of the last `window` calls failed; tries again after `rest_s`.
    """

    def __init__(
        self, clock: Clock, *, window: int = 20, failures_min: int = 10, rest_s: float = 5.0
    ) -> None:
        self._clock = clock
        self._window = window
        self._failures_min = failures_min
        self._rest_s = rest_s
        self._outcomes: list[bool] = []
        self._open_until: float | None = None
        self._trying = False

    @property
    def state(self) -> str:
        if self._open_until is None:
            return "closed"
        return "open" if self._clock.monotonic() < self._open_until else "half-open"

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Raises Unavailable without calling while open. Only Unavailable and timeouts count as failures.

        Being turned away by who has too much to do does not: it answered, and would take what is more important.
        """
        tries = self._admit()
        try:
            yield
        except (Unavailable, TimeoutError) as error:
            self._record(failed=not isinstance(error, Overloaded), tries=tries)
            raise
        except asyncio.CancelledError:
            # The caller left, maybe because nothing came: that speaks neither for the other side nor against it.
            self._trying = self._trying and not tries
            raise
        except BaseException:
            self._record(failed=False, tries=tries)
            raise
        self._record(failed=False, tries=tries)

    def _admit(self) -> bool:
        """Whether this call is the one that tries."""
        if self._open_until is None:
            return False
        if self._trying or self._clock.monotonic() < self._open_until:
            rest = max(self._open_until - self._clock.monotonic(), 0.1)
            raise Unavailable("This part of the shop is resting after failures.", retry_after_s=rest)
        self._trying = True
        return True

    def _record(self, *, failed: bool, tries: bool) -> None:
        if tries:
            self._trying = False
            self._outcomes.clear()
            self._open_until = self._clock.monotonic() + self._rest_s if failed else None
            return
        if self._open_until is not None:
            return  # a call from before it opened: what is new is found out by the one that tries
        self._outcomes.append(failed)
        del self._outcomes[: -self._window]
        if sum(self._outcomes) >= self._failures_min:
            self._open_until = self._clock.monotonic() + self._rest_s


class Bulkhead:
    """At most `limit` calls at a time and `queue` waiting; one more is refused at once."""

    def __init__(self, limit: int, *, queue: int) -> None:
        self._semaphore = asyncio.Semaphore(limit)
        self._room = limit + queue
        self._inside = 0
        self.limit = limit
        self.refused = 0

    @property
    def running(self) -> int:
        return min(self._inside, self.limit)

    @property
    def waiting(self) -> int:
        return self._inside - self.running

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        if self._inside >= self._room:
            self.refused += 1
            raise Unavailable("Too much is waiting for this part of the shop.", retry_after_s=1)
        self._inside += 1
        try:
            async with self._semaphore:
                yield
        finally:
            self._inside -= 1


@asynccontextmanager
async def time_limit(clock: Clock, seconds: float, *, idempotent: bool) -> AsyncIterator[None]:
    """End what runs inside after `seconds` or at the request's deadline.

    Raises Unavailable for an idempotent operation, OutcomeUnknown for one that may have had its effect.
    """
    left = time_left(clock)
    limit = seconds if left is None else min(seconds, left)
    try:
        async with asyncio.timeout(limit):
            yield
    except TimeoutError:
        raise (Unavailable() if idempotent else OutcomeUnknown()) from None
