"""How a mail leaves: tried again with pauses, once, and given up at some time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from rialto.catalog.api import Catalog
from rialto.identity.api import Identity
from rialto.inventory.api import Inventory
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.limits import Throttle
from rialto.kernel.mail import MailRefused
from rialto.notifications.handlers import NotificationHandlers
from rialto.notifications.model import ATTEMPTS_MAX, BEGIN_WITHIN_S, DELAYS_S
from rialto.notifications.render import Renderer
from rialto.orders.api import Orders
from tests.notifications.mailing import PLACED, cancelled, open_desk, shipped

pytestmark = pytest.mark.anyio


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
