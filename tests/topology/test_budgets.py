"""How many calls to other processes a request may cost. A page that asks the whole shop for each visitor is found here.

Counted over all hops, in a shop whose caches are warm with what everybody shares and cold for the one who asks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import CartId
from tests.support.parts import Between, Parts, a_shop_in_parts
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio

# Address → calls at most, with the shop in its recommended groups. `{cart}` is a cart with an address.
BROWSING = {
    "/de/": 0,
    "/de/p/lamp": 0,
    "/de/search?q=lamp": 0,
    "/de/cart": 0,
    "/v1/products": 0,
    "/v1/products/lamp": 0,
    "/v1/carts/{cart}": 1,  # what is in stock, unless it was asked a moment ago
    "/openapi.json": 0,
}
# The web asks orders; orders asks for the cart, which asks for stock. Prices are next to the cart, payments to orders.
CHECKOUT = ["orders/checkout", "cart/for_checkout", "inventory/levels"]


@pytest.fixture
async def shop(postgres: DatabaseAddress) -> AsyncIterator[Shop]:
    async with a_shop_in_parts(postgres, "groups") as opened:
        await opened.settle()
        yield opened


def between(shop: Shop) -> Between:
    return cast("Parts", shop.app).between


async def test_browsing_asks_no_other_process(shop: Shop) -> None:
    cart: CartId = await shop.cart({"LAMP": 1})
    calls = between(shop)
    beyond: dict[str, list[str]] = {}
    for path, budget in BROWSING.items():
        calls.sent.clear()
        answer = await shop.web.get(path.format(cart=cart))
        assert answer.status_code == 200, path
        if len(calls.sent) > budget:
            beyond[path] = list(calls.sent)
    assert beyond == {}


async def test_a_checkout_crosses_three_times(shop: Shop) -> None:
    cart = await shop.cart({"LAMP": 1})
    calls = between(shop)
    calls.sent.clear()
    answer = await shop.checkout(cart)
    assert answer.order.status == "placed"
    assert calls.sent == CHECKOUT
