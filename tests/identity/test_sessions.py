from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from rialto.identity.api import RefreshWith, SignInRefused, StaffRef, TokenRefused, Tokens
from rialto.identity.model.sessions import REFRESH_GRACE_S
from rialto.kernel.db import CheckFailed, DatabaseAddress
from tests.identity.desk import EMAIL, Desk, anna, open_identity, signing_in

pytestmark = pytest.mark.anyio


async def signed_in(desk: Desk) -> Tokens:
    await desk.handlers.put_staff(anna(roles=("catalog",)))
    return await desk.sign_in(signing_in())


async def refreshed(desk: Desk, tokens: Tokens) -> Tokens:
    return await desk.handlers.refresh(RefreshWith(refresh_token=tokens.refresh_token))


async def is_refused(desk: Desk, tokens: Tokens) -> bool:
    try:
        await refreshed(desk, tokens)
    except TokenRefused as refusal:
        return not refusal.signed_in  # that is 401, not 403
    return False


async def test_a_refresh_gives_other_tokens_again_and_again(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        seen = {tokens.refresh_token}
        for _ in range(5):
            desk.env.clock.advance(500)
            tokens = await refreshed(desk, tokens)
            seen.add(tokens.refresh_token)
        assert len(seen) == 6


async def test_a_token_used_twice_ends_its_family_and_no_other(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        stolen = await signed_in(desk)
        elsewhere = await desk.sign_in(signing_in())
        good = await refreshed(desk, stolen)
        desk.env.clock.advance(REFRESH_GRACE_S + 1)
        with capture_logs() as logs:
            assert await is_refused(desk, stolen)
        assert [entry["event"] for entry in logs] == ["a refresh token was used twice"]
        assert await is_refused(desk, good)
        assert not await is_refused(desk, elsewhere)


async def test_a_lost_reply_is_given_once_more_within_the_grace(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        lost = await refreshed(desk, tokens)
        desk.env.clock.advance(REFRESH_GRACE_S)
        again = await refreshed(desk, tokens)
        assert again.refresh_token == lost.refresh_token
        assert not await is_refused(desk, again)


async def test_two_refreshes_at_once_get_one_successor(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        answers = await asyncio.gather(*(refreshed(desk, tokens) for _ in range(4)))
        assert len({answer.refresh_token for answer in answers}) == 1
        async with desk.env.db.read() as session:
            assert await session.value("SELECT generation FROM sessions") == 2


async def test_a_session_ends_after_thirty_days_however_busy(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        for _ in range(29):
            desk.env.clock.advance(86_400)
            tokens = await refreshed(desk, tokens)
        desk.env.clock.advance(86_400)
        assert await is_refused(desk, tokens)


async def test_signing_out_ends_the_family_and_again_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        first = await signed_in(desk)
        second = await refreshed(desk, first)
        for tokens in (first, second, second):  # any token of the family will do
            await desk.handlers.sign_out(RefreshWith(refresh_token=tokens.refresh_token))
        assert await is_refused(desk, second)


@pytest.mark.parametrize("text", ["", "x", "\x00", "\ud800", "0.0.0.0.0", "y" * 5000])
async def test_what_is_no_token_is_refused_and_signs_nobody_out(postgres: DatabaseAddress, text: str) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        with pytest.raises(TokenRefused):
            await desk.handlers.refresh(RefreshWith(refresh_token=text))
        await desk.handlers.sign_out(RefreshWith(refresh_token=text))
        assert not await is_refused(desk, tokens)


async def test_a_made_up_token_of_a_known_session_cannot_end_it(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        parts = tokens.refresh_token.split(".")
        forged = Tokens(access_token="", refresh_token=".".join([*parts[:2], "9", *parts[3:]]), expires_in=0)
        assert await is_refused(desk, forged)
        assert not await is_refused(desk, tokens)


async def test_disabling_ends_all_sessions_and_being_put_again_allows_new_ones(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        assert not (await desk.handlers.disable_staff(StaffRef(email=EMAIL))).active
        assert await is_refused(desk, tokens)
        assert (await desk.handlers.put_staff(anna())).active
        assert await is_refused(desk, tokens)
        await desk.sign_in(signing_in())


async def test_another_password_ends_all_sessions_and_the_same_one_does_not(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        await desk.handlers.put_staff(anna(name="Anna B.", roles=("viewer",)))
        tokens = await refreshed(desk, tokens)
        await desk.handlers.put_staff(anna(password="a quite different one"))
        assert await is_refused(desk, tokens)


async def test_a_password_changed_while_it_was_checked_gives_no_session(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        desk.env.clock.advance(1)
        desk.passwords.beside_verify = lambda: desk.handlers.put_staff(anna(password="a quite different one"))
        with pytest.raises(SignInRefused):
            await desk.sign_in(signing_in())
        async with desk.env.db.read() as session:
            assert await session.value("SELECT count(*) FROM sessions") == 0


async def test_roles_changed_since_sign_in_are_in_the_next_access_token(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        tokens = await signed_in(desk)
        await desk.handlers.put_staff(anna(roles=("viewer",)))
        refreshed_tokens = await refreshed(desk, tokens)
        assert tokens.access_token.split(".")[1] != refreshed_tokens.access_token.split(".")[1]


async def test_the_sweep_deletes_what_is_old_and_nothing_else(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await signed_in(desk)
        with pytest.raises(SignInRefused):
            await desk.sign_in(signing_in(password="wrong"))
        desk.env.clock.advance(31.5 * 86_400)
        fresh = await desk.sign_in(signing_in(client="192.0.2.1"))
        assert await desk.handlers.sweep() == 1
        assert await desk.handlers.sweep() == 0  # which is when the job rests
        async with desk.env.db.read() as session:
            assert await session.value("SELECT count(*) FROM sessions") == 1
            assert await session.value("SELECT count(*) FROM sign_in_failures") == 0
            assert await session.value("SELECT count(*) FROM known_clients") == 1
        assert not await is_refused(desk, fresh)


async def test_the_database_refuses_a_session_in_a_foreign_bucket(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await signed_in(desk)
        with pytest.raises(CheckFailed):
            async with desk.env.db.write() as session:
                await session.run("UPDATE sessions SET bucket = 9")
