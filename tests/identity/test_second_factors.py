from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyotp
import pytest

from rialto.identity import totp
from rialto.identity.api import (
    AccountRef,
    ChangePassword,
    CodeRefused,
    ConfirmTotp,
    EmailNotVerified,
    FinishSignIn,
    OwnSession,
    PasswordWrong,
    Proof,
    ProofNeeded,
    SecondFactorOff,
    SecondFactorOn,
    SecondStep,
    TokenRefused,
    Tokens,
)
from rialto.identity.handlers import IdentityHandlers
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import TooMany
from rialto.kernel.ids import SESSION
from rialto.kernel.keys import Keyring
from rialto.kernel.secrets import Secrets, make_secrets, resealed, rotated
from rialto.kernel.service import Nothing
from tests.identity.desk import PASSWORD, Desk, anna, open_identity, signing_in
from tests.identity.web import web_of
from tests.support.databases import SECRETS
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


def code_of(desk: Desk, secret: str, *, after_s: int = 0) -> str:
    """What an authenticator shows."""
    return pyotp.TOTP(secret).at(int(desk.env.clock.now().timestamp()) + after_s)


def proof(account_id: str, password: str | None = PASSWORD, session_id: str | None = None) -> Proof:
    return Proof(account_id=account_id, password=password, session_id=session_id)


async def enrolled(desk: Desk, account_id: str) -> tuple[str, list[str]]:
    """Secret and recovery codes of an account whose second factor is on since half a minute."""
    secret = (await desk.handlers.begin_totp(proof(account_id))).secret
    command = ConfirmTotp(account_id=account_id, code=code_of(desk, secret))
    codes = (await desk.handlers.confirm_totp(command)).codes
    desk.env.clock.advance(totp.STEP_S)
    return secret, codes


async def first_step(desk: Desk) -> SecondStep:
    answer = await desk.handlers.sign_in(signing_in())
    assert answer.tokens is None
    assert answer.second_step is not None
    return answer.second_step


async def finish(desk: Desk, step: SecondStep, code: str) -> Tokens:
    return await desk.handlers.finish_sign_in(FinishSignIn(mfa_token=step.mfa_token, code=code))


@pytest.mark.parametrize("kind", ["customer", "staff"])
async def test_with_a_second_factor_the_password_alone_gives_no_tokens(
    postgres: DatabaseAddress, kind: str
) -> None:
    async with open_identity(postgres) as desk:
        account_id = (
            await desk.customer() if kind == "customer" else (await desk.handlers.put_staff(anna())).id
        )
        secret, _ = await enrolled(desk, account_id)
        step = await first_step(desk)
        assert step.expires_in == 300
        tokens = await finish(desk, step, code_of(desk, secret))
        assert tokens.expires_in == 600
        if kind == "customer":
            assert (await desk.handlers.account(AccountRef(account_id=account_id))).second_factor


