from __future__ import annotations

import asyncio

import pytest

from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    LetterNotFound,
    LetterRef,
    LinkRefused,
    LinkToken,
    PasswordWeak,
)
from rialto.identity.events import CustomerRegistered, CustomerVerified
from rialto.identity.model.fields import email_hash
from rialto.kernel.auth import TokenVerifier
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid, TooMany
from rialto.kernel.ids import LETTER
from rialto.kernel.service import Nothing
from tests.identity.desk import EMAIL, PASSWORD, Desk, anna, open_identity, registration, signing_in
from tests.support.values import built_in, seeded_ids

pytestmark = pytest.mark.anyio


async def work(desk: Desk, email: str) -> dict[str, int]:
    """What the password engine did while somebody registered."""
    desk.passwords.asked.clear()
    await desk.handlers.register(registration(email=email, password="another long one"))
    return {word: desk.passwords.asked.count(word) for word in ("hash", "verify")}


async def test_a_customer_registers_and_may_sign_in_unverified(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer(verified=False, language="de", channel="paris")
        tokens = await desk.sign_in(signing_in())
        keys = (await desk.handlers.jwks(Nothing())).keys
        verifier = TokenVerifier(
            keys, issuer=desk.env.settings.public_url, clock=desk.env.clock, permissions_of=built_in
        )
        principal = verifier.verify(tokens.access_token)
        assert (principal.kind, principal.id, principal.roles) == ("customer", account_id, ())
        assert account_id.startswith("acc_")
        contact = await desk.handlers.contact(AccountRef(account_id=account_id))
        assert (contact.email, contact.name, contact.language, contact.verified) == (
            EMAIL,
            "Anna",
            "de",
            False,
        )
        (event,) = [event for event in await desk.events() if isinstance(event, CustomerRegistered)]
        assert (event.account_id, event.channel, event.language) == (account_id, "paris", "de")


async def test_the_mailed_link_verifies_the_email_once(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer(verified=False)
        (letter,) = await desk.letters()
        assert (letter.template, letter.email) == ("verify_email", EMAIL)
        token = await desk.token("verify_email")
        await desk.handlers.verify_email(LinkToken(token=token))
        assert (await desk.handlers.contact(AccountRef(account_id=account_id))).verified
        with pytest.raises(LinkRefused):
            await desk.handlers.verify_email(LinkToken(token=token))
        verified = [event for event in await desk.events() if isinstance(event, CustomerVerified)]
        assert [event.account_id for event in verified] == [account_id]


async def test_a_link_begins_with_its_bucket_and_its_secret_is_not_stored(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer(verified=False)
        token = await desk.token("verify_email")
        bucket, _, secret = token.split(".")
        async with desk.env.db.read() as session:
            assert int(bucket, 16) == await session.value("SELECT bucket FROM one_time_tokens")
            for table in ("one_time_tokens", "letters", "events", "accounts"):
                rows = str([tuple(row) for row in await session.all(f"SELECT * FROM {table}")])
                assert secret not in rows
                assert token not in rows


async def test_a_link_is_good_for_24_hours(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer(verified=False)
        token = await desk.token("verify_email")
        desk.env.clock.advance(24 * 3600)
        with pytest.raises(LinkRefused):
            await desk.handlers.verify_email(LinkToken(token=token))


async def test_a_letter_that_is_asked_for_again_holds_the_same_link(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer(verified=False)
        assert await desk.letters() == await desk.letters()


async def test_a_letter_of_a_verified_account_is_not_sent_any_more(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer()
        assert await desk.letters() == []


@pytest.mark.parametrize(
    "text", ["", "x", "000.y.z", "\x00", "\ud800", "z" * 3000, "0a7.06bqk3v1m5g7r0z2x4c6n8p0qs.x"]
)
async def test_what_is_no_token_verifies_nothing(postgres: DatabaseAddress, text: str) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer(verified=False)
        with pytest.raises(LinkRefused):
            await desk.handlers.verify_email(LinkToken(token=text))


async def test_an_email_with_an_account_gets_the_same_answer_after_the_same_work(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer()
        taken = await work(desk, EMAIL)
        free = await work(desk, "free@rialto.test")
        assert taken == free == {"hash": 1, "verify": 0}
        told = [(letter.template, letter.email) for letter in await desk.letters()]
        assert sorted(told) == [("already_registered", EMAIL), ("verify_email", "free@rialto.test")]
        await desk.sign_in(signing_in(password=PASSWORD))  # theirs is still the good one


async def test_staffs_email_is_not_given_to_a_customer(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff = await desk.handlers.put_staff(anna())
        await desk.handlers.register(registration(password="another long one"))
        account = await desk.handlers.account_of(email_hash(EMAIL))
        assert account is not None
        assert account.kind == "staff"
        assert [letter.template for letter in await desk.letters()] == ["already_registered"]
        assert staff.roles == ["owner"]
        assert not [event for event in await desk.events() if isinstance(event, CustomerRegistered)]


async def test_registering_again_with_the_same_key_mails_nothing_more(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.register(registration(key="k1"))
        await desk.handlers.register(registration(key="k1"))
        assert [letter.template for letter in await desk.letters()] == ["verify_email"]
        await desk.handlers.register(registration(key="k2"))
        assert len(await desk.letters()) == 2


async def test_of_two_who_register_at_once_one_gets_the_account(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        one, other = registration(password="the first long one"), registration(password="the second long one")
        await asyncio.gather(desk.handlers.register(one), desk.handlers.register(other))
        async with desk.env.db.read() as session:
            assert await session.value("SELECT count(*) FROM accounts") == 1
            assert await session.value("SELECT count(*) FROM credentials") == 1
            assert await session.value("SELECT confirmed_at IS NOT NULL FROM email_directory")
        assert sorted(letter.template for letter in await desk.letters()) == [
            "already_registered",
            "verify_email",
        ]


async def test_a_claim_that_a_crash_left_behind_is_continued(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        claimed = await desk.handlers._claim_for_customer(email_hash(EMAIL))
        await desk.handlers.register(registration())
        account = await desk.handlers.account_of(email_hash(EMAIL))
        assert account is not None
        assert account.id == claimed


async def test_a_refused_registration_claims_nothing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(PasswordWeak):
            await desk.handlers.register(registration(password="short"))
        with pytest.raises(Invalid) as refused:
            await desk.handlers.register(registration(name="", language="German", channel="a b"))
        assert [field.path for field in refused.value.fields] == ["name", "language", "channel"]
        with pytest.raises(Invalid):
            await desk.handlers.register(registration(email="nowhere"))
        async with desk.env.db.read() as session:
            assert await session.value("SELECT count(*) FROM email_directory") == 0


@pytest.mark.parametrize("taken", [True, False])
async def test_an_address_is_not_flooded_with_mails_whether_it_has_an_account_or_not(
    postgres: DatabaseAddress, taken: bool
) -> None:
    async with open_identity(postgres) as desk:
        if taken:
            await desk.handlers.put_staff(anna())
        for _ in range(3):
            await desk.handlers.register(registration())
        with pytest.raises(TooMany):
            await desk.handlers.register(registration())


async def test_the_link_is_mailed_again_until_the_email_is_verified(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        ref = AccountRef(account_id=await desk.customer(verified=False))
        await desk.handlers.resend_verification(ref)
        first, second = await desk.letters()
        assert first.link != second.link
        await desk.handlers.resend_verification(ref)
        with pytest.raises(TooMany):
            await desk.handlers.resend_verification(ref)
        await desk.handlers.verify_email(LinkToken(token=await desk.token("verify_email")))
        await desk.handlers.resend_verification(ref)
        assert await desk.letters() == []


@pytest.mark.parametrize("text", ["", "acc_", "cart_06bqk3v1m5g7r0z2x4c6n8p0qs", "\x00"])
async def test_an_unknown_account_has_no_contact(postgres: DatabaseAddress, text: str) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(AccountNotFound):
            await desk.handlers.contact(AccountRef(account_id=text))


async def test_an_unknown_letter_is_not_found(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        for text in ("", "let_", LETTER.new(seeded_ids(), 7)):
            with pytest.raises(LetterNotFound):
                await desk.handlers.letter(LetterRef(letter_id=text))


async def test_the_sweep_deletes_letters_and_tokens_that_are_over(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer(verified=False)
        await desk.letters()
        desk.env.clock.advance(7.5 * 86_400)
        await desk.handlers.sweep()
        async with desk.env.db.read() as session:
            assert await session.value("SELECT count(*) FROM letters") == 0
            assert await session.value("SELECT count(*) FROM one_time_tokens") == 0
