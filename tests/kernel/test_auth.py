from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from rialto.kernel.auth import (
    GUEST,
    LEEWAY_S,
    AccessTokenRefused,
    OnlyEdDSA,
    Principal,
    TokenSigner,
    TokenVerifier,
    allows,
)
from rialto.kernel.clock import ManualClock
from rialto.kernel.roles import BUILT_IN
from tests.support.values import built_in

pytestmark = pytest.mark.fast

ISSUER = "https://shop.example"
ANNA = Principal(
    kind="staff", id="stf_anna", roles=("catalog",), permissions=BUILT_IN["catalog"], session_id="ses_1"
)


def a_key(seed: int = 1) -> str:
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def a_signer(clock: ManualClock, *, seed: int = 1, issuer: str = ISSUER) -> TokenSigner:
    return TokenSigner(a_key(seed), issuer=issuer, clock=clock)


def a_verifier(clock: ManualClock, *signers: TokenSigner, cache_max: int = 100) -> TokenVerifier:
    keys = [signer.public_jwk() for signer in signers or (a_signer(clock),)]
    return TokenVerifier(keys, issuer=ISSUER, clock=clock, permissions_of=built_in, cache_max=cache_max)


def forged(clock: ManualClock, *, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A token signed by the right key with some claims or header values that are not ours."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": "rialto",
        "sub": "stf_anna",
        "kind": "staff",
        "roles": ["owner"],
        "nbf": now,
        "exp": now + 60,
    }
    head = {"alg": "EdDSA", "kid": a_signer(clock).public_jwk()["kid"], "typ": "at+jwt"}
    kept = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    kept_head = {name: value for name, value in {**head, **(header or {})}.items() if value is not None}
    return jwt.encode(kept_head, kept, OKPKey.import_key(a_key()), registry=OnlyEdDSA(), default_type=None)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_what_was_signed_is_read_back() -> None:
    clock = ManualClock()
    token = a_signer(clock).sign(ANNA, lifetime_s=600)
    assert a_verifier(clock).verify(token) == ANNA


def test_a_customer_has_no_permissions() -> None:
    clock = ManualClock()
    anyone = Principal(kind="customer", id="acc_1", session_id="ses_2")
    assert a_verifier(clock).verify(a_signer(clock).sign(anyone, lifetime_s=600)) == anyone


def test_a_customer_whose_token_names_roles_has_no_permissions_either() -> None:
    clock = ManualClock()
    odd = Principal(kind="customer", id="cus_1", roles=("owner",))
    assert a_verifier(clock).verify(a_signer(clock).sign(odd, lifetime_s=600)).permissions == frozenset()


def test_a_token_is_refused_when_its_time_is_over_even_if_it_was_verified_before() -> None:
    clock = ManualClock()
    verifier = a_verifier(clock)
    token = a_signer(clock).sign(ANNA, lifetime_s=600)
    verifier.verify(token)
    clock.advance(600 + LEEWAY_S - 1)
    verifier.verify(token)
    clock.advance(1)
    with pytest.raises(AccessTokenRefused):
        verifier.verify(token)


def test_a_token_that_starts_later_is_refused_until_then() -> None:
    clock = ManualClock()
    verifier = a_verifier(clock)
    token = forged(clock, nbf=int(clock.now().timestamp()) + 100, exp=int(clock.now().timestamp()) + 200)
    with pytest.raises(AccessTokenRefused):
        verifier.verify(token)
    clock.advance(100)
    assert verifier.verify(token).id == "stf_anna"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "elsewhere"},
        {"aud": ["rialto"]},
        {"aud": None},
        {"exp": None},
        {"nbf": None},
        {"exp": "tomorrow"},
        {"sub": None},
        {"sub": 7},
        {"kind": "guest"},
        {"kind": None},
        {"roles": "owner"},
        {"roles": [1]},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": None}},
        {"header": {"kid": "another"}},
        {"header": {"kid": None}},
    ],
)
def test_a_well_signed_token_with_a_wrong_claim_is_refused(changed: dict[str, Any]) -> None:
    clock = ManualClock()
    with pytest.raises(AccessTokenRefused):
        a_verifier(clock).verify(forged(clock, **changed))


