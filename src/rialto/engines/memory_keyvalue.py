"""Keys and values within the process: bounded, and what was unused for longest goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from rialto.kernel.clock import Clock
from rialto.kernel.keyvalue import check_bucket, check_time, check_value
from rialto.kernel.limits import KEYS_MAX

V = TypeVar("V")


class MemoryKeyValues:
    """The engine where no server is set. `size_max` bounds values, counts and buckets each."""

    shared = False

    def __init__(self, clock: Clock, *, size_max: int = KEYS_MAX) -> None:
        self._clock = clock
        self._values: _Shelf[tuple[bytes, float]] = _Shelf(size_max)  # value, until
        self._counts: _Shelf[tuple[int, float]] = _Shelf(size_max)  # count, until
        self._buckets: _Shelf[tuple[float, float]] = _Shelf(size_max)  # tokens, as of

    async def check(self) -> None:
        """There is nothing that could be wrong."""

    async def get(self, key: str) -> bytes | None:
        found = self._values.get(key)
        return found[0] if found is not None and found[1] > self._clock.monotonic() else None

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        found = [(key, await self.get(key)) for key in keys]
        return {key: value for key, value in found if value is not None}

    async def put(self, key: str, value: bytes, *, ttl_s: float, only_if_absent: bool = False) -> bool:
        check_value(value, ttl_s)
        if only_if_absent and await self.get(key) is not None:
            return False
        self._values.put(key, (value, self._clock.monotonic() + ttl_s))
        return True

    async def drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._values.drop(key)
            self._counts.drop(key)
            self._buckets.drop(key)

    async def add(self, key: str, by: int, *, ttl_s: float) -> int:
        check_time(ttl_s)
        now = self._clock.monotonic()
        found = self._counts.get(key)
        count, until = found if found is not None and found[1] > now else (0, now + ttl_s)
        self._counts.put(key, (count + by, until))
        return count + by

    async def take(self, key: str, *, per_s: float, burst: float, cost: float = 1.0) -> float:
        check_bucket(per_s, burst, cost)
        tokens, now = self._tokens(key, per_s, burst)
        wanted = min(cost, burst)
        missing = wanted - tokens
        self._buckets.put(key, (tokens if missing > 0 else tokens - wanted, now))
        return missing / per_s if missing > 0 else 0.0

    async def charge(self, key: str, *, per_s: float, burst: float, cost: float) -> float:
        check_bucket(per_s, burst, cost)
        tokens, now = self._tokens(key, per_s, burst)
        tokens = max(-burst, tokens - cost)
        self._buckets.put(key, (tokens, now))
        return max(0.0, (1 - tokens) / per_s)

    def _tokens(self, key: str, per_s: float, burst: float) -> tuple[float, float]:
        """What is in the bucket, and that it is so now."""
        now = self._clock.monotonic()
        tokens, as_of = self._buckets.get(key) or (burst, now)
        return min(burst, tokens + (now - as_of) * per_s), now

    async def close(self) -> None:
        """Nothing is held open."""


class _Shelf(Generic[V]):
    """At most `size_max` entries."""

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._entries: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: str, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._size_max:
            self._entries.popitem(last=False)

    def drop(self, key: str) -> None:
        self._entries.pop(key, None)
