"""Buying again what was bought before."""

from __future__ import annotations

import pytest

from rialto.cart.api import CartNotFound, CartRef
from rialto.kernel.db import DatabaseAddress
from rialto.orders.api import OrderNotFound, Reorder
from tests.cart.shop import lines_of
from tests.support.customers import a_shop_of_customers

pytestmark = pytest.mark.anyio


async def test_the_lines_come_into_the_accounts_cart(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        ada = customers.join("ada@example.org")
        bought = await shop.cart({"PENCIL": 3, "LAMP": 1}, account_id=ada)
        order = (await shop.checkout(bought, account_id=ada)).order
        filled = await shop.orders.reorder(Reorder(order_id=order.id, account_id=ada))
        assert (lines_of(filled.cart), filled.conflicts) == ({"PENCIL": 3, "LAMP": 1}, [])
        assert filled.cart.id != bought
        own = await shop.carts.get(CartRef(cart_id=filled.cart.id, account_id=ada))
        assert own == filled.cart


async def test_a_guest_gets_a_new_cart_or_fills_the_one_they_have(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, _):
        order = (await shop.buy("PENCIL", 2)).order
        fresh = await shop.orders.reorder(Reorder(order_id=order.id, key=order.key))
        again = await shop.orders.reorder(Reorder(order_id=order.id, key=order.key, cart_id=fresh.cart.id))
        assert (again.cart.id, lines_of(again.cart)) == (fresh.cart.id, {"PENCIL": 4})


async def test_what_is_different_now_is_told(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, _):
        cart = await shop.cart({"BOWL": 1, "PENCIL": 1})
        order = (await shop.checkout(cart)).order
        await shop.set_price("PENCIL", 249)
        shop.clock.advance(2)
        filled = await shop.orders.reorder(Reorder(order_id=order.id, key=order.key))
        assert [(told.sku, told.code) for told in filled.conflicts] == [
            ("BOWL", "sold_out"),
            ("PENCIL", "price_changed"),
        ]


async def test_only_who_may_see_the_order_buys_it_again_and_only_into_their_own_cart(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        ada, bob = customers.join("ada@example.org"), customers.join("bob@example.org")
        order = (await shop.buy("PENCIL")).order
        foreign = await shop.cart({"LAMP": 1}, account_id=bob)
        with pytest.raises(OrderNotFound):
            await shop.orders.reorder(Reorder(order_id=order.id, account_id=ada))
        for whom in (None, ada):
            with pytest.raises(CartNotFound):
                await shop.orders.reorder(
                    Reorder(order_id=order.id, key=order.key, account_id=whom, cart_id=foreign)
                )


async def test_on_the_web_it_answers_the_cart_and_its_conflicts(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        ada = customers.join("ada@example.org")
        cart = await shop.cart({"PENCIL": 1}, account_id=ada)
        order = (await shop.checkout(cart, account_id=ada)).order
        path = f"/v1/orders/{order.id}/reorder"
        assert (await shop.web.post(path)).status_code == 404
        reply = await shop.web.post(path, headers=customers.token(ada))
        assert (reply.status_code, reply.json()["conflicts"]) == (200, [])
        assert [line["sku"] for line in reply.json()["cart"]["lines"]] == ["PENCIL"]
        guest = await shop.web.post(f"{path}?key={order.key}", json={})
        assert guest.json()["cart"]["id"] != reply.json()["cart"]["id"]
