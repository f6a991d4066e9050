"""Following orders: one for whoever has its key, lists for staff."""

from __future__ import annotations

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import ORDER
from rialto.orders.api import (
    SEVERAL_MAX,
    CancelOrder,
    ListOrders,
    OrderNotFound,
    OrderRef,
    OrderRow,
    OrdersNamed,
    ShipOrder,
)
from rialto.orders.model import is_order_number
from tests.orders.counter import a_counter
from tests.support.shop import ADDRESS, Shop

pytestmark = pytest.mark.anyio


async def pages(shop: Shop, limit: int, status: str | None = None) -> list[list[OrderRow]]:
    """Every page of the list, from the first to the last."""
    found, cursor = [], None
    while True:
        page = await shop.orders.list(ListOrders(limit=limit, cursor=cursor, status=status))
        found.append(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_its_owner_reads_all_of_the_order(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        placed = (await shop.buy("LAMP", 2)).order
        order = await shop.orders.get(OrderRef(order_id=placed.id, key=placed.key))
        assert order == placed
        assert is_order_number(order.number)
        (line,) = order.lines
        assert (line.sku, line.title, line.slug, line.quantity, line.total.amount) == (
            *("LAMP", "Lamp", "lamp"),
            *(2, 2 * 4900),
        )
        assert (order.email, order.shipping, order.billing) == ("ada@example.org", ADDRESS, ADDRESS)
        assert order.status_url == f"http://127.0.0.1:8000/en/orders/{order.id}?key={order.key}"
        parts = order.totals
        assert parts.items + parts.delivery - parts.discount == parts.total
        assert sum(tax.tax.amount for tax in order.taxes) == parts.tax.amount
        assert order.delivery is not None
        assert order.delivery.price == parts.delivery


@pytest.mark.parametrize("key", [None, "", "wrong", "ключ", "x" * 5000])
async def test_without_its_key_there_is_no_such_order(postgres: DatabaseAddress, key: str | None) -> None:
    async with a_counter(postgres) as shop:
        order, other = (await shop.buy("LAMP")).order, (await shop.buy("LAMP")).order
        for wrong in (key, other.key, order.key[:-1], order.key + "x"):
            with pytest.raises(OrderNotFound):
                await shop.orders.get(OrderRef(order_id=order.id, key=wrong))
        assert await shop.orders.get(OrderRef(order_id=order.id, staff=True)) == order


async def test_an_order_that_does_not_exist_is_not_found_by_staff_either(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        nobody = ORDER.new(shop.app.engines.ids, 5)
        for ref in (OrderRef(order_id=nobody, staff=True), OrderRef(order_id=nobody, key="a")):
            with pytest.raises(OrderNotFound):
                await shop.orders.get(ref)


async def test_other_services_read_several_orders_in_the_order_they_ask_for(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        first, second = (await shop.buy("LAMP")).order, (await shop.buy("VASE", token="tok_3ds")).order
        nobody = ORDER.new(shop.app.engines.ids, 5)
        found = await shop.orders.several(OrdersNamed(order_ids=[second.id, nobody, first.id]))
        assert found.items == [await shop.order(second.id), first]
        assert (await shop.orders.several(OrdersNamed(order_ids=[]))).items == []
        most = [first.id] * SEVERAL_MAX
        assert len((await shop.orders.several(OrdersNamed(order_ids=most))).items) == SEVERAL_MAX
        with pytest.raises(Invalid):
            await shop.orders.several(OrdersNamed(order_ids=[*most, first.id]))


async def test_keys_and_numbers_of_orders_differ(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        orders = [(await shop.buy("PENCIL")).order for _ in range(5)]
        assert len({order.key for order in orders}) == len({order.number for order in orders}) == 5
        assert all(len(order.key) >= 26 for order in orders)  # 128 bits and more: nobody guesses it


async def test_staff_list_orders_newest_first_page_by_page_each_once(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        ids = []
        for _ in range(4):
            # Two at the same instant: the cursor tells them apart.
            ids += [(await shop.buy("PENCIL")).order.id for _ in range(2)]
            shop.clock.advance(0.000001)
        for limit in (1, 3, 4, 8, 50):
            found = [row.id for page in await pages(shop, limit) for row in page]
            assert len(found) == 8
            assert [set(found[n : n + 2]) for n in (0, 2, 4, 6)] == [
                set(ids[n : n + 2]) for n in (6, 4, 2, 0)
            ]
        assert [len(page) for page in await pages(shop, 3)] == [3, 3, 2]
        assert [len(page) for page in await pages(shop, 4)] == [4, 4]


async def test_orders_that_come_in_meanwhile_move_nothing_on_later_pages(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        ids = []
        for _ in range(3):
            ids.append((await shop.buy("PENCIL")).order.id)
            shop.clock.advance(1)
        first = await shop.orders.list(ListOrders(limit=2))
        await shop.buy("PENCIL")
        second = await shop.orders.list(ListOrders(limit=2, cursor=first.next_cursor))
        assert [row.id for row in (*first.items, *second.items)] == ids[::-1]
        assert second.next_cursor is None


async def test_staff_list_the_orders_of_one_status(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        placed, shipped, cancelled = [(await shop.buy("LAMP")).order.id for _ in range(3)]
        pending = (await shop.buy("LAMP", token="tok_3ds")).order.id
        await shop.orders.ship(ShipOrder(order_id=shipped, step="parcel"))
        await shop.orders.cancel(CancelOrder(order_id=cancelled, staff=True))
        told = {"placed": placed, "completed": shipped, "cancelled": cancelled, "pending": pending}
        for status, order_id in told.items():
            assert [row.id for page in await pages(shop, 1, status) for row in page] == [order_id]
        assert await pages(shop, 50, "needs_attention") == [[]]
        (row,) = (await shop.orders.list(ListOrders(status="completed"))).items
        order = await shop.order(shipped)
        assert (row.number, row.total, row.placed_at) == (order.number, order.totals.total, order.placed_at)
        assert (row.payment_status, row.fulfilment_status) == ("captured", "shipped")


async def test_a_cursor_that_is_none_of_ours_is_refused(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        for cursor in ("", "x", "%%%", "MTIz", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5Lm9yZF8x", "é"):
            with pytest.raises(Invalid) as refused:
                await shop.orders.list(ListOrders(cursor=cursor))
            assert [fault.path for fault in refused.value.fields] == ["cursor"], cursor
