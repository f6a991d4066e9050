"""Which products are shown beside another: what the merchant named, what was bought with it, what is like it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rialto.search.columns import Chosen
from rialto.search.documents import Row
from rialto.search.front import Front
from rialto.search.model import most_alike


def related_slots(front: Front, row: Row, named: Sequence[str], limit: int) -> list[int]:
    """What the merchant named first, then what shares most: category, the one above, attribute values."""
    slots = _others(front, row, named)[:limit]
    among = front.published & ~(1 << row.slot)
    for slot in slots:
        among &= ~(1 << slot)
    traits = [front.category_bits(each.slug) for each in front.definitions.path(row.category)]
    traits += [front.value_bits(code, [value]) for code, value in row.values]
    for level in most_alike(traits, among, limit - len(slots)) if limit > len(slots) else ():
        slots += available_first(front, level, limit - len(slots))
    return slots


def together_slots(front: Front, row: Row, named: Sequence[str], limit: int) -> list[int]:
    """What the merchant named first, then what was bought with it; nothing while no order says anything."""
    companions = _others(front, row, front.shelf.companions.get(row.id, ()))
    available = front.available
    there = [slot for slot in companions if available >> slot & 1]
    if not there:
        return []
    return list(dict.fromkeys([*_others(front, row, named), *there]))[:limit]


def available_first(front: Front, bits: int, limit: int) -> list[int]:
    found: list[int] = []
    for part in (bits & front.available, bits & ~front.available):
        if len(found) < limit:
            found += front.newest.page(Chosen(part), offset=0, limit=limit - len(found), descending=True)
    return found


def _others(front: Front, row: Row, refs: Iterable[str]) -> list[int]:
    """The published ones among these, each once."""
    found = (front.find(ref) for ref in refs)
    return list(dict.fromkeys(each.slot for each in found if each is not None and each.slot != row.slot))
