from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.identity.api import PasswordWeak, PutStaff
from rialto.identity.model.attempts import ATTEMPTS_FREE, DELAY_MAX_S, Attempts, next_attempt
from rialto.identity.model.fields import (
    bucket_of_hash,
    checked_email,
    checked_password,
    checked_staff,
    comparable_password,
    email_hash,
)
from rialto.identity.model.roles import checked_roles
from rialto.identity.model.sessions import (
    REFRESH_GRACE_S,
    Family,
    Refresh,
    RefreshToken,
    RefreshTokens,
    judge_refresh,
)
from rialto.kernel.errors import Invalid
from rialto.kernel.roles import BUILT_IN
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TOKENS = RefreshTokens("key")


@pytest.mark.parametrize("email", ["anna@rialto.test", "  Anna@Rialto.Test ", "ANNA@RIALTO.TEST"])
def test_an_email_is_the_same_in_any_case_and_with_blanks_around(email: str) -> None:
    assert checked_email(email) == "anna@rialto.test"
    assert email_hash(email) == email_hash("anna@rialto.test")


@pytest.mark.parametrize(
    ("one", "other"),
    [("strasse@a.de", "straße@a.de"), ("sam@a.de", "\u017fam@a.de"), ("a@b.de", "\uff41@b.de")],
)
def test_addresses_that_only_look_alike_are_different(one: str, other: str) -> None:
    assert email_hash(one) != email_hash(other)


def test_an_umlaut_is_the_same_however_it_was_typed() -> None:
    assert email_hash("m\u00fcller@a.de") == email_hash("mu\u0308ller@a.de")


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "anna@",
        "@rialto.test",
        "anna@test",
        "anna@rialto..test",
        "anna@@rialto.test",
        "a b@rialto.test",
        "anna@rialto.test\nBcc: x@y.de",
        "anna@ria\x00lto.test",
        "a" * 65 + "@rialto.test",
        "a@" + "b" * 260 + ".de",
        "\ud800@rialto.test",
    ],
)
def test_what_is_no_address_is_refused_by_its_field(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_email(email)
    assert refused.value.fields[0].path == "email"


@given(st.text())
def test_every_text_has_a_hash_and_a_bucket(text: str) -> None:
    assert 0 <= bucket_of_hash(email_hash(text)) < 1024


@pytest.mark.parametrize("password", ["", "short", "x" * 11, " " * 20])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordWeak):
        checked_password(password)


@pytest.mark.parametrize("password", ["x" * 1025, "long enough \ud800"])
def test_a_password_that_cannot_be_kept_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        checked_password(password)


def test_a_password_is_the_same_from_another_keyboard() -> None:
    assert comparable_password("gr\u00fc\u00dfe") == comparable_password("gru\u0308\u00dfe")


def test_staffs_name_is_checked() -> None:
    command = PutStaff(email="a@b.de", name="\x00", password="long enough it is", roles=["owner"])
    with pytest.raises(Invalid) as refused:
        checked_staff(command)
    assert [(field.path, field.code) for field in refused.value.fields] == [("name", "not_valid")]


def test_every_role_that_is_unknown_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        checked_roles(["owner", "king"], BUILT_IN, None)
    assert [(field.path, field.code) for field in refused.value.fields] == [("roles[1]", "role_unknown")]


def test_staff_needs_a_role() -> None:
    with pytest.raises(Invalid) as refused:
        checked_roles([], BUILT_IN, None)
    assert refused.value.fields[0].path == "roles"


def attempt(before: Attempts, after_s: float) -> Attempts | float:
    return next_attempt(before, before.last_at + timedelta(seconds=after_s))


def test_ten_attempts_are_free_and_the_next_has_to_wait() -> None:
    state = Attempts(count=0, last_at=NOW)
    for _ in range(ATTEMPTS_FREE):
        following = attempt(state, 0)
        assert isinstance(following, Attempts)
        state = following
    assert attempt(state, 0) == 2.0
    assert attempt(state, 1.5) == 0.5
    assert attempt(state, 2) == Attempts(count=11, last_at=NOW + timedelta(seconds=2))


