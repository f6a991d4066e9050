"""Words and measures of other shops in ours."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.catalog.model.fields import is_code, is_slug
from rialto.importing.words import (
    code_of,
    converted,
    decimal_number,
    decimal_text,
    grams,
    label_of,
    measure,
    slug_of,
    yes_or_no,
)
from rialto.kernel.errors import Invalid

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Matte Black", "matte-black"),
        ("Größe & Maße", "grosse-masse"),
        ("Up to 25m²", "up-to-25m2"),
        ("  --Café--  ", "cafe"),
        ("Smørrebrød", "smorrebrod"),
    ],
)
def test_a_slug_keeps_what_can_be_read(text: str, slug: str) -> None:
    assert slug_of(text) == slug


def test_other_scripts_get_a_slug_of_their_own() -> None:
    assert slug_of("赤") != slug_of("青")
    assert slug_of("赤") == slug_of("赤")


@given(st.text())
def test_any_text_makes_a_slug_and_a_code(text: str) -> None:
    assert is_slug(slug_of(text))
    assert is_code(code_of(text))


def test_a_label_is_read_from_a_code() -> None:
    assert label_of("room_coverage") == "Room coverage"


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [("1", "lb", 454), ("2.4", "LB", 1089), ("16", "oz", 454), ("0.0005", "kg", 1), ("0", "g", 0)],
)
def test_weights_are_converted_exactly_and_rounded_once(amount: str, unit: str, expected: int) -> None:
    assert grams(amount, unit) == expected


@pytest.mark.parametrize(
    ("amount", "unit"), [("1", "stone"), ("1", ""), ("x", "g"), ("1e3", "g"), ("1,5", "kg"), ("nan", "g")]
)
def test_a_weight_that_is_none_is_refused(amount: str, unit: str) -> None:
    with pytest.raises(Invalid):
        grams(amount, unit)


def test_measures_are_converted_exactly() -> None:
    assert converted("13.8", "in", "cm") == "35.052"
    assert converted("1", "ft", "mm") == "304.8"
    assert converted("1.5", "L", "ml") == "1500"
    assert converted("3.50", "Pieces", "pieces") == "3.5"
    with pytest.raises(Invalid):
        converted("1", "cm", "kg")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5L", ("1.5", "L")),
        ("60 minutes", ("60", "minutes")),
        ("220-240V", None),
        ("L", None),
        ("12", None),
        ("35.052", None),
        ("80 g/m²", ("80", "g/m²")),
    ],
)
def test_a_measure_is_an_amount_and_a_unit(text: str, expected: tuple[str, str] | None) -> None:
    assert measure(text) == expected


@given(st.integers(min_value=-(10**11), max_value=10**11), st.integers(min_value=0, max_value=6))
def test_a_decimal_is_written_as_it_was_read(number: int, digits: int) -> None:
    value = Fraction(number, 10**digits)
    assert decimal_number(decimal_text(value)) == value


def test_yes_and_no_come_in_several_words() -> None:
    assert [yes_or_no(word) for word in ("Yes", "TRUE", "ja", "No", "false", "0")] == [True] * 3 + [False] * 3
    with pytest.raises(Invalid):
        yes_or_no("maybe")
