"""Goods that came back: noted once, on the shelf once, and never more than was sent."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from rialto.inventory.api import LevelsOf, UnknownWarehouse
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid, VersionConflict
from rialto.kernel.ids import ORDER
from rialto.orders.api import (
    KeyReused,
    Order,
    OrderNotFound,
    OrderNotReceivable,
    OrderRef,
    ReceiveGoods,
    RefundOrder,
    RequestReturn,
    ShipOrder,
)
from tests.orders.counter import Died, Dies, a_counter, deliver, shipped, story, work
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio


async def on_hand(shop: Shop, sku: str = "LAMP") -> dict[str, int]:
    levels = await shop.inventory.stock(LevelsOf(skus=[sku]))
    return {level.warehouse: level.on_hand for level in levels.items}


def came_back(
    order: Order, units: int, fit: int, *, step: str = "one", place: str = "berlin"
) -> ReceiveGoods:
    line = order.lines[0].id
    return ReceiveGoods(order_id=order.id, lines={line: units}, fit={line: fit}, warehouse=place, step=step)


async def test_what_is_fit_goes_into_stock_once_and_the_rest_is_noted(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 3)
        before = await on_hand(shop)
        command = came_back(order, 3, 2, place="rotterdam")
        seen = await shop.orders.receive(command)
        assert (seen.lines[0].received, seen.lines[0].restocked) == (3, 2)
        assert await shop.orders.receive(command) == seen
        after = await on_hand(shop)
        assert after["rotterdam"] - before.get("rotterdam", 0) == 2
        assert after["berlin"] == before["berlin"]
        told = (await shop.orders.timeline(OrderRef(order_id=order.id, staff=True))).items[-2:]
        assert [(entry.type, entry.details) for entry in told] == [
            (
                "goods_received",
                {"lines": "3 × Lamp", "fit": "2 × Lamp", "unfit": "1 × Lamp", "warehouse": "rotterdam"},
            ),
            ("goods_restocked", {}),
        ]
        await deliver(shop)
        assert await shop.audit() == []


async def test_what_is_not_fit_goes_nowhere(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 2)
        before = await on_hand(shop)
        seen = await shop.orders.receive(came_back(order, 1, 0, place=""))
        assert (seen.lines[0].received, seen.lines[0].restocked) == (1, 0)
        assert await on_hand(shop) == before
        assert (await story(shop, order))[-1] == "goods_received"
        assert await work(shop) == 0
        assert await shop.audit() == []


async def test_no_more_comes_back_than_was_sent(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP", 3)).order
        line = order.lines[0].id
        with pytest.raises(OrderNotReceivable):
            await shop.orders.receive(came_back(order, 1, 1))
        await shop.orders.ship(ShipOrder(order_id=order.id, lines={line: 2}, step="parcel"))
        before = await on_hand(shop)
        with pytest.raises(OrderNotReceivable):
            await shop.orders.receive(came_back(order, 3, 1))
        await shop.orders.receive(came_back(order, 1, 1))
        with pytest.raises(OrderNotReceivable):
            await shop.orders.receive(came_back(order, 2, 1, step="two"))
        await shop.orders.receive(came_back(order, 1, 1, step="two"))
        assert (await on_hand(shop))["berlin"] == before["berlin"] + 2
        await shop.orders.ship(ShipOrder(order_id=order.id, step="rest"))
        await shop.orders.receive(came_back(order, 1, 0, step="three"))
        await deliver(shop)
        assert await shop.audit() == []


async def test_two_who_take_the_same_unit_back_at_once_take_it_once(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 2)
        before = await on_hand(shop)
        answers = await asyncio.gather(
            *(shop.orders.receive(came_back(order, 2, 2, step=step)) for step in ("anna", "ben")),
            return_exceptions=True,
        )
        assert [type(one) for one in answers if isinstance(one, Exception)] == [OrderNotReceivable]
        again = await asyncio.gather(
            *(shop.orders.receive(came_back(order, 2, 2, step="anna")) for _ in range(3)),
            return_exceptions=True,
        )
        assert {type(one) for one in again} <= {Order, OrderNotReceivable}
        assert (await on_hand(shop))["berlin"] == before["berlin"] + 2
        await deliver(shop)
        assert await shop.audit() == []


async def test_the_same_step_with_something_else_is_refused(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 3)
        await shop.orders.receive(came_back(order, 2, 1))
        before = await on_hand(shop)
        for other in (
            came_back(order, 1, 1),
            came_back(order, 2, 2),
            came_back(order, 2, 1, place="rotterdam"),
        ):
            with pytest.raises(KeyReused):
                await shop.orders.receive(other)
        assert await on_hand(shop) == before


async def test_what_is_no_receipt_changes_nothing(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 2)
        before = (await on_hand(shop), await story(shop, order))
        good = came_back(order, 1, 1)
        for wrong, refusal in (
            (msgspec.structs.replace(good, lines={}), OrderNotReceivable),
            (msgspec.structs.replace(good, lines={"lin_nowhere": 1}, fit={}), OrderNotReceivable),
            (msgspec.structs.replace(good, lines={order.lines[0].id: 0}, fit={}), OrderNotReceivable),
            (msgspec.structs.replace(good, lines={order.lines[0].id: -1}, fit={}), OrderNotReceivable),
            (came_back(order, 1, 2), Invalid),
            (came_back(order, 1, -1), Invalid),
            (msgspec.structs.replace(good, fit={"lin_nowhere": 1}), Invalid),
            (came_back(order, 1, 1, place=""), Invalid),
            (came_back(order, 1, 1, place="atlantis"), UnknownWarehouse),
            (msgspec.structs.replace(good, expected=1), VersionConflict),
            (msgspec.structs.replace(good, order_id=ORDER.new(shop.app.engines.ids, 5)), OrderNotFound),
        ):
            with pytest.raises(refusal):
                await shop.orders.receive(wrong)
        assert (await on_hand(shop), await story(shop, order)) == before


async def test_a_return_goes_from_its_announcement_to_the_shelf_and_the_money(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 2)
        line = order.lines[0].id
        await shop.orders.request_return(
            RequestReturn(order_id=order.id, key=order.key, lines={line: 1}, step="announced")
        )
        await shop.orders.receive(came_back(order, 1, 1))
        seen = await shop.orders.refund(
            RefundOrder(order_id=order.id, lines={line: 1}, reason="came back", step="money")
        )
        one = seen.lines[0]
        assert (one.returning, one.received, one.restocked, one.refunded) == (1, 1, 1, 1)
        await deliver(shop)
        assert await shop.audit() == []


@pytest.mark.parametrize("point", ["orders.receive.after_event", "orders.receive.after_stock"])
async def test_a_process_that_dies_while_taking_back_takes_once(
    postgres: DatabaseAddress, point: str
) -> None:
    async with a_counter(postgres, faults=Dies(point)) as shop:
        order = await shipped(shop, "LAMP", 2)
        before = await on_hand(shop)
        with pytest.raises(Died):
            await shop.orders.receive(came_back(order, 2, 2))
        await work(shop)
        await shop.orders.receive(came_back(order, 2, 2))
        assert (await on_hand(shop))["berlin"] == before["berlin"] + 2
        assert (await story(shop, order))[-2:] == ["goods_received", "goods_restocked"]
        await deliver(shop)
        assert await shop.audit() == []


async def test_stock_that_does_not_have_what_came_back_is_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 2)
        await shop.orders.receive(came_back(order, 2, 2))
        await deliver(shop)
        await shop.sql("UPDATE inventory.movements SET on_hand = 1 WHERE kind = 'return'")
        texts = [finding.text for finding in await shop.audit() if finding.subject == order.id]
        assert texts == ["brought back 2 of LAMP to berlin, stock took 1"]
