"""Orders from elsewhere as history: what is kept of them, what can be done with them, and whose they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rialto.identity.api import AccountRef
from rialto.kernel.address import Address
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import ORDER, bucket_of
from rialto.kernel.money import EUR, USD, Money
from rialto.orders.api import (
    ByEmail,
    CancelOrder,
    ImportedLine,
    ImportOrder,
    NumberTaken,
    Order,
    OrderNotCancellable,
    OrderNotReceivable,
    OrderNotRefundable,
    OrderNotReturnable,
    OrderNotShippable,
    Orders,
    OwnOrders,
    ReceiveGoods,
    RefundOrder,
    RequestReturn,
    ShipOrder,
)
from rialto.orders.model import bucket_of_number, check_imported, order_number
from rialto.reporting.api import OrdersQuery, Reporting
from tests.support.customers import a_shop_of_customers
from tests.support.shop import Shop, a_shop
from tests.support.surroundings import START
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio

MAIL = "ada@example.org"
HOME = Address(name="Ada", line1="Weg 1", city="Berlin", postal_code="10115", country="DE")
WORK = Address(name="Ada", line1="Platz 2", city="Paris", postal_code="75001", country="FR")
BEGAN = datetime(2025, 11, 2, 8, 0, 0, 250, tzinfo=UTC)


def euros(cents: int) -> Money:
    return Money(cents, EUR)


def from_elsewhere(**fields: Any) -> ImportOrder:
    """Two cups for 25.00 with delivery, paid and sent."""
    line = ImportedLine(
        sku="CUP", title="Cup", options={"Size": "S"}, quantity=2, shipped=2, unit_price=euros(1250),
        total=euros(2500), tax=euros(399), tax_rate="0.19",
    )  # fmt: skip
    usual: dict[str, Any] = {
        "number": "R-1001", "status": "completed", "payment_status": "captured", "fulfilment_status": "shipped",
        "started_at": BEGAN, "placed_at": BEGAN, "channel": "default", "language": "de", "currency": EUR, "email": MAIL,
        "shipping": HOME, "delivery_option_id": "post", "codes": ["WELCOME"], "lines": [line], "items": euros(2500),
        "discount": euros(500), "delivery": euros(490), "tax": euros(397), "total": euros(2490), "refunded": euros(0),
    }  # fmt: skip
    return ImportOrder(**(usual | fields))


async def taken_in(shop: Shop, **fields: Any) -> str:
    return (await shop.app[Orders].import_order(from_elsewhere(**fields))).outcome


async def the_order(shop: Shop, number: str = "R-1001") -> Order:
    rows = await shop.sql("SELECT id FROM orders.orders WHERE number = $1", number)
    return await shop.order(ORDER.of(rows[0]["id"]))


async def test_what_was_bought_is_kept_and_nothing_is_done_for_it(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        assert await taken_in(shop, dry_run=True) == "created"
        assert await shop.sql("SELECT 1 FROM orders.orders") == []
        assert await taken_in(shop) == "created"
        assert await taken_in(shop) == "unchanged"
        order = await the_order(shop)
        assert (order.status, order.payment_status, order.fulfilment_status) == (
            "completed",
            "captured",
            "shipped",
        )
        assert (order.totals.total, order.codes, order.email) == (euros(2490), ["WELCOME"], MAIL)
        assert (order.started_at, order.placed_at, order.imported_at is not None) == (BEGAN, BEGAN, True)
        assert [(line.sku, line.options, line.shipped) for line in order.lines] == [("CUP", {"Size": "S"}, 2)]
        await shop.settle()
        assert shop.mail.sent == []
        for table in ("payments.ledger_transactions", "payments.payments", "inventory.reservations"):
            assert await shop.sql(f"SELECT 1 FROM {table}") == []
        shop.clock.advance(3600)  # long enough for every mail that should have been queued
        assert await shop.audit() == []


async def test_nothing_more_happens_to_it(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        await taken_in(shop)
        order = await the_order(shop)
        line = order.lines[0].id
        with pytest.raises(OrderNotRefundable, match="where it was paid"):
            await shop.orders.refund(
                RefundOrder(order_id=order.id, amount=euros(100), reason="broken", step="1")
            )
        with pytest.raises(OrderNotRefundable):
            await shop.orders.refund(
                RefundOrder(order_id=order.id, lines={line: 1}, reason="broken", step="2")
            )
        with pytest.raises(OrderNotReturnable, match="where it was paid"):
            await shop.orders.request_return(
                RequestReturn(order_id=order.id, key=order.key, lines={line: 1}, step="1")
            )
        with pytest.raises(OrderNotReceivable, match="where it was paid"):
            await shop.orders.receive(ReceiveGoods(order_id=order.id, lines={line: 1}, step="1"))
        with pytest.raises(OrderNotCancellable):
            await shop.orders.cancel(CancelOrder(order_id=order.id, staff=True))
        with pytest.raises(OrderNotShippable):
            await shop.orders.ship(ShipOrder(order_id=order.id, step="1"))
        assert (await the_order(shop)).version == 1


async def test_a_later_source_counts_instead(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        await taken_in(shop)
        before = await the_order(shop)
        later = {"payment_status": "partially_refunded", "refunded": euros(490), "shipping": WORK}
        assert await taken_in(shop, **later, dry_run=True) == "changed"
        assert (await the_order(shop)).refunded == euros(0)
        assert await taken_in(shop, **later) == "changed"
        assert await taken_in(shop, **later) == "unchanged"
        after = await the_order(shop)
        assert (after.id, after.key, after.version) == (before.id, before.key, 2)
        assert (after.payment_status, after.refunded, after.shipping) == (
            "partially_refunded",
            euros(490),
            WORK,
        )
        await shop.settle()
        row = (await shop.app[Reporting].orders(OrdersQuery(text="R-1001"))).items[0]
        assert (row.payment_status, row.country, row.imported) == ("partially_refunded", "FR", True)
        shop.clock.advance(120)
        assert await shop.audit() == []


async def test_an_order_that_began_here_stays_as_it_is(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        order = (await shop.buy("PENCIL")).order
        assert await taken_in(shop, number=order.number, id=order.id) == "unchanged"
        assert await shop.order(order.id) == order
        other = ORDER.new(seeded_ids(4), bucket_of(order.id))
        with pytest.raises(NumberTaken):
            await taken_in(shop, number=order.number, id=other)
        with pytest.raises(NumberTaken):
            await taken_in(shop, number=order_number(bucket_of(order.id), 77), id=order.id)
        elsewhere = ORDER.new(seeded_ids(4), bucket_of(order.id) ^ 1)
        with pytest.raises(Invalid, match="does not go with the number"):
            await taken_in(shop, number=order.number, id=elsewhere)
        assert len(await shop.sql("SELECT 1 FROM orders.orders")) == 1


async def test_it_comes_to_whoever_has_proven_its_email(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join(MAIL)
        await taken_in(shop, number="R-1")
        await shop.settle()
        assert (await shop.orders.own(OwnOrders(account_id=ada))).items == []
        await customers.verify(ada)
        await shop.settle()
        await taken_in(shop, number="R-2", email=f" {MAIL.upper()} ")
        await shop.settle()
        own = (await shop.orders.own(OwnOrders(account_id=ada))).items
        assert sorted(row.number for row in own) == ["R-1", "R-2"]
        # What changes of one that is listed changes in the list, too.
        assert await taken_in(shop, number="R-1", **cheaper()) == "changed"
        await shop.settle()
        own = (await shop.orders.own(OwnOrders(account_id=ada))).items
        assert {row.number: row.total for row in own} == {"R-1": euros(1990), "R-2": euros(2490)}
        shop.clock.advance(120)
        assert await shop.audit() == []


def cheaper() -> dict[str, Any]:
    return {"discount": euros(1000), "total": euros(1990)}


async def test_an_erased_person_does_not_come_back_with_the_file(postgres: DatabaseAddress) -> None:
    """Also of checkouts that never became an order, which are in nobody's list."""
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join(MAIL)
        await customers.verify(ada)
        never = {
            "number": "R-2", "status": "cancelled", "payment_status": "declined", "fulfilment_status": "cancelled",
            "placed_at": None, "cancel_reason": "payment_declined",
        }  # fmt: skip
        for fields in ({}, never):
            await taken_in(shop, **fields)
        begun = (await shop.checkout(await shop.cart({"PENCIL": 1}, email=MAIL), "tok_declined")).order
        await shop.settle()
        told = await shop.orders.personal_export(AccountRef(account_id=ada))
        assert [order.number for order in told.orders] == ["R-1001"]
        assert [order.shipping for order in told.orders] == [HOME]
        await shop.orders.forget(AccountRef(account_id=ada))
        for fields in ({}, never):
            assert await taken_in(shop, **fields) == "unchanged"
        changed = {"payment_status": "refunded", "refunded": euros(2490)}
        assert await taken_in(shop, **changed) == "changed"
        for number in ("R-1001", "R-2", begun.number):
            order = await the_order(shop, number)
            assert (order.email, order.shipping, order.billing) == (None, None, None)
        assert (await shop.orders.by_email(ByEmail(email=MAIL))).order_ids == []
        assert await shop.sql("SELECT 1 FROM orders.contacts") == []
        assert await shop.sql("SELECT 1 FROM orders.email_orders") == []


