"""Waiting for an article: nobody is mailed who has not said yes, and whoever did is mailed once."""

from __future__ import annotations

import asyncio

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import AccountId
from rialto.kernel.personal import Person
from rialto.notifications.api import (
    Passages,
    PutMailText,
    WaitingLinkRefused,
    WaitingToken,
)
from rialto.notifications.waiting import (
    MAILED_AT_ONCE,
)
from tests.notifications.desk import an_offer
from tests.notifications.waiting_desk import ACCOUNT, ANNA, open_desk, token_in
from tests.support.personal import places_of

pytestmark = pytest.mark.anyio


async def test_an_address_is_asked_before_it_is_mailed_anything_else(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        assert await desk.wait() == "accepted"
        (question,) = await desk.mails()
        assert (question.template, question.to) == ("back_in_stock_confirm", ANNA)
        await desk.restock()
        assert await desk.look() == 0
        assert await desk.mails() == [question]
        await desk.confirm(question)
        assert await desk.look() == 1
        _, told = await desk.mails()
        assert (told.template, told.to, told.subject) == (
            "back_in_stock",
            ANNA,
            "Bowl Laguna (green) is back",
        )
        assert "/en/p/bowl-laguna?sku=BOWL" in told.text
        assert "/en/p/bowl-laguna?sku=BOWL" in told.html
        assert await desk.waiting() == 0


async def test_both_mails_say_it_in_the_merchants_words(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        for kind in ("back_in_stock_confirm", "back_in_stock"):
            words = Passages(subject="{article}!", headline="Hello.", signature="Your {shop_name}")
            command = PutMailText(kind=kind, language="en", passages=words, expected_version=0)
            await desk.handlers.put_mail_text(command)
        await desk.wait()
        [question] = await desk.mails()
        await desk.confirm(question)
        await desk.restock()
        await desk.look()
        mails = await desk.mails()
        assert len(mails) == 2
        for mail in mails:
            assert mail.subject == "Bowl Laguna (green)!"
            assert "Your Haus" in mail.text
            assert "/en/back-in-stock/end?token=" in mail.text, "the way out is no passage"


async def test_a_customers_own_verified_address_is_not_asked(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        assert await desk.own("Anna@Example.com") == "waiting"
        assert await desk.own(verified=False) == "accepted"
        assert await desk.wait("bob@example.com", account_id=ACCOUNT) == "accepted"
        assert await desk.wait("eve@example.com", account_id=AccountId("acc_gone")) == "accepted"
        assert [mail.to for mail in await desk.mails()] == ["bob@example.com", "eve@example.com"]
        await desk.restock()
        await desk.look()
        assert [mail.to for mail in await desk.mails("back_in_stock")][-1] == "Anna@Example.com"


async def test_the_same_request_twice_is_one_and_is_answered_alike(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        answers = [await desk.wait(email) for email in (ANNA, ANNA, " ANNA@example.com ", "bob@example.com")]
        assert set(answers) == {"accepted"}
        assert len(await desk.mails()) == 2
        (question,) = await desk.mails(to=ANNA)
        await desk.confirm(question)
        assert await desk.wait() == "accepted"
        assert len(await desk.mails(to=ANNA)) == 1
        assert await desk.waiting() == 2


async def test_two_requests_at_once_are_one(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await asyncio.gather(*(desk.wait(client=str(number)) for number in range(4)))
        assert len(await desk.mails()) == 1
        assert await desk.waiting() == 1


async def test_two_restocks_at_once_and_a_replay_mail_once(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        for number in range(20):
            await desk.own(f"customer{number}@example.com")
        await desk.restock(1, version=1)
        await desk.restock(9, version=2)
        await desk.restock(9, version=2)
        await asyncio.gather(*(desk.handlers.mail_restocked() for _ in range(4)))
        await desk.restock(50, version=3)
        await desk.look()
        told = [mail.to for mail in await desk.mails("back_in_stock")]
        assert sorted(told) == sorted({f"customer{number}@example.com" for number in range(20)})


async def test_a_batch_is_bounded_and_the_rest_waits_on_when_it_is_sold_out_meanwhile(
    postgres: DatabaseAddress,
) -> None:
    async with open_desk(postgres) as desk:
        for number in range(MAILED_AT_ONCE + 7):
            await desk.own(f"customer{number}@example.com")
            desk.env.clock.advance(1)
        await desk.look()
        await desk.restock()
        assert await desk.handlers.mail_restocked() == 1
        told = await desk.mails("back_in_stock")
        assert {mail.to for mail in told} == {f"customer{n}@example.com" for n in range(MAILED_AT_ONCE)}
        desk.shelf.available["BOWL"] = 0
        await desk.look()
        assert (len(await desk.mails()), await desk.waiting()) == (MAILED_AT_ONCE, 7)
        await desk.restock(version=2)
        await desk.look()
        assert (len(await desk.mails()), await desk.waiting()) == (MAILED_AT_ONCE + 7, 0)


async def test_who_confirms_after_it_came_back_is_mailed_all_the_same(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.wait()
        await desk.restock()
        await desk.look()
        (question,) = await desk.mails()
        await desk.confirm(question)
        await desk.confirm(question)
        await desk.look()
        assert [mail.template for mail in await desk.mails()] == ["back_in_stock_confirm", "back_in_stock"]
        with pytest.raises(WaitingLinkRefused):
            await desk.confirm(question)


async def test_waiting_once_more_after_the_mail_is_another_waiting(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        for version in (1, 3):
            await desk.own()
            await desk.restock(version=version)
            await desk.look()
            await desk.restock(0, version=version + 1)
        assert len(await desk.mails("back_in_stock")) == 2


async def test_what_is_not_sold_any_more_is_not_advertised(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.own()
        desk.fronts.sold.clear()
        await desk.restock()
        await desk.look()
        assert (await desk.mails(), await desk.waiting()) == ([], 1)


async def test_every_mail_has_a_link_that_ends_the_waiting(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, an_offer(), an_offer("VASE")) as desk:
        await desk.own()
        await desk.own(sku="VASE")
        await desk.restock()
        await desk.look()
        await desk.wait("bob@example.com", "VASE")
        told, question = await desk.mails()
        for mail in (told, question):
            assert token_in(mail, "end") in mail.html
        for _ in range(2):
            await desk.handlers.end_waiting(WaitingToken(token=token_in(told, "end")))
        assert await desk.waiting() == 1
        await desk.handlers.end_waiting(WaitingToken(token=token_in(question, "end")))
        assert await desk.waiting() == 0
        with pytest.raises(WaitingLinkRefused):
            await desk.confirm(question)


async def test_who_waits_is_handed_out_to_them_and_forgotten(postgres: DatabaseAddress) -> None:
    """I15 of waiting: a marker planted as an address is told to its owner, and found nowhere after the erasure."""
    marker = "Marker-Mail@example.org"
    person = Person(account_id="acc_1", emails=(marker.lower(), "former@example.org"))
    async with open_desk(postgres) as desk:
        await desk.own(marker)
        await desk.wait("former@example.org")
        await desk.own("bob@example.com")
        told = await desk.handlers.documents_of(person)
        assert [(row["sku"], row["email"]) for row in told["waiting"]] == [
            ("BOWL", marker),
            ("BOWL", "former@example.org"),
        ]
        assert "email_hash" not in told["waiting"][0]
        for _ in range(2):
            await desk.handlers.forget(person)
        assert await places_of(desk.env.db, "marker-mail", "former@") == {}
        assert await desk.handlers.documents_of(person) == {}
        assert await desk.waiting() == 1


async def test_a_german_is_asked_and_told_in_german(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.wait(language="de-AT")
        (question,) = await desk.mails()
        assert question.subject == "Sollen wir Bescheid geben, wenn Schale Laguna (grün) wieder da ist?"
        await desk.confirm(question)
        await desk.restock()
        await desk.look()
        (_, told) = await desk.mails()
        assert told.subject == "Schale Laguna (grün) ist wieder da"
        assert "/de/p/bowl-laguna" in told.text
