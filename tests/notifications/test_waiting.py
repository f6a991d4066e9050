"""Waiting for an article: nobody is mailed who has not said yes, and whoever did is mailed once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from rialto.catalog.api import Catalog, Offer
from rialto.identity.api import AccountContact, Identity
from rialto.inventory.api import Inventory
from rialto.inventory.events import AvailabilityChanged, band
from rialto.kernel.bus import Logged
from rialto.kernel.consumers import Consumer
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.events import Envelope
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import AccountId
from rialto.kernel.personal import Person
from rialto.notifications.api import (
    AvailableNow,
    ListMails,
    Mail,
    MailRef,
    Passages,
    PutMailText,
    SkuNotOffered,
    TooManyWishes,
    WaitFor,
    WaitingLimit,
    WaitingLinkRefused,
    WaitingToken,
)
from rialto.notifications.handlers import NotificationHandlers
from rialto.notifications.reactions import REACTIONS
from rialto.notifications.service import SERVICE
from rialto.notifications.waiting import (
    ASKED_BURST,
    CONFIRMED_WITHIN,
    MAILED_AT_ONCE,
    UNCONFIRMED_MAX,
    WAITING_MAX,
    WAITS,
)
from rialto.orders.api import Orders
from tests.notifications.desk import PLACED_AT, LetterDesk, OrderBook, Postbox, Shelf, ShopFronts, an_offer
from tests.support.env import TestEnv, open_service
from tests.support.personal import places_of

pytestmark = pytest.mark.anyio

ANNA = "anna@example.com"
ACCOUNT = AccountId("acc_anna")
STREAM = UUID("019b8d3e-9c00-72a7-8000-00000000000b")


@dataclass(frozen=True)
class Desk:
    handlers: NotificationHandlers
    env: TestEnv
    shelf: Shelf
    people: LetterDesk
    fronts: ShopFronts
    consumer: Consumer

    async def wait(self, email: str = ANNA, sku: str = "BOWL", **changed: Any) -> str:
        """Each asks from a household of its own, unless it is said."""
        self.env.clock.advance(1)
        values: dict[str, Any] = {"sku": sku, "email": email, "client": f"{email} {sku}"}
        return (await self.handlers.wait(WaitFor(**{**values, **changed}))).status

    async def own(self, email: str = ANNA, sku: str = "BOWL", *, verified: bool = True) -> str:
        self.people.contacts[ACCOUNT] = AccountContact(
            email=email, name="Anna", language="en", verified=verified
        )
        return await self.wait(email, sku, account_id=ACCOUNT)

    async def mails(self, template: str = "", to: str | None = None) -> list[Mail]:
        """The oldest first."""
        rows = (await self.handlers.list(ListMails(to=to, limit=200))).items
        return [
            await self.handlers.get(MailRef(id=row.id))
            for row in reversed(rows)
            if row.template.startswith(template)
        ]

    async def confirm(self, mail: Mail) -> None:
        await self.handlers.confirm_waiting(WaitingToken(token=token_in(mail, "confirm")))

    async def restock(self, available: int = 5, sku: str = "BOWL", *, version: int = 1) -> None:
        """Inventory says so; delivered as the bus does."""
        self.env.clock.advance(1)
        self.shelf.available[sku] = available
        event = AvailabilityChanged(sku=sku, band=band(available), available=available)
        await self.consumer._take_in([Logged(partition=0, id=version, envelope=_envelope(event, version))])

    async def look(self) -> int:
        """As often as the job would."""
        turns = 0
        while await self.handlers.mail_restocked():
            turns += 1
        return turns

    async def waiting(self) -> int:
        async with self.env.db.read() as session:
            return int(await session.value("SELECT count(*) FROM waiting"))


def _envelope(event: AvailabilityChanged, version: int) -> Envelope:
    return Envelope(
        service="inventory",
        bucket=STREAM.int >> 64 & 0xFFF,
        stream=STREAM,
        version=version,
        type=event.TYPE,
        schema_version=1,
        body=msgspec.json.encode(event),
        meta=b"{}",
        at=PLACED_AT,
    )


def token_in(mail: Mail, page: str) -> str:
    (found,) = re.findall(rf"/back-in-stock/{page}\?token=([\w.]+)", mail.text)
    return str(found)


@asynccontextmanager
async def open_desk(postgres: DatabaseAddress, *offers: Offer) -> AsyncIterator[Desk]:
    shelf, people = Shelf(), LetterDesk()
    fronts = ShopFronts("Haus", offers=offers or [an_offer()])
    peers: dict[Any, Any] = {Orders: OrderBook(), Catalog: fronts, Identity: people, Inventory: shelf}
    async with open_service(SERVICE, postgres, peers=peers, engines={"mail": Postbox()}) as env:
        consumer = Consumer(
            "notifications", env.db, env.handlers, REACTIONS, clock=env.clock, faults=NoFaults(), known=()
        )
        yield Desk(env.handlers, env, shelf, people, fronts, consumer)


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


async def test_nobody_waits_for_what_can_be_bought_or_is_not_sold(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, an_offer(), an_offer("DEAR", price=None)) as desk:
        desk.shelf.available["BOWL"] = 1
        with pytest.raises(AvailableNow):
            await desk.wait()
        for sku in ("DEAR", "NONE", "", "x" * 65, "\x00", "\ud800"):
            with pytest.raises(SkuNotOffered):
                await desk.wait(sku=sku)
        with pytest.raises(SkuNotOffered):
            await desk.wait(channel="elsewhere")
        assert await desk.waiting() == 0


@pytest.mark.parametrize("email", ["", "anna", "a@b", "a b@example.com", "a@b.c\r\nBcc: x@y.z", "\x00@b.cd"])
async def test_what_is_no_address_is_refused_by_its_field(postgres: DatabaseAddress, email: str) -> None:
    async with open_desk(postgres) as desk:
        with pytest.raises(Invalid) as refused:
            await desk.wait(email, client="x")
        assert [field.path for field in refused.value.fields] == ["email"]


async def test_a_household_that_asks_too_often_has_to_wait(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        for number in range(ASKED_BURST):
            await desk.wait(f"a{number}@example.com", client=f"2001:db8:1:2::{number}")
        with pytest.raises(TooManyWishes) as refused:
            await desk.wait("b@example.com", client="2001:db8:1:2::ff")
        assert refused.value.retry_after_s
        desk.env.clock.advance(refused.value.retry_after_s)
        assert await desk.wait("b@example.com", client="2001:db8:1:2::ff") == "accepted"


async def test_an_address_is_not_flooded_with_questions(postgres: DatabaseAddress) -> None:
    offers = [an_offer(f"SKU-{number}") for number in range(UNCONFIRMED_MAX + 1)]
    async with open_desk(postgres, *offers) as desk:
        for offer in offers:
            assert await desk.wait(sku=offer.sku) == "accepted"
        questions = await desk.mails()
        assert len(questions) == UNCONFIRMED_MAX
        await desk.confirm(questions[0])
        await desk.wait(sku=offers[-1].sku)
        assert len(await desk.mails()) == UNCONFIRMED_MAX + 1


async def test_one_waits_for_a_hundred_articles_at_most(postgres: DatabaseAddress) -> None:
    offers = [an_offer(f"SKU-{number}") for number in range(WAITING_MAX + 1)]
    async with open_desk(postgres, *offers) as desk:
        for offer in offers[:WAITING_MAX]:
            await desk.own(sku=offer.sku)
        with pytest.raises(WaitingLimit):
            await desk.own(sku=offers[-1].sku)
        assert await desk.own(sku=offers[0].sku) == "waiting"
        assert await desk.wait(sku=offers[-1].sku) == "accepted"
        assert await desk.mails() == []


async def test_a_question_is_good_for_a_day_and_may_then_be_asked_again(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.wait()
        (question,) = await desk.mails()
        desk.env.clock.advance(CONFIRMED_WITHIN.total_seconds())
        with pytest.raises(WaitingLinkRefused):
            await desk.confirm(question)
        await desk.wait()
        (_, again) = await desk.mails()
        with pytest.raises(WaitingLinkRefused):
            await desk.confirm(question)
        await desk.confirm(again)
        assert await desk.waiting() == 1


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


async def test_a_link_that_is_not_ours_does_nothing(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.wait()
        (question,) = await desk.mails()
        confirm, end = (token_in(question, page) for page in ("confirm", "end"))
        for token in ("", ".", "x.y", end, f"{confirm}0", f"0{confirm}", "\ud800.\x00", "é" * 40):
            with pytest.raises(WaitingLinkRefused):
                await desk.handlers.confirm_waiting(WaitingToken(token=token))
        for token in ("", confirm, f"{'0' * 64}.{end.partition('.')[2]}"):
            with pytest.raises(WaitingLinkRefused):
                await desk.handlers.end_waiting(WaitingToken(token=token))
        assert await desk.waiting() == 1


async def test_rows_die_after_their_time(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.own()
        await desk.wait("bob@example.com")
        await desk.look()
        desk.env.clock.advance(CONFIRMED_WITHIN.total_seconds())
        assert await desk.handlers.forget_old() == 1
        assert await desk.waiting() == 1
        desk.env.clock.advance((WAITS - CONFIRMED_WITHIN - timedelta(seconds=2)).total_seconds())
        await desk.handlers.forget_old()
        assert await desk.waiting() == 1
        desk.env.clock.advance(1)
        await desk.handlers.forget_old()
        assert await desk.waiting() == 0


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