async def test_no_word_about_a_person_is_in_the_events(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        await taken_in(shop)
        rows = await shop.sql("SELECT body::text AS body FROM orders.events WHERE type = 'orders.imported'")
        for word in (MAIL, "Ada", "Weg 1", "10115"):
            assert word not in rows[0]["body"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"status": "placed"}, "status"),
    ({"status": "pending"}, "status"),
    ({"placed_at": None}, "placed_at"),
    ({"payment_status": "voided"}, "payment_status"),
    ({"fulfilment_status": "unfulfilled"}, "fulfilment_status"),
    ({"refunded": euros(5)}, "refunded"),
    ({"refunded": euros(9999), "payment_status": "refunded"}, "refunded"),
    ({"total": euros(1)}, "total"),
    ({"items": euros(1)}, "items"),
    ({"discount": euros(-5)}, "total"),
    ({"tax": Money(397, USD)}, "currency"),
    ({"started_at": datetime(2030, 1, 1, tzinfo=UTC)}, "started_at"),
    ({"started_at": datetime(2025, 1, 1)}, "started_at"),  # noqa: DTZ001 - without a zone it is refused
    ({"number": "#1"}, "number"),
    ({"channel": "The shop"}, "channel"),
    ({"language": "German"}, "language"),
    ({"delivery_title": "a\x00b"}, "delivery_title"),
    ({"lines": []}, "lines"),
]
# Whom it was for, and what the shop has: not for the pure rules to say.
REFUSED_HERE: list[tuple[dict[str, Any], str]] = [
    ({"email": None}, "email"),
    ({"email": "nobody"}, "email"),
    ({"shipping": None}, "email"),
    ({"shipping": msgspec.structs.replace(HOME, country="XX")}, "country"),
    ({"id": "ord_1"}, "id"),
]


@pytest.mark.fast
@pytest.mark.parametrize(("fields", "named"), REFUSED)
def test_what_cannot_be_history_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_imported(from_elsewhere(**fields), START)
    assert named in {problem.path for problem in refused.value.fields}


async def test_a_refused_order_leaves_nothing(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False) as shop:
        for fields, named in [*REFUSED[:2], *REFUSED_HERE]:
            with pytest.raises(Invalid) as refused:
                await taken_in(shop, **fields)
            assert any(problem.path.endswith(named) for problem in refused.value.fields)
        assert await shop.sql("SELECT 1 FROM orders.events") == []


@pytest.mark.fast
def test_a_number_leads_to_one_bucket() -> None:
    for bucket in (0, 17, 1023):
        assert bucket_of_number(order_number(bucket, 5)) == bucket
    assert bucket_of_number("R-1001") == bucket_of_number("R-1001")
    assert 0 <= bucket_of_number("R-1001") < 1024
