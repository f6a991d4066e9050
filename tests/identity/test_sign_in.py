from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from rialto.identity.api import SignInRefused, StaffRef
from rialto.identity.service import CLIENT_BURST
from rialto.kernel.auth import TokenVerifier
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import TooMany
from rialto.kernel.service import Nothing
from tests.identity.desk import EMAIL, Desk, anna, open_identity, signing_in
from tests.support.values import built_in

pytestmark = pytest.mark.anyio

UNKNOWN = "nobody@rialto.test"


async def refused(desk: Desk, **signing: str) -> tuple[str, str, bool]:
    with pytest.raises(SignInRefused) as refusal:
        await desk.sign_in(signing_in(**signing))
    return refusal.value.stable_code, refusal.value.text, refusal.value.signed_in


async def test_the_right_password_gives_tokens_that_the_published_key_verifies(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        staff = await desk.handlers.put_staff(anna(roles=("catalog", "viewer")))
        tokens = await desk.sign_in(signing_in(email=" ANNA@rialto.test"))
        keys = (await desk.handlers.jwks(Nothing())).keys
        verifier = TokenVerifier(
            keys, issuer=desk.env.settings.public_url, clock=desk.env.clock, permissions_of=built_in
        )
        principal = verifier.verify(tokens.access_token)
        assert (principal.kind, principal.id, principal.roles) == ("staff", staff.id, ("catalog", "viewer"))
        assert principal.session_id is not None
        assert tokens.expires_in == 600


async def test_a_missing_account_gets_the_same_answer_after_the_same_work(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        await refused(desk, password="the first makes the dummy")
        desk.passwords.asked.clear()
        wrong = await refused(desk, password="not the password")
        work, desk.passwords.asked = desk.passwords.asked, []
        missing = await refused(desk, email=UNKNOWN)
        assert wrong == missing == ("sign_in_refused", SignInRefused.message, False)
        assert work == desk.passwords.asked == ["verify"]


async def test_a_disabled_account_answers_like_a_missing_one(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna(roles=("catalog",)))
        await desk.handlers.disable_staff(StaffRef(email=EMAIL))
        desk.passwords.asked.clear()
        assert await refused(desk) == await refused(desk, email=UNKNOWN)
        assert desk.passwords.asked == ["hash", "verify", "verify"]


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "x" * 100_000, "anna"])
async def test_any_text_is_refused_like_a_wrong_password(postgres: DatabaseAddress, text: str) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        await refused(desk, email=text)
        await refused(desk, password=text)


@pytest.mark.parametrize("email", [EMAIL, UNKNOWN])
async def test_after_ten_failures_attempts_have_to_wait_whether_the_account_exists_or_not(
    postgres: DatabaseAddress, email: str
) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        for _ in range(10):
            await refused(desk, email=email, password="wrong")
        desk.passwords.asked.clear()
        with pytest.raises(TooMany) as throttled:
            await desk.sign_in(signing_in(email=email, password="wrong"))
        assert throttled.value.retry_after_s == 2.0
        assert desk.passwords.asked == []
        desk.env.clock.advance(2)
        await refused(desk, email=email, password="wrong")


async def test_the_owner_gets_in_after_the_wait_and_the_count_starts_anew(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        for _ in range(10):
            await refused(desk, password="wrong")
        with pytest.raises(TooMany) as throttled:
            await desk.sign_in(signing_in())
        desk.env.clock.advance(throttled.value.retry_after_s or 0)
        await desk.sign_in(signing_in())
        for _ in range(10):
            await refused(desk, password="wrong")


async def test_guesses_made_at_once_are_all_counted(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        guesses = [desk.sign_in(signing_in(password=f"guess {n}")) for n in range(30)]
        outcomes = [type(outcome) for outcome in await asyncio.gather(*guesses, return_exceptions=True)]
        assert outcomes.count(SignInRefused) == 10
        assert outcomes.count(TooMany) == 20


async def test_strangers_guessing_do_not_slow_the_owner_at_a_known_client(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        await desk.sign_in(signing_in(client="192.0.2.1"))
        for _ in range(10):
            await refused(desk, password="wrong", client="198.51.100.9")
        with pytest.raises(TooMany):
            await desk.sign_in(signing_in(client="203.0.113.4"))
        await desk.sign_in(signing_in(client="192.0.2.1"))


async def test_a_known_client_is_throttled_by_its_own_count(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        await desk.sign_in(signing_in(client="192.0.2.1"))
        for _ in range(10):
            await refused(desk, password="wrong", client="192.0.2.1")
        with pytest.raises(TooMany):
            await desk.sign_in(signing_in(client="192.0.2.1"))


async def test_one_client_may_not_try_many_accounts(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        for n in range(CLIENT_BURST):
            await refused(desk, email=f"person{n}@rialto.test", client="192.0.2.1")
        with pytest.raises(TooMany):
            await desk.sign_in(signing_in(email="another@rialto.test", client="192.0.2.1"))
        await refused(desk, email="another@rialto.test", client="192.0.2.2")


async def test_a_full_queue_counts_for_nothing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())

        async def full() -> None:
            raise TooMany

        for _ in range(30):
            desk.passwords.beside_verify = full
            with pytest.raises(TooMany):
                await desk.sign_in(signing_in())
        await desk.sign_in(signing_in())


async def test_a_failure_is_logged_without_the_email(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        with capture_logs() as logs:
            await refused(desk, email=UNKNOWN, password="hush hush", client="192.0.2.1")
        assert [entry["event"] for entry in logs] == ["sign-in refused"]
        for secret in (UNKNOWN, "nobody", "hush", "192.0.2.1"):
            assert secret not in str(logs)


async def test_a_hash_of_an_older_release_is_made_anew_at_sign_in(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        async with desk.with_passwords(time_cost=2) as (handlers, stronger):
            await handlers.sign_in(signing_in())
            stronger.asked.clear()
            await handlers.sign_in(signing_in())
            assert stronger.asked == ["verify"]
        async with desk.env.db.read() as session:
            assert "t=2" in await session.value("SELECT hash FROM credentials")


async def test_no_database_row_holds_a_token_a_password_or_an_address(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        tokens = await desk.sign_in(signing_in(client="192.0.2.1"))
        secrets = (
            tokens.refresh_token,
            *tokens.refresh_token.split(".")[3:],
            tokens.access_token,
            "192.0.2.1",
            "correct horse",
        )
        async with desk.env.db.read() as session:
            for table in (
                "accounts",
                "credentials",
                "sessions",
                "email_directory",
                "known_clients",
                "sign_in_failures",
            ):
                rows = str([tuple(row) for row in await session.all(f"SELECT * FROM {table}")])
                assert not [secret for secret in secrets if secret in rows]
