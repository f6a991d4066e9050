"""Rate limits in the process: a token bucket per key, at constant cost and with a bounded number of keys.

Used per client and per account by the HTTP layer and by sign-in. It is not a record: a restart forgives, each
worker counts for itself, and the key that was silent longest is forgotten when there are too many. Whatever
must hold over all workers is counted in the database by its service.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from rialto.kernel.clock import Clock
from rialto.kernel.errors import TooMany

KEYS_MAX = 100_000


class RateLimiter:
    """`burst` at once per key, and `per_s` more with each second that passes."""

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

    def admit(self, key: str, cost: float = 1.0) -> None:
        """As `take`. Raises TooMany with `retry_after_s`."""
        retry_after_s = self.take(key, cost)
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
