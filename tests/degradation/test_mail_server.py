"""The mail server: orders do not wait for it, and every letter goes out once it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes

import pytest

from rialto.engines.smtp import SmtpMail
from rialto.kernel.db import DatabaseAddress
from tests.degradation.people import Three, three
from tests.support.fault_proxy import FaultProxy, Mode, fault_proxy
from tests.support.mail_server import Server, serving
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio

# Counted as its usual time for each step of the conversation: ten times that, five or six times over, is slow indeed.
USUALLY_S = 0.03


@dataclass
class Trouble:
    people: Three
    line: FaultProxy
    server: Server

    def delivered(self) -> list[str]:
        """The names of the mails that the server took, as often as it took them."""
        return [str(message_from_bytes(one)["Message-ID"]) for one in self.server.messages]

    async def all_are_delivered(self, count: int) -> None:
        """What is due again later is due now, until so many letters are there: one may not be written down yet."""
        shop = self.people.shop

        shop.clock.advance(60)

        async def sent() -> bool:
            shop.app.background.wake("notifications.send")
            waiting = await shop.sql("SELECT 1 FROM notifications.mails WHERE state <> 'sent'")
            return not waiting and len(set(self.delivered())) >= count

        await shop.until(sent)
        await self.people.come_back()


@pytest.fixture(scope="module")
async def trouble(postgres: DatabaseAddress) -> AsyncIterator[Trouble]:
    server = Server()
    async with serving(server) as address, fault_proxy(int(address.split(":")[1]), least_s=USUALLY_S) as line:
        mailer = SmtpMail(f"smtp://127.0.0.1:{line.port}", public_url="http://shop.test", timeout_s=2.0)
        async with a_shop(postgres, engines=lambda _sandbox, _clock: {"mail": mailer}) as shop:
            people = await three(shop)
            yield Trouble(people, line, server)
            await people.close()


@pytest.mark.parametrize("mode", ["refuse", "slow", "half"])
async def test_mail_server(trouble: Trouble, mode: Mode) -> None:
    people, before = trouble.people, len(set(trouble.delivered()))
    await trouble.line.be(mode)
    # The shopper is thanked and the program has its order as fast as ever: letters are written down and sent afterwards.
    where, answer = await asyncio.gather(people.shopper.buy(), people.client.buy(f"mail-{mode}", "PENCIL"))
    assert "/thanks" in where
    assert answer.status_code == 201
    await people.shopper.get(where)
    # The merchant works, and sees in the list of mails what waits and why.
    await people.merchant.works()
    if mode == "refuse":
        assert await has_a_reason(people)
    await trouble.line.be("pass")
    await trouble.all_are_delivered(before + 2)
    # Each letter has one name, by which a mail program knows one that came twice after a lost answer.
    assert len(set(trouble.delivered())) == before + 2
    if mode != "half":
        assert len(trouble.delivered()) == len(set(trouble.delivered()))
    await people.all_is_well(f"mail-{mode}-over")
    await trouble.all_are_delivered(before + 2)


async def has_a_reason(people: Three) -> bool:
    shop = people.shop

    async def failed_once() -> bool:
        return bool(
            await shop.sql("SELECT 1 FROM notifications.mails WHERE state = 'queued' AND error <> ''")
        )

    await shop.until(failed_once)
    return True
