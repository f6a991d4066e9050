"""The cache: fresh answers without asking, one question at a time, old answers rather than none.

An entry is fresh until its time to live ends (jittered, so that many do not end together), then stale. A
stale entry may be served while one caller fetches anew, and when fetching fails, for as long as the caller
allows. Never the only record of anything that matters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from rialto.kernel.clock import Clock
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import Ids

V = TypeVar("V")


class CacheEngine(Protocol[V]):
    """Where entries are kept. Every engine is bounded and may forget anything at any time."""

    def get(self, key: str) -> V | None: ...

    def put(self, key: str, value: V, *, tags: Iterable[str] = ()) -> None: ...

    def drop_tagged(self, tag: str) -> int:
        """Forget what was put with this tag; how many entries."""
        ...

    def clear(self) -> None: ...


class Entry(Generic[V]):
    """A kept answer. `fresh_until` in the clock's monotonic seconds."""

    __slots__ = ("fresh_until", "kept_at", "value")

    def __init__(self, value: V, *, kept_at: float, fresh_until: float) -> None:
        self.value = value
        self.kept_at = kept_at
        self.fresh_until = fresh_until


class Cache(Generic[V]):
    """A cache of one kind of answer."""

    def __init__(
        self,
        engine: CacheEngine[Entry[V]],
        clock: Clock,
        ids: Ids,
        *,
        ttl_s: float,
        stale_if_error_s: float = 0,
        jitter: float = 0.1,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._ttl_s = ttl_s
        self._stale_if_error_s = stale_if_error_s
        self._jitter = jitter
        self._flights: dict[str, asyncio.Future[V]] = {}
        self._generation = 0

    def peek(self, key: str) -> V | None:
        """The fresh value, without waiting."""
        entry = self._engine.get(key)
        if entry is None or entry.fresh_until <= self._clock.monotonic():
            return None
        return entry.value

    async def get(
        self, key: str, fetch: Callable[[], Awaitable[V]], *, tags: Callable[[V], Iterable[str]] | None = None
    ) -> V:
        """The fresh value, or what `fetch` brings (asked once however many wait), or on Unavailable a stale one."""
        entry = self._engine.get(key)
        if entry is not None and entry.fresh_until > self._clock.monotonic():
            return entry.value
        flight = self._flights.get(key)
        if flight is not None:
            return await asyncio.shield(flight)
        flight = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        generation = self._generation
        try:
            value = await fetch()
        except BaseException as error:
            value_or_none = self._stale(entry, error)
            if value_or_none is None:
                _fail(flight, error)
                raise
            flight.set_result(value_or_none)
            return value_or_none
        else:
            # Something was invalidated while this was being fetched: it may be from before. Do not keep it.
            if generation == self._generation:
                self.put(key, value, tags=tags(value) if tags else ())
            flight.set_result(value)
            return value
        finally:
            del self._flights[key]

    def put(self, key: str, value: V, *, tags: Iterable[str] = ()) -> None:
        now = self._clock.monotonic()
        ttl = self._ttl_s * (1 - self._jitter * self._ids.random())
        self._engine.put(key, Entry(value, kept_at=now, fresh_until=now + ttl), tags=tags)

    def invalidate(self, tag: str) -> None:
        self._generation += 1
        self._engine.drop_tagged(tag)

    def clear(self) -> None:
        self._generation += 1
        self._engine.clear()

    def _stale(self, entry: Entry[V] | None, error: BaseException) -> V | None:
        if entry is None or not isinstance(error, Unavailable):
            return None
        if self._clock.monotonic() - entry.fresh_until > self._stale_if_error_s:
            return None
        return entry.value


def _fail(flight: asyncio.Future[Any], error: BaseException) -> None:
    if isinstance(error, asyncio.CancelledError):
        # The one who fetched was cancelled; the others may try themselves.
        flight.set_exception(Unavailable())
    else:
        flight.set_exception(error)
    flight.exception()  # whoever waits gets it; without anybody waiting the loop must not complain
