"""Cells of our own CSV: harmless in a spreadsheet, exact on the way back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rialto.importing.cells import category_cell, named, protected, taken, with_code
from rialto.importing.words import slug_of

pytestmark = pytest.mark.fast

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(TEXTS)
@example("'=1")
@example("''-x ")
@example("'")
@example("\t=1")
def test_a_text_comes_back_exactly_and_starts_no_formula(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow([protected(text), "x"])
    cell, _ = next(csv.reader(io.StringIO(file.getvalue(), newline=""), strict=True))
    assert taken(cell) == text
    assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r"}


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=SUM(A1)", "'=SUM(A1)"),
        ("+49 30", "'+49 30"),
        ("-5", "'-5"),
        ("@home", "'@home"),
        ("'=x", "''=x"),
        ("plain", "plain"),
        ("'tis", "'tis"),
        ("a=b", "a=b"),
        (" led", "' led"),
    ],
)
def test_only_what_is_risky_gets_an_apostrophe(text: str, cell: str) -> None:
    assert protected(text) == cell


def test_what_people_write_loses_its_blanks_only() -> None:
    assert [taken(cell) for cell in (" a ", "-5", "=b", " 'tis", "")] == ["a", "-5", "=b", "'tis", ""]


@given(TEXTS, st.sampled_from(["grey", "1.5l", "a_b", "x-1"]))
@example("Grey {grey}", "grey")
@example("Grey", "grey")
@example("{x}", "x-1")
def test_a_name_leads_to_its_code(name: str, code: str) -> None:
    cell = with_code(name, code, reserved="|")
    found, told = named(cell)
    assert (told or slug_of(found)) == code
    assert "|" not in cell
    if name == name.strip() and name and "|" not in name:
        assert found == name


def test_a_category_is_a_path_of_titles_and_of_slugs_where_they_do_not_follow() -> None:
    assert category_cell([("tableware", "Tableware"), ("tableware-cups", "Cups")]) == "Tableware > Cups"
    assert category_cell([("tableware", "Tableware"), ("cups", "Cups")]) == "Tableware > Cups {cups}"
    assert category_cell([("a", "A > B"), ("a-c", "C")]) == "{a} > C"
    assert category_cell([]) == ""
