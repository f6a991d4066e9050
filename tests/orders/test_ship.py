"""Shipping: what left is noted once, its money is taken once, and the parts never sum to more than the order."""

from __future__ import annotations

import msgspec
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import ORDER
from rialto.kernel.money import Money
from rialto.orders.api import CancelOrder, Order, OrderLine, OrderNotFound, OrderNotShippable, ShipOrder
from tests.orders.counter import Wire, a_counter, sandbox, shipped, story, work
from tests.support.provider import provider_books
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio


async def an_order(shop: Shop) -> Order:
    """Two lamps and three pencils."""
    return (await shop.checkout(await shop.cart({"LAMP": 2, "PENCIL": 3}))).order


def lamp_and_pencil(order: Order) -> list[OrderLine]:
    """Lines that were added at the same instant stand in any order."""
    return sorted(order.lines, key=lambda line: line.sku)


def captured(shop: Shop) -> list[int]:
    return [held.captured for held in provider_books(shop.sandbox)]


async def test_without_lines_all_of_it_is_shipped_and_all_of_the_money_taken(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        order = await an_order(shop)
        done = await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel", tracking="DHL 1"))
        assert (done.status, done.payment_status, done.fulfilment_status) == (
            "completed",
            "captured",
            "shipped",
        )
        assert [line.shipped for line in lamp_and_pencil(done)] == [2, 3]
        (parcel,) = done.shipments
        assert (parcel.tracking, parcel.shipped_at) == ("DHL 1", shop.clock.now())
        assert parcel.lines == {line.id: line.quantity for line in order.lines}
        assert captured(shop) == [order.totals.total.amount]
        assert await shop.audit() == []


async def test_lines_are_shipped_in_parts_and_each_part_is_paid_when_it_leaves(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        order = await an_order(shop)
        lamp, pencil = lamp_and_pencil(order)
        steps = (
            ({lamp.id: 1}, "partially_shipped", 4900 + order.totals.delivery.amount),
            ({pencil.id: 2}, "partially_shipped", 2 * 199),
            (None, "shipped", 4900 + 199),
        )
        taken = 0
        for number, (lines, status, due) in enumerate(steps):
            shop.clock.advance(3600)
            seen = await shop.orders.ship(ShipOrder(order_id=order.id, step=f"{number}", lines=lines))
            taken += due
            assert (seen.fulfilment_status, captured(shop)) == (status, [taken])
        assert taken == order.totals.total.amount
        assert (seen.status, seen.payment_status) == ("completed", "captured")
        assert [parcel.lines for parcel in seen.shipments] == [
            {lamp.id: 1},
            {pencil.id: 2},
            {lamp.id: 1, pencil.id: 1},
        ]
        assert await shop.audit() == []


async def test_a_part_that_left_is_told_by_the_order(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await an_order(shop)
        lines = {lamp_and_pencil(order)[0].id: 1}
        seen = await shop.orders.ship(ShipOrder(order_id=order.id, step="one", lines=lines))
        assert (seen.status, seen.payment_status) == ("placed", "partially_captured")
        assert [line.shipped for line in lamp_and_pencil(seen)] == [1, 0]
        assert seen == await shop.order(order.id)


async def test_the_same_step_again_ships_nothing(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await an_order(shop)
        lamp, _ = lamp_and_pencil(order)
        half = ShipOrder(order_id=order.id, step="one", lines={lamp.id: 1}, tracking="A")
        first = await shop.orders.ship(half)
        assert await shop.orders.ship(half) == first
        assert await shop.orders.ship(msgspec.structs.replace(half, lines=None)) == first
        last = await shop.orders.ship(ShipOrder(order_id=order.id, step="two"))
        assert await shop.orders.ship(half) == last
        assert captured(shop) == [order.totals.total.amount]


async def test_more_than_is_left_nothing_and_what_is_no_line_are_refused(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await an_order(shop)
        lamp, pencil = lamp_and_pencil(order)
        await shop.orders.ship(ShipOrder(order_id=order.id, step="one", lines={lamp.id: 1}))
        before = await shop.order(order.id)
        for lines in (
            {lamp.id: 2},
            {lamp.id: 1, pencil.id: 4},
            {lamp.id: 0},
            {lamp.id: -1},
            {"line_unknown": 1},
            {},
        ):
            with pytest.raises(OrderNotShippable):
                await shop.orders.ship(ShipOrder(order_id=order.id, step="two", lines=lines))
        assert await shop.order(order.id) == before
        # A refused step is not used up.
        assert (await shop.orders.ship(ShipOrder(order_id=order.id, step="two"))).status == "completed"
        with pytest.raises(OrderNotShippable):
            await shop.orders.ship(ShipOrder(order_id=order.id, step="three"))


async def test_only_a_placed_order_is_shipped(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        waiting = (await shop.buy("LAMP", token="tok_3ds")).order
        declined = (await shop.buy("LAMP", token="tok_declined")).order
        cancelled = (await shop.buy("LAMP")).order
        await shop.orders.cancel(CancelOrder(order_id=cancelled.id, staff=True))
        for order in (waiting, declined, cancelled):
            with pytest.raises(OrderNotShippable):
                await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        with pytest.raises(OrderNotFound):
            await shop.orders.ship(ShipOrder(order_id=ORDER.new(shop.app.engines.ids, 5), step="parcel"))
        assert sum(captured(shop)) == 0


async def test_money_that_cannot_be_taken_now_is_taken_later(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = await an_order(shop)
        wire.down = True
        seen = await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        assert (seen.status, seen.payment_status, seen.fulfilment_status) == (
            "placed",
            "authorised",
            "shipped",
        )
        wire.down = False
        assert await work(shop) == 1
        seen = await shop.order(order.id)
        assert (seen.status, seen.payment_status) == ("completed", "captured")
        assert captured(shop) == [order.totals.total.amount]
        assert await shop.audit() == []


async def test_a_capture_whose_answer_was_lost_is_not_made_twice(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = await an_order(shop)
        wire.mute = True
        parcel = ShipOrder(order_id=order.id, step="parcel")
        assert (await shop.orders.ship(parcel)).payment_status == "authorised"
        assert captured(shop) == [order.totals.total.amount]  # it was done there
        wire.mute = False
        assert (await shop.orders.ship(parcel)).payment_status == "captured"
        assert captured(shop) == [order.totals.total.amount]
        assert await work(shop) == 0
        assert await shop.audit() == []


async def test_two_parcels_that_left_while_the_provider_was_away_are_both_paid(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = await an_order(shop)
        lamp, _ = lamp_and_pencil(order)
        wire.down = True
        await shop.orders.ship(ShipOrder(order_id=order.id, step="one", lines={lamp.id: 2}))
        await shop.orders.ship(ShipOrder(order_id=order.id, step="two"))
        wire.down = False
        assert await work(shop) == 1
        assert await story(shop, order) == ["started", "placed", "shipped", "shipped", "captured", "captured"]
        assert (await shop.order(order.id)).status == "completed"
        assert await shop.audit() == []


async def test_a_parcel_is_paid_from_the_payments_in_their_order(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 2})
        tenders = [sandbox("tok_success", 1000), sandbox("tok_success", 6000), sandbox("tok_success")]
        order = (await shop.checkout(cart, tenders)).order
        await shop.orders.ship(ShipOrder(order_id=order.id, step="one", lines={order.lines[0].id: 1}))
        first = 4900 + order.totals.delivery.amount
        assert captured(shop) == [1000, first - 1000, 0]
        await shop.orders.ship(ShipOrder(order_id=order.id, step="two"))
        assert captured(shop) == [1000, 6000, order.totals.total.amount - 7000]
        assert await shop.audit() == []


async def test_a_shipped_order_keeps_what_it_was_bought_for(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop)
        assert order.refunded == Money(0, order.currency)
        assert (await shop.order(order.id)).totals == order.totals
