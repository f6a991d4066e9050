"""What every engine of the cache port promises. Another engine is one more entry in `ENGINES`.

Engines may forget anything at any time; the built-in one forgets only what its bound or a tag says, and these
tests stay within what every bounded engine keeps.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.engines.memory_cache import MemoryCache
from rialto.kernel.cache import CacheEngine

pytestmark = pytest.mark.fast

SIZE_MAX = 4

ENGINES: dict[str, Callable[[], CacheEngine[int]]] = {"memory": lambda: MemoryCache(SIZE_MAX)}

each_engine = pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)

Make = Callable[[], CacheEngine[int]]


@each_engine
def test_what_was_put_is_found_and_what_was_not_is_none(make: Make) -> None:
    engine = make()
    engine.put("a", 1)
    engine.put("b", 2, tags=["x"])
    assert (engine.get("a"), engine.get("b"), engine.get("c")) == (1, 2, None)


@each_engine
def test_a_second_value_replaces_the_first_and_its_tags(make: Make) -> None:
    engine = make()
    engine.put("a", 1, tags=["old", "both"])
    engine.put("a", 2, tags=["new", "both"])
    assert engine.drop_tagged("old") == 0
    assert engine.get("a") == 2
    assert engine.drop_tagged("new") == 1
    assert engine.drop_tagged("both") == 0
    assert engine.get("a") is None


@each_engine
def test_a_tag_drops_what_was_put_with_it_and_nothing_else(make: Make) -> None:
    engine = make()
    engine.put("a", 1, tags=["x", "y"])
    engine.put("b", 2, tags=["x"])
    engine.put("c", 3, tags=["y"])
    assert engine.drop_tagged("x") == 2
    assert engine.drop_tagged("x") == 0
    assert [engine.get(key) for key in "abc"] == [None, None, 3]


@each_engine
def test_clearing_forgets_all(make: Make) -> None:
    engine = make()
    engine.put("a", 1, tags=["x"])
    engine.clear()
    assert engine.get("a") is None
    assert engine.drop_tagged("x") == 0


@each_engine
def test_the_one_unused_for_longest_goes_first(make: Make) -> None:
    engine = make()
    for number, key in enumerate("abcd"):
        engine.put(key, number)
    engine.get("a")
    engine.put("b", 9)
    engine.put("e", 5)
    assert [engine.get(key) for key in "abcde"] == [0, 9, None, 3, 5]


@each_engine
def test_what_went_for_lack_of_room_leaves_no_tag_behind(make: Make) -> None:
    engine = make()
    for number in range(100):
        engine.put(str(number), number, tags=["all", str(number)])
    assert engine.drop_tagged("3") == 0
    assert engine.drop_tagged("all") == SIZE_MAX


@each_engine
@given(
    steps=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9), st.sets(st.sampled_from("xyz"))))
)
def test_no_engine_ever_answers_with_something_dropped_or_replaced(
    make: Make, steps: list[tuple[str, int, set[str]]]
) -> None:
    engine, truth = make(), dict[str, tuple[int, set[str]]]()
    for key, value, tags in steps:
        if value == 0:
            for tag in tags:
                assert engine.drop_tagged(tag) <= SIZE_MAX
                truth = {known: entry for known, entry in truth.items() if tag not in entry[1]}
        else:
            engine.put(key, value, tags=tags)
            truth[key] = (value, tags)
        found = {known: engine.get(known) for known in "abcdefgh"}
        kept = {known: answer for known, answer in found.items() if answer is not None}
        assert len(kept) <= SIZE_MAX
        assert all(truth[known][0] == answer for known, answer in kept.items())
