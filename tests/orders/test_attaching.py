"""A guest's orders come to the account that has proven their e-mail: those from before and those from later."""

from __future__ import annotations

import asyncio

import pytest

from rialto.identity.api import AccountRef
from rialto.identity.events import CustomerVerified
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import AccountId, bucket_of
from rialto.orders.api import CancelOrder, Order, OrderNotFound, OrderRef, OwnOrders, ShipOrder
from rialto.sandbox.model import Decision
from tests.support.customers import a_shop_of_customers
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio

MAIL = "ada@example.org"


async def buy_as_guest(shop: Shop, email: str = MAIL, *, token: str = "tok_success") -> Order:
    return (await shop.checkout(await shop.cart({"PENCIL": 1}, email=email), token)).order


async def listed(shop: Shop, owner: AccountId) -> list[str]:
    return [row.id for row in (await shop.orders.own(OwnOrders(account_id=owner))).items]


async def is_listed(shop: Shop, owner: AccountId, *orders: Order) -> None:
    """What is attached in the background is so soon."""

    async def it_is() -> bool:
        return await listed(shop, owner) == [order.id for order in orders]

    await shop.until(it_is)


async def test_orders_from_before_are_listed_once_the_email_is_proven(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        first = await buy_as_guest(shop, " Ada@Example.org ")
        second = await buy_as_guest(shop)
        await buy_as_guest(shop, "bob@example.org")
        ada = customers.join(MAIL)
        assert await listed(shop, ada) == []
        await customers.verify(ada)
        await is_listed(shop, ada, second, first)
        assert (await shop.orders.get(OrderRef(order_id=first.id, account_id=ada))).number == first.number
        await shop.settle()
        assert await shop.audit() == []


async def test_an_account_that_has_proven_nothing_sees_nothing(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        thief = customers.join(MAIL)
        order = await buy_as_guest(shop)
        await customers.publish(
            thief, CustomerVerified(account_id=thief, verified_at=shop.clock.now())
        )  # overtaken: identity says that it is not verified
        await shop.settle()
        assert await listed(shop, thief) == []
        with pytest.raises(OrderNotFound):
            await shop.orders.get(OrderRef(order_id=order.id, account_id=thief))


async def test_what_a_guest_orders_with_a_proven_email_comes_too(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join(MAIL)
        await customers.verify(ada)
        order = await buy_as_guest(shop)
        shop.clock.advance(10)
        await is_listed(shop, ada, order)
        await shop.settle()
        assert await shop.audit() == []


async def test_an_order_whose_payment_is_under_way_comes_when_it_is_placed(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join(MAIL)
        cart = await shop.cart({"PENCIL": 1}, email=MAIL)
        answer = await shop.checkout(cart, "tok_3ds")
        await customers.verify(ada)
        assert await listed(shop, ada) == []
        shop.answer_challenge(answer, Decision.ACCEPT)
        await shop.resume(answer.order)
        shop.clock.advance(20)
        await is_listed(shop, ada, answer.order)


async def test_an_order_that_was_never_placed_is_not_listed_and_not_looked_at_again(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        await buy_as_guest(shop, token="tok_declined")
        ada = customers.join(MAIL)
        await customers.verify(ada)
        assert await listed(shop, ada) == []
        assert await shop.sql("SELECT 1 FROM orders.email_orders WHERE due_at IS NOT NULL") == []
        # Whom it was for is found by the e-mail alone, and goes with the account.
        await shop.orders.forget(AccountRef(account_id=ada))
        assert await shop.sql("SELECT 1 FROM orders.contacts") == []


async def test_saying_it_many_times_attaches_once(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        order = await buy_as_guest(shop)
        ada = customers.join(MAIL)
        for _ in range(3):
            await customers.verify(ada)
        handlers = shop.app.handlers["orders"]
        await asyncio.gather(*(handlers.attach_due() for _ in range(4)))
        await is_listed(shop, ada, order)
        rows = await shop.sql("SELECT count(*) AS count FROM orders.events WHERE type = 'orders.attached'")
        assert rows[0]["count"] == 1


async def test_an_order_started_in_the_moment_of_the_proof_is_found_by_the_second_look(
    postgres: DatabaseAddress,
) -> None:
    """Neither of two transactions at once sees the other: the order has no due date, the proof no order."""
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join(MAIL)
        await customers.verify(ada)
        order = await buy_as_guest(shop)
        await shop.sql("UPDATE orders.email_orders SET due_at = NULL")
        shop.clock.advance(61)
        await is_listed(shop, ada, order)


async def test_an_attached_order_follows_what_becomes_of_it(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        order = await buy_as_guest(shop)
        ada = customers.join(MAIL, bucket=(bucket_of(order.id) + 1) % 1024)
        await customers.verify(ada)
        await is_listed(shop, ada, order)
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        await shop.settle()
        (row,) = (await shop.orders.own(OwnOrders(account_id=ada))).items
        assert (row.status, row.fulfilment_status, row.payment_status) == ("completed", "shipped", "captured")
        assert await shop.audit() == []


async def test_its_new_owner_may_cancel_it_and_its_key_stays_good(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        order = await buy_as_guest(shop)
        ada = customers.join(MAIL)
        await customers.verify(ada)
        await is_listed(shop, ada, order)
        await shop.orders.cancel(CancelOrder(order_id=order.id, account_id=ada))
        (row,) = (await shop.orders.own(OwnOrders(account_id=ada))).items
        assert row.status == "cancelled"
        assert (await shop.orders.get(OrderRef(order_id=order.id, key=order.key))).status == "cancelled"


async def test_an_order_in_the_accounts_own_bucket_is_listed_with_its_event(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        order = await buy_as_guest(shop)
        ada = customers.join(MAIL, bucket=bucket_of(order.id))
        await customers.verify(ada)
        await is_listed(shop, ada, order)
        await shop.settle()
        assert await shop.audit() == []


async def test_after_another_email_new_orders_with_the_old_one_are_not_the_accounts(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        before = await buy_as_guest(shop)
        ada = customers.join(MAIL)
        await customers.verify(ada)
        await is_listed(shop, ada, before)
        await customers.verify(ada, "lovelace@example.org")
        await buy_as_guest(shop)
        shop.clock.advance(10)
        after = await buy_as_guest(shop, "lovelace@example.org")
        shop.clock.advance(10)
        await is_listed(shop, ada, after, before)


async def test_an_address_that_somebody_else_proves_later_is_theirs_from_then_on(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        first = await buy_as_guest(shop)
        ada, bob = customers.join(MAIL), customers.join(MAIL)
        await customers.verify(ada)
        await is_listed(shop, ada, first)
        await customers.verify(bob)
        second = await buy_as_guest(shop)
        shop.clock.advance(10)
        await is_listed(shop, bob, second)
        assert await listed(shop, ada) == [first.id]


async def test_no_directory_row_is_kept_for_orders_of_accounts(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join(MAIL)
        cart = await shop.cart({"PENCIL": 1}, account_id=ada)
        await shop.checkout(cart, account_id=ada)
        assert await shop.sql("SELECT 1 FROM orders.email_orders") == []
