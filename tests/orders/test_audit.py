"""Each fault planted in the rows of orders is found, as what it is and with its id; a sound shop has no finding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from rialto.inventory.api import OfOrder
from rialto.kernel.audit import Finding
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import to_uuid
from rialto.kernel.money import EUR, Money
from rialto.orders.api import CancelOrder, Order, RefundOrder, ShipOrder
from rialto.payments.api import OfPaidOrder, Refund
from tests.orders.counter import Wire, a_counter, deliver, work
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio

STABLE_S = 15 * 60


def told(findings: Sequence[Finding], subject: str) -> list[tuple[str, str]]:
    """Invariant and text of each finding; all of them are about `subject`."""
    assert {finding.subject for finding in findings} <= {subject}
    return [(finding.invariant, finding.text) for finding in findings]


async def a_busy_day(shop: Shop) -> dict[str, Order]:
    """An order of each kind, by the name it is tested under; everything delivered."""
    orders = {name: (await shop.buy("LAMP")).order for name in ("placed", "shipped", "cancelled", "refunded")}
    orders["declined"] = (await shop.buy("LAMP", token="tok_declined")).order
    orders["waiting"] = (await shop.buy("LAMP", token="tok_3ds")).order
    for name in ("shipped", "refunded"):
        await shop.orders.ship(ShipOrder(order_id=orders[name].id, step="parcel"))
    await shop.orders.cancel(CancelOrder(order_id=orders["cancelled"].id, staff=True))
    back = RefundOrder(order_id=orders["refunded"].id, amount=Money(1000, EUR), reason="late", step="back")
    await shop.orders.refund(back)
    await deliver(shop)
    return orders


async def test_a_busy_day_has_no_finding(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        assert await shop.audit() == []
        await a_busy_day(shop)
        assert await shop.audit() == []


GAP = ("I13", "its events have a gap")


@pytest.mark.parametrize(
    ("who", "planted", "expected"),
    [
        ("placed", "DELETE FROM events WHERE stream = $1 AND version = 1", [GAP]),
        ("refunded", "DELETE FROM events WHERE stream = $1 AND version = 4", [GAP]),
        ("placed", "DELETE FROM events WHERE stream = $1", [GAP]),
        (
            "shipped",
            "UPDATE orders SET status = 'placed' WHERE id = $1",
            [
                (
                    "I13",
                    "is stored as (4, 'placed', 'captured', 'shipped', {at}), its events say (4, 'completed', 'captured', 'shipped', {at})",
                )
            ],
        ),
        (
            "placed",
            "UPDATE orders SET version = 7 WHERE id = $1",
            [
                (
                    "I13",
                    "is stored as (7, 'placed', 'authorised', 'unfulfilled', {at}), its events say (2, 'placed', 'authorised', 'unfulfilled', {at})",
                )
            ],
        ),
        (
            "refunded",
            "UPDATE orders SET payment_status = 'captured', fulfilment_status = 'unfulfilled' WHERE id = $1",
            [
                (
                    "I13",
                    "is stored as (6, 'completed', 'captured', 'unfulfilled', {at}), its events say (6, 'completed', 'partially_refunded', 'shipped', {at})",
                )
            ],
        ),
        (
            "placed",
            "UPDATE orders SET placed_at = NULL WHERE id = $1",
            [
                (
                    "I13",
                    "is stored as (2, 'placed', 'authorised', 'unfulfilled', None), its events say (2, 'placed', 'authorised', 'unfulfilled', {at})",
                )
            ],
        ),
        (
            "placed",
            "UPDATE orders SET total = total + 1 WHERE id = $1",
            [
                (
                    "I13",
                    "is stored as (2, 'placed', 'authorised', 'unfulfilled', {at}), its events say (2, 'placed', 'authorised', 'unfulfilled', {at})",
                )
            ],
        ),
        (
            "placed",
            "UPDATE orders SET currency = 'USD' WHERE id = $1",
            [
                (
                    "I13",
                    "is stored as (2, 'placed', 'authorised', 'unfulfilled', {at}), its events say (2, 'placed', 'authorised', 'unfulfilled', {at})",
                )
            ],
        ),
        (
            "declined",
            """UPDATE idempotency SET answer = '{"outcome": "placed", "version": 2, "action_url": null}'
            WHERE order_id = $1""",
            [("I2", "was acknowledged, but is not placed")],
        ),
        (
            "placed",
            """UPDATE idempotency SET answer = '{"outcome": "placed", "version": 3, "action_url": null}'
            WHERE order_id = $1""",
            [("I2", "was acknowledged, but is not placed")],
        ),
    ],
)
async def test_an_order_that_is_not_what_its_events_say_is_found(
    postgres: DatabaseAddress, who: str, planted: str, expected: list[tuple[str, str]]
) -> None:
    async with a_counter(postgres) as shop:
        order = (await a_busy_day(shop))[who]
        await plant(shop, planted, order)
        at = repr(order.placed_at)
        wanted = [(invariant, text.replace("{at}", at)) for invariant, text in expected]
        assert told(await shop.audit(), order.id) == wanted


async def plant(shop: Shop, statement: str, order: Order) -> None:
    """As the database's administrator, on the tables of orders; `$1` is the order's id."""
    await shop.sql("SELECT set_config('search_path', 'orders', false)")
    for table in ("events", "orders", "idempotency", "saga", "cart_orders"):
        statement = statement.replace(f" {table} ", f" orders.{table} ")
    await shop.sql(statement, to_uuid(order.id))


@pytest.mark.parametrize(
    ("field", "by", "text"),
    [
        (
            "{total,amount}",
            1,
            "costs 5391 EUR; its parts sum to 5390, its lines to 4900, its payments to 5390",
        ),
        (
            "{delivery,amount}",
            -90,
            "costs 5390 EUR; its parts sum to 5300, its lines to 4900, its payments to 5390",
        ),
        (
            "{discount,amount}",
            100,
            "costs 5390 EUR; its parts sum to 5290, its lines to 4900, its payments to 5390",
        ),
        (
            "{lines,0,total,amount}",
            1,
            "costs 5390 EUR; its parts sum to 5390, its lines to 4901, its payments to 5390",
        ),
        (
            "{tenders,0,amount,amount}",
            -1,
            "costs 5390 EUR; its parts sum to 5390, its lines to 4900, its payments to 5389",
        ),
    ],
)
async def test_an_order_whose_total_is_not_the_sum_of_its_parts_is_found(
    postgres: DatabaseAddress, field: str, by: int, text: str
) -> None:
    async with a_counter(postgres) as shop:
        order = (await a_busy_day(shop))["placed"]
        await plant(
            shop,
            f"UPDATE events SET body = jsonb_set(body, '{field}', ((body #>> '{field}')::int + {by})::text::jsonb)"
            " WHERE stream = $1 AND version = 1",
            order,
        )
        findings = [f for f in await shop.audit() if f.invariant == "I11"]
        assert told(findings, order.id) == [("I11", text)]


async def test_an_order_that_nobody_works_on_is_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await a_busy_day(shop))["waiting"]
        await plant(shop, "DELETE FROM saga WHERE order_id = $1", order)
        assert told(await shop.audit(), order.id) == [("I8", "is pending, but nobody works on it")]


async def test_an_order_that_is_still_on_its_way_long_after_its_time_is_found(
    postgres: DatabaseAddress,
) -> None:
    """Fifteen minutes for the customer and fifteen to come to rest; work that is fifteen minutes late is found too."""
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP", token="tok_3ds")).order
        for _ in range(2):  # somebody looks now and then, yet it never ends
            shop.clock.advance(STABLE_S)
            soon = shop.clock.now() + timedelta(minutes=1)
            await shop.sql("UPDATE orders.saga SET due_at = $1", soon)
            await shop.sql("UPDATE inventory.reservations SET expires_at = $1", soon)
            assert await shop.audit() == []
        shop.clock.advance(1)
        expected = [("I8", f"is pending since {order.started_at}")]
        assert told(await shop.audit(), order.id) == expected


async def test_work_that_is_late_is_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = (await shop.buy("LAMP")).order
        await deliver(shop)
        wire.down = True
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        await work(shop)
        wire.down = False  # and nobody has looked again yet
        due_at = (await shop.sql("SELECT due_at FROM orders.saga"))[0]["due_at"]
        shop.clock.advance((due_at - shop.clock.now()).total_seconds() + STABLE_S)
        assert await shop.audit() == []
        shop.clock.advance(1)
        expected = [("I8", f"is placed since {order.started_at}")]
        assert told(await shop.audit(), order.id) == expected


async def test_a_key_that_leads_to_no_order_is_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP", key="lost")).order
        await plant(shop, "DELETE FROM orders WHERE id = $1", order)
        expected = [("I9", f"names order {to_uuid(order.id)}, which does not exist")]
        assert told(await shop.audit(), "lost") == expected


async def test_a_cart_that_became_two_orders_is_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        first = (await shop.buy("LAMP")).order
        await plant(shop, "DELETE FROM cart_orders WHERE order_id = $1", first)
        second = (await shop.checkout(first.cart_id, key="another")).order
        assert second.id != first.id
        findings = await shop.audit()
        assert told(findings, first.cart_id) == [("I9", "became 2 orders")]


async def test_stock_that_does_not_agree_with_its_order_is_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        orders = await a_busy_day(shop)
        await shop.inventory.release(OfOrder(order_id=orders["placed"].id))
        await shop.sql("UPDATE inventory.stock SET on_hand = on_hand + 2")
        for name, state in (("cancelled", "consumed"), ("declined", "held")):
            await shop.sql(
                "UPDATE inventory.reservations SET state = $1 WHERE order_id = $2",
                state,
                to_uuid(orders[name].id),
            )
        await shop.sql("DELETE FROM inventory.allocations WHERE order_id = $1", to_uuid(orders["shipped"].id))
        await shop.sql(
            "DELETE FROM inventory.reservations WHERE order_id = $1", to_uuid(orders["shipped"].id)
        )
        found = {f.subject: (f.invariant, f.text) for f in await own_findings(shop)}
        assert found == {
            orders["placed"].id: ("I6", "is placed, its stock is restocked"),
            orders["shipped"].id: ("I6", "is completed, its stock is none"),
            orders["cancelled"].id: ("I6", "is cancelled, its stock is consumed"),
            orders["declined"].id: ("I6", "is cancelled, its stock is held"),
        }


async def own_findings(shop: Shop) -> list[Finding]:
    """Those of the audit of orders; what is wrong with stock or payments themselves others have found."""
    ids = {row["id"] for row in await shop.sql("SELECT id FROM orders.orders")}
    return [
        finding
        for finding in await shop.audit()
        if finding.subject.startswith("ord_") and to_uuid(finding.subject) in ids
    ]


AMOUNT_IS = "UPDATE payments.events SET body = jsonb_set(body, '{amount,amount}', '%d') WHERE stream = $1 AND type = '%s'"


@pytest.mark.parametrize(
    ("who", "planted", "text"),
    [
        (
            "placed",
            "DELETE FROM payments.events WHERE stream = $1 AND type = 'payments.authorised'",
            "costs 5390 EUR, authorised is 0",
        ),
        ("placed", AMOUNT_IS % (5300, "payments.started"), "costs 5390 EUR, authorised is 5300"),
        ("shipped", AMOUNT_IS % (5000, "payments.captured"), "was told of other captures than 5000"),
        ("refunded", AMOUNT_IS % (1001, "payments.refunded"), "was told of other captures than 4389"),
        (
            "refunded",
            "DELETE FROM payments.events WHERE stream = $1 AND type = 'payments.refunded'",
            "was told of other captures than 5390",
        ),
        (
            "cancelled",
            "DELETE FROM payments.events WHERE stream = $1 AND type IN ('payments.void_asked', 'payments.voided')",
            "is cancelled, but money is held or kept",
        ),
        (
            "cancelled",
            """UPDATE payments.events SET type = 'payments.captured', body = body || '{"step": "a",
            "amount": {"amount": 1, "currency": "EUR"}}' WHERE stream = $1 AND type = 'payments.voided'""",
            "is cancelled, but money is held or kept",
        ),
    ],
)
async def test_money_that_does_not_agree_with_its_order_is_found(
    postgres: DatabaseAddress, who: str, planted: str, text: str
) -> None:
    """A payment is what its events tell, so the fault is planted there; the audit of payments has its own findings."""
    async with a_counter(postgres) as shop:
        order = (await a_busy_day(shop))[who]
        (payment,) = (await shop.payments.of_order(OfPaidOrder(order_id=order.id))).items
        await shop.sql(planted, to_uuid(payment.id))
        assert told(await own_findings(shop), order.id) == [("I3", text)]


async def test_a_refund_that_its_order_was_not_told_of_is_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await a_busy_day(shop))["shipped"]
        await shop.payments.refund(Refund(order_id=order.id, amount=Money(90, EUR), step="by-hand"))
        assert told(await shop.audit(), order.id) == [("I3", "was told of other captures than 5300")]


async def test_an_order_on_its_way_and_one_for_a_person_are_not_compared_with_others(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        order = (await a_busy_day(shop))["waiting"]
        await shop.app.handlers["orders"].saga.give_up(order.id, "tried by hand")
        assert (await shop.order(order.id)).status == "needs_attention"
        assert await shop.audit() == []
