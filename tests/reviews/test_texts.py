from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.errors import Invalid
from rialto.kernel.text import clean_text
from rialto.reviews.api import BODY_MAX, NAME_MAX, TITLE_MAX
from rialto.reviews.model.texts import checked
from tests.reviews.builders import a_draft

pytestmark = pytest.mark.fast


def faults(**changed: object) -> dict[str, str]:
    try:
        checked(a_draft(**changed))
    except Invalid as refused:
        return {problem.path: problem.code for problem in refused.fields}
    return {}


@pytest.mark.parametrize(
    "text",
    [
        "http://example.org/x",
        "look: HTTPS://example",
        "www.example.de",
        "kauft bei guenstig.com ein",
        "my-shop.online is cheaper",
        "t.me/joinme",
        "write to ada@example.org please",
        "spam . ru".replace(" ", ""),
    ],
)
def test_links_and_addresses_are_refused(text: str) -> None:
    assert faults(body=text) == {"body": "links_not_allowed"}
    assert faults(title=text) == {"title": "links_not_allowed"}


@pytest.mark.parametrize(
    "text",
    [
        "<b>gut</b>",
        "a <script>",
        "</p>",
        "<!-- x -->",
        "&lt;img",
        "&#60;img",
        "[url=x]hier[/url]",
        "[hier](dort)",
    ],
)
def test_markup_is_refused(text: str) -> None:
    assert faults(body=text) == {"body": "markup_not_allowed"}


@pytest.mark.parametrize(
    "text",
    [
        "So schön.Es gefällt mir.",
        "klein < mittel, 3 < 4 und 5 > 2, <3",
        "Preis/Leistung stimmt, z.B. hier.",
        "Note 1.5/5?",
        "Wirklich gut!Der Griff (aus Holz) hält.",
        "R&D & mehr",
        "日本語のレビュー",
        "10 von 10 :) [nochmal]",
    ],
)
def test_ordinary_sentences_are_taken_as_they_are(text: str) -> None:
    assert checked(a_draft(body=text)).body == text


def test_every_faulty_field_is_named() -> None:
    assert faults(rating=0, title=" ", body="", name="\u200b") == dict.fromkeys(
        ("rating", "title", "body", "name"), "required"
    )
    assert faults(rating=6) == {"rating": "required"}


def test_each_text_has_its_limit() -> None:
    within = {"title": "t" * TITLE_MAX, "body": "b" * BODY_MAX, "name": "n" * NAME_MAX}
    assert faults(**within) == {}
    for field, text in within.items():
        assert faults(**{field: text + "x"}) == {field: "too_long"}


def test_texts_are_tidied() -> None:
    draft = checked(
        a_draft(title=" zwei\nZeilen\t hier ", body="a\r\n\r\n\r\n\r\nb \n c\u202e", name="A\u0308da")
    )
    assert draft.title == "zwei Zeilen hier"
    assert draft.body == "a\n\nb\nc"
    assert draft.name == "Äda"


@given(st.text(max_size=200))
def test_whatever_is_written_is_refused_by_name_or_can_be_stored(text: str) -> None:
    try:
        draft = checked(a_draft(body=text, title=text[:50], name=text[:20]))
    except Invalid as refused:
        assert {problem.path for problem in refused.fields} <= {"body", "title", "name"}  # noqa: PT017
        return
    assert clean_text(draft.body)
    assert draft == checked(draft)
    assert "\n" not in draft.title


def test_what_no_database_stores_is_left_out() -> None:
    kept = checked(a_draft(title="Go\x00od", body="Fine\ud800 cup"))
    assert (kept.title, kept.body) == ("Good", "Fine cup")
