from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.address import COUNTRIES, FIELD_LENGTH_MAX, Address, check_address
from rialto.kernel.address_rules import is_postal_code, rules_of
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
    found = check_address(
        an_address(name="  Ada   Lovelace ", country="de", phone=" ", company="A B"), path="x"
    )
    assert found == an_address(company="A B")


def test_every_missing_field_is_named_at_once() -> None:
    empty = an_address(name="", line1=" ", city="\t", postal_code="", country="")
    assert problems_of(an_address(city="", postal_code=" ")) == {
        "shipping.city": "required",
        "shipping.postal_code": "required",
    }
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
        found = check_address(an_address(**changes), path="billing")
    except Invalid as refused:
        assert refused.fields  # noqa: PT017 - most texts are refused, and that is fine
        return
    for name in Address.__struct_fields__:
        value = getattr(found, name)
        assert not value or (clean_text(value) and len(value) <= FIELD_LENGTH_MAX)
    assert check_address(found, path="billing") == found


def test_text_that_the_database_cannot_store_is_told() -> None:
    assert clean_text("Grüße, 世界 🏺\n")
    assert not clean_text("a\x00")
    assert not clean_text("a\udfff")


def checked(**changes: str | None) -> Address:
    return check_address(an_address(**changes), path="shipping")


@pytest.mark.parametrize(
    ("country", "region", "postal_code"),
    [
        ("DE", None, "07743"),
        ("AT", None, "1010"),
        ("US", "CA", "94105"),
        ("US", "NY", "10001-1234"),
        ("GB", None, "SW1A 1AA"),
        ("CA", "ON", "K1A 0B1"),
        ("NL", None, "1012 AB"),
        ("PL", None, "00-950"),
        ("JP", "Hokkaido", "060-8588"),
    ],
)
def test_codes_as_the_post_writes_them_are_taken(country: str, region: str | None, postal_code: str) -> None:
    found = checked(country=country, region=region, postal_code=postal_code)
    assert (found.region, found.postal_code) == (region, postal_code)


@pytest.mark.parametrize(
    ("country", "region", "postal_code"),
    [
        ("DE", None, "7743"),
        ("DE", None, "D-07743"),
        ("AT", None, "07743"),
        ("US", "CA", "10001"),
        ("GB", None, "SW1A 1AA and more"),
        ("CA", "ON", "V5K 0A1"),
        ("PL", None, "00950x"),
    ],
)
def test_a_code_that_the_country_or_its_region_does_not_have_is_refused(
    country: str, region: str | None, postal_code: str
) -> None:
    address = an_address(country=country, region=region, postal_code=postal_code)
    assert problems_of(address) == {"shipping.postal_code": "postal_code_unknown"}


def test_a_postal_code_is_written_large() -> None:
    assert checked(country="GB", postal_code="sw1a 1aa").postal_code == "SW1A 1AA"


@pytest.mark.parametrize("written", ["California", "CALIFORNIA", "ca", "CA"])
def test_a_region_is_kept_by_its_code_however_it_was_written(written: str) -> None:
    assert checked(country="US", region=written, postal_code="94105").region == "CA"


def test_a_region_whose_code_is_in_other_letters_stays_as_it_was_written() -> None:
    assert checked(country="JP", region="Hokkaido", postal_code="060-8588").region == "Hokkaido"


@pytest.mark.parametrize("country", ["US", "CA", "AU", "IT", "ES", "BR", "JP"])
def test_where_a_country_has_regions_one_is_asked_for(country: str) -> None:
    missing = problems_of(an_address(country=country, region=None, postal_code=""))
    assert missing["shipping.region"] == "required"
    assert problems_of(an_address(country=country, region="Atlantis"))["shipping.region"] == "region_unknown"


def test_where_a_country_has_none_a_region_may_stand_there_all_the_same() -> None:
    assert checked(region="Thüringen").region == "Thüringen"


@pytest.mark.parametrize(("country", "city"), [("HK", "Central"), ("AE", "Dubai"), ("SG", "")])
def test_what_a_country_does_not_have_is_not_asked_for(country: str, city: str) -> None:
    codes = {"SG": "018956"}
    region = {"HK": "Hong Kong Island", "AE": "Dubai"}.get(country)
    found = checked(country=country, city=city, region=region, postal_code=codes.get(country, ""))
    assert (found.city, found.postal_code) == (city, codes.get(country, ""))


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_every_countrys_own_example_of_a_code_is_one(country: str) -> None:
    for example in rules_of(country).postal_code_examples:
        assert is_postal_code(country, None, example)


def test_a_country_without_rules_of_its_own_asks_for_street_and_city() -> None:
    assert rules_of("QQ").required == {"line1", "city"}
    assert is_postal_code("QQ", None, "anything")
