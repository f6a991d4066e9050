"""Index and shelf together: opened, brought forward, rebuilt.

Writing is: stage, commit (in a thread), then change the shelf (in the event loop, at once). So a change is
visible when `write` returns, and a process killed anywhere finds on disk either all of it or nothing, feed
position included. A process without the writer's lock follows what the writer commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from rialto.catalog.api import Collections, Companions, ProductDocument, SearchRules
from rialto.kernel.errors import Unavailable
from rialto.kernel.threads import in_thread
from rialto.search.api import Rating
from rialto.search.definitions import Definitions
from rialto.search.documents import (
    DEFINITIONS,
    Band,
    Positions,
    band_entry,
    collections_entry,
    companions_entry,
    counted_band,
    decode_document,
    definitions_entry,
    positions_entry,
    product_entry,
    rating_entry,
    row_of,
    rules_entry,
)
from rialto.search.folder import Folder
from rialto.search.ports import Entry, Index, IndexDamaged, IndexEngine
from rialto.search.restoring import all_documents, bring_forward, read_all
from rialto.search.shelf import Shelf

STAGED_MAX = 500
DECODED_MAX = 10_000

log = structlog.get_logger("rialto.search")


class NotReady(Unavailable):
    """There is no index yet; it is being built."""

    message = "The shop is being set up. Please try again in a moment."


class Changes(msgspec.Struct, kw_only=True):
    """What a batch of events comes to. `definitions` is set when they changed: all products are then indexed anew."""

    products: dict[str, ProductDocument] = {}
    bands: dict[str, Band] = {}
    ratings: dict[str, Rating] = {}
    companions: dict[str, Companions] = {}
    rules: SearchRules | None = None
    collections: Collections | None = None
    definitions: Definitions | None = None
    positions: dict[int, int] = {}

    @property
    def effective(self) -> bool:
        told = self.products or self.bands or self.ratings or self.companions
        return bool(told or self.rules or self.collections or self.definitions)


class SearchStore:
    """`version` changes with everything that could change an answer; caches hang on it."""

    def __init__(self, path: Path, engine: IndexEngine) -> None:
        self._folder = Folder(path)
        self._engine = engine
        self._index: Index | None = None
        self._shelf: Shelf | None = None
        self._known: Definitions | None = None
        self._generation: Path | None = None
        self._changing = asyncio.Lock()
        self._decoded: dict[tuple[Path | None, int, int], ProductDocument] = {}
        self._complaint = ""
        self.version = 0

    @property
    def ready(self) -> bool:
        return self._shelf is not None

    @property
    def active(self) -> bool:
        """Whether this process writes; tries to take over from a writer that is gone."""
        return self._folder.writer.take()

    @property
    def positions(self) -> dict[int, int] | None:
        """How far the feed was taken in; None when that is not known."""
        if self._shelf is None or not self._shelf.positions.known:
            return None
        return dict(self._shelf.positions.by_partition)

    @property
    def shelf(self) -> Shelf:
        """Raises NotReady."""
        if self._shelf is None:
            raise NotReady
        return self._shelf

    @property
    def definitions(self) -> Definitions:
        """What channels there are and the like: of an index that was lost the last known. Raises NotReady."""
        return self._known if self._shelf is None and self._known is not None else self.shelf.definitions

    @property
    def index(self) -> Index:
        """Raises NotReady."""
        if self._index is None:
            raise NotReady
        return self._index

    @property
    def engine(self) -> IndexEngine:
        return self._engine

    def open(self) -> bool:
        """Load the current generation; False when it is missing, damaged or of another schema."""
        try:
            generation = self._folder.current()
            index = self._engine.open(generation)
            shelf = read_all(index)
        except IndexDamaged as damage:
            if str(damage) != self._complaint:
                self._complaint = str(damage)
                log.warning("search index cannot be used", reason=self._complaint)
            self.forget()
            return False
        self._use(generation, index, shelf)
        return True

    def forget(self) -> None:
        """Stop using the index: it turned out to be damaged."""
        self._release()
        if self._shelf is not None:
            self._known = self._shelf.definitions
        self._shelf, self._generation = None, None
        self.version += 1

    def close(self) -> None:
        self._release()
        self._folder.writer.release()

    def follow(self) -> None:
        """Before an answer: a process that does not write sees what the writer committed."""
        if self.ready and not self._folder.writer.held:
            self.refresh()

    def refresh(self) -> None:
        """Take in what another process committed; a no-op (two file system calls) when there is nothing."""
        try:
            if self._shelf is None or self._index is None or self._folder.current() != self._generation:
                self.open()
                return
            if not self._index.reload():
                return
            changed = list(self._index.changed(self._shelf.positions.seq))
            if any(stored.kind == DEFINITIONS for stored in changed):
                self._shelf = read_all(self._index)
            else:
                bring_forward(self._shelf, changed)
            self.version += 1
        except IndexDamaged:
            self.open()

    async def write(self, changes: Changes) -> None:
        """Keep and show changes. Raises Unavailable (nothing kept, nothing shown), NotReady."""
        async with self._changing:
            index, shelf = self.index, self.shelf
            positions = Positions(
                seq=shelf.positions.seq + 1,
                known=True,
                by_partition={**shelf.positions.by_partition, **changes.positions},
            )
            if positions.by_partition == shelf.positions.by_partition and not changes.effective:
                return
            fresh = await in_thread(self._commit, changes, positions)
            index.reload()
            if fresh is not None:
                self._shelf = fresh
            else:
                _apply(shelf, changes, positions)
            self.version += 1

    async def rebuild(
        self,
        documents: AsyncIterator[ProductDocument],
        definitions: Definitions,
        bands: Mapping[str, int],
        *,
        ratings: Mapping[str, Rating],
        rules: SearchRules,
        collections: Collections,
        companions: Sequence[Companions] = (),
        positions: Mapping[int, int] | None = None,
    ) -> int:
        """Build a new generation and switch to it; how many products it has. Old answers go on meanwhile.

        The feed goes on from `positions`: what is read here must be at least as new as that.
        Raises Unavailable, with everything as before, when the disk refuses or another rebuild is running.
        """
        if not self._folder.rebuilding.take():
            raise Unavailable("The search index is being rebuilt already.", code="rebuild_running")
        try:
            async with self._changing:
                start = Positions(seq=1, known=positions is not None, by_partition=dict(positions or {}))
                rest = [rating_entry(name, rating) for name, rating in ratings.items()]
                rest += [companions_entry(each) for each in companions]
                rest += [rules_entry(rules), collections_entry(collections)]
                rest += [positions_entry(start), definitions_entry(definitions)]
                return await self._rebuild(documents, definitions, bands, rest)
        except OSError as error:
            raise Unavailable(
                f"The search index cannot be written: {error}", code="search_index_failed"
            ) from error
        finally:
            self._folder.rebuilding.release()

    def products(self, slots: Sequence[int]) -> list[ProductDocument]:
        """The documents in these slots, in this order. Raises NotReady; IndexDamaged when they cannot be read."""
        rows = self.shelf.rows
        keys = {slot: (self._generation, slot, rows[slot].version) for slot in slots}
        missing = [slot for slot, key in keys.items() if key not in self._decoded]
        for slot, body in self.index.bodies(missing).items() if missing else ():
            self._decoded[keys[slot]] = decode_document(body)
        found = [self._decoded[key] for key in keys.values() if key in self._decoded]
        if len(self._decoded) > DECODED_MAX:
            self._decoded = {key: self._decoded[key] for key in keys.values() if key in self._decoded}
        return found

    async def _rebuild(
        self,
        documents: AsyncIterator[ProductDocument],
        definitions: Definitions,
        bands: Mapping[str, int],
        rest: Sequence[Entry],
    ) -> int:
        generation = self._folder.fresh()
        index = self._engine.create(generation)
        count, waiting = 0, list[ProductDocument]()

        def stage() -> None:
            first = count - len(waiting)
            entries = (
                product_entry(document, first + place, definitions, self._engine.stems)
                for place, document in enumerate(waiting)
            )
            index.add(list(entries), 1)

        async for document in documents:
            waiting.append(document)
            count += 1
            if len(waiting) >= STAGED_MAX:
                await in_thread(stage)
                waiting.clear()
        await in_thread(stage)
        # Only now: bands are filled in while the documents are read.
        known = [band_entry(sku, counted_band(available)) for sku, available in bands.items()]
        shelf = await in_thread(_finish, index, [*known, *rest])
        index.close()
        self._folder.switch(generation)
        self._use(generation, index, shelf)
        self._folder.sweep(generation)
        return count

    def _use(self, generation: Path, index: Index, shelf: Shelf) -> None:
        self._release()
        self._generation, self._index, self._shelf = generation, index, shelf
        self.version += 1

    def _release(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            index.close()

    def _keep(self, entries: Sequence[Entry], seq: int) -> None:
        self.index.add(entries, seq)
        self.index.commit()
        self.index.reload()

    def _commit(self, changes: Changes, positions: Positions) -> Shelf | None:
        """In a thread. A new shelf when definitions changed, else None: the present one is then to be changed."""
        shelf, stems, seq = self.shelf, self._engine.stems, positions.seq
        definitions = changes.definitions or shelf.definitions
        products = changes.products
        if changes.definitions is not None:
            products = {**all_documents(self.index), **products}
        slots, free = dict[str, int](), shelf.next_slot
        for name in products:
            slots[name] = shelf.slots.get(name, free)
            free += slots[name] == free
        entries = [
            product_entry(document, slots[name], definitions, stems) for name, document in products.items()
        ]
        entries += [band_entry(sku, band) for sku, band in changes.bands.items()]
        entries += [rating_entry(name, rating) for name, rating in changes.ratings.items()]
        entries += [companions_entry(each) for each in changes.companions.values()]
        entries += [rules_entry(changes.rules)] if changes.rules is not None else []
        if changes.collections is not None:
            entries.append(collections_entry(changes.collections))
        entries.append(positions_entry(positions))
        if changes.definitions is None:
            self._keep(entries, seq)
            return None
        self._keep([*entries, definitions_entry(definitions)], seq)
        rows = (row_of(document, slots[name], definitions) for name, document in products.items())
        fresh = Shelf.of(
            definitions,
            positions,
            rows,
            bands={**shelf.bands, **changes.bands},
            ratings={**shelf.ratings, **changes.ratings},
        )
        fresh.companions = dict(shelf.companions)
        fresh.rules, fresh.collections = shelf.rules, shelf.collections
        _apply_beside(fresh, changes)
        return fresh


def _finish(index: Index, entries: Sequence[Entry]) -> Shelf:
    index.add(entries, 1)
    index.commit()
    index.reload()
    return read_all(index)


def _apply(shelf: Shelf, changes: Changes, positions: Positions) -> None:
    for name, document in changes.products.items():
        shelf.put(document, shelf.slots.get(name, shelf.next_slot))
    for sku, band in changes.bands.items():
        shelf.set_band(sku, band)
    for name, rating in changes.ratings.items():
        shelf.set_rating(name, rating)
    _apply_beside(shelf, changes)
    shelf.positions = positions


def _apply_beside(shelf: Shelf, changes: Changes) -> None:
    """What no column depends on."""
    for name, companions in changes.companions.items():
        shelf.companions[name] = companions.others
    if changes.rules is not None:
        shelf.rules = changes.rules
    if changes.collections is not None:
        shelf.tell_collections(changes.collections)
