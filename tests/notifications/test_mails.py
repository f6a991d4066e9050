"""Which mails are written, by what happened; who may see them, and how long."""

from __future__ import annotations

from uuid import UUID

import pytest
from structlog.testing import capture_logs

from rialto.identity.events import LetterRequested
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import MAIL, MailId
from rialto.kernel.mail import MailRefused
from rialto.kernel.personal import Person
from rialto.notifications.api import ListMails, MailNotFound, MailRef
from tests.notifications.desk import (
    LETTER_ID,
    ORDER_ID,
    ORDER_UUID,
    PLACED_AT,
    a_due_letter,
    an_order,
)
from tests.notifications.mailing import PLACED, cancelled, open_desk, shipped

pytestmark = pytest.mark.anyio


async def test_a_placed_order_gets_its_confirmation(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        (mail,) = await desk.mails()
        assert (mail.to, mail.template, mail.state, mail.attempts) == (
            "anna@example.com",
            "order_placed",
            "queued",
            0,
        )
        assert mail.cause == ORDER_ID
        assert await desk.handlers.send_due() == 1
        (sent,) = desk.box.sent
        assert (sent.to, sent.subject, sent.text, sent.html) == (mail.to, mail.subject, mail.text, mail.html)
        assert sent.reply_to == mail.reply_to == "hello@shop.example"
        (mail,) = await desk.mails()
        assert (mail.state, mail.attempts, mail.sent_at) == ("sent", 1, desk.env.clock.now())


async def test_a_doubled_event_makes_one_mail_even_under_another_version(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        await desk.tell(PLACED)
        await desk.tell(PLACED, first_version=9)
        assert len(await desk.mails()) == 1
        await desk.handlers.send_due()
        await desk.tell(PLACED, first_version=20)
        await desk.handlers.send_due()
        assert len(desk.box.sent) == 1


async def test_only_an_order_that_was_placed_is_told_that_it_is_cancelled(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(cancelled(was_placed=False, reason="payment_declined"))
        assert await desk.mails() == []
        await desk.tell(cancelled(), first_version=3)
        assert [mail.template for mail in await desk.mails()] == ["order_cancelled"]


async def test_each_shipment_gets_a_mail_of_its_own(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        first, second = (line.id for line in an_order().lines)
        await desk.tell(
            shipped("ship-1", **{first: 2}),
            shipped("ship-2", **{second: 1}),
            shipped("ship-2", **{second: 1}),
        )
        mails = await desk.mails()
        assert sorted(mail.cause for mail in mails) == [f"{ORDER_ID}/ship-1", f"{ORDER_ID}/ship-2"]
        assert len({mail.id for mail in mails}) == 2


async def test_an_order_without_an_email_gets_no_mail_and_stops_nothing(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, an_order(email=None)) as desk:
        await desk.tell(PLACED)
        assert await desk.mails() == []


async def test_orders_being_away_delays_the_mail_and_loses_nothing(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        order = desk.orders.orders.pop(ORDER_ID)
        with pytest.raises(Unavailable):
            await desk.tell(PLACED)
        desk.orders.orders[ORDER_ID] = order
        await desk.tell(PLACED)
        assert len(await desk.mails()) == 1


async def test_the_list_is_newest_first_and_filters_by_exact_address(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        desk.env.clock.advance(1)
        await desk.tell(cancelled(), first_version=3)
        assert [mail.template for mail in await desk.mails()] == ["order_cancelled", "order_placed"]
        assert len(await desk.mails("anna@example.com")) == 2
        for other in ("anna@example.co", "", "\x00", "\ud800", "%"):
            assert await desk.mails(other) == []
        assert len((await desk.handlers.list(ListMails(limit=1))).items) == 1
        assert len((await desk.handlers.list(ListMails(limit=-5))).items) == 1
        assert len((await desk.handlers.list(ListMails(limit=10**30))).items) == 2


@pytest.mark.parametrize(
    "mail_id", ["", "mail_", "\x00", "../x", ORDER_ID, MAIL.of(UUID(int=ORDER_UUID.int + 5))]
)
async def test_a_mail_that_is_none_is_not_found(postgres: DatabaseAddress, mail_id: str) -> None:
    async with open_desk(postgres) as desk:
        with pytest.raises(MailNotFound):
            await desk.handlers.get(MailRef(id=MailId(mail_id)))


REQUESTED = LetterRequested(letter_id=LETTER_ID, template="verify_email", requested_at=PLACED_AT)


async def test_a_letter_of_an_account_is_mailed_once_with_its_link(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, letters=[a_due_letter(language="de")]) as desk:
        await desk.tell(REQUESTED)
        await desk.tell(REQUESTED, first_version=3)
        (mail,) = await desk.mails()
        assert (mail.to, mail.template, mail.language) == ("anna@example.com", "verify_email", "de")
        assert mail.cause == LETTER_ID
        assert "/de/account/verify?token=0a7.secret" in mail.text


async def test_a_strangers_request_mails_nothing(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(REQUESTED)
        assert await desk.mails() == []


async def test_a_letters_secret_is_not_logged(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, letters=[a_due_letter()]) as desk:
        desk.box.refusals = [Unavailable(), MailRefused()]
        with capture_logs() as logs:
            await desk.tell(REQUESTED)
            await desk.handlers.send_due()
            desk.env.clock.advance(60)
            await desk.handlers.send_due()
        assert len(logs) == 2
        assert "secret" not in str(logs)
        assert "anna@example.com" not in str(logs)


async def test_a_letter_of_a_newer_release_is_parked_and_not_lost(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, letters=[a_due_letter(template="birthday")]) as desk:
        with pytest.raises(Unavailable):
            await desk.tell(REQUESTED)
        assert await desk.mails() == []


async def test_a_persons_mails_are_handed_out_and_erased_however_the_address_was_typed(
    postgres: DatabaseAddress,
) -> None:
    async with open_desk(postgres, an_order(email="Anna@Example.com")) as desk:
        await desk.tell(PLACED)
        nobody = Person(account_id="acc_1", emails=("bob@example.com",))
        anna = Person(account_id="acc_2", emails=("anna@example.com",))
        assert await desk.handlers.documents_of(nobody) == {}
        (mail,) = (await desk.handlers.documents_of(anna))["mails"]
        assert mail["recipient"] == "Anna@Example.com"
        await desk.handlers.forget(nobody)
        assert len(await desk.mails()) == 1
        for _ in range(2):
            await desk.handlers.forget(anna)
        assert await desk.mails() == []


async def test_what_old_mails_said_is_forgotten_and_that_they_were_sent_is_not(
    postgres: DatabaseAddress,
) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        [sent] = (await desk.handlers.list(ListMails())).items
        desk.env.clock.advance(desk.env.settings.keep.mails.total_seconds() + 1)
        assert await desk.handlers.forget_old() == 0  # it waits to be sent, however old
        await desk.handlers.send_due()
        assert await desk.handlers.forget_old() == 1
        assert await desk.handlers.forget_old() == 0
        assert (await desk.handlers.list(ListMails())).items == []
        with pytest.raises(MailNotFound):
            await desk.handlers.get(MailRef(id=sent.id))
        async with desk.env.db.read() as session:
            row = await session.one("SELECT recipient || subject || text || html AS said, state FROM mails")
        assert row is not None
        assert (row["said"], row["state"]) == ("", "sent")
        await desk.tell(PLACED)  # told again, the cause still has its mail
        assert await desk.handlers.send_due() == 0
