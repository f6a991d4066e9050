"""What orders tell: few facts, nothing personal, in order; and what others make of them."""

from __future__ import annotations

import pytest

from rialto.cart.api import CartRef
from rialto.kernel.db import DatabaseAddress
from rialto.orders.api import CancelOrder, RefundOrder, ShipOrder
from rialto.sandbox.model import Decision
from tests.orders.counter import Wire, a_counter, deliver, story, work
from tests.support.shop import ADDRESS, Shop

pytestmark = pytest.mark.anyio

EVENTS_MAX = 6
SCHEMAS = ("cart", "catalog", "inventory", "orders", "payments")


async def events_told(shop: Shop) -> dict[str, int]:
    """How many events each service has written so far."""
    counts = {}
    for schema in SCHEMAS:
        rows = await shop.sql(f"SELECT count(*) AS count FROM {schema}.events")
        counts[schema] = rows[0]["count"]
    return counts


async def everything_told(shop: Shop) -> str:
    """Every event as it is stored, with its envelope, and as it went over the bus."""
    texts = []
    for table in (*(f"{schema}.events" for schema in SCHEMAS), "bus.log"):
        texts += [
            row["text"] for row in await shop.sql(f"SELECT to_jsonb(t)::text AS text FROM {table} AS t")
        ]
    return "\n".join(texts)


async def test_placing_an_ordinary_order_takes_at_most_six_events_of_all_services(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        before = await events_told(shop)
        await shop.buy("PENCIL")
        await deliver(shop)
        after = await events_told(shop)
        assert sum(after.values()) - sum(before.values()) <= EVENTS_MAX
        assert {name: after[name] - before[name] for name in SCHEMAS if after[name] != before[name]} == {
            "orders": 2,
            "payments": 2,
        }


async def test_an_orders_own_story_is_at_most_six_events_long(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("PENCIL")).order
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        assert await story(shop, order) == ["started", "placed", "shipped", "captured"]
        challenged = await shop.buy("PENCIL", token="tok_3ds")
        shop.answer_challenge(challenged, Decision.ACCEPT)
        await shop.resume(challenged.order)
        await shop.orders.ship(ShipOrder(order_id=challenged.order.id, step="parcel"))
        assert len(await story(shop, challenged)) <= EVENTS_MAX


async def test_nothing_personal_is_told_by_anybody_whatever_happens_to_an_order(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        returned = (await shop.buy("LAMP")).order
        await shop.orders.ship(ShipOrder(order_id=returned.id, step="parcel", tracking="DHL 1"))
        await shop.orders.refund(
            RefundOrder(order_id=returned.id, amount=returned.totals.total, reason="back", step="back")
        )
        await shop.buy("LAMP", token="tok_declined")
        left = await shop.buy("LAMP", token="tok_3ds")
        await shop.orders.cancel(CancelOrder(order_id=left.order.id, key=left.order.key))
        cancelled = (await shop.buy("LAMP")).order
        await shop.orders.cancel(CancelOrder(order_id=cancelled.id, key=cancelled.key))
        await deliver(shop)
        told = await everything_told(shop)
        assert returned.id in told
        for personal in ("ada@example.org", ADDRESS.name, ADDRESS.line1, ADDRESS.postal_code):
            assert personal not in told


async def test_events_of_an_order_are_told_in_their_order_and_each_once(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP")).order
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        await deliver(shop)
        rows = await shop.sql(
            "SELECT version, type FROM bus.log WHERE service = 'orders' ORDER BY partition, id"
        )
        assert [(row["version"], row["type"]) for row in rows] == [
            (1, "orders.started"),
            (2, "orders.placed"),
            (3, "orders.shipped"),
            (4, "orders.captured"),
        ]


async def test_a_placed_order_closes_its_cart_and_a_declined_one_leaves_it_open(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        placed = (await shop.buy("LAMP")).order
        declined = (await shop.buy("LAMP", token="tok_declined")).order
        await deliver(shop)
        cart = await shop.carts.get(CartRef(cart_id=placed.cart_id))
        assert (cart.status, cart.order_id) == ("ordered", placed.id)
        assert (await shop.carts.get(CartRef(cart_id=declined.cart_id))).status == "open"


async def test_a_payments_news_hurry_an_order_that_nobody_works_on(postgres: DatabaseAddress) -> None:
    """One that its request is working on is left to it: its saga row counts no attempt yet."""
    async with a_counter(postgres, wire=(wire := Wire(mute=True))) as shop:
        pending = (await shop.buy("LAMP")).order
        wire.mute = False
        for _ in range(4):  # by now the worker would look again in half a minute only
            wire.down = True
            await work(shop)
        wire.down = False
        due = (await shop.sql("SELECT due_at FROM orders.saga"))[0]["due_at"]
        assert (due - shop.clock.now()).total_seconds() > 10
        await shop.deliver_webhooks()
        await deliver(shop)
        assert (await shop.sql("SELECT due_at FROM orders.saga"))[0]["due_at"] == shop.clock.now()
        assert await work(shop, after_s=0) == 1
        assert (await shop.order(pending.id)).status == "placed"


async def test_what_is_shipped_and_refunded_is_booked_once(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP")).order
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        refund = RefundOrder(order_id=order.id, amount=order.totals.items, reason="back", step="back")
        await shop.orders.refund(refund)
        for _ in range(2):
            await deliver(shop)
        rows = await shop.sql(
            "SELECT account, sum(amount)::int AS sum FROM payments.ledger_entries GROUP BY account"
        )
        total, tax, back = order.totals.total.amount, order.totals.tax.amount, order.totals.items.amount
        assert {row["account"]: row["sum"] for row in rows if row["sum"]} == {
            "provider:sandbox": total - back,
            "revenue": tax - total,
            "tax": -tax,
            "refunds": back,
        }
        assert await shop.audit() == []
