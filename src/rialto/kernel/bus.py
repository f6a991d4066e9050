"""The bus port: an ordered log per partition that carries published events to their consumers.

The broker is a pipe; truth stays in the services' tables. Delivery is at least once, order is per stream
(a stream lives in one partition). Competing consumers have a `Subscription`, whose place the engine keeps; broadcast
subscribers (`service.Feed`) read and keep their own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Protocol

import msgspec

from rialto.kernel.events import Envelope


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A right to work on `name` until it expires; `fence` rises with each new owner."""

    name: str
    owner: str
    fence: int


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """A published event and its place in the log."""

    partition: int
    id: int
    envelope: Envelope


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Events to take in, in order within each partition. In `more` there may be further ones already."""

    batch: list[Logged]
    more: frozenset[int]


class LeaseLost(Exception):
    """Somebody else owns the partition now: drop what was read and start over."""


class Subscription(Protocol):
    """One consumer's way through what was published. Competing: an event is for one process of those that share it.

    `take`, then have the effects committed, then `done`. What was taken and not done is taken again, here or by another
    process: effects must be safe to repeat (the inbox sees to it). One `take` at a time.
    """

    async def take(self, partitions: Collection[int], *, limit: int) -> Taken:
        """The next events of these partitions, at most `limit` of each. Raises Unavailable."""
        ...

    async def done(self) -> None:
        """What was taken last is taken in. Raises Unavailable; then it may come again."""
        ...

    async def save(self) -> None:
        """Make sure that others go on after what is done; at a clean stop and before giving partitions away."""
        ...

    async def keep_only(self, partitions: Collection[int]) -> None:
        """These partitions alone are this process's now."""
        ...


class Bus(Protocol):
    """What every engine offers; one contract suite runs against all of them."""

    async def acquire(self, names: Sequence[str], *, owner: str, ttl_s: float) -> list[Lease]:
        """Take or renew leases that are free, expired or already the owner's; those that were got."""
        ...

    async def give_back(self, owner: str, names: Sequence[str] | None = None) -> None:
        """End leases early, at a clean stop or to share with another worker."""
        ...

    async def heartbeat(self, owner: str, *, ttl_s: float) -> int:
        """Say that this worker lives; how many of its scope do (what stands before a slash in its name; mostly nothing)."""
        ...

    async def workers(self) -> int:
        """How many said lately that they live."""
        ...

    async def publish(self, leases: Sequence[Lease], batch: Sequence[Envelope]) -> None:
        """Append in order and wake who waits. Raises LeaseLost, with nothing appended, when a lease is not held."""
        ...

    def subscribe(self, consumer: str, *, skip: frozenset[str]) -> Subscription:
        """How this process takes in events for a consumer. Events of the types in `skip` are passed over."""
        ...

    async def behind(self, consumers: Sequence[str]) -> dict[str, int]:
        """How many events each of these consumers has not taken in yet, as far as the engine knows."""
        ...

    async def prune(self, consumers: Sequence[str], *, keep: timedelta, limit: int = 5000) -> int:
        """Forget what is older than `keep` and taken in by all of these consumers; how many events, at most `limit`."""
        ...

    async def read(
        self,
        after: dict[int, int],
        *,
        limit: int,
        types: frozenset[str] | None = None,
        skip: frozenset[str] = frozenset(),
    ) -> tuple[list[Logged], dict[int, int]]:
        """Events after the positions, in id order per partition, and the positions that reading got to.

        At most `limit` of each partition; ids within one have no gap, so fewer mean that there are no more yet. With
        `types` only those types come back, with `skip` all but those; positions move past the others.
        """
        ...

    async def tail(self) -> dict[int, int]:
        """The last id of every partition."""
        ...

    async def wait(self, timeout_s: float) -> frozenset[int]:
        """The partitions in which something was published since the last call; empty after the timeout.

        A hint: it may name too many, and when it names none everything should be looked at. Polling is the truth.
        """
        ...

    async def close(self) -> None:
        """Let go of connections. What was taken and not done comes again, elsewhere."""
        ...
