"""Keys are rotated beside running processes, and nobody is turned away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rialto.kernel.auth import AccessTokenRefused, Principal, TokenVerifier
from rialto.kernel.clock import ManualClock
from rialto.kernel.keys import LOOK_EVERY_S, Keyring, SecretsFile
from rialto.kernel.sealing import SealBroken
from rialto.kernel.secrets import (
    Secrets,
    SecretsBroken,
    bring_back,
    load_or_make_secrets,
    make_secrets,
    read_secrets,
    renewed,
    replace_secrets,
    resealed,
    rotated,
)
from rialto.kernel.service_tokens import RENEW_S, CallerCheck, ServiceTokens
from tests.support.values import built_in, seeded_ids

pytestmark = pytest.mark.fast

ISSUER = "https://shop.example"
ADA = Principal(kind="customer", id="acc_1", session_id="ses_1")
ACCEPTED = timedelta(seconds=665)
LIFETIME_S = 600


class Process:
    """One worker: its keyring and its verifier, and the file it looks at."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.keyring = Keyring(
            load_or_make_secrets(path, seeded_ids()),
            SecretsFile(path),
            issuer=ISSUER,
            clock=clock,
            ids=seeded_ids(3),
        )
        self.verifier = TokenVerifier(
            self.keyring.public_keys(),
            issuer=ISSUER,
            clock=clock,
            permissions_of=built_in,
            watch=self.keyring.news,
        )

    def sign(self) -> str:
        return self.keyring.signer().sign(ADA, lifetime_s=LIFETIME_S)

    def kids(self) -> list[str]:
        return [key["kid"] for key in self.keyring.public_keys()]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets.json"


def rotate(path: Path, clock: ManualClock, *, seed: int = 8, accepted: timedelta = ACCEPTED) -> Secrets:
    secrets = rotated(read_secrets(path), seeded_ids(seed), now=clock.now(), accepted=accepted)
    replace_secrets(path, secrets, seeded_ids(seed))
    return secrets


def test_tokens_of_the_former_key_are_taken_until_they_have_run_out(path: Path, clock: ManualClock) -> None:
    process = Process(path, clock)
    old = process.sign()
    [old_kid] = process.kids()
    rotate(path, clock)
    clock.advance(LOOK_EVERY_S)
    assert process.verifier.verify(old).id == ADA.id
    new = process.sign()
    new_kid = process.kids()[0]
    assert process.kids() == [new_kid, old_kid]
    assert all("d" not in key for key in process.keyring.public_keys())  # public halves only
    assert process.verifier.verify(new).id == ADA.id
    clock.advance(LIFETIME_S - LOOK_EVERY_S)
    assert process.verifier.verify(old).id == ADA.id
    clock.advance(ACCEPTED.total_seconds() - LIFETIME_S)
    assert process.kids() == [new_kid]
    for token in (old, process.keyring.signer().sign(ADA, lifetime_s=1)[:-3] + "abc"):
        with pytest.raises(AccessTokenRefused):
            process.verifier.verify(token)


def test_a_former_key_cannot_sign_beyond_its_time(path: Path, clock: ManualClock) -> None:
    """Whoever kept the old file signs tokens that live for years: they end with the key."""
    process = Process(path, clock)
    forged = process.keyring.signer().sign(ADA, lifetime_s=10**8)
    rotate(path, clock)
    clock.advance(LOOK_EVERY_S)
    assert process.verifier.verify(forged).id == ADA.id
    clock.advance(ACCEPTED.total_seconds())
    with pytest.raises(AccessTokenRefused):
        process.verifier.verify(forged)


def test_a_key_that_was_seen_ends_within_a_second(path: Path, clock: ManualClock) -> None:
    process = Process(path, clock)
    old = process.sign()
    process.verifier.verify(old)  # kept in the verifier's cache, too
    rotate(path, clock, accepted=timedelta(0))
    clock.advance(LOOK_EVERY_S)
    with pytest.raises(AccessTokenRefused):
        process.verifier.verify(old)
    assert len(process.kids()) == 1


