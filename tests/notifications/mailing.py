"""The service with orders, letters and a mailer, and events told to it as the bus does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from rialto.catalog.api import Catalog
from rialto.identity.api import DueLetter, Identity
from rialto.inventory.api import Inventory
from rialto.kernel.bus import Logged
from rialto.kernel.consumers import Consumer
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.events import Envelope, Event
from rialto.kernel.faults import NoFaults
from rialto.notifications.api import ListMails, Mail, MailRef
from rialto.notifications.handlers import NotificationHandlers
from rialto.notifications.reactions import REACTIONS
from rialto.notifications.service import SERVICE
from rialto.orders.api import Order, Orders
from rialto.orders.events import OrderCancelled, OrderPlaced, OrderShipped
from tests.notifications.desk import (
    CART_ID,
    ORDER_ID,
    ORDER_UUID,
    PLACED_AT,
    LetterDesk,
    OrderBook,
    Postbox,
    Shelf,
    ShopFronts,
    an_order,
    eur,
)
from tests.support.env import TestEnv, open_service

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
