"""Rules of browsing: bands, disjunctive counts, likeness, cursors, channels."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.catalog.api import Channel
from rialto.kernel.money import EUR
from rialto.search import model
from rialto.search.api import Browse, ChannelFor, QueryInvalid, Rating, View
from rialto.search.columns import Posting, bits_of, slots_of
from rialto.search.documents import Row
from rialto.search.model import (
    LIMIT_MAX,
    PAGE_MAX,
    Cursor,
    best_band,
    check_browse,
    choose_channel,
    counts,
    most_alike,
    query_key,
    rating_score,
    read_cursor,
    write_cursor,
)

pytestmark = pytest.mark.fast

PRODUCTS = st.lists(
    st.fixed_dictionaries(
        {
            "colour": st.sets(st.sampled_from("rgb"), max_size=2),
            "size": st.sets(st.sampled_from("sml"), max_size=2),
            "new": st.sets(st.sampled_from("yn"), max_size=1),
        }
    ),
    max_size=40,
)
CHOICES = st.dictionaries(
    st.sampled_from(["colour", "size", "new"]), st.sets(st.sampled_from("rgbsmlynx"), min_size=1, max_size=3)
)


def counts_by_sets(
    postings: dict[str, dict[str, Posting]], *, choices: dict[str, int], base: int
) -> dict[str, dict[str, int]]:
    """As for a set too large to be tallied."""
    return counted(postings, {}, choices=choices, base=base, tallying=False)


def counted(
    postings: dict[str, dict[str, Posting]],
    rows: dict[int, Row],
    *,
    choices: dict[str, int],
    base: int,
    tallying: bool,
) -> dict[str, dict[str, int]]:
    """Counts, by the one way or the other, whichever would be cheaper."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "_tally_is_cheaper", lambda *_: tallying)
        return counts(postings, rows, choices=choices, base=base)


def a_row(slot: int, product: dict[str, set[str]]) -> Row:
    values = tuple((code, value) for code, values in product.items() for value in sorted(values))
    day = date(2026, 1, 1)
    return Row(
        slot=slot,
        id=f"prod_{slot}",
        slug=f"p-{slot}",
        version=1,
        published=True,
        featured=False,
        category=None,
        created_on=day,
        changed_on=day,
        values=values,
        skus=(),
        prices={},
        titles={},
    )


@given(PRODUCTS, CHOICES, st.data())
def test_disjunctive_counts_equal_counting_by_hand(
    products: list[dict[str, set[str]]], chosen: dict[str, set[str]], data: st.DataObject
) -> None:
    base = data.draw(st.sets(st.integers(0, max(len(products) - 1, 0))))
    postings: dict[str, dict[str, Posting]] = {"colour": {}, "size": {}, "new": {}}
    for slot, product in enumerate(products):
        for code, values in product.items():
            for value in values:
                postings[code].setdefault(value, Posting()).add(slot)
    choices = {
        code: bits_of(s for s, p in enumerate(products) if p[code] & values)
        for code, values in chosen.items()
    }
    rows = {slot: a_row(slot, product) for slot, product in enumerate(products)}
    base &= set(rows)
    found = counted(postings, rows, choices=choices, base=bits_of(base), tallying=True)
    by_sets = counts_by_sets(postings, choices=choices, base=bits_of(base))
    assert {c: {v: n for v, n in by_value.items() if n} for c, by_value in by_sets.items()} == found
    for code, by_value in by_sets.items():
        for value, count in by_value.items():
            assert count == sum(
                slot in base
                and value in product[code]
                and all(product[other] & values for other, values in chosen.items() if other != code)
                for slot, product in enumerate(products)
            )


