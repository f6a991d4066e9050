from __future__ import annotations

import asyncio

import pytest

from rialto.identity.api import (
    AccountRef,
    ChangeEmail,
    EmailTaken,
    ForgotPassword,
    LinkRefused,
    LinkToken,
    OwnSession,
    PasswordWrong,
    ResetPassword,
    SignInRefused,
)
from rialto.identity.events import CustomerVerified
from rialto.identity.model.fields import email_hash
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from tests.identity.desk import EMAIL, PASSWORD, Desk, open_identity, registration, signing_in

pytestmark = pytest.mark.anyio

NEW = "anna@elsewhere.test"


async def ask(desk: Desk, account_id: str, email: str = NEW, password: str = PASSWORD) -> None:
    await desk.handlers.change_email(ChangeEmail(account_id=account_id, email=email, password=password))


async def confirm(desk: Desk, token: str | None = None) -> None:
    token = token or await desk.token("verify_new_email")
    await desk.handlers.verify_email(LinkToken(token=token))


async def take_back(desk: Desk, token: str | None = None) -> None:
    token = token or await desk.token("email_change")
    await desk.handlers.take_back_email(LinkToken(token=token))


async def email_of(desk: Desk, account_id: str) -> str:
    return (await desk.handlers.contact(AccountRef(account_id=account_id))).email


async def changed(desk: Desk) -> str:
    """An account whose e-mail was changed and confirmed a minute ago."""
    account_id = await desk.customer()
    await ask(desk, account_id)
    await confirm(desk)
    desk.env.clock.advance(60)
    return account_id