def test_each_further_attempt_waits_twice_as_long_up_to_five_minutes() -> None:
    waits = [attempt(Attempts(count=count, last_at=NOW), 0) for count in (10, 11, 12, 16, 17, 18, 10_000)]
    assert waits == [2, 4, 8, 128, 256, DELAY_MAX_S, DELAY_MAX_S]


def test_a_quarter_of_an_hour_of_silence_is_forgotten() -> None:
    following = attempt(Attempts(count=500, last_at=NOW), 15 * 60)
    assert isinstance(following, Attempts)
    assert following.count == 1


@given(st.lists(st.floats(0, 2000), max_size=60))
def test_whoever_waits_as_told_is_always_let_try(pauses: list[float]) -> None:
    state = Attempts(count=0, last_at=NOW)
    for pause_s in pauses:
        following = attempt(state, pause_s)
        if not isinstance(following, Attempts):
            assert following <= DELAY_MAX_S
            following = attempt(state, pause_s + following + 0.001)
        assert isinstance(following, Attempts)
        state = following


def a_token(bucket: int = 7) -> RefreshToken:
    ids = seeded_ids()
    return TOKENS.first(ids.uuid(bucket), ids.token())


def a_session(token: RefreshToken, **changed: object) -> Family:
    values = {
        "id": token.session,
        "account_id": UUID(int=0),
        "generation": token.generation,
        "token_hash": token.digest,
        "rotated_at": NOW,
        "expires_at": NOW + timedelta(days=30),
        "ended_at": None,
    }
    return Family(**{**values, **changed})  # type: ignore[arg-type]


def test_a_refresh_token_begins_with_its_bucket_and_is_read_back() -> None:
    token = a_token(bucket=0x2A7)
    assert token.text.startswith("2a7.")
    assert token.bucket == 0x2A7
    assert TOKENS.parse(token.text) == token
    assert TOKENS.parse(TOKENS.successor(token).text) == TOKENS.successor(token)


def test_a_changed_letter_makes_it_no_token() -> None:
    text = a_token().text
    for position in range(len(text)):
        other = "0" if text[position] != "0" else "1"
        assert TOKENS.parse(text[:position] + other + text[position + 1 :]) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "....",
        "a.b.c.d.e",
        "\u0661.\u0661.\u0661.\u0661.\u0661",
        "x" * 10_000,
        "\ud800",
        "007.\x00.1.x.y",
    ],
)
def test_what_was_not_made_here_is_no_token(text: str) -> None:
    assert TOKENS.parse(text) is None


def test_a_seal_of_ours_on_what_names_no_session_makes_no_token() -> None:
    """As a token of a release to come might be, which names its session otherwise."""
    body = "2a7.another-kind-of-session.1.x"
    seal = TOKENS._digest("seal", body)[:32]
    assert TOKENS.parse(f"{body}.{seal}") is None


def test_a_token_of_another_key_is_no_token() -> None:
    assert RefreshTokens("another").parse(a_token().text) is None


def test_the_present_token_rotates() -> None:
    token = a_token()
    assert judge_refresh(a_session(token), token, TOKENS.successor(token), NOW) is Refresh.ROTATE


def test_the_former_token_is_answered_again_within_the_grace_and_then_counts_as_stolen() -> None:
    token = a_token()
    successor = TOKENS.successor(token)
    session = a_session(successor)
    in_grace, later = NOW + timedelta(seconds=REFRESH_GRACE_S), NOW + timedelta(seconds=REFRESH_GRACE_S + 1)
    assert judge_refresh(session, token, successor, in_grace) is Refresh.REPEAT
    assert judge_refresh(session, token, successor, later) is Refresh.REUSED


def test_an_older_token_counts_as_stolen_even_within_the_grace() -> None:
    token = a_token()
    successor = TOKENS.successor(token)
    session = a_session(TOKENS.successor(successor))
    assert judge_refresh(session, token, successor, NOW) is Refresh.REUSED


def test_an_ended_or_expired_session_refreshes_nothing() -> None:
    token = a_token()
    successor = TOKENS.successor(token)
    assert judge_refresh(a_session(token, ended_at=NOW), token, successor, NOW) is Refresh.ENDED
    assert judge_refresh(a_session(token, expires_at=NOW), token, successor, NOW) is Refresh.ENDED
