from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from structlog.testing import capture_logs

from rialto.catalog.api import Catalog
from rialto.identity.api import DueLetter, Identity
from rialto.identity.events import LetterRequested
from rialto.inventory.api import Inventory
from rialto.kernel.bus import Logged
from rialto.kernel.consumers import Consumer
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.events import Envelope, Event
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import MAIL, MailId
from rialto.kernel.limits import Throttle
from rialto.kernel.mail import MailRefused
from rialto.kernel.personal import Person
from rialto.notifications.api import ListMails, Mail, MailNotFound, MailRef
from rialto.notifications.handlers import NotificationHandlers
from rialto.notifications.model import ATTEMPTS_MAX, BEGIN_WITHIN_S, DELAYS_S
from rialto.notifications.reactions import REACTIONS
from rialto.notifications.render import Renderer
from rialto.notifications.service import SERVICE
from rialto.orders.api import Order, Orders
from rialto.orders.events import OrderCancelled, OrderPlaced, OrderShipped
from tests.notifications.desk import (
    CART_ID,
    LETTER_ID,
    ORDER_ID,
    ORDER_UUID,
    PLACED_AT,
    LetterDesk,
    OrderBook,
    Postbox,
    Shelf,
    ShopFronts,
    a_due_letter,
    an_order,
    eur,
)
from tests.support.env import TestEnv, open_service

pytestmark = pytest.mark.anyio

PLACED = OrderPlaced(
    order_id=ORDER_ID,
    number="R-1",
    cart_id=CART_ID,
    language="en",
    total=eur(130920),
    skus={"SKU-1": 2},
    placed_at=PLACED_AT,
)


def cancelled(*, was_placed: bool = True, reason: str = "customer") -> OrderCancelled:
    return OrderCancelled(order_id=ORDER_ID, reason=reason, was_placed=was_placed, cancelled_at=PLACED_AT)


def shipped(step: str, **lines: int) -> OrderShipped:
    return OrderShipped(
        order_id=ORDER_ID,
        step=step,
        lines=lines,
        tracking="DHL 1",
        amount=eur(1),
        tax=eur(0),
        complete=True,
        shipped_at=PLACED_AT,
    )


@dataclass(frozen=True)
class Desk:
    handlers: NotificationHandlers
    env: TestEnv
    box: Postbox
    orders: OrderBook
    consumer: Consumer

    async def tell(self, *events: Event, first_version: int = 2) -> None:
        """Deliver events of one order's stream, as the bus does."""
        batch = [
            Logged(partition=0, id=number, envelope=_envelope(event, number))
            for number, event in enumerate(events, start=first_version)
        ]
        await self.consumer._take_in(batch)

    async def mails(self, to: str | None = None) -> list[Mail]:
        rows = (await self.handlers.list(ListMails(to=to))).items
        return [await self.handlers.get(MailRef(id=row.id)) for row in rows]


def _envelope(event: Event, version: int) -> Envelope:
    return Envelope(
        service="orders",
        bucket=ORDER_UUID.int >> 64 & 0xFFF,
        stream=ORDER_UUID,
        version=version,
        type=event.TYPE,
        schema_version=1,
        body=msgspec.json.encode(event),
        meta=b"{}",
        at=PLACED_AT,
    )


@asynccontextmanager
async def open_desk(
    postgres: DatabaseAddress, order: Order | None = None, *, letters: Sequence[DueLetter] = ()
) -> AsyncIterator[Desk]:
    book, box = OrderBook(order or an_order()), Postbox()
    peers: dict[Any, Any] = {
        Orders: book,
        Catalog: ShopFronts(),
        Identity: LetterDesk(*letters),
        Inventory: Shelf(),
    }
    async with open_service(SERVICE, postgres, peers=peers, engines={"mail": box}) as env:
        consumer = Consumer(
            "notifications", env.db, env.handlers, REACTIONS, clock=env.clock, faults=NoFaults(), known=()
        )
        yield Desk(env.handlers, env, box, book, consumer)


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


