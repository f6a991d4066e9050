"""All events of this shop that some service could not take in, and trying them again: for staff and for operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from rialto.kernel.errors import NotFound

if TYPE_CHECKING:
    from rialto.kernel.consumers import Consumer
    from rialto.kernel.dead_letters import Stuck


class ParkedEvents:
    """Over all consumers, which the composition root makes after the services that may ask here."""

    def __init__(self, consumers: Callable[[], Sequence[Consumer]]) -> None:
        self._consumers = consumers

    async def all(self, limit: int) -> list[Stuck]:
        """Streams with parked events, the longest waiting first; at most `limit`. Raises Unavailable."""
        found: list[Stuck] = []
        for consumer in self._consumers():
            found += await consumer.letters.stuck(limit)
        return sorted(found, key=lambda stuck: stuck.parked_at)[:limit]

    async def replay(self, consumer: str, stream: UUID) -> int:
        """Try one stream again, in its order; how many events were taken in. Raises NotFound, Unavailable."""
        chosen = next((one for one in self._consumers() if one.name == consumer), None)
        if chosen is None:
            raise NotFound
        count = 0
        while taken := await chosen.replay(stream=stream):
            count += taken
        return count
