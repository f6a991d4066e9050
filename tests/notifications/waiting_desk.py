"""The service with articles that come and go, and people who wait for them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from rialto.catalog.api import Catalog, Offer
from rialto.identity.api import AccountContact, Identity
from rialto.inventory.api import Inventory
from rialto.inventory.events import AvailabilityChanged, band
from rialto.kernel.bus import Logged
from rialto.kernel.consumers import Consumer
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.events import Envelope
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import AccountId
from rialto.notifications.api import (
    ListMails,
    Mail,
    MailRef,
    WaitFor,
    WaitingToken,
)
from rialto.notifications.handlers import NotificationHandlers
from rialto.notifications.reactions import REACTIONS
from rialto.notifications.service import SERVICE
from rialto.orders.api import Orders
from tests.notifications.desk import PLACED_AT, LetterDesk, OrderBook, Postbox, Shelf, ShopFronts, an_offer
from tests.support.env import TestEnv, open_service

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
