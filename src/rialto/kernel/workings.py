"""What goes on behind the pages, for whoever keeps the shop running: workers, what waits, what could not be taken in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from rialto.kernel.bus import Bus
from rialto.kernel.errors import Unavailable
from rialto.kernel.parked import ParkedEvents
from rialto.kernel.service import Frozen, Nothing
from rialto.kernel.upkeep import Upkeep


class Workings(Frozen):
    """`waiting` are events that no bus has yet, by service; `behind` those that a consumer has not read yet, and empty
    while the bus does not tell.

    `database` is `ok`, or what is wrong with it; then nothing else is known.
    """

    database: str
    search_ready: bool
    workers: int = 0
    waiting: Mapping[str, int] = {}
    behind: Mapping[str, int] = {}


class Engineer:
    """Looks at the shop this process is part of. `details` is what the operations port tells; `elsewhere` are the
    services that other processes have.
    """

    def __init__(
        self,
        details: Callable[[], Awaitable[dict[str, Any]]],
        bus: Bus,
        consumers: Sequence[str],
        parked: ParkedEvents,
        *,
        elsewhere: Mapping[str, Upkeep] | None = None,
    ) -> None:
        self._details = details
        self._bus = bus
        self._consumers = consumers
        self.parked = parked
        self._elsewhere = elsewhere or {}

    async def look(self) -> Workings:
        """Raises Unavailable when the database, or a service elsewhere, goes away while it is asked."""
        told = await self._details()
        if told["database"] != "ok":
            return Workings(database=told["database"], search_ready=told["search_ready"])
        waiting, search_ready = dict(told["outbox_waiting"]), told["search_ready"]
        for name, upkeep in self._elsewhere.items():
            state = await upkeep.look(Nothing())
            waiting[name] = state.waiting
            search_ready = search_ready and state.ready
        return Workings(
            database="ok",
            search_ready=search_ready,
            workers=await self._bus.workers(),
            waiting=waiting,
            behind=await self._behind(),
        )

    async def _behind(self) -> dict[str, int]:
        """Who looks because the bus is away must see the rest."""
        try:
            return await self._bus.behind(self._consumers)
        except Unavailable:
            return {}
