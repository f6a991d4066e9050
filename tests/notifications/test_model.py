from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.ids import bucket_of
from rialto.kernel.mail import SEND_WITHIN_S
from rialto.notifications.model import (
    ATTEMPTS_MAX,
    BEGIN_WITHIN_S,
    DELAYS_S,
    SUBJECT_LENGTH_MAX,
    Cause,
    Template,
    absolute_url,
    language_for,
    message_id,
    one_line,
    subject_line,
)
from tests.notifications.desk import ORDER_ID, ORDER_UUID

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("wanted", "ours"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE_de", "de"),
        ("en-US", "en"),
        ("fr", "en"),
        ("", "en"),
        ("../en", "en"),
    ],
)
def test_we_write_in_the_readers_language_or_in_english(wanted: str, ours: str) -> None:
    assert language_for(wanted) == ours


@given(st.text())
def test_one_line_is_one_line_whatever_it_was(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not [letter for letter in line if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"}]


@given(st.text(min_size=SUBJECT_LENGTH_MAX - 5))
def test_a_subject_is_never_too_long(text: str) -> None:
    assert len(subject_line(text)) <= SUBJECT_LENGTH_MAX


def test_what_turns_the_direction_of_writing_is_taken_out() -> None:
    assert one_line("Vase \u202e00,1\u202c €") == "Vase 00,1 €"


def test_a_mails_id_follows_from_its_cause_and_lies_in_the_orders_bucket() -> None:
    placed, again = (Cause(order_id=ORDER_ID, template=Template.ORDER_PLACED) for _ in range(2))
    first, second = (
        Cause(order_id=ORDER_ID, template=Template.ORDER_SHIPPED, step=step) for step in ("1", "2")
    )
    assert placed.mail_id == again.mail_id
    assert len({placed.mail_id, first.mail_id, second.mail_id}) == 3
    assert placed.mail_id.int >> 64 & 0xFFF == ORDER_UUID.int >> 64 & 0xFFF == bucket_of(ORDER_ID)
    assert (first.key, second.key) == (f"{ORDER_ID}/1", f"{ORDER_ID}/2")


@pytest.mark.parametrize("path", ["/orders/1?key=k", "orders/1?key=k", "https://shop.example/orders/1?key=k"])
def test_links_are_absolute(path: str) -> None:
    assert absolute_url("https://shop.example", path) == "https://shop.example/orders/1?key=k"
    assert absolute_url("https://shop.example/", path) == "https://shop.example/orders/1?key=k"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://shop.example:8443/x", "shop.example"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[::1]:8000", "localhost"),
    ],
)
def test_a_message_id_ends_with_the_shops_host(url: str, host: str) -> None:
    mail_id = Cause(order_id=ORDER_ID, template=Template.ORDER_PLACED).mail_id
    assert message_id(mail_id, url).partition("@")[2] == host


def test_attempts_grow_apart_and_end_after_a_day_or_two() -> None:
    assert list(DELAYS_S) == sorted(DELAYS_S)
    assert len(DELAYS_S) == ATTEMPTS_MAX
    assert DELAYS_S[0] > BEGIN_WITHIN_S + SEND_WITHIN_S, (
        "whoever claimed a mail is done with it before it is due again"
    )
    assert 24 * 3600 < sum(DELAYS_S) < 48 * 3600
