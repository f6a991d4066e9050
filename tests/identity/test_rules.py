"""The pure rules of accounts, profiles, roles and tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.identity.api import (
    AddAddress,
    ChangeAccount,
    Consent,
    GiveConsent,
    NotYoursToGive,
    PasswordWeak,
    PutRole,
    PutStaff,
    Register,
    RoleProtected,
)
from rialto.identity.model.addresses import request_hash
from rialto.identity.model.attempts import Attempts, next_attempt
from rialto.identity.model.fields import checked_registration, checked_staff
from rialto.identity.model.letters import LETTERS_FREE, LINKS, Template
from rialto.identity.model.profiles import PURPOSES_MAX, checked_change, news
from rialto.identity.model.roles import PERMISSIONS_MAX, check_reach, checked_role, checked_roles
from rialto.identity.model.sessions import session_end
from rialto.identity.model.tokens import (
    LinkTokens,
    Purpose,
    StoredToken,
    is_good,
    one_time_token,
    parse_token,
)
from rialto.kernel.address import Address
from rialto.kernel.errors import Invalid
from rialto.kernel.roles import BUILT_IN
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_registration(**changed: Any) -> Register:
    values = {"email": " Anna@Rialto.test", "password": "long enough it is", "name": " Anna  B. ", **changed}
    return Register(**values)


def fields_of(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [field.path for field in refused.value.fields]


def test_a_registration_is_normalised_and_keeps_what_it_came_with() -> None:
    checked = checked_registration(a_registration(language="de-AT", channel="paris", client="c", key="k"))
    assert (checked.email, checked.name) == ("anna@rialto.test", "Anna B.")
    assert (checked.language, checked.channel) == ("de-AT", "paris")
    assert (checked.client, checked.key) == ("c", "k")


def test_every_wrong_field_of_a_registration_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        checked_registration(a_registration(name=" ", language="German", channel="a b"))
    assert fields_of(refused) == ["name", "language", "channel"]
    with pytest.raises(PasswordWeak):
        checked_registration(a_registration(password="short"))


def test_staff_is_normalised() -> None:
    command = PutStaff(email="A@B.de", name=" A ", password="long enough it is", roles=["x", "x"], by=["*"])
    checked = checked_staff(command)
    assert (checked.email, checked.name, checked.roles, checked.by) == ("a@b.de", "A", ["x"], ["*"])


def a_consent(purpose: str = "newsletter", *, granted: bool = True, text_version: str = "1") -> GiveConsent:
    return GiveConsent(purpose=purpose, granted=granted, text_version=text_version)


def given_before(consent: GiveConsent) -> Consent:
    return Consent(
        purpose=consent.purpose, granted=consent.granted, text_version=consent.text_version, at=NOW
    )


def test_a_change_of_nothing_is_one() -> None:
    assert checked_change(ChangeAccount(account_id="a")) == ChangeAccount(account_id="a")


def test_every_wrong_field_of_a_change_is_named() -> None:
    consents = [a_consent("News!"), a_consent(text_version=" "), a_consent()]
    with pytest.raises(Invalid) as refused:
        checked_change(ChangeAccount(account_id="a", name="", language="?", consents=consents))
    assert fields_of(refused) == [
        "name",
        "language",
        "consents[0].purpose",
        "consents[1].text_version",
        "consents",
    ]


def test_only_what_differs_from_the_latest_consent_is_news() -> None:
    yes, no, other = a_consent(), a_consent(granted=False), a_consent(text_version="2")
    assert news([yes], [given_before(yes)]) == []
    for changed in (no, other):
        assert news([changed], [given_before(yes)]) == [changed]
    assert news([yes], []) == [yes]


def test_an_account_has_only_so_many_purposes() -> None:
    known = [given_before(a_consent(f"p{number}")) for number in range(PURPOSES_MAX)]
    assert news([a_consent("p1", granted=False)], known)
    with pytest.raises(Invalid):
        news([a_consent()], known)


def test_a_role_has_each_permission_once() -> None:
    role = checked_role(PutRole(name="clerk", permissions=["orders.read", "orders.*", "orders.read"]))
    assert role.permissions == ["orders.*", "orders.read"]


def test_a_role_with_a_bad_name_or_permissions_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        checked_role(PutRole(name="A", permissions=["*"] + ["a.b"] * PERMISSIONS_MAX))
    assert fields_of(refused) == ["name", "permissions[0]", "permissions"]
    with pytest.raises(RoleProtected):
        checked_role(PutRole(name="owner", permissions=[]))


def test_who_may_not_do_it_cannot_give_it() -> None:
    checked_role(PutRole(name="clerk", permissions=["orders.read"], by=["orders.*"]))
    with pytest.raises(NotYoursToGive):
        checked_role(PutRole(name="clerk", permissions=["orders.read"], by=["catalog.*"]))
    assert checked_roles(["viewer", "viewer"], BUILT_IN, ["*.read"]) == ["viewer"]
    with pytest.raises(NotYoursToGive):
        checked_roles(["owner"], BUILT_IN, ["*.read", "staff.write"])
    check_reach(["viewer"], BUILT_IN, None)
    with pytest.raises(NotYoursToGive):
        check_reach(["owner"], BUILT_IN, ["staff.write"])


def a_token_row(token_id: UUID, digest: bytes, **changed: Any) -> StoredToken:
    values = {
        "id": token_id,
        "account_id": None,
        "purpose": Purpose.VERIFY_EMAIL,
        "token_hash": digest,
        "about": "",
        "expires_at": NOW + HOUR,
        "used_at": None,
    }
    return StoredToken(**{**values, **changed})


def test_a_token_begins_with_its_bucket_and_is_read_back() -> None:
    ids = seeded_ids()
    token = one_time_token(ids.uuid(0x2A7), ids.token())
    assert token.text.startswith("2a7.")
    assert parse_token(token.text) == token


@pytest.mark.parametrize("text", ["", "a.b", "0a7.not an id.secret", "0a7..", "x" * 300, "\u0661.b.c"])
def test_what_has_not_a_tokens_form_is_none(text: str) -> None:
    assert parse_token(text) is None


@given(st.text(max_size=250))
def test_any_text_is_a_token_or_none(text: str) -> None:
    found = parse_token(text)
    assert found is None or found.text == text


def test_a_token_is_good_for_its_purpose_in_time_and_unused() -> None:
    token = one_time_token(seeded_ids().uuid(7), "secret")
    other = one_time_token(token.id, "another")
    row = a_token_row(token.id, token.digest)
    assert is_good(row, token, Purpose.VERIFY_EMAIL, NOW)
    assert not is_good(row, other, Purpose.VERIFY_EMAIL, NOW)
    assert not is_good(row, token, Purpose.RESET_PASSWORD, NOW)
    assert not is_good(row, token, Purpose.VERIFY_EMAIL, NOW + HOUR)
    used = a_token_row(token.id, token.digest, used_at=NOW)
    assert not is_good(used, token, Purpose.VERIFY_EMAIL, NOW)


def test_a_letters_token_is_the_same_each_time_and_of_no_other_letter_or_key() -> None:
    ids = seeded_ids()
    row, letter, other = (ids.uuid(7) for _ in range(3))
    token = LinkTokens("key").of(row, letter)
    assert LinkTokens("key").of(row, letter) == token
    assert LinkTokens("key").of(row, other) != token
    assert LinkTokens("other").of(row, letter) != token


def test_every_letter_leads_somewhere_and_a_link_with_a_token_ends() -> None:
    assert set(LINKS) == set(Template)
    for link in LINKS.values():
        assert bool(link.purpose) == bool(link.lasts)


def test_letters_are_throttled_sooner_than_sign_ins() -> None:
    assert isinstance(next_attempt(Attempts(count=LETTERS_FREE, last_at=NOW), NOW), Attempts)
    assert next_attempt(Attempts(count=LETTERS_FREE, last_at=NOW), NOW, free=LETTERS_FREE) == 2.0


def test_a_request_is_recognised_whatever_its_key() -> None:
    home = Address(name="A", line1="1", country="DE")
    one, again = (AddAddress(account_id="a", address=home, key=key) for key in ("k1", "k2"))
    other = AddAddress(account_id="a", address=home, default_shipping=True, key="k1")
    assert request_hash(one) == request_hash(again) != request_hash(other)


def test_a_session_ends_thirty_days_after_its_beginning() -> None:
    assert session_end(NOW) - NOW == timedelta(days=30)
