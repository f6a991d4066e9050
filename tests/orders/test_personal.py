"""What orders know about a person is told to them and deleted for good; the books still balance."""

from __future__ import annotations

import pytest

from rialto.identity.api import AccountRef
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.email import email_hash
from rialto.kernel.ids import AccountId, to_uuid
from rialto.orders.api import Order, OrderRef, ShipOrder
from tests.support.customers import Customers, a_shop_of_customers
from tests.support.personal import places_of
from tests.support.shop import ADDRESS, Shop

pytestmark = pytest.mark.anyio

MAIL = "marker-mail@example.org"
MARKS = ("marker-mail", ADDRESS.name, ADDRESS.line1, email_hash(MAIL).hex())


async def a_customer(shop: Shop, customers: Customers) -> tuple[AccountId, list[Order]]:
    """With an order as a guest, one of the account that is shipped, and one that was declined."""
    guest = (await shop.checkout(await shop.cart({"PENCIL": 1}, email=MAIL))).order
    ada = customers.join(MAIL)
    await customers.verify(ada)
    cart = await shop.cart({"PENCIL": 2}, email=MAIL, account_id=ada)
    own = (await shop.checkout(cart, account_id=ada)).order
    await shop.orders.ship(ShipOrder(order_id=own.id, step="parcel"))
    cart = await shop.cart({"PENCIL": 3}, email=MAIL, account_id=ada)
    declined = (await shop.checkout(cart, "tok_declined", account_id=ada)).order
    await shop.settle()
    return ada, [guest, own, declined]


async def traces(shop: Shop, *marks: str) -> dict[str, list[str]]:
    """In the tables of orders and cart: mails are kept by notifications."""
    found: dict[str, list[str]] = {}
    for service in ("orders", "cart"):
        found |= await places_of(shop.app.databases[service], *marks)
    return found


async def test_the_export_has_all_orders_of_the_account_and_no_others(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada, orders = await a_customer(shop, customers)
        await shop.buy("PENCIL")
        told = await shop.orders.personal_export(AccountRef(account_id=ada))
        assert {order.id for order in told.orders} == {order.id for order in orders}
        assert {order.email for order in told.orders} == {MAIL}
        assert {order.shipping for order in told.orders} == {ADDRESS}
        nobody = customers.join("bob@example.org")
        assert (await shop.orders.personal_export(AccountRef(account_id=nobody))).orders == []


async def test_after_erasure_nothing_personal_is_left_and_the_books_balance(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada, orders = await a_customer(shop, customers)
        assert set(await traces(shop, *MARKS)) == {
            "orders.contacts",
            "orders.email_accounts",
            "cart.contacts",
        }
        await customers.erase(ada)
        assert await traces(shop, *MARKS) == {}
        for order in orders:
            shown = await shop.orders.get(OrderRef(order_id=order.id, key=order.key))
            assert (shown.email, shown.shipping, shown.billing) == (None, None, None)
            assert shown.totals == order.totals
            page = await shop.web.get(f"/en/orders/{order.id}?key={order.key}")
            assert page.status_code == 200
            assert not any(mark in page.text for mark in (MAIL, ADDRESS.name, ADDRESS.line1))
        assert await shop.audit() == []


async def test_a_guests_order_that_was_not_attached_yet_is_erased_with_its_proven_email(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        await shop.checkout(await shop.cart({"PENCIL": 1}, email=MAIL))
        ada = customers.join(MAIL)
        await shop.sql(
            "INSERT INTO orders.email_accounts SELECT bucket, email_hash, $1 FROM orders.email_orders",
            to_uuid(ada),
        )
        await shop.orders.forget(AccountRef(account_id=ada))
        assert await places_of(shop.app.databases["orders"], *MARKS) == {}


async def test_others_orders_stay_as_they_are(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada, _ = await a_customer(shop, customers)
        other = (await shop.buy("PENCIL")).order
        await customers.erase(ada)
        assert (await shop.orders.get(OrderRef(order_id=other.id, key=other.key))).email == "ada@example.org"


async def test_forgetting_again_changes_nothing(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada, _ = await a_customer(shop, customers)
        for _ in range(2):
            await shop.orders.forget(AccountRef(account_id=ada))
        assert await places_of(shop.app.databases["orders"], *MARKS) == {}


async def test_what_a_token_still_orders_after_the_erasure_is_forgotten_later(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada, _ = await a_customer(shop, customers)
        await customers.erase(ada)
        cart = await shop.cart({"PENCIL": 1}, email=MAIL, account_id=ada)
        await shop.checkout(cart, account_id=ada)
        await shop.settle()
        shop.clock.advance(1801)
        for service in ("cart", "orders"):
            await shop.app.handlers[service].erase_late()
            assert await shop.sql(f"SELECT 1 FROM {service}.erasures") == []
        assert await traces(shop, *MARKS) == {}
