"""Which products are shown beside another: what the merchant named, what was bought with it, what is like it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rialto.search.columns import Chosen
from rialto.search.documents import Row
from rialto.search.model import most_alike
from rialto.search.shelf import Shelf


def related_slots(shelf: Shelf, row: Row, named: Sequence[str], limit: int) -> list[int]:
    """What the merchant named first, then what shares most: category, the one above, attribute values."""
    slots = _others(shelf, row, named)[:limit]
    among = shelf.published & ~(1 << row.slot)
    for slot in slots:
        among &= ~(1 << slot)
    traits = [shelf.category_bits(each.slug) for each in shelf.definitions.path(row.category)]
    traits += [shelf.value_bits(code, [value]) for code, value in row.values]
    for level in most_alike(traits, among, limit - len(slots)) if limit > len(slots) else ():
        slots += available_first(shelf, level, limit - len(slots))
    return slots


def together_slots(shelf: Shelf, row: Row, named: Sequence[str], limit: int) -> list[int]:
    """What the merchant named first, then what was bought with it; nothing while no order says anything."""
    companions = _others(shelf, row, shelf.companions.get(row.id, ()))
    there = [slot for slot in companions if shelf.available >> slot & 1]
    if not there:
        return []
    return list(dict.fromkeys([*_others(shelf, row, named), *there]))[:limit]


def available_first(shelf: Shelf, bits: int, limit: int) -> list[int]:
    found: list[int] = []
    for part in (bits & shelf.available, bits & ~shelf.available):
        if len(found) < limit:
            found += shelf.newest.page(Chosen(part), offset=0, limit=limit - len(found), descending=True)
    return found


def _others(shelf: Shelf, row: Row, refs: Iterable[str]) -> list[int]:
    """The published ones among these, each once."""
    found = (shelf.find(ref) for ref in refs)
    return list(dict.fromkeys(each.slot for each in found if each is not None and each.slot != row.slot))
