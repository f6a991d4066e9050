"""Sets as numbers and ordered columns against what plain Python says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rialto.search.columns import BLOCK, Chosen, Ordered, Posting, bits_of, slots_of

pytestmark = pytest.mark.fast

SLOTS = st.sets(st.integers(0, 300), max_size=80)
ENTRIES = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60)), max_size=120)
STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 12), st.integers(0, 30)), max_size=200)


@given(SLOTS)
def test_a_set_of_slots_survives_being_a_number(slots: set[int]) -> None:
    bits = bits_of(slots)
    assert set(slots_of(bits)) == slots
    assert len(Chosen(bits)) == len(slots)
    assert {slot for slot in range(400) if slot in Chosen(bits)} == slots


@given(st.sets(st.integers(0, 300), max_size=200), SLOTS, SLOTS)
def test_a_posting_counts_the_same_few_or_many(added: set[int], removed: set[int], among: set[int]) -> None:
    posting = Posting()
    for slot in added:
        posting.add(slot)
    for slot in removed:
        posting.discard(slot)
    left = added - removed
    assert set(slots_of(posting.bits)) == left
    assert posting.count(Chosen(bits_of(among))) == len(left & among)
    assert bool(posting) == bool(left)


@given(ENTRIES, st.integers(0, 20), st.integers(0, 20), SLOTS)
def test_a_range_of_keys_and_extremes_are_exact(
    entries: list[tuple[int, int]], low: int, high: int, among: set[int]
) -> None:
    ordered: Ordered[int] = Ordered.of(entries)
    assert set(slots_of(ordered.between(low, high))) == {slot for key, slot in entries if low <= key <= high}
    assert set(slots_of(ordered.between(None, None))) == {slot for _, slot in entries}
    keys = [key for key, slot in entries if slot in among]
    assert ordered.extreme(Chosen(bits_of(among))) == min(keys, default=None)
    assert ordered.extreme(Chosen(bits_of(among)), highest=True) == max(keys, default=None)


@settings(deadline=None)
@given(STEPS, st.sets(st.integers(0, 30)), st.integers(0, 20), st.integers(1, 8), st.booleans())
def test_a_grown_order_pages_like_a_sorted_list(
    steps: list[tuple[bool, int, int]], among: set[int], offset: int, limit: int, descending: bool
) -> None:
    ordered: Ordered[int] = Ordered()
    plain: dict[int, int] = {}
    for add, key, slot in steps:
        if slot in plain:
            ordered.discard(plain.pop(slot), slot)
        if add:
            plain[slot] = key
            ordered.add(key, slot)
    expected = [s for _, s in sorted(((k, s) for s, k in plain.items() if s in among), reverse=descending)]
    chosen = Chosen(bits_of(among))
    assert (
        ordered.page(chosen, offset=offset, limit=limit, descending=descending)
        == expected[offset : offset + limit]
    )
    for place, slot in enumerate(expected):
        assert ordered.position(chosen, plain[slot], slot, descending=descending) == place


def test_blocks_split_and_vanish_without_losing_an_entry() -> None:
    ordered: Ordered[Any] = Ordered()
    count = BLOCK * 5
    for number in range(count):
        ordered.add((number * 7919) % count, number)
    everything = Chosen((1 << count) - 1)
    assert len(ordered.page(everything, offset=0, limit=count)) == count
    assert (
        ordered.page(everything, offset=BLOCK * 3, limit=2)
        == [slot for _, slot in sorted(((n * 7919) % count, n) for n in range(count))][
            BLOCK * 3 : BLOCK * 3 + 2
        ]
    )
    for number in range(count):
        ordered.discard((number * 7919) % count, number)
    assert ordered.page(everything, offset=0, limit=1) == []
    assert ordered.extreme(everything) is None
