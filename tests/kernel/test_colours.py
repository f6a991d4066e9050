"""Colours and how well they are read upon each other."""

from __future__ import annotations

import pytest

from rialto.kernel.colours import contrast, mixed, parse_colour, written

pytestmark = pytest.mark.fast

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@pytest.mark.parametrize(
    "text", ["", "0a5a52", "#0a5a5", "#0a5a522", "#0A5A52", "#0g5a52", "red", "#0a5a52\n"]
)
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        parse_colour(text)


def test_a_colour_is_read_and_written() -> None:
    assert parse_colour("#0a5a52") == (10, 90, 82)
    assert written((10, 90, 82)) == "#0a5a52"


def test_contrast_goes_from_one_to_twenty_one_whichever_is_named_first() -> None:
    assert contrast(WHITE, WHITE) == 1
    assert contrast(BLACK, WHITE) == contrast(WHITE, BLACK) == pytest.approx(21)
    # The values that docs/design.md tells of the shop's own roles.
    assert round(contrast(parse_colour("#0a5a52"), parse_colour("#f4f5f1")), 1) == 7.4
    assert round(contrast(parse_colour("#86dccb"), parse_colour("#0e1614")), 1) == 11.5


def test_a_mixture_has_its_share_of_both() -> None:
    assert mixed(BLACK, WHITE, 0) == BLACK
    assert mixed(BLACK, WHITE, 100) == WHITE
    assert mixed((200, 100, 1), BLACK, 30) == (140, 70, 1)
