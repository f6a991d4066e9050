"""All events of this shop that some service could not take in, and trying them again: for staff and for operators."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from rialto.kernel.dead_letters import Stuck
from rialto.kernel.errors import NotFound
from rialto.kernel.upkeep import AtMost, OneStream, Upkeep


class ParkedEvents:
    """Over all services that react to events, here and elsewhere; the composition root adds them as it makes them."""

    def __init__(self, services: Mapping[str, Upkeep]) -> None:
        self._services = services

    async def all(self, limit: int) -> list[Stuck]:
        """Streams with parked events, the longest waiting first; at most `limit`. Raises Unavailable."""
        found: list[Stuck] = []
        for service in self._services.values():
            found += (await service.stuck(AtMost(limit=limit))).items
        return sorted(found, key=lambda stuck: stuck.parked_at)[:limit]

    async def replay(self, consumer: str, stream: UUID) -> int:
        """Try one stream again, in its order; how many events were taken in. Raises NotFound, Unavailable."""
        chosen = self._services.get(consumer)
        if chosen is None:
            raise NotFound
        return (await chosen.replay(OneStream(stream=stream))).count