def test_a_process_that_has_not_looked_yet_looks_when_it_meets_a_new_key(
    path: Path, clock: ManualClock
) -> None:
    quick, slow = Process(path, clock), Process(path, clock)
    slow.verifier.verify(quick.sign())
    rotate(path, clock)
    quick.keyring.news(True)
    assert slow.verifier.verify(quick.sign()).id == ADA.id  # no time has passed


def test_an_unknown_key_is_refused_however_often_one_looks(path: Path, clock: ManualClock) -> None:
    process = Process(path, clock)
    stranger = Process(path.with_name("other.json"), clock)
    rotate(path.with_name("other.json"), clock, seed=9)
    stranger.keyring.news(True)
    for _ in range(3):
        with pytest.raises(AccessTokenRefused):
            process.verifier.verify(stranger.sign())


def test_the_file_is_looked_at_once_a_second_at_most(clock: ManualClock) -> None:
    looks = 0

    def count() -> None:
        nonlocal looks
        looks += 1

    keyring = Keyring(make_secrets(seeded_ids()), count, issuer=ISSUER, clock=clock, ids=seeded_ids())
    for _ in range(100):
        keyring.signer()
        keyring.news(False)
    assert looks == 1
    clock.advance(LOOK_EVERY_S)
    keyring.public_keys()
    assert looks == 2


@pytest.mark.parametrize("broken", ["unreadable by us", "readable by others", "gone"])
def test_a_file_that_cannot_be_taken_up_changes_nothing(path: Path, clock: ManualClock, broken: str) -> None:
    process = Process(path, clock)
    token, kids = process.sign(), process.kids()
    if broken == "gone":
        path.unlink()
    else:
        path.write_bytes(b"{" if broken == "unreadable by us" else path.read_bytes() + b"\n")
        path.chmod(0o600 if broken == "unreadable by us" else 0o644)
    clock.advance(LOOK_EVERY_S)
    assert process.verifier.verify(token).id == ADA.id
    assert process.kids() == kids


def test_what_was_sealed_before_opens_and_is_sealed_anew(path: Path, clock: ManualClock) -> None:
    process = Process(path, clock)
    sealed = process.keyring.seal("totp", b"secret", owner=b"ada")
    for seed in (8, 9):
        secrets = rotate(path, clock, seed=seed)
    clock.advance(LOOK_EVERY_S)
    assert process.keyring.open("totp", sealed, owner=b"ada") == b"secret"
    assert not process.keyring.is_current("totp", sealed, owner=b"ada")
    fresh = process.keyring.seal("totp", b"secret", owner=b"ada")
    assert process.keyring.is_current("totp", fresh, owner=b"ada")
    replace_secrets(path, resealed(secrets), seeded_ids())
    clock.advance(LOOK_EVERY_S)
    assert process.keyring.open("totp", fresh, owner=b"ada") == b"secret"
    with pytest.raises(SealBroken):
        process.keyring.open("totp", sealed, owner=b"ada")
    with pytest.raises(SealBroken):
        process.keyring.open("other", fresh, owner=b"ada")


def test_a_process_that_has_not_looked_yet_opens_what_another_sealed(path: Path, clock: ManualClock) -> None:
    quick, slow = Process(path, clock), Process(path, clock)
    slow.keyring.open("totp", quick.keyring.seal("totp", b"1", owner=b"ada"), owner=b"ada")
    rotate(path, clock)
    quick.keyring.news(True)
    assert slow.keyring.open("totp", quick.keyring.seal("totp", b"2", owner=b"ada"), owner=b"ada") == b"2"


