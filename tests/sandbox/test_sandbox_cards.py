from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rialto.sandbox.cards import TEST_CARDS, WELL_KNOWN_TOKENS, Behaviour, luhn_holds, read_card
from rialto.sandbox.errors import Invalid
from tests.sandbox.builders import a_card

pytestmark = pytest.mark.fast
AT = datetime(2026, 1, 5, tzinfo=UTC)


def test_every_test_card_passes_the_luhn_check_and_its_neighbour_does_not() -> None:
    for number in TEST_CARDS:
        assert luhn_holds(number)
        assert not luhn_holds(number[:-1] + str((int(number[-1]) + 1) % 10))


def test_every_behaviour_has_a_well_known_token() -> None:
    assert {facts.behaviour for facts in WELL_KNOWN_TOKENS.values()} == set(Behaviour)


@pytest.mark.parametrize(("number", "behaviour"), TEST_CARDS.items())
def test_a_card_is_read_into_brand_last_four_and_behaviour(number: str, behaviour: Behaviour) -> None:
    facts = read_card(a_card(number), AT)
    assert (facts.last4, facts.behaviour) == (number[-4:], behaviour)
    assert number not in repr(facts)


def test_the_label_shows_brand_and_last_four() -> None:
    assert read_card(a_card("4242-4242-4242-4242"), AT).label == "Visa •••• 4242"


@pytest.mark.parametrize(
    "expiry", ["12/34", "12 / 2034", "1 / 26", "01/26", "1234", "122034", " 12-34 ", "12/20"]
)
def test_usual_ways_to_write_a_date_are_read(expiry: str) -> None:
    at = datetime(2020, 12, 31, tzinfo=UTC)
    assert read_card(a_card(expiry=expiry), at).last4 == "4242"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"number": ""}, "number", "number_missing"),
        ({"number": "4242 4242 4242 4241"}, "number", "number_invalid"),
        ({"number": "４２４２４２４２４２４２４２４２"}, "number", "number_invalid"),
        ({"number": "4111 1111 1111 1111"}, "number", "not_a_test_card"),
        ({"number": "4" * 500}, "number", "too_long"),
        ({"expiry": ""}, "expiry", "expiry_missing"),
        ({"expiry": "13/34"}, "expiry", "expiry_invalid"),
        ({"expiry": "soon"}, "expiry", "expiry_invalid"),
        ({"expiry": "12/25"}, "expiry", "card_expired"),
        ({"cvc": " "}, "cvc", "cvc_missing"),
        ({"cvc": "12"}, "cvc", "cvc_invalid"),
        ({"name": " "}, "name", "name_missing"),
    ],
)
def test_a_wrong_field_is_named_with_its_code(changes: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_card(a_card(**changes), AT)
    assert [(each.field, each.code) for each in refused.value.problems] == [(field, code)]


def test_all_wrong_fields_are_reported_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        read_card(a_card(number="", expiry="", cvc="", name=""), AT)
    assert [each.field for each in refused.value.problems] == ["number", "expiry", "cvc", "name"]


def test_a_card_form_never_shows_its_number() -> None:
    assert "4242" not in repr(a_card()) + str(a_card())
