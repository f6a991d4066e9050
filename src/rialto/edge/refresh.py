"""Kept pages follow the read model: when search has taken in news, what was rendered before is out of date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rialto.kernel.bus import Logged
from rialto.kernel.service import Feed


class Refreshing:
    """A feed that hands events to the feeds of this process first, and then says that pages are old.

    The order matters: pages forgotten earlier could be made again from a read model that does not know yet.
    """

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = feeds
        self._then: list[Callable[[], None]] = []
        self._own: dict[int, int] | None = None
        self.types: frozenset[str] = frozenset().union(*(feed.types for feed in feeds))

    def then(self, act: Callable[[], None]) -> None:
        self._then.append(act)

    async def start(self, tail: Mapping[int, int]) -> None:
        for feed in self._feeds:
            await feed.start(tail)

    def positions(self) -> dict[int, int] | None:
        """This process's own place: its pages are old even where another process's index is up to date already.

        A feed that was set back takes everybody back with it.
        """
        shared = self._shared()
        if shared is None:
            return None
        if self._own is None:
            self._own = shared
        return {
            partition: min(position, self._own.get(partition, 0)) for partition, position in shared.items()
        }

    async def apply(self, batch: Sequence[Logged]) -> None:
        for feed in self._feeds:
            await feed.apply([logged for logged in batch if logged.envelope.type in feed.types])
        self._own = {**(self._own or {}), **{logged.partition: logged.id for logged in batch}}
        for act in self._then:
            act()

    def _shared(self) -> dict[int, int] | None:
        """The earliest of all feeds' positions; each skips what it has taken in already."""
        known = [feed.positions() for feed in self._feeds]
        found = [positions for positions in known if positions is not None]
        if len(found) < len(known) or not found:
            return None
        partitions = set().union(*found)
        return {partition: min(position.get(partition, 0) for position in found) for partition in partitions}