def test_one_former_sealing_key_stays_after_sealing_anew(path: Path, clock: ManualClock) -> None:
    """A process that had not looked yet may have sealed something meanwhile."""
    slow = Process(path, clock)
    slow.keyring.seal("totp", b"1", owner=b"ada")
    replace_secrets(path, resealed(rotate(path, clock)), seeded_ids())
    late = slow.keyring.seal("totp", b"late", owner=b"ada")
    clock.advance(LOOK_EVERY_S)
    assert not slow.keyring.is_current("totp", late, owner=b"ada")
    assert slow.keyring.open("totp", late, owner=b"ada") == b"late"


def test_renewing_everything_keeps_what_opens_seals(path: Path, clock: ManualClock) -> None:
    before = Process(path, clock)
    sealed, token = before.keyring.seal("totp", b"secret", owner=b"ada"), before.sign()
    replace_secrets(path, renewed(read_secrets(path), seeded_ids(8)), seeded_ids())
    after = Process(path, clock)
    assert after.keyring.open("totp", sealed, owner=b"ada") == b"secret"
    with pytest.raises(AccessTokenRefused):
        after.verifier.verify(token)
    assert renewed(None, seeded_ids(8)).former_sealing_roots == ()


def test_secrets_of_a_backup_open_seals_and_bring_nothing_else_back(path: Path, clock: ManualClock) -> None:
    kept = path.with_name("kept.json")
    old = Process(kept, clock)
    sealed = old.keyring.seal("totp", b"secret", owner=b"ada")
    assert bring_back(path, kept, seeded_ids()) == read_secrets(kept) == read_secrets(path)
    ours = renewed(None, seeded_ids(8))
    replace_secrets(path, ours, seeded_ids())
    brought = bring_back(path, kept, seeded_ids())
    assert brought == bring_back(path, kept, seeded_ids()) == read_secrets(path)
    assert (brought.root, brought.signing_key) == (ours.root, ours.signing_key)
    assert Process(path, clock).keyring.open("totp", sealed, owner=b"ada") == b"secret"


def test_a_file_of_an_earlier_release_seals_with_its_root(clock: ManualClock) -> None:
    old = make_secrets(seeded_ids())
    assert old.sealing_keys("totp") == (old.derive("totp"),)
    new = rotated(old, seeded_ids(8), now=clock.now(), accepted=ACCEPTED)
    assert new.sealing_keys("totp")[1] == old.derive("totp")
    assert new.root == old.root  # passwords and refresh tokens go on


def test_former_signing_keys_are_dropped_with_the_next_rotation(clock: ManualClock) -> None:
    secrets = make_secrets(seeded_ids())
    for seed in (8, 9):
        secrets = rotated(secrets, seeded_ids(seed), now=clock.now(), accepted=ACCEPTED)
    assert len(secrets.former_signing_keys) == 2
    clock.advance(ACCEPTED.total_seconds())
    secrets = rotated(secrets, seeded_ids(10), now=clock.now(), accepted=ACCEPTED)
    assert len(secrets.former_signing_keys) == 1


def test_a_signing_key_of_another_kind_is_refused(clock: ManualClock) -> None:
    import msgspec

    broken = msgspec.structs.replace(make_secrets(seeded_ids()), signing_key="no key")
    with pytest.raises(SecretsBroken, match="no Ed25519 key"):
        rotated(broken, seeded_ids(), now=clock.now(), accepted=ACCEPTED)


def test_services_are_known_by_a_new_key_within_a_second(path: Path, clock: ManualClock) -> None:
    called, calling = Process(path, clock), Process(path, clock)
    check = CallerCheck("bakery", frozenset({"cafe"}), called.keyring, issuer=ISSUER, clock=clock)
    tokens = ServiceTokens(calling.keyring, clock)
    assert check(f"Bearer {tokens('cafe', 'bakery')}") == "cafe"
    rotate(path, clock)
    clock.advance(RENEW_S)
    former = calling.kids()[-1]
    assert check(f"Bearer {tokens('cafe', 'bakery')}") == "cafe"
    assert called.kids()[0] != former
    clock.advance(LOOK_EVERY_S)
    assert check(f"Bearer {tokens('cafe', 'bakery')}") == "cafe", "and looks again without finding others"
