"""Contents with their unit prices, makers and warnings, without a database."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.catalog.api import CONTENT_UNITS, Content, Maker, PricePerUnit, ProductInvalid, unit_price
from rialto.catalog.model.labelling import with_plain_content
from rialto.catalog.model.products import checked_draft
from rialto.kernel.money import AMOUNT_MAX, EUR, Currency, Money
from tests.catalog.builders import a_draft, a_variant
from tests.catalog.test_product_rules import KNOWN, one_variant, problems_of

pytestmark = pytest.mark.fast

MAKER = Maker(
    name="Sample Pottery", address="Sample Street 1\n12345 Sample Town", email="info@pottery.example"
)


@pytest.mark.parametrize(
    ("cents", "amount", "unit", "told"),
    [
        (399, "500", "g", (798, "kg")),
        (399, "0.5", "kg", (798, "kg")),
        (250, "750", "ml", (333, "l")),
        (250, "1.5", "l", (167, "l")),
        (900, "60", "cm", (1500, "m")),
        (1999, "2.5", "m2", (800, "m2")),
        (100, "8", "piece", (13, "piece")),
    ],
)
def test_a_price_is_told_per_unit(cents: int, amount: str, unit: str, told: tuple[int, str]) -> None:
    found = unit_price(Money(cents, EUR), Content(amount=amount, unit=unit))
    assert found == PricePerUnit(amount=told[0], currency=EUR, per=told[1])


def test_there_is_no_unit_price_without_a_content_or_beyond_all_counting() -> None:
    assert unit_price(Money(100, EUR), None) is None
    assert unit_price(Money(AMOUNT_MAX, EUR), Content(amount="0.001", unit="g")) is None


@given(
    cents=st.integers(1, 10**9),
    thousandths=st.integers(1, 10**9),
    unit=st.sampled_from(sorted(CONTENT_UNITS)),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_the_unit_price_times_the_content_is_the_price_but_for_rounding(
    cents: int, thousandths: int, unit: str, currency: str
) -> None:
    amount = f"{thousandths // 1000}.{thousandths % 1000:03}"
    found = unit_price(Money(cents, Currency(currency)), Content(amount=amount, unit=unit))
    if found is None:
        assert Fraction(cents * 1000 * CONTENT_UNITS[unit][1], thousandths) > AMOUNT_MAX - 1
        return
    content = Fraction(thousandths, 1000) / CONTENT_UNITS[unit][1]
    assert abs(found.money.amount * content - cents) <= content / 2
    assert found.per == CONTENT_UNITS[unit][0]


@pytest.mark.parametrize("amount", ["", "0", "0.000", "-1", "1e3", "1,5", "1.0005", "1234567890", "٣", "1\n"])
def test_a_content_is_a_decimal_above_zero(amount: str) -> None:
    found = problems_of(**one_variant(content=Content(amount=amount, unit="g")))
    assert found == [("variants.0.content.amount", "content_not_valid")]


@pytest.mark.parametrize("unit", ["", "G", "oz", "\x00"])
def test_a_content_is_in_a_known_unit(unit: str) -> None:
    found = problems_of(**one_variant(content=Content(amount="1", unit=unit)))
    assert found == [("variants.0.content.unit", "unit_unknown")]


@pytest.mark.parametrize(
    ("typed", "stored"), [("500.0", "500"), ("00.50", "0.5"), ("1000", "1000"), ("1", "1")]
)
def test_a_content_has_one_form(typed: str, stored: str) -> None:
    draft = a_draft(**one_variant(content=Content(amount=typed, unit="g")))
    assert checked_draft(draft, KNOWN).variants[0].content == Content(amount=stored, unit="g")
    assert with_plain_content(a_variant()) == a_variant()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": " "}, ("maker.name", "required")),
        ({"name": "a\nb"}, ("maker.name", "not_valid")),
        ({"address": ""}, ("maker.address", "required")),
        ({"address": "a\x00"}, ("maker.address", "not_valid")),
        ({"address": "a" * 501}, ("maker.address", "too_long")),
        ({"email": None}, ("maker.email", "required")),
        ({"email": "pottery"}, ("maker.email", "email_not_valid")),
        ({"email": "a@b.example\x00"}, ("maker.email", "email_not_valid")),
        ({"url": "javascript:alert(1)"}, ("maker.url", "not_valid")),
    ],
)
def test_a_maker_can_be_written_to(fields: dict[str, Any], problem: tuple[str, str]) -> None:
    told: dict[str, Any] = {"name": MAKER.name, "address": MAKER.address, "email": MAKER.email, **fields}
    assert problems_of(maker=Maker(**told)) == [problem]


def test_maker_and_warnings_are_stored_as_they_are() -> None:
    draft = a_draft(maker=MAKER, safety={"en": "Keep away\nfrom fire."})
    assert checked_draft(draft, KNOWN) == draft
    assert problems_of(maker=Maker(name="A", address="B", url="https://pottery.example")) == []


def test_warnings_are_texts_by_language() -> None:
    assert problems_of(safety={"german": "Heiß"}) == [("safety.german", "language_unknown")]
    with pytest.raises(ProductInvalid):
        checked_draft(a_draft(safety={"en": "a" * 5001}), KNOWN)
