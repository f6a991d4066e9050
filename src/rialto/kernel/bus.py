"""The bus port: an ordered log per partition that carries published events to their consumers.

The broker is a pipe; truth stays in the services' tables. Delivery is at least once, order is per stream
(a stream lives in one partition). Competing consumers keep a cursor per partition here; broadcast
subscribers (`service.Feed`) keep their own.
"""

from __future__ import annotations

from collections.abc import Sequence
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


class LeaseLost(Exception):
    """Somebody else owns the partition now: drop what was read and start over."""


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

    async def cursors(self, consumer: str, partitions: Sequence[int]) -> dict[int, int]:
        """The consumer's position in each partition; 0 where it never read."""
        ...

    async def advance(self, consumer: str, positions: dict[int, int]) -> None:
        """Move cursors forward; never back."""
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
