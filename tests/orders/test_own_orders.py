"""Orders of accounts: whose they are, their list, and reading one's own without a key."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import AccountId, bucket_of
from rialto.orders.api import (
    CancelOrder,
    CheckoutAnswer,
    ContinueCheckout,
    KeyReused,
    Order,
    OrderNotFound,
    OrderRef,
    OwnOrder,
    OwnOrders,
    ShipOrder,
)
from rialto.sandbox.model import Decision
from tests.support.customers import Customers, a_shop_of_customers
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio


async def buy(shop: Shop, owner: AccountId, sku: str = "PENCIL", *, key: str | None = None) -> Order:
    cart = await shop.cart({sku: 1}, account_id=owner)
    return (await shop.checkout(cart, key=key, account_id=owner)).order


async def listed(shop: Shop, owner: AccountId, **how: Any) -> list[OwnOrder]:
    return (await shop.orders.own(OwnOrders(account_id=owner, **how))).items


def elsewhere(account_id: AccountId) -> int:
    return (bucket_of(account_id) + 1) % 1024


async def test_an_order_just_placed_is_in_its_accounts_list(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        ada, bob = customers.join("ada@example.org"), customers.join("bob@example.org")
        order = await buy(shop, ada)
        (row,) = await listed(shop, ada)
        assert (row.id, row.number, row.status, row.payment_status) == (
            order.id,
            order.number,
            "placed",
            "authorised",
        )
        assert (row.total, row.placed_at) == (order.totals.total, order.placed_at)
        assert await listed(shop, bob) == []
        assert bucket_of(order.id) == bucket_of(ada)
        assert await shop.audit() == []


async def test_a_guests_cart_bought_by_somebody_signed_in_is_in_their_list_at_once(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        cart = await shop.cart({"PENCIL": 1}, email="somebody@example.org")
        ada = customers.join("ada@example.org", bucket=(bucket_of(cart) + 1) % 1024)
        order = (await shop.checkout(cart, account_id=ada)).order
        assert [row.id for row in await listed(shop, ada)] == [order.id]
        assert (await shop.orders.get(OrderRef(order_id=order.id, account_id=ada))).id == order.id
        assert bucket_of(order.id) != bucket_of(ada)


async def test_it_is_in_the_list_also_when_the_process_died_before_it_could_say_so(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        cart = await shop.cart({"PENCIL": 1})
        ada = customers.join("ada@example.org", bucket=(bucket_of(cart) + 1) % 1024)
        order = (await shop.checkout(cart, account_id=ada)).order
        await shop.sql("DELETE FROM orders.order_index")
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        await shop.settle()
        (row,) = await listed(shop, ada)
        assert (row.fulfilment_status, row.payment_status) == ("shipped", "captured")
        assert await shop.audit() == []


async def test_what_the_owner_cancels_shows_so_at_once_wherever_it_stands(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        cart = await shop.cart({"PENCIL": 1})
        ada = customers.join("ada@example.org", bucket=(bucket_of(cart) + 1) % 1024)
        far = (await shop.checkout(cart, account_id=ada)).order
        near = await buy(shop, ada)
        for order in (far, near):
            await shop.orders.cancel(CancelOrder(order_id=order.id, account_id=ada))
        assert {(row.status, row.payment_status) for row in await listed(shop, ada)} == {
            ("cancelled", "voided")
        }


async def test_only_placed_orders_are_listed(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join("ada@example.org")
        cart = await shop.cart({"PENCIL": 1}, account_id=ada)
        assert (await shop.checkout(cart, "tok_declined", account_id=ada)).outcome == "declined"
        assert (await shop.checkout(cart, "tok_3ds", account_id=ada)).outcome == "action"
        assert await listed(shop, ada) == []
        assert await shop.audit() == []


async def test_the_list_is_read_page_by_page_the_newest_first(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        ada = customers.join("ada@example.org")
        bought = []
        for _ in range(5):
            bought.append((await buy(shop, ada)).id)
            shop.clock.advance(1)
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(3):
            page = await shop.orders.own(OwnOrders(account_id=ada, cursor=cursor, limit=2))
            seen += [row.id for row in page.items]
            cursor = page.next_cursor
        assert (seen, cursor) == (bought[::-1], None)
        with pytest.raises(Invalid):
            await listed(shop, ada, cursor="nonsense")


async def test_the_owner_needs_no_key_and_others_find_nothing(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        ada, bob = customers.join("ada@example.org"), customers.join("bob@example.org")
        order = await buy(shop, ada)
        assert (await shop.orders.get(OrderRef(order_id=order.id, account_id=ada))) == order
        assert (await shop.orders.get(OrderRef(order_id=order.id, key=order.key))) == order
        for stranger in (None, bob):
            with pytest.raises(OrderNotFound):
                await shop.orders.get(OrderRef(order_id=order.id, account_id=stranger))
            with pytest.raises(OrderNotFound):
                await shop.orders.cancel(CancelOrder(order_id=order.id, account_id=stranger))
            with pytest.raises(OrderNotFound):
                await shop.orders.resume(ContinueCheckout(order_id=order.id, account_id=stranger))


async def test_a_guests_order_is_nobodys_without_its_key(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        order = (await shop.buy("PENCIL")).order
        with pytest.raises(OrderNotFound):
            await shop.orders.get(OrderRef(order_id=order.id, account_id=customers.join("ada@example.org")))


async def test_a_key_names_one_request_of_its_account(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada, bob = customers.join("ada@example.org"), customers.join("bob@example.org")
        cart = await shop.cart({"PENCIL": 1}, account_id=ada)
        answers = await asyncio.gather(*(shop.checkout(cart, key="once", account_id=ada) for _ in range(5)))
        assert len({answer.order.id for answer in answers}) == 1
        another = await shop.cart({"PENCIL": 2}, account_id=ada)
        assert another != cart
        with pytest.raises(KeyReused):
            await shop.checkout(another, key="once", account_id=ada)
        assert (await buy(shop, bob, key="once")).status == "placed"
        await shop.settle()
        assert await shop.audit() == []


async def test_nobody_hears_the_answer_to_an_accounts_key_but_the_account(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        ada, bob = customers.join("ada@example.org"), customers.join("bob@example.org")
        cart = await shop.cart({"PENCIL": 1}, account_id=ada)
        await shop.checkout(cart, key="once", account_id=ada)
        for stranger in (None, bob):
            with pytest.raises(Exception) as refused:
                await shop.checkout(cart, key="once", account_id=stranger)
            assert type(refused.value).__name__ == "CartNotFound"


async def begin_with_3ds(shop: Shop, customers: Customers) -> tuple[AccountId, CheckoutAnswer]:
    ada = customers.join("ada@example.org")
    cart = await shop.cart({"PENCIL": 1}, account_id=ada)
    return ada, await shop.checkout(cart, "tok_3ds", account_id=ada)


async def test_a_checkout_goes_on_by_the_orders_key_when_the_sign_in_ran_out(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada, answer = await begin_with_3ds(shop, customers)
        shop.answer_challenge(answer, Decision.ACCEPT)
        done = await shop.orders.resume(ContinueCheckout(order_id=answer.order.id, key=answer.order.key))
        assert done.outcome == "placed"
        assert [row.id for row in await listed(shop, ada)] == [answer.order.id]
        await shop.settle()
        assert await shop.audit() == []


async def test_on_the_web_a_list_needs_a_customers_token(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada, bob = customers.join("ada@example.org"), customers.join("bob@example.org")
        order = await buy(shop, ada)
        assert (await shop.web.get("/v1/orders")).status_code == 401
        reply = await shop.web.get("/v1/orders", headers=customers.token(ada))
        assert [row["id"] for row in reply.json()["items"]] == [order.id]
        assert reply.headers["cache-control"] == "no-store"
        assert (await shop.web.get("/v1/orders", headers=customers.token(bob))).json()["items"] == []
        path = f"/v1/orders/{order.id}"
        assert (await shop.web.get(path, headers=customers.token(ada))).json()["id"] == order.id
        assert (await shop.web.get(path, headers=customers.token(bob))).status_code == 404
        assert (await shop.web.get(path)).status_code == 404
        refused = await shop.web.post(f"{path}/cancel", headers=customers.token(bob))
        assert refused.status_code == 404
        cancelled = await shop.web.post(f"{path}/cancel", headers=customers.token(ada))
        assert cancelled.json()["status"] == "cancelled"


async def test_on_the_web_a_sign_in_that_runs_out_during_checkout_loses_nothing(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        ada = customers.join("ada@example.org")
        cart = await shop.cart({"PENCIL": 1}, account_id=ada)
        token = customers.token(ada, lifetime_s=60)
        body = {"cart_id": cart, "payment": {"provider": "sandbox", "token": "tok_success"}}
        shop.clock.advance(120)
        headers = {**token, "Idempotency-Key": "once"}
        expired = await shop.web.post("/v1/checkout", json=body, headers=headers)
        assert (expired.status_code, expired.json()["code"]) == (401, "token_refused")
        headers = {**customers.token(ada), "Idempotency-Key": "once"}
        placed = await shop.web.post("/v1/checkout", json=body, headers=headers)
        assert placed.status_code == 201
        assert (await shop.web.post("/v1/checkout", json=body, headers=headers)).json() == placed.json()
