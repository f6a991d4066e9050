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


class SecondLevel(Protocol[V]):
    """What other processes made of the same kind. It may know nothing at any time, and raises nothing."""

    def mark(self) -> object:
        """What this process goes by, looked at before an answer is made and saved with it."""
        ...

    async def load(self, key: str) -> tuple[V, float] | None:
        """A value that is as good as one made here now, and for how many seconds more it is fresh."""
        ...

    async def save(self, key: str, value: V, *, ttl_s: float, mark: object) -> None: ...


class OneEntry(Generic[V]):
    """The engine for a cache of one thing, such as a service's rules: it forgets nothing by itself and needs no bound."""

    def __init__(self) -> None:
        self._value: V | None = None

    def get(self, _key: str) -> V | None:
        return self._value

    def put(self, _key: str, value: V, *, tags: Iterable[str] = ()) -> None:  # noqa: ARG002 - one thing has no tags
        self._value = value

    def drop_tagged(self, _tag: str) -> int:
        self.clear()
        return 1

    def clear(self) -> None:
        self._value = None


class Entry(Generic[V]):
    """A kept answer. `fresh_until` in the clock's monotonic seconds; `generation` counts invalidations before it."""

    __slots__ = ("fresh_until", "generation", "value")

    def __init__(self, value: V, *, fresh_until: float, generation: int) -> None:
        self.value = value
        self.fresh_until = fresh_until
        self.generation = generation


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
        self._expired = 0

    def peek(self, key: str) -> V | None:
        """The fresh value, without waiting."""
        entry = self._engine.get(key)
        return entry.value if entry is not None and self._is_fresh(entry) else None

    async def get(
        self,
        key: str,
        fetch: Callable[[], Awaitable[V]],
        *,
        tags: Callable[[V], Iterable[str]] | None = None,
        ttl_s: Callable[[V], float] | None = None,
        beyond: SecondLevel[V] | None = None,
    ) -> V:
        """The fresh value, or what `fetch` brings (asked once however many wait), or on Unavailable a stale one.

        `ttl_s` decides per value how long it is fresh; zero: it is not kept. `beyond` is asked before `fetch` is, and
        told what that brought.
        """
        entry = self._engine.get(key)
        if entry is not None and self._is_fresh(entry):
            return entry.value
        flight = self._flights.get(key)
        if flight is not None:
            try:
                return await asyncio.shield(flight)
            except _Abandoned:
                return await self.get(key, fetch, tags=tags, ttl_s=ttl_s, beyond=beyond)
        flight = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        generation = self._generation
        try:
            found = await beyond.load(key) if beyond is not None else None
            mark = beyond.mark() if beyond is not None else None
            value = await fetch() if found is None else found[0]
        except BaseException as error:
            value_or_none = self._stale(entry, error)
            if value_or_none is None:
                _fail(flight, error)
                raise
            flight.set_result(value_or_none)
            return value_or_none
        else:
            left_s = found[1] if found is not None else ttl_s(value) if ttl_s else self._ttl_s
            # Something was invalidated while this was being fetched: it may be from before. Do not keep it.
            kept = generation == self._generation and left_s > 0
            if kept:
                self.put(key, value, tags=tags(value) if tags else (), ttl_s=left_s)
            flight.set_result(value)
        finally:
            del self._flights[key]
        if kept and found is None and beyond is not None:
            await beyond.save(key, value, ttl_s=left_s, mark=mark)
        return value

    def put(self, key: str, value: V, *, tags: Iterable[str] = (), ttl_s: float | None = None) -> None:
        whole = self._ttl_s if ttl_s is None else ttl_s
        if whole <= 0:
            return
        now = self._clock.monotonic()
        ttl = whole * (1 - self._jitter * self._ids.random())
        self._engine.put(key, Entry(value, fresh_until=now + ttl, generation=self._generation), tags=tags)

    def invalidate(self, tag: str) -> None:
        self._generation += 1
        self._engine.drop_tagged(tag)

    def clear(self) -> None:
        self._generation += 1
        self._engine.clear()

    def expire(self) -> None:
        """Nothing kept so far is fresh any more, but all of it may still be served when fetching fails."""
        self._generation += 1
        self._expired = self._generation

    def _is_fresh(self, entry: Entry[V]) -> bool:
        """Within its time, and not expired as a whole since it was kept."""
        return entry.generation >= self._expired and entry.fresh_until > self._clock.monotonic()

    def _stale(self, entry: Entry[V] | None, error: BaseException) -> V | None:
        if entry is None or not isinstance(error, Unavailable):
            return None
        if self._clock.monotonic() - entry.fresh_until > self._stale_if_error_s:
            return None
        return entry.value


class _Abandoned(Exception):
    """Whoever was fetching for all left."""


def _fail(flight: asyncio.Future[Any], error: BaseException) -> None:
    if isinstance(error, asyncio.CancelledError):
        # The one who fetched was cancelled; one of the others tries for all.
        flight.set_exception(_Abandoned())
    else:
        flight.set_exception(error)
    flight.exception()  # whoever waits gets it; without anybody waiting the loop must not complain
