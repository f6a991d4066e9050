"""What a session has seen of the database, and how it is written down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.positions import note_write, parse_lsn, seeing, seen_now, write_lsn

pytestmark = pytest.mark.fast


@given(st.integers(0, 2**64 - 1))
def test_a_position_is_read_as_it_is_written(position: int) -> None:
    assert parse_lsn(write_lsn(position)) == position


def test_a_position_looks_as_the_database_shows_it() -> None:
    assert parse_lsn("16/B374D848") == 0x16B374D848
    assert write_lsn(0x16B374D848) == "16/B374D848"


@pytest.mark.parametrize("text", ["", "0", "16/", "/1", "1/123456789", "g/1", "1/1 ", "unknown", "1/1/1"])
def test_what_is_no_position_is_none(text: str) -> None:
    assert parse_lsn(text) is None


def test_who_has_written_is_answered_by_the_primary_from_then_on() -> None:
    note_write()  # nobody waits: nothing happens
    assert seen_now() is None
    with seeing(7) as seen:
        assert (seen_now(), seen.allows) == (seen, 7)
        note_write()
        assert (seen.wrote, seen.allows) == (True, None)
        with seeing(None) as inner:
            note_write()
        assert inner.allows is None
    assert seen_now() is None
