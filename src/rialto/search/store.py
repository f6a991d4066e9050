"""Index and shelf together: opened, brought forward, rebuilt.

Writing is: stage, commit (in a thread), then change the shelf (in the event loop, at once). So a change is
visible when `write` returns, and a process killed anywhere finds on disk either all of it or nothing, feed
position included. A process without the writer's lock follows what the writer commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from rialto.catalog.api import ProductDocument
from rialto.kernel.errors import Unavailable
from rialto.search.api import Rating
from rialto.search.definitions import Definitions
from rialto.search.documents import (
    BAND,
    DEFINITIONS,
    POSITIONS,
    PRODUCT,
    RATING,
    Band,
    Positions,
    Row,
    band_entry,
    counted_band,
    decode_band,
    decode_definitions,
    decode_document,
    decode_positions,
    decode_rating,
    definitions_entry,
    positions_entry,
    product_entry,
    rating_entry,
    row_of,
)
from rialto.search.folder import Folder
from rialto.search.ports import Entry, Index, IndexDamaged, IndexEngine, Stored
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
    definitions: Definitions | None = None
    positions: dict[int, int] = {}

    @property
    def effective(self) -> bool:
        return bool(self.products or self.bands or self.ratings or self.definitions)


class SearchStore:
    """`version` changes with everything that could change an answer; caches hang on it."""

    def __init__(self, path: Path, engine: IndexEngine) -> None:
        self._folder = Folder(path)
        self._engine = engine
        self._index: Index | None = None
        self._shelf: Shelf | None = None
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
            shelf = _read_all(index)
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
                self._shelf = _read_all(self._index)
            else:
                _bring_forward(self._shelf, changed)
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
            fresh = await asyncio.to_thread(self._commit, changes, positions)
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
                return await self._rebuild(documents, definitions, bands, start, ratings=ratings)
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
        positions: Positions,
        *,
        ratings: Mapping[str, Rating],
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
                await asyncio.to_thread(stage)
                waiting.clear()
        await asyncio.to_thread(stage)
        rest = [band_entry(sku, counted_band(available)) for sku, available in bands.items()]
        rest += [rating_entry(name, rating) for name, rating in ratings.items()]
        rest += [positions_entry(positions), definitions_entry(definitions)]
        shelf = await asyncio.to_thread(_finish, index, rest)
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
            products = {**_documents(self.index), **products}
        slots, free = dict[str, int](), shelf.next_slot
        for name in products:
            slots[name] = shelf.slots.get(name, free)
            free += slots[name] == free
        entries = [
            product_entry(document, slots[name], definitions, stems) for name, document in products.items()
        ]
        entries += [band_entry(sku, band) for sku, band in changes.bands.items()]
        entries += [rating_entry(name, rating) for name, rating in changes.ratings.items()]
        entries.append(positions_entry(positions))
        if changes.definitions is None:
            self._keep(entries, seq)
            return None
        self._keep([*entries, definitions_entry(definitions)], seq)
        rows = (row_of(document, slots[name], definitions) for name, document in products.items())
        return Shelf.of(
            definitions,
            positions,
            rows,
            bands={**shelf.bands, **changes.bands},
            ratings={**shelf.ratings, **changes.ratings},
        )


def _finish(index: Index, entries: Sequence[Entry]) -> Shelf:
    index.add(entries, 1)
    index.commit()
    index.reload()
    return _read_all(index)


def _documents(index: Index) -> dict[str, ProductDocument]:
    return {stored.key: decode_document(stored.body) for stored in index.changed(0, PRODUCT)}


def _read_all(index: Index) -> Shelf:
    """The shelf of everything in the index. Raises IndexDamaged also for a body that cannot be read."""
    try:
        return _read_sound(index)
    except msgspec.MsgspecError as error:
        raise IndexDamaged(str(error)) from error


def _read_sound(index: Index) -> Shelf:
    """Products come last and one by one: all bodies at once would be most of the memory of a large shop."""
    definitions = [decode_definitions(stored.body) for stored in index.changed(0, DEFINITIONS)]
    positions = [decode_positions(stored.body) for stored in index.changed(0, POSITIONS)]
    if not definitions or not positions:
        raise IndexDamaged("the index does not say what it holds")
    bands = {stored.key: decode_band(stored.body) for stored in index.changed(0, BAND)}
    ratings = {stored.key: decode_rating(stored.body) for stored in index.changed(0, RATING)}
    rows = _rows(index.changed(0, PRODUCT), definitions[0])
    return Shelf.of(definitions[0], positions[0], rows, bands=bands, ratings=ratings)


def _rows(products: Iterable[Stored], definitions: Definitions) -> Iterable[Row]:
    for stored in products:
        yield row_of(decode_document(stored.body), stored.slot, definitions)


def _bring_forward(shelf: Shelf, changed: Iterable[Stored]) -> None:
    for stored in changed:
        if stored.kind == PRODUCT:
            shelf.put(decode_document(stored.body), stored.slot)
        elif stored.kind == BAND:
            shelf.set_band(stored.key, decode_band(stored.body))
        elif stored.kind == RATING:
            shelf.set_rating(stored.key, decode_rating(stored.body))
        elif stored.kind == POSITIONS:
            shelf.positions = decode_positions(stored.body)


def _apply(shelf: Shelf, changes: Changes, positions: Positions) -> None:
    for name, document in changes.products.items():
        shelf.put(document, shelf.slots.get(name, shelf.next_slot))
    for sku, band in changes.bands.items():
        shelf.set_band(sku, band)
    for name, rating in changes.ratings.items():
        shelf.set_rating(name, rating)
    shelf.positions = positions
