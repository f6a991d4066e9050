"""Signing in while something is being bought: whatever comes first, each unit is bought or in a cart, once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from rialto.cart.api import CartRef, MergeCart, NewCart
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import RialtoError
from rialto.kernel.ids import AccountId
from rialto.orders.api import CheckoutAnswer
from tests.cart.shop import lines_of
from tests.races.networks import HeldNetwork
from tests.support.customers import a_shop_of_customers
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio


async def in_cart(shop: Shop, owner: AccountId) -> dict[str, int]:
    return lines_of(await shop.carts.create(NewCart(account_id=owner)))


async def test_a_guests_checkout_that_ends_after_signing_in_leaves_nothing_in_the_accounts_cart(
    postgres: DatabaseAddress,
) -> None:
    network = HeldNetwork()
    async with a_shop_of_customers(postgres, network=network) as (shop, customers):
        ada = customers.join("ada@example.org")
        await shop.cart({"LAMP": 1}, account_id=ada)
        guest = await shop.cart({"LAMP": 2, "PENCIL": 1})
        checkout = asyncio.create_task(shop.checkout(guest))
        await network.arrived.wait()
        await shop.carts.merge(MergeCart(cart_id=guest, account_id=ada))
        assert await in_cart(shop, ada) == {"LAMP": 3, "PENCIL": 1}
        network.release()
        assert (await checkout).outcome == "placed"
        await shop.settle()
        assert await in_cart(shop, ada) == {"LAMP": 1}
        assert await shop.audit() == []


async def test_what_is_merged_into_a_cart_that_is_being_bought_is_in_the_next_one(
    postgres: DatabaseAddress,
) -> None:
    network = HeldNetwork()
    async with a_shop_of_customers(postgres, network=network) as (shop, customers):
        ada = customers.join("ada@example.org")
        own = await shop.cart({"LAMP": 1}, account_id=ada)
        guest = await shop.cart({"LAMP": 1, "PENCIL": 4})
        checkout = asyncio.create_task(shop.checkout(own, account_id=ada))
        await network.arrived.wait()
        await shop.carts.merge(MergeCart(cart_id=guest, account_id=ada))
        network.release()
        order = (await checkout).order
        assert [(line.sku, line.quantity) for line in order.lines] == [("LAMP", 1)]
        assert await in_cart(shop, ada) == {"LAMP": 1, "PENCIL": 4}
        await shop.settle()
        assert await in_cart(shop, ada) == {"LAMP": 1, "PENCIL": 4}
        assert await shop.audit() == []


async def test_merges_beside_the_accounts_checkout_double_and_lose_no_unit(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        for _ in range(5):
            ada = customers.join("ada@example.org")
            own = await shop.cart({"PENCIL": 1}, account_id=ada)
            guests = [await shop.cart({"PENCIL": 1}) for _ in range(4)]
            results = await asyncio.gather(
                shop.checkout(own, account_id=ada),
                *(shop.carts.merge(MergeCart(cart_id=guest, account_id=ada)) for guest in guests * 2),
                return_exceptions=True,
            )
            assert all(isinstance(r, RialtoError) or not isinstance(r, BaseException) for r in results)
            await shop.settle()
            bought = units_bought(results)
            assert bought + (await in_cart(shop, ada)).get("PENCIL", 0) == 5
        assert await shop.audit() == []


async def test_merges_beside_a_guests_checkout_double_and_lose_no_unit(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres) as (shop, customers):
        for _ in range(5):
            ada = customers.join("ada@example.org")
            guests = [await shop.cart({"PENCIL": 1}) for _ in range(3)]
            results = await asyncio.gather(
                shop.checkout(guests[0]),
                *(shop.carts.merge(MergeCart(cart_id=guest, account_id=ada)) for guest in guests),
                return_exceptions=True,
            )
            assert all(isinstance(r, RialtoError) or not isinstance(r, BaseException) for r in results)
            await shop.settle()
            first = await shop.carts.get(CartRef(cart_id=guests[0]))
            left = 1 if first.status == "open" else 0
            bought = units_bought(results)
            assert bought + left + (await in_cart(shop, ada)).get("PENCIL", 0) == 3
        assert await shop.audit() == []


def units_bought(results: Sequence[object]) -> int:
    placed = [result.order for result in results if isinstance(result, CheckoutAnswer)]
    return sum(line.quantity for order in placed for line in order.lines)
