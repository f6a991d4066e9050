from __future__ import annotations

import asyncio

import pytest

from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    ChangePassword,
    ForgotPassword,
    LinkRefused,
    LinkToken,
    OwnSession,
    PasswordWeak,
    PasswordWrong,
    ResetPassword,
    SignInRefused,
)
from rialto.identity.service import CLIENT_BURST
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Conflict, TooMany
from tests.identity.desk import EMAIL, PASSWORD, Desk, anna, open_identity, signing_in

pytestmark = pytest.mark.anyio

ANOTHER = "a quite different one"
UNKNOWN = "nobody@rialto.test"


async def forgot(desk: Desk, email: str = EMAIL) -> str:
    await desk.handlers.forgot_password(ForgotPassword(email=email))
    return await desk.token("reset_password")


async def reset(desk: Desk, token: str, password: str = ANOTHER) -> None:
    await desk.handlers.reset_password(ResetPassword(token=token, password=password))


def changing(
    account_id: str, *, old: str = PASSWORD, new: str = ANOTHER, session: str | None = None
) -> ChangePassword:
    return ChangePassword(account_id=account_id, old_password=old, new_password=new, session_id=session)


async def sessions_of(desk: Desk, account_id: str) -> list[str]:
    return [
        session.id for session in (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items
    ]


async def rows(desk: Desk) -> dict[str, int]:
    async with desk.env.db.read() as session:
        return {
            table: await session.value(f"SELECT count(*) FROM {table}")
            for table in ("letters", "events", "outbox", "one_time_tokens", "sign_in_failures")
        }


async def test_the_link_sets_another_password_ends_all_sessions_and_is_good_once(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await desk.sign_in(signing_in())
        token = await forgot(desk)
        await reset(desk, token)
        assert await sessions_of(desk, account_id) == []
        await desk.sign_in(signing_in(password=ANOTHER))
        with pytest.raises(SignInRefused):
            await desk.sign_in(signing_in())
        with pytest.raises(LinkRefused):
            await reset(desk, token, "and yet another one")
        assert "password_changed" in [letter.template for letter in await desk.letters()]


async def test_an_unknown_account_leaves_the_same_trace_and_gets_no_mail(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer()
        before, desk.passwords.asked = await rows(desk), []
        await desk.handlers.forgot_password(ForgotPassword(email=EMAIL))
        between = await rows(desk)
        await desk.handlers.forgot_password(ForgotPassword(email=UNKNOWN))
        after = await rows(desk)
        grown = {table: between[table] - before[table] for table in before}
        # Anna's mails were counted when she registered; a stranger's count is a new row.
        assert {table: after[table] - between[table] for table in before} == {**grown, "sign_in_failures": 1}
        assert desk.passwords.asked == []
        assert [letter.email for letter in await desk.letters()] == [EMAIL]


@pytest.mark.parametrize("email", [EMAIL, UNKNOWN, "", "\x00", "\ud800"])
async def test_asking_is_throttled_whether_there_is_an_account_or_not(
    postgres: DatabaseAddress, email: str
) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        for _ in range(3):
            await desk.handlers.forgot_password(ForgotPassword(email=email))
        with pytest.raises(TooMany):
            await desk.handlers.forgot_password(ForgotPassword(email=email))


async def test_one_client_may_not_ask_for_many_accounts(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        for number in range(CLIENT_BURST):
            command = ForgotPassword(email=f"person{number}@rialto.test", client="192.0.2.1")
            await desk.handlers.forgot_password(command)
        with pytest.raises(TooMany):
            await desk.handlers.forgot_password(command)


async def test_the_link_is_good_for_an_hour(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer()
        token = await forgot(desk)
        desk.env.clock.advance(3600)
        with pytest.raises(LinkRefused):
            await reset(desk, token)


async def test_a_weak_password_leaves_the_link_good(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer()
        token = await forgot(desk)
        with pytest.raises(PasswordWeak):
            await reset(desk, token, "short")
        await reset(desk, token)


async def test_a_made_up_link_gets_no_work_out_of_the_shop(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer()
        token = await forgot(desk)
        desk.passwords.asked.clear()
        for made_up in ("", "x", token[:-1] + ("0" if token[-1] != "0" else "1")):
            with pytest.raises(LinkRefused):
                await reset(desk, made_up)
        assert desk.passwords.asked == []


async def test_a_link_of_one_purpose_is_none_for_another(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer(verified=False)
        verifying, resetting = await desk.token("verify_email"), await forgot(desk)
        with pytest.raises(LinkRefused):
            await reset(desk, verifying)
        with pytest.raises(LinkRefused):
            await desk.handlers.verify_email(LinkToken(token=resetting))


async def test_of_two_who_use_a_link_at_once_one_sets_the_password(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer()
        token = await forgot(desk)
        outcomes = await asyncio.gather(
            reset(desk, token, "the first long one"),
            reset(desk, token, "the second long one"),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes if outcome] == [LinkRefused]


async def test_who_resets_has_proved_the_email(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer(verified=False)
        await reset(desk, await forgot(desk))
        assert (await desk.handlers.contact(AccountRef(account_id=account_id))).verified


async def test_staff_resets_its_password_the_same_way(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        await reset(desk, await forgot(desk))
        await desk.sign_in(signing_in(password=ANOTHER))


async def test_changing_needs_the_old_password_and_ends_all_other_sessions(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await desk.sign_in(signing_in())
        desk.env.clock.advance(1)
        await desk.sign_in(signing_in())
        own, _other = await sessions_of(desk, account_id)
        with pytest.raises(PasswordWrong):
            await desk.handlers.change_password(changing(account_id, old="not the password", session=own))
        await desk.handlers.change_password(changing(account_id, session=own))
        assert await sessions_of(desk, account_id) == [own]
        await desk.sign_in(signing_in(password=ANOTHER))
        assert [letter.template for letter in await desk.letters()] == ["password_changed"]


async def test_guessing_the_old_password_is_throttled_like_signing_in(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        for _ in range(10):
            with pytest.raises(PasswordWrong):
                await desk.handlers.change_password(changing(account_id, old="wrong"))
        with pytest.raises(TooMany):
            await desk.handlers.change_password(changing(account_id))


async def test_a_weak_new_password_is_named_by_its_field(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        with pytest.raises(PasswordWeak) as refused:
            await desk.handlers.change_password(changing(account_id, new="short"))
        assert refused.value.fields[0].path == "new_password"


async def test_a_password_changed_elsewhere_meanwhile_is_not_overwritten(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        desk.env.clock.advance(1)
        desk.passwords.beside_verify = lambda: desk.handlers.change_password(changing(account_id))
        with pytest.raises(Conflict):
            await desk.handlers.change_password(changing(account_id, new="and yet another one"))
        await desk.sign_in(signing_in(password=ANOTHER))


async def test_a_changed_password_makes_mailed_links_useless(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        token = await forgot(desk)
        await desk.handlers.change_password(changing(account_id))
        with pytest.raises(LinkRefused):
            await reset(desk, token)


async def test_nobody_changes_the_password_of_an_account_that_is_not_there(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(AccountNotFound):
            await desk.handlers.change_password(changing("acc_06bqk3v1m5g7r0z2x4c6n8p0qs"))
