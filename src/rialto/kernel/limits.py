"""Rate limits: a token bucket per key, at constant cost and with a bounded number of keys.

`RateLimiter` counts within the process. With a key-value server (kernel/keyvalue.py) processes count together:
`SharedLimiter` decides at once and settles afterwards, for every request; `Throttle` waits for the answer, for what is dear
anyway, such as signing in. While the server is away both are as good as a `RateLimiter`. None of them is a record: a
restart forgives. Whatever must hold is counted in the database by its service.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import OrderedDict

from rialto.kernel.clock import Clock
from rialto.kernel.errors import TooMany, Unavailable
from rialto.kernel.keyvalue import KeyValues

KEYS_MAX = 100_000
LOTS = 10  # a burst is settled in so many


class RateLimiter:
    """`burst` at once per key, and `per_s` more with each second that passes. The key silent longest is forgotten first."""

    def __init__(self, *, per_s: float, burst: float, clock: Clock, keys_max: int = KEYS_MAX) -> None:
        if per_s <= 0 or burst < 1 or keys_max < 1:
            raise ValueError("a limiter needs a positive rate, a burst of at least one and room for a key")
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._keys_max = keys_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key → (tokens, as of)

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, cost: float = 1.0) -> float:
        """Take `cost` and return 0.0; or take nothing and return in how many seconds it will be there.

        A cost above the burst is treated as the burst: it is let through when the bucket is full.
        """
        now = self._clock.monotonic()
        tokens, as_of = self._buckets.get(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - as_of) * self._per_s)
        wanted = min(cost, self._burst)
        missing = wanted - tokens
        self._buckets[key] = (tokens if missing > 0 else tokens - wanted, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)
        return missing / self._per_s if missing > 0 else 0.0


class SharedLimiter:
    """A RateLimiter over all processes, whose `take` waits for nobody.

    A process lets through what it would let through alone and charges the shared bucket afterwards, a lot (a tenth of
    the burst) at a time; a bucket that has nothing left closes the key here for as long as it takes. So few requests
    cost nothing more, and many cost one question per lot. Over time no more is let through than one limiter would; in
    a moment, at most one lot more per process, and what comes while the question is under way.
    """

    def __init__(
        self,
        name: str,
        key_values: KeyValues,
        *,
        per_s: float,
        burst: float,
        clock: Clock,
        keys_max: int = KEYS_MAX,
    ) -> None:
        self._name = name
        self._key_values = key_values
        self._per_s = per_s
        self._burst = burst
        self._lot = max(1.0, burst / LOTS)
        self._clock = clock
        self._keys_max = keys_max
        self._alone = RateLimiter(per_s=per_s, burst=burst, clock=clock, keys_max=keys_max)
        self._owed: OrderedDict[str, float] = OrderedDict()
        self._closed: OrderedDict[str, float] = OrderedDict()  # key → until
        self._due: dict[str, None] = {}
        self._settling: asyncio.Future[None] | None = None

    def take(self, key: str, cost: float = 1.0) -> float:
        """As a RateLimiter's. To be called within a running loop."""
        until = self._closed.get(key)
        if until is not None:
            left_s = until - self._clock.monotonic()
            if left_s > 0:
                return left_s
            del self._closed[key]
        wait_s = self._alone.take(key, cost)
        if wait_s:
            return wait_s
        owed = self._owed.get(key, 0.0) + cost
        self._note(self._owed, key, owed)
        if owed >= self._lot:
            self._due[key] = None
            if self._settling is None:
                self._settling = asyncio.ensure_future(self._settle())
        return 0.0

    async def settled(self) -> None:
        """Until nothing is to be charged any more."""
        while self._settling is not None:
            await asyncio.shield(self._settling)

    async def _settle(self) -> None:
        try:
            while self._due:
                key = next(iter(self._due))
                del self._due[key]
                await self._charge(key, self._owed.pop(key, 0.0))
        finally:
            self._settling = None

    async def _charge(self, key: str, owed: float) -> None:
        if owed <= 0:
            return  # forgotten for lack of room
        try:
            wait_s = await self._key_values.charge(
                f"{self._name}:{key}", per_s=self._per_s, burst=self._burst, cost=owed
            )
        except Unavailable:
            return  # forgiven: for now each process counts alone
        if wait_s > 0:
            self._note(self._closed, key, self._clock.monotonic() + wait_s)

    def _note(self, where: OrderedDict[str, float], key: str, number: float) -> None:
        where[key] = number
        where.move_to_end(key)
        if len(where) > self._keys_max:
            where.popitem(last=False)


def limiter_of(
    name: str, key_values: KeyValues, *, per_s: float, burst: float, clock: Clock
) -> RateLimiter | SharedLimiter:
    """Over as many processes as share these key-values."""
    if not key_values.shared:
        return RateLimiter(per_s=per_s, burst=burst, clock=clock)
    return SharedLimiter(name, key_values, per_s=per_s, burst=burst, clock=clock)


class Throttle:
    """A RateLimiter over all processes, exactly, for callers who can wait for the answer."""

    def __init__(self, name: str, key_values: KeyValues, *, per_s: float, burst: float, clock: Clock) -> None:
        self._name = name
        self._key_values = key_values
        self._per_s = per_s
        self._burst = burst
        self._alone = RateLimiter(per_s=per_s, burst=burst, clock=clock) if key_values.shared else None

    async def take(self, key: str, cost: float = 1.0) -> float:
        """As a RateLimiter's. While the server is away this process counts alone, with what it let through before."""
        try:
            wait_s = await self._key_values.take(
                f"{self._name}:{key}", per_s=self._per_s, burst=self._burst, cost=cost
            )
        except Unavailable:
            if self._alone is None:
                raise
            return self._alone.take(key, cost)
        if self._alone is not None and not wait_s:
            self._alone.take(key, cost)
        return wait_s

    async def admit(self, key: str, cost: float = 1.0) -> None:
        """As `take`. Raises TooMany with `retry_after_s`."""
        retry_after_s = await self.take(key, cost)
        if retry_after_s > 0:
            raise TooMany(retry_after_s=retry_after_s)


def network_of(client: str) -> str:
    """One household: an IPv4 address, or the network that an IPv6 line is given as a whole."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)
