"""The replicas of a peer, and which of them to ask next.

A name stands for all its addresses (DNS answers with one for each replica, or a list names them); they are looked up
again and again, so that new replicas get work and gone ones none. Of two drawn at random the one with fewer calls in
flight is asked, which spreads load nearly as well as asking the least busy one and needs no common view (Mitzenmacher,
"The Power of Two Choices", 2001). A replica that keeps failing rests for a while, longer each time; one that says it is
leaving rests until it is gone. When all rest, all are asked: a wrong guess must not make an outage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from rialto.kernel.clock import Clock
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import Ids

FAILURES_MAX = 3
REST_S = 1.0
REST_S_MAX = 30.0
LEAVING_S = 15.0

# Finds the addresses ("ip:port") that a peer's name stands for now. Raises Unavailable, or answers with none.
Resolve = Callable[[str], Awaitable[Sequence[str]]]


class Replica:
    """One address of a peer and how it fared."""

    __slots__ = ("_failures", "_rests", "address", "calls", "rests_until")

    def __init__(self, address: str) -> None:
        self.address = address
        self.calls = 0
        self.rests_until = 0.0
        self._failures = 0
        self._rests = 0

    def answered(self) -> None:
        self._failures = self._rests = 0

    def failed(self, now: float) -> None:
        """It did not answer, or not in time. After FAILURES_MAX in a row it rests."""
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            self.rests_until = now + min(REST_S * 2.0**self._rests, REST_S_MAX)
            self._rests += 1
            self._failures = FAILURES_MAX - 1  # after the rest one more failure is enough

    def leaves(self, now: float) -> None:
        """It said that it is being stopped."""
        self.rests_until = now + LEAVING_S


class Replicas:
    """All replicas behind a peer's names. `refresh` looks the names up; whoever runs the process calls it regularly."""

    def __init__(self, names: Sequence[str], resolve: Resolve, *, clock: Clock, ids: Ids) -> None:
        self.names = tuple(names)
        self._resolve = resolve
        self._clock = clock
        self._ids = ids
        self._known: dict[str, Replica] = {}

    async def refresh(self) -> None:
        """Look up which replicas there are. While nothing is found those known so far stay."""
        found: list[str] = []
        for name in self.names:
            try:
                found += await self._resolve(name)
            except Unavailable:
                # One name that cannot be looked up must not take away the replicas that it stood for.
                return
        if found:
            self._known = {address: self._known.get(address) or Replica(address) for address in found}

    async def choose(self, without: Collection[Replica] = ()) -> Replica:
        """The replica to ask next. Raises Unavailable when there is none beside `without`."""
        if not self._known:
            await self.refresh()
        left = [replica for replica in self._known.values() if replica not in without]
        if not left:
            raise Unavailable("No process that could answer is known.", retry_after_s=1)
        now = self._clock.monotonic()
        awake = [replica for replica in left if replica.rests_until <= now] or left
        first, second = self._draw(awake), self._draw(awake)
        return first if first.calls <= second.calls else second

    def known(self) -> list[Replica]:
        """All replicas, for whoever shows the state of things."""
        return list(self._known.values())

    def _draw(self, replicas: Sequence[Replica]) -> Replica:
        return replicas[self._ids.below(len(replicas))]
