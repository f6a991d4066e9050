"""How words are cut and folded, and how titles sort."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.engines.tantivy_index import TantivyEngine
from rialto.search.lines import Lines
from rialto.search.vocabulary import Vocabulary
from rialto.search.words import (
    QUERY_WORDS_MAX,
    WORD_LENGTH_MAX,
    alternatives,
    edits,
    edits_allowed,
    fold,
    query_words,
    sort_key,
    terms_of,
    words_of,
)

pytestmark = pytest.mark.fast

STEMS = TantivyEngine().stems


def test_case_and_accents_do_not_count() -> None:
    assert fold("Café") == fold("CAFE") == "cafe"
    assert fold("Straße") == "strasse"
    assert fold("Smørrebrød") == "smorrebrod"


def test_words_keep_marks_of_their_script_together() -> None:
    assert words_of("किताब-दुकान") == ["किताब", "दुकान"]
    assert words_of("men's 25cm/ROUND_vase") == ["men", "s", "25cm", "round", "vase"]


@given(st.text(max_size=400))
def test_any_text_is_cut_into_bounded_words_without_blanks(text: str) -> None:
    words = query_words(text)
    assert len(words) <= QUERY_WORDS_MAX
    for word in words:
        assert 0 < len(word) <= WORD_LENGTH_MAX
        assert fold(word)
        assert all(
            term.text.split() == [term.text] for term in alternatives(word, "de", STEMS, open_end=True)
        )


@given(st.text(max_size=200))
def test_every_word_of_a_text_is_found_under_a_term_of_it(text: str) -> None:
    terms = set(terms_of(text, "de", STEMS).split())
    for word in words_of(text):
        assert any(
            term.text in terms for term in alternatives(word, "de", STEMS, open_end=False) if not term.prefix
        )


def test_stems_fall_back_to_the_word_itself() -> None:
    assert STEMS("en", ["lamps", "lamp"]) == ["lamp", "lamp"]
    assert STEMS("ja", ["ランプ"]) == ["ランプ"]


def test_titles_sort_as_their_language_does() -> None:
    assert sorted(["Zebra", "Äpfel", "apfel 10", "Apfel 9", "Birne"], key=lambda t: sort_key(t, "de")) == [
        "Äpfel",
        "Apfel 9",
        "apfel 10",
        "Birne",
        "Zebra",
    ]
    assert sorted(["Ångström", "Zon", "Ask", "Öl", "Äpple"], key=lambda t: sort_key(t, "sv")) == [
        "Ask",
        "Zon",
        "Ångström",
        "Äpple",
        "Öl",
    ]


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("vase", "vaze", True),
        ("vase", "vas", True),
        ("vase", "vases", True),
        ("vase", "vsae", True),
        ("vase", "vase", True),
        ("vase", "sav", False),
        ("vase", "vasess", False),
        ("vase", "saev", False),
    ],
)
def test_one_edit_is_one_slip_of_a_finger(one: str, other: str, near: bool) -> None:
    assert (edits(one, other, 1) <= 1) is near
    assert (edits(other, one, 1) <= 1) is near


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("teekanne", "teekanne", 0),
        ("teekanne", "tekkane", 2),
        ("teekanne", "etekanen", 2),
        ("teekanne", "kanne", 3),
        ("schreibtisch", "schraibtish", 2),
        ("ab", "ba", 1),
    ],
)
def test_edits_are_counted_up_to_a_limit(one: str, other: str, count: int) -> None:
    assert edits(one, other, 2) == edits(other, one, 2) == count
    assert edits(one, other, 0) == min(count, 1)


def test_short_words_may_hold_no_mistake_and_long_ones_two() -> None:
    assert [edits_allowed(length) for length in (3, 4, 7, 8)] == [0, 1, 1, 2]


def test_a_vocabulary_forgets_words_that_no_title_has_any_more() -> None:
    vocabulary = Vocabulary()
    vocabulary.add("Grüne Vase")
    vocabulary.add("Vase")
    assert vocabulary.near("grume") == ["grüne"]
    assert vocabulary.completions("va") == ["vase"]
    vocabulary.discard("Grüne Vase")
    assert vocabulary.near("grume") == []
    assert vocabulary.completions("va") == ["vase"]


def test_lines_find_every_live_line_that_holds_a_part() -> None:
    live = {"tisch", "tischlampe", "lampe", "vase"}
    lines = Lines(live)
    for line in sorted(live):
        lines.add(line)
    assert sorted(lines.holding("lampe")) == ["lampe", "tischlampe"]
    assert sorted(lines.holding("\nti")) == ["tisch", "tischlampe"]
    assert list(lines.holding("\nsch")) == []
    live.discard("lampe")
    lines.discard()
    assert list(lines.holding("lampe")) == ["tischlampe"]


def test_lines_forget_what_is_gone_without_losing_what_is_left() -> None:
    live = {f"word{n}" for n in range(5000)}
    lines = Lines(live)
    for line in sorted(live):
        lines.add(line)
    assert len(list(lines.holding("word"))) == 5000
    for n in range(4990):
        live.discard(f"word{n}")
        lines.discard()
    assert sorted(lines.holding("word")) == sorted(live)
    live.add("word1")
    lines.add("word1")
    assert sorted(lines.holding("word")) == sorted(live)


def test_a_vocabulary_knows_near_words_by_distance_and_then_by_how_common_they_are() -> None:
    vocabulary = Vocabulary()
    for title in ("Teekanne", "Teekannen", "Teekannen", "Gießkanne"):
        vocabulary.add(title)
    assert vocabulary.near("teekanen") == ["teekannen", "teekanne"]
    assert vocabulary.near("kanne") == []
    assert vocabulary.near("geekanne", same_start=True) == []
    assert vocabulary.containing("kanne") == ["teekannen", "giesskanne", "teekanne"]
