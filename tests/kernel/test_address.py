from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.address import COUNTRIES, FIELD_LENGTH_MAX, Address, check_address
from rialto.kernel.errors import Invalid
from rialto.kernel.text import clean_text

pytestmark = pytest.mark.fast


def an_address(**changes: str | None) -> Address:
    values: dict[str, str | None] = {
        "name": "Ada Lovelace",
        "line1": "Am Markt 1",
        "city": "Jena",
        "postal_code": "07743",
        "country": "DE",
        **changes,
    }
    return Address(**values)  # type: ignore[arg-type]


def problems_of(address: Address) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        check_address(address, path="shipping")
    return {problem.path: problem.code for problem in refused.value.fields}


def test_blanks_are_trimmed_and_the_country_is_written_large() -> None:
    checked = check_address(
        an_address(name="  Ada   Lovelace ", country="de", phone=" ", company="A B"), path="x"
    )
    assert checked == an_address(company="A B")


def test_every_missing_field_is_named_at_once() -> None:
    empty = an_address(name="", line1=" ", city="\t", postal_code="", country="")
    assert problems_of(empty) == {
        f"shipping.{name}": "required" for name in ("name", "line1", "city", "postal_code", "country")
    }


@pytest.mark.parametrize("bad", ["x" * (FIELD_LENGTH_MAX + 1), "a\x00b", "a\ud800b", "a\u202eb"])
@pytest.mark.parametrize("field", ["name", "line2", "phone"])
def test_what_cannot_be_printed_or_is_too_long_is_named(field: str, bad: str) -> None:
    assert problems_of(an_address(**{field: bad})) == {f"shipping.{field}": "not_valid"}


@pytest.mark.parametrize("country", ["XX", "EU", "UN", "Germany", "D", "ZZ", "EA"])
def test_an_unknown_country_is_refused(country: str) -> None:
    assert problems_of(an_address(country=country)) == {"shipping.country": "country_unknown"}


def test_countries_are_those_of_the_standard() -> None:
    assert len(COUNTRIES) == 249
    assert {"DE", "US", "GB", "AX", "TW", "SS", "CW"} <= COUNTRIES


@given(st.dictionaries(st.sampled_from(sorted(Address.__struct_fields__)), st.text(max_size=200), max_size=9))
def test_any_address_is_refused_or_can_be_stored(changes: dict[str, str]) -> None:
    try:
        checked = check_address(an_address(**changes), path="billing")
    except Invalid as refused:
        assert refused.fields  # noqa: PT017 - most texts are refused, and that is fine
        return
    for name in Address.__struct_fields__:
        value = getattr(checked, name)
        assert value is None or (value and clean_text(value) and len(value) <= FIELD_LENGTH_MAX)
    assert check_address(checked, path="billing") == checked


def test_text_that_the_database_cannot_store_is_told() -> None:
    assert clean_text("Grüße, 世界 🏺\n")
    assert not clean_text("a\x00")
    assert not clean_text("a\udfff")