@given(st.lists(st.sets(st.integers(0, 30)), max_size=8), st.sets(st.integers(0, 30)), st.integers(1, 10))
def test_most_alike_come_in_the_order_of_shared_traits(
    traits: list[set[int]], among: set[int], limit: int
) -> None:
    levels = [set(slots_of(level)) for level in most_alike(map(bits_of, traits), bits_of(among), limit)]
    shared = [[sum(slot in trait for trait in traits) for slot in level] for level in levels]
    assert all(len(set(level)) == 1 and level[0] > 0 for level in shared)
    assert [level[0] for level in shared] == sorted({level[0] for level in shared}, reverse=True)
    alike = {slot for slot in among if any(slot in trait for trait in traits)}
    assert sum(map(len, levels)) >= min(limit, len(alike))


def test_a_product_is_as_available_as_its_best_variant() -> None:
    assert best_band(["sold_out", "few_left"]) == "few_left"
    assert best_band(["sold_out", "in_stock", "few_left"]) == "in_stock"
    assert best_band([]) == "sold_out"
    assert best_band(["on_its_way"]) == "in_stock"


def test_one_enthusiast_counts_less_than_many_who_like_it() -> None:
    assert rating_score(Rating(average=500, count=1)) < rating_score(Rating(average=460, count=50))
    assert rating_score(Rating(average=100, count=1)) > rating_score(Rating(average=150, count=50))


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_a_cursor_is_read_back_by_its_own_list_only(offset: int, last: int) -> None:
    cursor = Cursor(query="abc", offset=offset, last=last)
    assert read_cursor(write_cursor(cursor), "abc") == cursor
    with pytest.raises(QueryInvalid):
        read_cursor(write_cursor(cursor), "abd")


@pytest.mark.parametrize(("offset", "last"), [(-1, 0), (0, -1), (LIMIT_MAX * PAGE_MAX + 1, 0), (0, 10**9)])
def test_a_cursor_that_leads_nowhere_is_refused(offset: int, last: int) -> None:
    text = write_cursor(Cursor(query="abc", offset=offset, last=last))
    with pytest.raises(QueryInvalid) as refusal:
        read_cursor(text, "abc")
    assert refusal.value.fields[0].path == "cursor"


@given(st.text(max_size=300))
def test_a_broken_cursor_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(QueryInvalid) as refusal:
        read_cursor(text, "abc")
    assert refusal.value.fields[0].path == "cursor"


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"sort": "cheapest"}, "sort"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"page": 0}, "page"),
        ({"price_min": -1}, "price_min"),
        ({"price_min": 2, "price_max": 1}, "price_max"),
        ({"filters": {"colour": ["x"] * 101}}, "filters"),
    ],
)
def test_what_can_never_work_is_named(asked: dict[str, object], path: str) -> None:
    with pytest.raises(QueryInvalid) as refusal:
        check_browse(Browse(view=View(), **asked))  # type: ignore[arg-type]
    assert path in [problem.path for problem in refusal.value.fields]


def test_a_list_is_the_same_in_whatever_order_its_filters_stand() -> None:
    one = Browse(view=View(), filters={"a": ["1", "2"], "b": ["3"]})
    other = Browse(view=View(), filters={"b": ["3"], "a": ["2", "1"]}, page=2, limit=7)
    assert query_key(one, "en") == query_key(other, "en")
    assert query_key(one, "en") != query_key(one, "de")


def test_a_channel_is_found_by_code_then_host_then_default() -> None:
    default = Channel(
        code="default", hosts=["shop.example"], currencies=[EUR], languages=["en"], country="DE"
    )
    b2b = Channel(code="b2b", hosts=["B2B.example"], currencies=[EUR], languages=["en"], country="DE")

    def chosen(host: str | None = None, code: str | None = None) -> str:
        return choose_channel(ChannelFor(host=host, code=code), [default, b2b], default).code

    assert chosen(code="b2b", host="shop.example") == "b2b"
    assert chosen(host="b2b.example:8000") == "b2b"
    assert chosen(host="B2B.EXAMPLE.") == "b2b"
    assert chosen(host="elsewhere.example") == "default"
    assert chosen(host="[::1]:8000") == "default"
    assert chosen(code="gone", host="b2b.example") == "b2b"
    assert chosen() == "default"