async def test_a_secret_that_was_not_confirmed_changes_nothing_and_a_later_one_replaces_it(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        former = (await desk.handlers.begin_totp(proof(account_id))).secret
        await desk.sign_in(signing_in())
        secret = (await desk.handlers.begin_totp(proof(account_id))).secret
        with pytest.raises(CodeRefused):
            await desk.handlers.confirm_totp(ConfirmTotp(account_id=account_id, code=code_of(desk, former)))
        await desk.handlers.confirm_totp(ConfirmTotp(account_id=account_id, code=code_of(desk, secret)))
        with pytest.raises(SecondFactorOn):
            await desk.handlers.begin_totp(proof(account_id))


async def test_each_code_is_good_once(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        secret, _ = await enrolled(desk, await desk.customer())
        code = code_of(desk, secret)
        await finish(desk, await first_step(desk), code)
        step = await first_step(desk)
        with pytest.raises(CodeRefused):
            await finish(desk, step, code)
        desk.env.clock.advance(totp.STEP_S)
        await finish(desk, step, code_of(desk, secret))


async def test_a_code_used_twice_at_once_signs_in_once(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        secret, _ = await enrolled(desk, await desk.customer())
        steps = [await first_step(desk), await first_step(desk)]
        code = code_of(desk, secret)
        outcomes = await asyncio.gather(*(finish(desk, step, code) for step in steps), return_exceptions=True)
        assert sorted(type(one).__name__ for one in outcomes) == ["CodeRefused", "Tokens"]


@pytest.mark.parametrize(("after_s", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
async def test_the_code_before_and_the_one_after_are_taken(
    postgres: DatabaseAddress, after_s: int, good: bool
) -> None:
    async with open_identity(postgres) as desk:
        secret, _ = await enrolled(desk, await desk.customer())
        desk.env.clock.advance(600)
        step, code = await first_step(desk), code_of(desk, secret, after_s=after_s)
        if good:
            await finish(desk, step, code)
        else:
            with pytest.raises(CodeRefused):
                await finish(desk, step, code)


@pytest.mark.parametrize("text", ["", "12345", "1234567", "\u0661" * 6, "\x00", "\ud800", "x" * 5000])
async def test_what_is_no_code_is_refused(postgres: DatabaseAddress, text: str) -> None:
    async with open_identity(postgres) as desk:
        await enrolled(desk, await desk.customer())
        with pytest.raises(CodeRefused):
            await finish(desk, await first_step(desk), text)


async def test_the_mfa_token_is_good_for_five_minutes_and_one_success(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        secret, _ = await enrolled(desk, await desk.customer())
        step = await first_step(desk)
        await finish(desk, step, code_of(desk, secret))
        desk.env.clock.advance(totp.STEP_S)
        with pytest.raises(TokenRefused):
            await finish(desk, step, code_of(desk, secret))
        step = await first_step(desk)
        desk.env.clock.advance(300)
        with pytest.raises(TokenRefused):
            await finish(desk, step, code_of(desk, secret))
        with pytest.raises(TokenRefused):
            await finish(desk, SecondStep(mfa_token="x", expires_in=1), code_of(desk, secret))


async def test_a_password_changed_between_the_steps_ends_the_attempt(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        secret, _ = await enrolled(desk, account_id)
        step = await first_step(desk)
        command = ChangePassword(
            account_id=account_id, old_password=PASSWORD, new_password="another long one"
        )
        await desk.handlers.change_password(command)
        with pytest.raises(TokenRefused):
            await finish(desk, step, code_of(desk, secret))


async def test_after_ten_wrong_codes_also_the_right_one_has_to_wait(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        secret, _ = await enrolled(desk, await desk.customer())
        step = await first_step(desk)
        for _ in range(10):
            with pytest.raises(CodeRefused):
                await finish(desk, step, "000000")
        with pytest.raises(TooMany) as throttled:
            await finish(desk, step, code_of(desk, secret))
        desk.env.clock.advance(throttled.value.retry_after_s or 0)
        await finish(desk, step, code_of(desk, secret))


async def test_a_recovery_code_is_good_once_however_it_is_typed(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        _, codes = await enrolled(desk, await desk.customer())
        assert len(set(codes)) == 10
        await finish(desk, await first_step(desk), f" {codes[0].upper().replace('-', ' ')} ")
        with pytest.raises(CodeRefused):
            await finish(desk, await first_step(desk), codes[0])
        await finish(desk, await first_step(desk), codes[1])


async def test_new_recovery_codes_make_the_old_ones_useless(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        with pytest.raises(SecondFactorOff):
            await desk.handlers.renew_recovery_codes(proof(account_id))
        _, old = await enrolled(desk, account_id)
        new = (await desk.handlers.renew_recovery_codes(proof(account_id))).codes
        with pytest.raises(CodeRefused):
            await finish(desk, await first_step(desk), old[0])
        await finish(desk, await first_step(desk), new[0])


async def test_switching_on_ends_all_other_sessions(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await desk.sign_in(signing_in())
        desk.env.clock.advance(1)
        await desk.sign_in(signing_in())
        own = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items[0].id
        secret = (await desk.handlers.begin_totp(proof(account_id, None, own))).secret
        command = ConfirmTotp(account_id=account_id, code=code_of(desk, secret), session_id=own)
        await desk.handlers.confirm_totp(command)
        left = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items
        assert [session.id for session in left] == [own]


async def test_switching_off_needs_the_password_and_takes_the_codes_along(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await enrolled(desk, account_id)
        with pytest.raises(PasswordWrong):
            await desk.handlers.disable_totp(proof(account_id, "wrong"))
        with pytest.raises(ProofNeeded):
            await desk.handlers.disable_totp(proof(account_id, None, SESSION.new(desk.env.ids, 7)))
        for _ in range(2):
            await desk.handlers.disable_totp(proof(account_id))
        await desk.sign_in(signing_in())
        async with desk.env.db.read() as session:
            assert await session.value("SELECT count(*) FROM recovery_codes") == 0


async def test_enrolling_needs_the_password_or_a_session_that_began_a_moment_ago(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await desk.sign_in(signing_in())
        own = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items[0].id
        with pytest.raises(PasswordWrong):
            await desk.handlers.begin_totp(proof(account_id, "wrong", own))
        with pytest.raises(ProofNeeded):
            await desk.handlers.begin_totp(proof(account_id, None))
        desk.env.clock.advance(600)
        await desk.handlers.begin_totp(proof(account_id, None, own))
        desk.env.clock.advance(1)
        with pytest.raises(ProofNeeded):
            await desk.handlers.begin_totp(proof(account_id, None, own))


async def test_a_customer_who_did_not_verify_sets_up_nothing_that_outlives_a_reset(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer(verified=False)
        with pytest.raises(EmailNotVerified):
            await desk.handlers.begin_totp(proof(account_id))


async def test_nothing_can_be_confirmed_that_was_not_begun(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        with pytest.raises(SecondFactorOff):
            await desk.handlers.confirm_totp(ConfirmTotp(account_id=account_id, code="000000"))


async def test_the_database_holds_neither_the_secret_nor_the_codes(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        secret, codes = await enrolled(desk, await desk.customer())
        async with desk.env.db.read() as session:
            for table in ("totp", "recovery_codes", "one_time_tokens"):
                rows = str([tuple(row) for row in await session.all(f"SELECT * FROM {table}")])
                assert secret not in rows
                assert not [code for code in codes if code in rows or code.replace("-", "") in rows]


async def test_the_secret_is_shown_as_text_as_a_uri_and_as_a_picture(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        setup = await desk.handlers.begin_totp(proof(await desk.customer()))
        assert len(setup.secret) == 32
        parsed = pyotp.parse_uri(setup.uri)
        assert (parsed.secret, parsed.name) == (setup.secret, "anna@rialto.test")
        assert ET.fromstring(setup.svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert "<script" not in setup.svg


@pytest.mark.parametrize(("at", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B
    assert totp.step_of(secret, code, datetime.fromtimestamp(at, UTC)) == at // 30


async def test_the_second_factor_on_the_web(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.customer()
        login = {"email": "anna@rialto.test", "password": PASSWORD}
        assert (await client.post("/v1/auth/totp/enrol", json={})).status_code == 401
        tokens = (await client.post("/v1/auth/login", json=login)).json()
        own = {"Authorization": f"Bearer {tokens['access_token']}"}
        setup = (await client.post("/v1/auth/totp/enrol", json={}, headers=own)).json()
        assert set(setup) == {"secret", "uri", "svg"}
        code = {"code": code_of(desk, setup["secret"])}
        codes = (await client.post("/v1/auth/totp/confirm", json=code, headers=own)).json()["codes"]
        waiting = await client.post("/v1/auth/login", json=login)
        assert waiting.status_code == 202
        assert waiting.json()["mfa_required"] is True
        assert waiting.headers["Cache-Control"] == "no-store"
        step = {"mfa_token": waiting.json()["mfa_token"], "code": "000000"}
        refused = await client.post("/v1/auth/totp/verify", json=step)
        assert (refused.status_code, refused.json()["code"]) == (401, "code_refused")
        done = await client.post("/v1/auth/totp/verify", json={**step, "code": codes[0]})
        assert set(done.json()) == {"access_token", "refresh_token", "expires_in"}
        renewed = await client.post("/v1/auth/totp/recovery-codes", json={}, headers=own)
        assert len(renewed.json()["codes"]) == 10
        off = await client.post("/v1/auth/totp/disable", json={"password": PASSWORD}, headers=own)
        assert off.status_code == 204
        assert (await client.post("/v1/auth/login", json=login)).status_code == 200


def with_keys(desk: Desk, secrets: Secrets) -> Desk:
    """The same desk after its processes have taken up these keys."""
    keyring = Keyring(secrets, issuer=desk.env.settings.public_url, clock=desk.env.clock, ids=seeded_ids(21))
    parts = replace(desk.handlers.parts, keyring=keyring)
    env: Any = desk.env
    return replace(desk, handlers=IdentityHandlers(env, parts))


async def test_rotated_keys_seal_everything_anew_and_every_authenticator_goes_on(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        secret, _ = await enrolled(desk, await desk.customer())
        other = await desk.handlers.put_staff(anna(email="bob@rialto.test"))
        await enrolled(desk, other.id)
        secrets = rotated(SECRETS, seeded_ids(20), now=desk.env.clock.now(), accepted=timedelta(seconds=665))
        before = with_keys(desk, secrets)
        desk.env.clock.advance(totp.STEP_S)
        await finish(before, await first_step(before), code_of(desk, secret))
        done = await before.handlers.reseal(Nothing())
        assert (done.resealed, done.unreadable) == (2, 0)
        again = await before.handlers.reseal(Nothing())
        assert (again.resealed, again.unreadable) == (0, 0)
        only_new = msgspec.structs.replace(resealed(secrets), former_sealing_roots=())
        after = with_keys(desk, only_new)
        desk.env.clock.advance(totp.STEP_S)
        await finish(after, await first_step(after), code_of(desk, secret))
        lost = await with_keys(desk, make_secrets(seeded_ids(22))).handlers.reseal(Nothing())
        assert (lost.resealed, lost.unreadable) == (0, 2)
        await finish(after, await first_step(after), code_of(desk, secret, after_s=totp.STEP_S))
