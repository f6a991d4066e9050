"""How search keeps up: events of catalog, inventory and reviews become changes of the index.

At least once, in order per partition. What is at or before the position kept with the index is skipped, and
so is a product version that is not newer than the one known; so applying a batch again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import structlog

from rialto.catalog.api import Collections
from rialto.catalog.events import (
    AttributesChanged,
    CategoriesChanged,
    ChannelsChanged,
    CollectionsChanged,
    CompanionsFound,
    ProductPublished,
    SearchRulesChanged,
)
from rialto.inventory.events import AvailabilityChanged
from rialto.kernel.bus import Logged
from rialto.kernel.errors import Unavailable
from rialto.kernel.events import Event, EventTypes
from rialto.reviews.events import ProductRated
from rialto.search.api import Rating
from rialto.search.definitions import Definitions
from rialto.search.documents import Band
from rialto.search.handlers import SearchHandlers
from rialto.search.rebuild import rebuild_search
from rialto.search.shelf import Shelf
from rialto.search.store import Changes

WRITER_LOOKS = 20
WRITER_LOOK_S = 0.05

log = structlog.get_logger("rialto.search")

EVENTS: tuple[type[Event], ...] = (
    ProductPublished, CategoriesChanged, AttributesChanged, ChannelsChanged, AvailabilityChanged,
    SearchRulesChanged, CollectionsChanged, CompanionsFound, ProductRated,
)  # fmt: skip


class SearchFeed:
    """The broadcast subscription of `search`. Ask `positions()` before each read: a rebuild may have set it back."""

    types = frozenset(event.TYPE for event in EVENTS)

    def __init__(self, handlers: SearchHandlers) -> None:
        self._handlers = handlers
        self._clock = handlers.clock
        self._store = handlers.store
        self._decode = EventTypes(EVENTS).decode

    @property
    def active(self) -> bool:
        """Whether this process writes the index; one that does not takes over when the writer is gone."""
        return self._store.active

    async def start(self, tail: Mapping[int, int]) -> None:
        """Build the index when there is none and this process writes it; the feed then goes on from `tail`.

        An index that is ahead of the log belongs to another database (restored, or made anew): it is built too.
        """
        self._store.refresh()
        kept = self._store.positions or {}
        foreign = any(position > tail.get(partition, 0) for partition, position in kept.items())
        if self._store.active and (foreign or not self._store.ready):
            await rebuild_search(self._handlers, positions=tail)

    def positions(self) -> dict[int, int] | None:
        """As committed on this host, also when another process wrote it."""
        self._store.refresh()
        return self._store.positions

    async def apply(self, batch: Sequence[Logged]) -> None:
        """Keep and show the effect of a batch. Raises Unavailable, with nothing kept, to be tried again.

        Without a usable index it is rebuilt from the catalogue first. An event that cannot be read is logged
        and left out: a later version of the same thing replaces it anyway. A process that does not write
        waits for the writer to commit this batch, and takes over from a writer that is gone: a batch counts
        as taken in only when it is on disk.
        """
        for _ in range(WRITER_LOOKS):
            self._store.refresh()
            if self._store.active:
                await self._take_in(batch)
                return
            known = self._store.positions or {}
            if all(logged.id <= known.get(logged.partition, -1) for logged in batch):
                return
            await self._clock.sleep(WRITER_LOOK_S)
        raise Unavailable("The process that writes the search index is behind.", code="search_writer_behind")

    async def _take_in(self, batch: Sequence[Logged]) -> None:
        if not self._store.ready:
            await rebuild_search(self._handlers)
        changes = _changes(self._store.shelf, [(logged, self._read(logged)) for logged in batch])
        await self._store.write(changes)

    def _read(self, logged: Logged) -> Event | None:
        envelope = logged.envelope
        try:
            return self._decode(envelope.type, envelope.schema_version, envelope.body)
        except (KeyError, msgspec.MsgspecError) as error:
            log.warning(
                "event not understood", type=envelope.type, stream=str(envelope.stream), error=repr(error)
            )
            return None


def _changes(shelf: Shelf, events: Sequence[tuple[Logged, Event | None]]) -> Changes:
    known = shelf.positions.by_partition
    changes = Changes()
    definitions = shelf.definitions
    for logged, event in events:
        if logged.id <= known.get(logged.partition, -1):
            continue
        changes.positions[logged.partition] = max(logged.id, changes.positions.get(logged.partition, -1))
        match event:
            case ProductPublished(document=document):
                slot = shelf.slots.get(document.id)
                version = -1 if slot is None else shelf.rows[slot].version
                before = changes.products.get(document.id)
                if document.version > max(version, before.version if before else -1):
                    changes.products[document.id] = document
            case AvailabilityChanged():
                changes.bands[event.sku] = Band(name=event.band, partition=logged.partition, id=logged.id)
            case ProductRated():
                changes.ratings[event.product_id] = Rating(
                    average=event.average_hundredths, count=event.count
                )
            case CompanionsFound(companions=companions):
                changes.companions[companions.product_id] = companions
            case SearchRulesChanged():
                changes.rules = event.rules
            case CollectionsChanged():
                changes.collections = Collections(items=event.collections)
            case _:
                definitions = _defined(definitions, event)
    if definitions != shelf.definitions:
        changes.definitions = definitions
    return changes


def _defined(before: Definitions, event: Event | None) -> Definitions:
    match event:
        case CategoriesChanged():
            return msgspec.structs.replace(before, categories=event.categories)
        case AttributesChanged():
            return msgspec.structs.replace(before, attributes=event.attributes)
        case ChannelsChanged():
            return msgspec.structs.replace(before, channels=event.channels)
        case _:
            return before
