"""Which texts are taken for card numbers: refusing a token too many is cheaper than storing one number."""

from __future__ import annotations

import pytest

from rialto.payments.api import looks_like_card_number

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    "text", ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005", "630495060000000000"]
)
def test_numbers_are_seen_through_blanks_and_dashes(text: str) -> None:
    assert looks_like_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tok_success",
        "tok_4242424242424242",
        "4242424242424241",
        "42424242424",
        "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
        "42424242424242424242",
    ],
)
def test_tokens_short_and_long_texts_and_wrong_check_digits_are_not(text: str) -> None:
    assert not looks_like_card_number(text)
