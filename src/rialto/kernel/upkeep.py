"""What can be asked of any service by whoever keeps the shop running, wherever the service lives.

Each service with tables answers for itself: what its outbox holds, which events it could not take in, and to try those
again. Not part of any service's own interface, and called by the web only (the back office's system page).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from rialto.kernel.dead_letters import Stuck
from rialto.kernel.errors import NotFound
from rialto.kernel.service import Frozen, Nothing, operation

if TYPE_CHECKING:
    from rialto.kernel.consumers import Consumer


class AtMost(Frozen):
    limit: int


class StuckStreams(Frozen):
    items: list[Stuck]


class OneStream(Frozen):
    stream: UUID


class TakenIn(Frozen):
    """How many parked events were taken in."""

    count: int


class ServiceState(Frozen):
    """`waiting`: events that no bus has yet. `ready`: what it makes of others' events is complete enough to serve."""

    waiting: int
    ready: bool


class Upkeep(Protocol):
    """See the module's text. Raises Unavailable."""

    @operation(idempotent=True)
    async def look(self, command: Nothing) -> ServiceState: ...

    @operation(idempotent=True)
    async def stuck(self, command: AtMost) -> StuckStreams:
        """Streams with parked events, the longest waiting first."""
        ...

    @operation(idempotent=True, timeout_s=60)
    async def replay(self, command: OneStream) -> TakenIn:
        """Try one stream again, in its order. Raises NotFound where nothing reacts to events."""
        ...


class ServiceUpkeep:
    """The upkeep of one service in this process."""

    def __init__(
        self,
        consumer: Callable[[], Consumer | None],
        *,
        waiting: Callable[[], Awaitable[int]],
        ready: Callable[[], bool],
    ) -> None:
        self._consumer = consumer
        self._waiting = waiting
        self._ready = ready

    async def look(self, _command: Nothing) -> ServiceState:
        return ServiceState(waiting=await self._waiting(), ready=self._ready())

    async def stuck(self, command: AtMost) -> StuckStreams:
        consumer = self._consumer()
        return StuckStreams(items=[] if consumer is None else await consumer.letters.stuck(command.limit))

    async def replay(self, command: OneStream) -> TakenIn:
        consumer = self._consumer()
        if consumer is None:
            raise NotFound
        count = 0
        while taken := await consumer.replay(stream=command.stream):
            count += taken
        return TakenIn(count=count)
