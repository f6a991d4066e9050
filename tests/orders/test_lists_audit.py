"""The audit finds lists of accounts that are not what the orders' events say."""

from __future__ import annotations

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import bucket_of
from tests.orders.counter import deliver
from tests.support.customers import a_shop_of_customers

pytestmark = pytest.mark.anyio

AN_ACCOUNT = "'019b8d62-7a80-7005-8000-000000000001'"


@pytest.mark.parametrize(
    "planted",
    [
        "DELETE FROM orders.order_index",
        "UPDATE orders.order_index SET status = 'cancelled'",
        "UPDATE orders.order_index SET total = total + 1",
        f"UPDATE orders.order_index SET account_id = {AN_ACCOUNT}, bucket = 5",
        f"UPDATE orders.orders SET account_id = {AN_ACCOUNT}",
        "UPDATE orders.orders SET account_id = NULL",
    ],
)
async def test_a_list_that_was_changed_by_hand_is_found(postgres: DatabaseAddress, planted: str) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        cart = await shop.cart({"PENCIL": 1})
        for bucket in (bucket_of(cart), 9):
            ada = customers.join("ada@example.org", bucket=bucket)
            own = await shop.cart({"PENCIL": 1}, account_id=ada)
            await shop.checkout(own, account_id=ada)
        await deliver(shop)
        shop.clock.advance(61)
        assert await shop.audit() == []
        await shop.sql(planted)
        assert {finding.invariant for finding in await shop.audit()} == {"I13"}


async def test_a_list_elsewhere_may_be_a_moment_late(postgres: DatabaseAddress) -> None:
    async with a_shop_of_customers(postgres, background=False) as (shop, customers):
        cart = await shop.cart({"PENCIL": 1})
        ada = customers.join("ada@example.org", bucket=(bucket_of(cart) + 1) % 1024)
        await shop.checkout(cart, account_id=ada)
        await deliver(shop)
        await shop.sql("DELETE FROM orders.order_index")
        assert await shop.audit() == []
        shop.clock.advance(61)
        assert [finding.invariant for finding in await shop.audit()] == ["I13"]
