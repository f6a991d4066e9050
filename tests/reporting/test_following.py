"""The read model beside a real shop: it follows, it can be made anew, and it knows when it is wrong."""

from __future__ import annotations

import asyncio

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.money import EUR, Money
from rialto.kernel.service import Nothing
from rialto.orders.api import ByEmail, CancelOrder, Orders, RefundOrder, ShipOrder, StreamsAfter
from rialto.reporting.api import (
    VIEWS_MAX,
    Attention,
    DropView,
    KeepView,
    OrdersQuery,
    Reporting,
    Sales,
    SalesQuery,
    ViewNotFound,
    ViewsFull,
    ViewsOf,
)
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio


async def stages(shop: Shop) -> dict[str, str]:
    found: dict[str, str] = {}
    for stage in (None, "pending", "abandoned"):
        page = await shop.app[Reporting].orders(OrdersQuery(stage=stage, limit=200))
        found |= {row.id: row.stage for row in page.items}
    return found


async def sales_of(shop: Shop) -> Sales:
    return await shop.app[Reporting].sales(SalesQuery(days=7))


async def attention_of(shop: Shop) -> Attention:
    return await shop.app[Reporting].attention(Nothing())


async def test_the_read_model_follows_and_made_anew_is_the_same(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        placed = [(await shop.buy("PENCIL", 2)).order for _ in range(5)]
        declined = await shop.buy("LAMP", token="tok_declined")
        await shop.orders.ship(ShipOrder(order_id=placed[0].id, step="all"))
        await shop.settle()
        await shop.orders.refund(
            RefundOrder(order_id=placed[0].id, amount=Money(150, EUR), reason="x", step="back")
        )
        await shop.orders.cancel(CancelOrder(order_id=placed[1].id, staff=True, reason="staff"))
        await shop.put_stock("BOWL", 0, warehouse="rotterdam")
        await shop.settle()

        known = await stages(shop)
        assert [known[order.id] for order in placed] == ["completed", "cancelled", *["to_ship"] * 3]
        assert known[declined.order.id] == "abandoned"
        sales = await sales_of(shop)
        assert sales.today == shop.clock.now().date()
        [euros] = sales.items
        assert len(euros.days) == 7
        today = euros.days[-1]
        whole = sum(order.totals.total.amount for order in placed)
        assert (today.started, today.orders, today.cancelled) == (6, 5, 1)
        assert (today.revenue, today.refunds) == (Money(whole, EUR), Money(150, EUR))
        matters = await attention_of(shop)
        assert [(one.sku, one.band) for one in matters.low_stock if one.sku == "BOWL"] == [
            ("BOWL", "sold_out")
        ]
        assert (matters.orders_count, matters.late_count, matters.parked_count) == (0, 0, 0)
        assert matters.reviews_waiting == 0
        assert await shop.audit() == []

        handlers = shop.app.handlers["reporting"]
        bought, count = await asyncio.gather(shop.buy("PENCIL"), handlers.fill_anew())
        assert count >= 6
        await shop.settle()
        again = await sales_of(shop)
        assert again.items[0].days[-1].orders == 6
        assert again.items[0].days[-1].refunds == Money(150, EUR)
        assert await stages(shop) == {**known, bought.order.id: "to_ship"}
        shop.clock.advance(61)
        assert await shop.audit() == []

        await shop.sql("UPDATE reporting.orders SET stage = 'completed' WHERE number = $1", placed[2].number)
        await shop.sql("UPDATE reporting.daily SET revenue = revenue + 1")
        wrong = [(one.invariant, one.subject) for one in await shop.audit()]
        assert sorted(wrong) == sorted([("I13", placed[2].id), ("I13", "EUR")])
        await handlers.fill_anew()
        assert await shop.audit() == []


async def test_an_existing_shops_orders_come_by_themselves(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        orders = [(await shop.buy("PENCIL")).order for _ in range(3)]
        await shop.settle()
        # As a shop is of which the service knows nothing yet, and whose log has forgotten what happened.
        for table in ("orders", "daily", "inbox"):
            await shop.sql(f"DELETE FROM reporting.{table}")
        await shop.sql("UPDATE reporting.filling SET done = false, cursor = NULL")
        await shop.orders.ship(ShipOrder(order_id=orders[0].id, step="all"))
        shop.app.background.wake("reporting.fill")

        async def is_done() -> bool:
            return len(await stages(shop)) == 3

        await shop.until(is_done)
        await shop.settle()
        shop.clock.advance(61)
        assert (await stages(shop))[orders[0].id] == "completed"
        assert await shop.audit() == []


async def test_lists_go_on_where_they_ended_and_find_what_was_typed(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        reporting = shop.app[Reporting]
        orders = []
        for number in range(1, 6):
            cart = await shop.cart({"PENCIL": number}, email=f"{number}@example.org")
            orders.append((await shop.checkout(cart)).order)
        lamp = (await shop.buy("LAMP")).order
        await shop.settle()
        for sort, expected in (
            ("at", [*orders, lamp]),
            ("-at", [lamp, *reversed(orders)]),
            ("total", [*orders, lamp]),
            ("-total", [lamp, *reversed(orders)]),
        ):
            found: list[str] = []
            cursor = None
            while True:
                page = await reporting.orders(OrdersQuery(sort=sort, limit=2, cursor=cursor))
                found += [row.id for row in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert found == [order.id for order in expected], sort
        for text in (orders[2].number, orders[2].number[:8].lower(), "3@example.org", " 3@EXAMPLE.org "):
            assert [row.id for row in (await reporting.orders(OrdersQuery(text=text))).items] == [
                orders[2].id
            ]
        assert [row.id for row in (await reporting.orders(OrdersQuery(text="LAMP"))).items] == [lamp.id]
        assert (await reporting.orders(OrdersQuery(text="LAMP", stage="completed"))).items == []
        assert (await reporting.orders(OrdersQuery(text="LAMP", channel="elsewhere"))).items == []
        assert (await shop.app[Orders].by_email(ByEmail(email="nobody@example.org"))).order_ids == []
        streams = await shop.app[Orders].streams(StreamsAfter(limit=4))
        assert [one.order_id for one in streams.items] == [lamp.id, *(one.id for one in reversed(orders[2:]))]
        assert streams.items[0].events[0].type == "orders.started"
        for query in (
            OrdersQuery(stage="odd"),
            OrdersQuery(sort="odd"),
            OrdersQuery(sort="total", payment_status="captured"),
            OrdersQuery(sort="-total", channel="default"),
            OrdersQuery(payment_status="odd"),
            OrdersQuery(cursor="odd"),
            OrdersQuery(text="\x00"),
        ):
            with pytest.raises(Invalid):
                await reporting.orders(query)
        with pytest.raises(Invalid):
            await reporting.sales(SalesQuery(days=1000))


async def test_views_are_kept_for_oneself_and_are_bounded(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False) as shop:
        reporting = shop.app[Reporting]
        for number in range(VIEWS_MAX):
            await reporting.keep_view(KeepView(staff_id="a", name=f"View {number:02}", query="sort=at"))
        with pytest.raises(ViewsFull):
            await reporting.keep_view(KeepView(staff_id="a", name="One more", query="sort=at"))
        await reporting.keep_view(KeepView(staff_id="a", name=" View  00 ", query="sort=total"))
        kept = (await reporting.views(ViewsOf(staff_id="a"))).items
        assert (len(kept), kept[0].query) == (VIEWS_MAX, "sort=total")
        assert (await reporting.views(ViewsOf(staff_id="b"))).items == []
        for name, query in (
            ("", "a=b"),
            ("x" * 61, "a=b"),
            ("a\x00", "a=b"),
            ("a", "ä" * 3),
            ("a", "x" * 1001),
        ):
            with pytest.raises(Invalid):
                await reporting.keep_view(KeepView(staff_id="b", name=name, query=query))
        await reporting.drop_view(DropView(staff_id="a", name="View 01"))
        with pytest.raises(ViewNotFound):
            await reporting.drop_view(DropView(staff_id="a", name="View 01"))
