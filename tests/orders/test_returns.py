"""Sending back, and what staff see and write beside an order, on a real shop."""

from __future__ import annotations

import pytest

from rialto.identity.api import AccountRef
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import ORDER
from rialto.kernel.money import EUR, Money
from rialto.notifications.api import ListMails, Notifications
from rialto.orders.api import (
    AddNote,
    CancelOrder,
    OrderNotFound,
    OrderRef,
    RefundOrder,
    RequestReturn,
    ShipOrder,
)
from tests.orders.counter import a_counter, shipped, story
from tests.support.customers import a_shop_of_customers
from tests.support.personal import places_of
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio


async def test_a_return_is_noted_once_and_confirmed_by_mail(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        order = (await shop.buy("LAMP", 2)).order
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        command = RequestReturn(
            order_id=order.id, key=order.key, lines={order.lines[0].id: 1}, step="one", reason="withdrawal"
        )
        first = await shop.orders.request_return(command)
        assert (first.returns[0].lines, first.lines[0].returning) == ({order.lines[0].id: 1}, 1)
        assert await shop.orders.request_return(command) == first
        await shop.settle()
        mails = (await shop.app[Notifications].list(ListMails(to=order.email))).items
        [confirmed] = [mail for mail in mails if "sending back" in mail.subject]
        assert order.number in confirmed.subject
        assert await shop.audit() == []


async def test_only_who_may_see_an_order_may_send_it_back(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop)
        for key in (None, "wrong"):
            with pytest.raises(OrderNotFound):
                await shop.orders.request_return(
                    RequestReturn(order_id=order.id, key=key, lines={order.lines[0].id: 1}, step="one")
                )
        assert await story(shop, order) == ["started", "placed", "shipped", "captured"]


async def test_the_timeline_tells_everything_in_order(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP", 2)).order
        await shop.orders.ship(
            ShipOrder(order_id=order.id, lines={order.lines[0].id: 1}, tracking="DHL 7", step="parcel")
        )
        await shop.orders.refund(
            RefundOrder(order_id=order.id, amount=Money(100, EUR), reason="bent", step="one")
        )
        told = (await shop.orders.timeline(OrderRef(order_id=order.id, staff=True))).items
        assert [(entry.version, entry.type) for entry in told] == [
            *((1, "started"), (2, "placed"), (3, "shipped")),
            *((4, "captured"), (5, "refund_decided"), (6, "refunded")),
        ]
        assert told[0].details == {"country": "DE"}
        assert told[1].amount == order.totals.total
        assert told[2].details == {"lines": "1 × Lamp", "tracking": "DHL 7"}
        assert (told[4].amount, told[4].details) == (Money(100, EUR), {"reason": "bent"})
        with pytest.raises(OrderNotFound):
            await shop.orders.timeline(OrderRef(order_id=order.id, key="wrong"))


async def test_a_cancelled_orders_timeline_says_why(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP")).order
        await shop.orders.cancel(CancelOrder(order_id=order.id, staff=True, reason="staff"))
        told = (await shop.orders.timeline(OrderRef(order_id=order.id, staff=True))).items
        assert [(entry.type, entry.details) for entry in told[2:]] == [
            ("cancelled", {"reason": "staff"}),
            ("closed", {}),
        ]


async def test_notes_are_written_once_and_in_order(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP")).order
        note = AddNote(order_id=order.id, staff_id="stf_1", text=" Rang twice.\nNobody. ", step="one")
        first = await shop.orders.add_note(note)
        assert (first.text, first.staff_id) == ("Rang twice.\nNobody.", "stf_1")
        assert await shop.orders.add_note(note) == first
        shop.clock.advance(1)
        second = await shop.orders.add_note(
            AddNote(order_id=order.id, staff_id="stf_2", text="Came.", step="two")
        )
        assert (await shop.orders.notes(OrderRef(order_id=order.id, staff=True))).items == [first, second]


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "a\x00b", "a\x1bb"])
async def test_what_is_no_note_is_refused(postgres: DatabaseAddress, text: str) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP")).order
        with pytest.raises(Invalid):
            await shop.orders.add_note(AddNote(order_id=order.id, staff_id="stf_1", text=text, step="one"))
        unknown = ORDER.new(shop.app.engines.ids, 5)
        with pytest.raises(OrderNotFound):
            await shop.orders.add_note(AddNote(order_id=unknown, staff_id="stf_1", text="a", step="one"))
        with pytest.raises(OrderNotFound):
            await shop.orders.notes(OrderRef(order_id=unknown, staff=True))


async def test_notes_are_told_to_whom_they_are_about_and_go_with_them(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join("ada@example.org")
        await customers.verify(ada)
        cart = await shop.cart({"PENCIL": 1}, email="ada@example.org", account_id=ada)
        order = (await shop.checkout(cart, account_id=ada)).order
        await shop.orders.add_note(
            AddNote(order_id=order.id, staff_id="stf_1", text="marker: allergic to wool", step="one")
        )
        told = await shop.orders.personal_export(AccountRef(account_id=ada))
        assert [note.text for note in told.notes] == ["marker: allergic to wool"]
        await customers.erase(ada)
        assert await places_of(shop.app.databases["orders"], "marker") == {}