async def test_a_server_that_is_away_is_tried_again_with_growing_pauses(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        for attempt in range(1, 4):
            desk.box.refusals = [Unavailable("away")]
            assert await desk.handlers.send_due() == 0
            (mail,) = await desk.mails()
            assert (mail.state, mail.attempts) == ("queued", attempt)
            desk.env.clock.advance(DELAYS_S[attempt - 1] - 1)
            assert await desk.handlers.send_due() == 0
            desk.env.clock.advance(1)
        assert await desk.handlers.send_due() == 1
        assert len(desk.box.sent) == 1


async def test_every_attempt_has_the_same_message_id(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        await desk.handlers.send_due()
        async with desk.env.db.write() as session:  # the process died between sending and noting it
            await session.run("UPDATE mails SET state = 'queued', sent_at = NULL")
        desk.env.clock.advance(DELAYS_S[0])
        await desk.handlers.send_due()
        first, second = desk.box.sent
        assert first.message_id == second.message_id
        assert (first.subject, first.at) == (second.subject, second.at)


async def test_after_the_last_attempt_a_mail_has_failed(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        for delay_s in DELAYS_S:
            desk.box.refusals = [Unavailable("away")]
            await desk.handlers.send_due()
            desk.env.clock.advance(delay_s)
        (mail,) = await desk.mails()
        assert (mail.state, mail.attempts) == ("failed", ATTEMPTS_MAX)
        assert await desk.handlers.send_due() == 0
        assert desk.box.sent == []


async def test_a_last_attempt_cut_short_by_a_crash_ends_too(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        async with desk.env.db.write() as session:
            await session.run("UPDATE mails SET attempts = $1", ATTEMPTS_MAX)
        assert await desk.handlers.send_due() == 0
        assert [mail.state for mail in await desk.mails()] == ["failed"]


async def test_a_mail_refused_for_good_is_not_tried_again(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        desk.box.refusals = [MailRefused("no such mailbox")]
        assert await desk.handlers.send_due() == 1
        desk.env.clock.advance(86_400)
        assert await desk.handlers.send_due() == 0
        assert [mail.state for mail in await desk.mails()] == ["failed"]


async def test_a_bug_met_by_one_mail_does_not_make_the_others_be_sent_twice(
    postgres: DatabaseAddress,
) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED, cancelled(), shipped("1"))
        desk.box.refusals = [ZeroDivisionError()]
        with pytest.raises(ZeroDivisionError):
            await desk.handlers.send_due()
        assert sorted(mail.state for mail in await desk.mails()) == ["queued", "sent", "sent"]
        assert len(desk.box.sent) == 2


async def test_two_workers_sending_at_once_send_each_mail_once(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED, cancelled(), *(shipped(str(step)) for step in range(6)))
        while sum(await asyncio.gather(*(desk.handlers.send_due() for _ in range(3)))):
            pass
        assert len(desk.box.sent) == 8
        assert len({mail.message_id for mail in desk.box.sent}) == 8


async def test_a_worker_that_was_suspended_with_a_claim_leaves_the_mail_to_the_next(
    postgres: DatabaseAddress,
) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)

        class Suspended:
            """Time passes between claim and sending."""

            def __init__(self) -> None:
                self.asked = 0

            def now(self) -> datetime:
                self.asked += 1
                return desk.env.clock.now() + timedelta(seconds=0 if self.asked == 1 else BEGIN_WITHIN_S)

        suspended: Any = Suspended()
        sleeper = NotificationHandlers(
            desk.env.db,
            suspended,
            desk.env.ids,
            orders=desk.env[Orders],
            catalog=desk.env[Catalog],
            identity=desk.env[Identity],
            inventory=desk.env[Inventory],
            mailer=desk.box,
            renderer=Renderer(desk.env.settings.public_url),
            public_url=desk.env.settings.public_url,
            waiting_key=b"key",
            askers=Throttle("waiting", desk.env.engine("keyvalue"), per_s=1, burst=1, clock=desk.env.clock),
        )
        assert await sleeper.send_due() == 0
        assert desk.box.sent == []
        desk.env.clock.advance(DELAYS_S[0])
        assert await desk.handlers.send_due() == 1
        assert len(desk.box.sent) == 1


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