def test_the_forgery_helper_makes_a_good_token_when_nothing_is_changed() -> None:
    clock = ManualClock()
    assert allows(a_verifier(clock).verify(forged(clock)), "staff.write")


def test_alg_none_is_refused() -> None:
    clock = ManualClock()
    _, claims, _ = forged(clock).split(".")
    kid = a_signer(clock).public_jwk()["kid"]
    for signature in ("", "AA"):
        token = f"{encoded({'alg': 'none', 'kid': kid, 'typ': 'at+jwt'})}.{claims}.{signature}"
        with pytest.raises(AccessTokenRefused):
            a_verifier(clock).verify(token)


def test_the_public_key_used_as_a_shared_secret_is_refused() -> None:
    clock = ManualClock()
    public = a_signer(clock).public_jwk()
    claims = json.loads(base64.urlsafe_b64decode(forged(clock).split(".")[1] + "=="))
    header = {"alg": "HS256", "kid": public["kid"], "typ": "at+jwt"}
    token = jwt.encode(header, claims, OctKey.import_key(public["x"]), algorithms=["HS256"])
    with pytest.raises(AccessTokenRefused):
        a_verifier(clock).verify(token)


def test_a_changed_byte_anywhere_is_refused() -> None:
    clock = ManualClock()
    verifier = a_verifier(clock)
    token = a_signer(clock).sign(ANNA, lifetime_s=600)
    for position in range(0, len(token) - 1, 7):
        other = "A" if token[position] != "A" else "B"
        with pytest.raises(AccessTokenRefused):
            verifier.verify(token[:position] + other + token[position + 1 :])


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "ä.b.c",
        "\ud800",
        "x" * 5000,
        f"{encoded([1])}.e30.AA",
        f"{encoded(7)}.e30.AA",
        "e30.e30.AA",
        "bnVsbA.e30.AA",
        base64.urlsafe_b64encode(b"[" * 380).decode() + ".e30.AA",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(AccessTokenRefused) as refused:
        a_verifier(ManualClock()).verify(token)
    assert not refused.value.signed_in


def test_a_key_of_another_shop_is_refused() -> None:
    clock = ManualClock()
    with pytest.raises(AccessTokenRefused):
        a_verifier(clock).verify(a_signer(clock, seed=2).sign(ANNA, lifetime_s=600))


def test_while_keys_rotate_both_are_good_and_then_the_old_one_is_not() -> None:
    clock = ManualClock()
    old, new = a_signer(clock, seed=1), a_signer(clock, seed=2)
    verifier = a_verifier(clock, old, new)
    token = old.sign(ANNA, lifetime_s=600)
    assert verifier.verify(token) == verifier.verify(new.sign(ANNA, lifetime_s=600))
    verifier.replace_keys([new.public_jwk()])
    with pytest.raises(AccessTokenRefused):
        verifier.verify(token)


def test_the_cache_is_bounded_and_forgetting_changes_no_answer() -> None:
    clock = ManualClock()
    verifier = a_verifier(clock, cache_max=2)
    tokens = [
        a_signer(clock).sign(Principal(kind="customer", id=f"acc_{n}"), lifetime_s=60) for n in range(5)
    ]
    for _ in range(2):
        assert [verifier.verify(token).id for token in tokens] == [f"acc_{n}" for n in range(5)]
    assert len(verifier._cache) == 2


def test_a_published_key_holds_nothing_private() -> None:
    jwk = a_signer(ManualClock()).public_jwk()
    assert set(jwk) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        ("owner", "staff.write", True),
        ("catalog", "catalog.write", True),
        ("catalog", "orders.refund", False),
        ("catalog", "staff.write", False),
        ("viewer", "orders.read", True),
        ("viewer", "orders.write", False),
        ("fulfilment", "orders.ship", True),
        ("fulfilment", "orders.refund", False),
        ("support", "orders.refund", True),
        ("unheard of", "catalog.read", False),
    ],
)
def test_roles_allow_what_the_table_says(role: str, permission: str, allowed: bool) -> None:
    principal = Principal(kind="staff", id="stf_1", permissions=built_in([role]))
    assert allows(principal, permission) is allowed


def test_a_guest_may_do_nothing_that_needs_a_permission() -> None:
    assert not allows(GUEST, "catalog.read")
