"""From what stands in an index to the shelf: all of it at once, or what changed since."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rialto.catalog.api import ProductDocument
from rialto.search.definitions import Definitions
from rialto.search.documents import (
    BAND,
    COLLECTIONS,
    COMPANIONS,
    DEFINITIONS,
    POSITIONS,
    PRODUCT,
    RATING,
    RULES,
    Row,
    decode_band,
    decode_collections,
    decode_companions,
    decode_definitions,
    decode_document,
    decode_positions,
    decode_rating,
    decode_rules,
    row_of,
)
from rialto.search.ports import Index, IndexDamaged, Stored
from rialto.search.shelf import Shelf


def all_documents(index: Index) -> dict[str, ProductDocument]:
    return {stored.key: decode_document(stored.body) for stored in index.changed(0, PRODUCT)}


def read_all(index: Index) -> Shelf:
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
    shelf = Shelf.of(definitions[0], positions[0], rows, bands=bands, ratings=ratings)
    for stored in index.changed(0, COMPANIONS):
        shelf.companions[stored.key] = decode_companions(stored.body).others
    for stored in index.changed(0, RULES):
        shelf.rules = decode_rules(stored.body)
    for stored in index.changed(0, COLLECTIONS):
        shelf.tell_collections(decode_collections(stored.body))
    return shelf


def _rows(products: Iterable[Stored], definitions: Definitions) -> Iterable[Row]:
    for stored in products:
        yield row_of(decode_document(stored.body), stored.slot, definitions)


def bring_forward(shelf: Shelf, changed: Iterable[Stored]) -> None:
    for stored in changed:
        if stored.kind == PRODUCT:
            shelf.put(decode_document(stored.body), stored.slot)
        elif stored.kind == BAND:
            shelf.set_band(stored.key, decode_band(stored.body))
        elif stored.kind == RATING:
            shelf.set_rating(stored.key, decode_rating(stored.body))
        elif stored.kind == COMPANIONS:
            shelf.companions[stored.key] = decode_companions(stored.body).others
        elif stored.kind == RULES:
            shelf.rules = decode_rules(stored.body)
        elif stored.kind == COLLECTIONS:
            shelf.tell_collections(decode_collections(stored.body))
        elif stored.kind == POSITIONS:
            shelf.positions = decode_positions(stored.body)
