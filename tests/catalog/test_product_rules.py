"""The rules of a draft, without a database."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rialto.catalog.api import Content, Maker, Picture, ProductDraft, ProductInvalid, VariantDraft
from rialto.catalog.model.fields import PROBLEMS_MAX
from rialto.catalog.model.products import Surroundings, checked_draft, option_key, picture_of, uses_of
from rialto.catalog.model.structure import path_to
from rialto.kernel.errors import RialtoError
from tests.catalog.builders import ATTRIBUTES, a_draft, a_variant

pytestmark = pytest.mark.fast

KNOWN = Surroundings(
    definitions={definition.code: definition for definition in ATTRIBUTES},
    tree={"home": None, "vases": "home"},
    language="en",
)


def problems_of(**fields: Any) -> list[tuple[str, str]]:
    """(path, code) of everything that is wrong with a draft of these fields."""
    try:
        checked_draft(a_draft(**fields), KNOWN)
    except ProductInvalid as refused:
        return [(field.path, field.code) for field in refused.fields]
    return []


def one_variant(**fields: Any) -> dict[str, Any]:
    return {"variants": [a_variant(**fields)], "images": []}


def test_a_good_draft_is_stored_as_it_is() -> None:
    assert checked_draft(a_draft(), KNOWN) == a_draft()


@pytest.mark.parametrize(
    "slug", ["", "Vase", "vase_1", "vâse", "a" * 121, "vase\n", "va/se", "\x00", "\ud800"]
)
def test_a_slug_is_lower_case_letters_digits_and_hyphens(slug: str) -> None:
    assert problems_of(slug=slug)[0] == ("slug", "slug_not_valid")


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ({"de": "Vase"}, ("title.en", "required")),
        ({}, ("title.en", "required")),
        ({"en": "  "}, ("title.en", "required")),
        ({"en": "a" * 201}, ("title.en", "too_long")),
        ({"en": "a\x00b"}, ("title.en", "not_valid")),
        ({"en": "a\nb"}, ("title.en", "not_valid")),
        ({"en": "a\udfff"}, ("title.en", "not_valid")),
        ({"en": "Vase", "german": "Vase"}, ("title.german", "language_unknown")),
        ({"en": "Vase", "\ud800": "Vase"}, ("title.?", "language_unknown")),
    ],
)
def test_a_title_is_one_line_in_the_default_language(title: dict[str, str], problem: tuple[str, str]) -> None:
    assert problem in problems_of(title=title)


def test_a_description_may_have_lines_and_twenty_thousand_characters() -> None:
    assert problems_of(description={"de": "a\n" * 10_000}) == []
    assert problems_of(description={"en": "a" * 20_001}) == [("description.en", "too_long")]


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"height": "tall"}, "attributes.height"),
        ({"height": True}, "attributes.height"),
        ({"height": "1e5"}, "attributes.height"),
        ({"height": "1.1234567"}, "attributes.height"),
        ({"height": 10**15}, "attributes.height"),
        ({"handmade": 1}, "attributes.handmade"),
        ({"handmade": "yes"}, "attributes.handmade"),
        ({"note": ["a"]}, "attributes.note"),
        ({"note": "\x00"}, "attributes.note"),
        ({"size": "xl"}, "attributes.size"),
        ({"size": []}, "attributes.size"),
        ({"size": ["s", "s"]}, "attributes.size"),
        ({"size": True}, "attributes.size"),
        ({"colour": "moss"}, "attributes.colour"),
        ({"weather": "fine"}, "attributes.weather"),
    ],
)
def test_a_value_is_of_its_attributes_type(attributes: dict[str, Any], fault: str) -> None:
    assert [path for path, _ in problems_of(attributes=attributes)] == [fault]


@pytest.mark.parametrize(
    ("given_value", "stored"), [("16.0", 16), ("9.50", "9.5"), ("-0", 0), ("007", 7), (3, 3)]
)
def test_a_number_has_one_form(given_value: str | int, stored: str | int) -> None:
    assert checked_draft(a_draft(attributes={"height": given_value}), KNOWN).attributes == {"height": stored}


def test_several_choices_may_be_given() -> None:
    assert problems_of(attributes={"size": ["s", "l"]}) == []


def test_an_option_is_a_choice_attribute_given_once() -> None:
    assert ("options.0", "not_a_choice") in problems_of(options=["height"])
    assert ("options.0", "attribute_unknown") in problems_of(options=["weather"])
    assert ("options", "duplicate") in problems_of(options=["colour", "colour"])


def test_a_variant_gives_every_option_and_no_other() -> None:
    assert ("variants.0.options", "options_incomplete") in problems_of(**one_variant(options={}))
    both = {"colour": "moss", "size": "s"}
    assert ("variants.0.options", "options_incomplete") in problems_of(**one_variant(options=both))
    assert ("variants.0.options.colour", "value_not_valid") in problems_of(
        **one_variant(options={"colour": "pink"})
    )


def test_no_two_variants_have_the_same_options_or_sku() -> None:
    found = problems_of(variants=[a_variant("A"), a_variant("A")])
    assert found == [("variants.1.sku", "duplicate"), ("variants.1.options", "duplicate")]
    assert problems_of(variants=[]) == [("variants", "required")]


@pytest.mark.parametrize("sku", ["", "a b", "a" * 65, "a\tb", "a\x00", "\ud800", "a\u2028"])
def test_a_sku_is_printable_without_spaces(sku: str) -> None:
    assert ("variants.0.sku", "sku_not_valid") in problems_of(**one_variant(sku=sku))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"prices": {"EUR": 0}}, ("variants.0.prices.EUR", "amount_not_valid")),
        ({"prices": {"EUR": -1}}, ("variants.0.prices.EUR", "amount_not_valid")),
        ({"prices": {"EUR": 10**15 + 1}}, ("variants.0.prices.EUR", "amount_not_valid")),
        ({"prices": {"XYZ": 1}}, ("variants.0.prices.XYZ", "currency_unknown")),
        ({"prices": {"eur": 1}}, ("variants.0.prices.eur", "currency_unknown")),
        (
            {"prices": {"EUR": 5}, "compare_at": {"EUR": 5}},
            ("variants.0.compare_at.EUR", "compare_at_not_higher"),
        ),
        (
            {"prices": {"EUR": 5}, "compare_at": {"USD": 9}},
            ("variants.0.compare_at.USD", "compare_at_not_higher"),
        ),
        ({"weight_g": -1}, ("variants.0.weight_g", "out_of_range")),
        ({"weight_g": 10**9}, ("variants.0.weight_g", "out_of_range")),
        ({"gtin": "123"}, ("variants.0.gtin", "gtin_not_valid")),
    ],
)
def test_prices_weight_and_gtin_are_in_their_range(fields: dict[str, Any], problem: tuple[str, str]) -> None:
    assert problems_of(**one_variant(**fields)) == [problem]


@pytest.mark.parametrize(
    "picture",
    [
        Picture(),
        Picture(file="../secret"),
        Picture(file="/etc/passwd"),
        Picture(file="a", url="https://example.com/a.webp"),
        Picture(url="javascript:alert(1)"),
        Picture(url="https://user@example.com/"),
        Picture(url="https://[bad"),
        Picture(file="a", width=-1),
        Picture(file="a", widths=[0]),
        Picture(file="a", alt={"en": "a" * 301}),
        Picture(file="a", options={"size": "s"}),
        Picture(file="a", options={"colour": "pink"}),
    ],
)
def test_a_picture_is_a_file_of_ours_or_a_web_address(picture: Picture) -> None:
    [(path, _)] = problems_of(images=[picture])
    assert path.startswith("images.0")


def test_lists_have_limits() -> None:
    many = [a_variant(str(number)) for number in range(201)]
    assert ("variants", "too_many") in problems_of(variants=many)
    assert ("images", "too_many") in problems_of(images=[Picture(file="a")] * 51)
    assert ("related", "too_many") in problems_of(related=["a"] * 51)
    assert problems_of(related=["Not a slug"]) == [("related.0", "slug_not_valid")]


def test_a_whole_product_has_a_limit() -> None:
    with pytest.raises(ProductInvalid) as refused:
        checked_draft(a_draft(description={f"en-a{n:02}": "ä" * 20_000 for n in range(20)}), KNOWN)
    assert refused.value.stable_code == "too_large"


def test_a_picture_has_at_most_ten_widths() -> None:
    widths = list(range(1, 11))
    assert problems_of(images=[Picture(file="a", widths=widths)]) == []
    assert problems_of(images=[Picture(file="a", widths=[*widths, 11])]) == [("images.0.widths", "too_many")]


def test_a_text_has_at_most_thirty_languages_and_a_draft_a_hundred_attributes() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    languages = {f"{first}{second}": "x" for first in letters for second in letters}
    assert ("title", "too_many") in problems_of(title=languages)
    assert ("attributes", "too_many") in problems_of(attributes={f"a{number}": "x" for number in range(101)})
    assert ("options", "too_many") in problems_of(options=[f"o{number}" for number in range(9)])


def test_no_more_than_fifty_problems_are_told_at_a_time() -> None:
    assert len(problems_of(variants=[a_variant(sku="\x00") for _ in range(90)], images=[])) == PROBLEMS_MAX


def test_a_variant_shows_its_own_picture_else_a_general_one() -> None:
    draft = a_draft()
    moss, ink = draft.variants
    assert picture_of(draft, moss) == draft.images[0]
    assert picture_of(draft, ink) == draft.images[1]
    only_ink = msgspec.structs.replace(draft, images=draft.images[1:])
    assert picture_of(only_ink, moss) == draft.images[1]
    assert picture_of(msgspec.structs.replace(draft, images=[]), moss) is None


def test_uses_name_values_of_choices_only() -> None:
    draft = a_draft(attributes={"height": 3, "size": ["s", "m"], "note": "x"})
    assert uses_of(draft, KNOWN.definitions) == [
        ("colour", "ink"),
        ("colour", "moss"),
        ("height", ""),
        ("note", ""),
        ("size", "m"),
        ("size", "s"),
    ]


def test_the_order_of_options_does_not_make_a_variant() -> None:
    one, two = {"colour": "moss", "size": "s"}, {"size": "s", "colour": "moss"}
    assert option_key(a_variant(options=one)) == option_key(a_variant(options=two))


def test_a_path_ends_even_in_a_cycle() -> None:
    assert path_to("a", {"a": "b", "b": "a"}) == ["b", "a"]


ANY_TEXT = st.text(st.characters(), max_size=12)  # lone surrogates, NUL and all
SOME_TEXT = ANY_TEXT | st.sampled_from(["en", "colour", "moss", "size", "s", "height", "EUR", "vases", "x-1"])
TEXTS = st.dictionaries(SOME_TEXT, ANY_TEXT, max_size=3)
AMOUNTS = st.dictionaries(SOME_TEXT, st.integers(), max_size=3)
VALUES = SOME_TEXT | st.integers() | st.booleans() | st.lists(SOME_TEXT, max_size=3)
PICTURES = st.builds(
    Picture,
    alt=TEXTS,
    file=st.none() | SOME_TEXT,
    url=st.none() | ANY_TEXT.map("https://".__add__),
    widths=st.lists(st.integers(), max_size=2),
    width=st.integers(),
    options=st.dictionaries(SOME_TEXT, SOME_TEXT, max_size=2),
)
VARIANTS = st.builds(
    VariantDraft,
    sku=SOME_TEXT,
    options=st.dictionaries(SOME_TEXT, SOME_TEXT, max_size=2),
    prices=AMOUNTS,
    compare_at=AMOUNTS,
    weight_g=st.integers(),
    gtin=st.none() | ANY_TEXT,
    content=st.none()
    | st.builds(Content, amount=ANY_TEXT | st.just("0500.10"), unit=st.just("g") | SOME_TEXT),
)
DRAFTS = st.builds(
    ProductDraft,
    slug=SOME_TEXT,
    title=TEXTS | st.just({"en": "Vase"}),
    description=TEXTS,
    category=st.none() | SOME_TEXT,
    tax_class=SOME_TEXT,
    attributes=st.dictionaries(SOME_TEXT, VALUES, max_size=3),
    options=st.lists(SOME_TEXT, max_size=2),
    variants=st.lists(VARIANTS, max_size=2),
    images=st.lists(PICTURES, max_size=2),
    related=st.lists(SOME_TEXT, max_size=2),
    created_on=st.none() | st.dates(max_value=date(2200, 1, 1)),
    maker=st.none()
    | st.builds(Maker, name=ANY_TEXT, address=ANY_TEXT, email=st.none() | ANY_TEXT, url=st.none()),
    safety=TEXTS,
)


@given(DRAFTS)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_it_is_stored_or_refused(draft: ProductDraft) -> None:
    try:
        stored = checked_draft(draft, KNOWN)
    except RialtoError as refused:
        msgspec.json.encode(refused.fields)  # a refusal can always be told
        return
    assert checked_draft(stored, KNOWN) == stored
    assert msgspec.json.decode(msgspec.json.encode(stored), type=ProductDraft) == stored