async def test_the_new_address_counts_once_it_is_verified(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await ask(desk, account_id)
        told = {letter.template: letter.email for letter in await desk.letters()}
        assert told == {"verify_new_email": NEW, "email_change": EMAIL}
        assert await email_of(desk, account_id) == EMAIL
        await desk.sign_in(signing_in())
        await confirm(desk)
        assert await email_of(desk, account_id) == NEW
        await desk.sign_in(signing_in(email=NEW))
        with pytest.raises(SignInRefused):
            await desk.sign_in(signing_in())
        verified = [event for event in await desk.events() if isinstance(event, CustomerVerified)]
        assert [event.account_id for event in verified] == [account_id, account_id]


async def test_the_link_is_good_once_and_for_24_hours(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await changed(desk)
        with pytest.raises(LinkRefused):
            await confirm(desk)
        await ask(desk, account_id, "anna@third.test")
        token = await desk.token("verify_new_email")
        desk.env.clock.advance(24 * 3600)
        with pytest.raises(LinkRefused):
            await confirm(desk, token)
        assert await email_of(desk, account_id) == NEW


async def test_asking_needs_the_password_and_an_address(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        with pytest.raises(PasswordWrong):
            await ask(desk, account_id, password="not the password")
        with pytest.raises(Invalid):
            await ask(desk, account_id, "nowhere")
        await ask(desk, account_id, f" {EMAIL.upper()}")
        assert await desk.letters() == []


async def test_a_later_change_replaces_one_that_is_pending(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await ask(desk, account_id)
        former = await desk.token("verify_new_email")
        desk.env.clock.advance(1)
        await ask(desk, account_id, "anna@third.test")
        with pytest.raises(LinkRefused):
            await confirm(desk, former)
        await confirm(desk)
        assert await email_of(desk, account_id) == "anna@third.test"


async def test_an_address_with_an_account_is_told_to_its_owner_only(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await desk.customer(email=NEW)
        await ask(desk, account_id)
        told = sorted((letter.template, letter.email) for letter in await desk.letters())
        assert told == [("already_registered", NEW), ("email_change", EMAIL)]


async def test_an_address_that_got_an_account_meanwhile_is_taken(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await ask(desk, account_id)
        await desk.customer(email=NEW, verified=False)
        with pytest.raises(EmailTaken):
            await confirm(desk)
        assert await email_of(desk, account_id) == EMAIL


async def test_of_two_accounts_that_confirm_an_address_at_once_one_gets_it(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        tokens = []
        for email in (EMAIL, "bob@rialto.test"):
            desk.env.clock.advance(1)
            account_id = await desk.customer(email=email)
            await ask(desk, account_id)
            tokens.append(await desk.token("verify_new_email"))
            desk.env.clock.advance(900)
        outcomes = await asyncio.gather(*(confirm(desk, token) for token in tokens), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome] == [EmailTaken]


async def test_the_old_address_takes_a_change_back_with_everything_that_opens_the_account(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await changed(desk)
        await desk.sign_in(signing_in(email=NEW))
        await take_back(desk)
        assert await email_of(desk, account_id) == EMAIL
        assert (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items == []
        for email in (EMAIL, NEW):
            with pytest.raises(SignInRefused):
                await desk.sign_in(signing_in(email=email))
        token = await desk.token("reset_password")
        await desk.handlers.reset_password(ResetPassword(token=token, password="a quite different one"))
        await desk.sign_in(signing_in(password="a quite different one"))


async def test_a_change_that_is_pending_is_taken_back_as_well(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await ask(desk, account_id)
        confirming = await desk.token("verify_new_email")
        await take_back(desk)
        with pytest.raises(LinkRefused):
            await confirm(desk, confirming)
        assert await email_of(desk, account_id) == EMAIL


async def test_taking_back_is_possible_for_72_hours_and_once(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await changed(desk)
        token = await desk.token("email_change")
        desk.env.clock.advance(72 * 3600 - 120)
        await desk.handlers.sweep()
        await take_back(desk, token)
        with pytest.raises(LinkRefused):
            await take_back(desk, token)
        assert await email_of(desk, account_id) == EMAIL


async def test_after_72_hours_the_old_address_is_anybodys(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await changed(desk)
        token = await desk.token("email_change")
        desk.env.clock.advance(72 * 3600)
        with pytest.raises(LinkRefused):
            await take_back(desk, token)
        await desk.handlers.sweep()
        other = await desk.customer()
        assert other != account_id
        assert await email_of(desk, account_id) == NEW


async def test_the_old_address_stays_reserved_until_then(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await changed(desk)
        await desk.handlers.register(registration(password="another long one"))
        assert await desk.handlers.account_of(email_hash(EMAIL)) is None
        await take_back(desk)


async def test_taking_back_the_first_of_two_changes_gives_the_first_address(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await changed(desk)
        first = await desk.token("email_change")
        await ask(desk, account_id, "anna@third.test")
        await confirm(desk)
        second = await desk.token("email_change")
        await take_back(desk, first)
        assert await email_of(desk, account_id) == EMAIL
        with pytest.raises(LinkRefused):
            await take_back(desk, second)
        await desk.handlers.register(registration(email="anna@third.test"))
        assert await desk.handlers.account_of(email_hash("anna@third.test")) is not None


async def test_an_address_given_up_may_come_back(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await changed(desk)
        await ask(desk, account_id, EMAIL)
        await confirm(desk)
        assert await email_of(desk, account_id) == EMAIL
        desk.env.clock.advance(80 * 3600)
        await desk.handlers.sweep()
        await desk.sign_in(signing_in())


async def test_the_link_for_a_pending_address_is_mailed_there_again(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await ask(desk, account_id)
        await desk.handlers.resend_verification(AccountRef(account_id=account_id))
        told = [letter.email for letter in await desk.letters() if letter.template == "verify_new_email"]
        assert told == [NEW, NEW]


async def test_a_link_for_the_former_address_resets_nothing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await desk.handlers.forgot_password(ForgotPassword(email=EMAIL))
        token = await desk.token("reset_password")
        await ask(desk, account_id)
        await confirm(desk)
        with pytest.raises(LinkRefused):
            await desk.handlers.reset_password(ResetPassword(token=token, password="a quite different one"))


async def test_what_a_crash_left_pending_is_confirmed_or_given_up(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        async with desk.env.db.write() as session:
            await session.run("UPDATE email_directory SET confirmed_at = NULL")
        await desk.handlers._claim_for_customer(email_hash("nobody@rialto.test"))
        desk.env.clock.advance(3601)
        await desk.handlers.sweep()
        async with desk.env.db.read() as session:
            (row,) = await session.all("SELECT email_hash, confirmed_at FROM email_directory")
        assert row["email_hash"] == email_hash(EMAIL)
        assert row["confirmed_at"] is not None
        assert await email_of(desk, account_id) == EMAIL
