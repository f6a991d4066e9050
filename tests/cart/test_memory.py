"""What carts remember of catalogue and stock, and where they must not."""

from __future__ import annotations

import pytest

from rialto.cart.api import CartRef
from tests.cart.shop import Shop

pytestmark = pytest.mark.anyio


async def test_an_article_is_asked_for_once_a_second_however_many_look_at_it(shop: Shop) -> None:
    first, second = await shop.a_cart("cup"), await shop.a_cart("cup")
    asked = shop.shelf.asked, shop.stock.asked
    for _ in range(5):
        await shop.get(first.id)
        await shop.get(second.id)
    assert (shop.shelf.asked, shop.stock.asked) == asked
    shop.a_moment_later()
    await shop.get(first.id)
    assert (shop.shelf.asked, shop.stock.asked) == (asked[0] + 1, asked[1] + 1)


async def test_only_what_is_not_remembered_is_asked_for(shop: Shop) -> None:
    await shop.a_cart("cup")
    cart = await shop.a_cart("cup", "lamp")
    assert {line.sku: line.unit_price.amount for line in cart.lines} == {"cup": 1190, "lamp": 11900}
    assert (shop.shelf.asked, shop.stock.asked) == (2, 2)


async def test_what_is_not_sold_is_asked_for_each_time(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    del shop.shelf.prices["cup"]
    shop.a_moment_later()
    assert (await shop.get(cart.id)).lines[0].problem == "not_sold"
    shop.shelf.prices["cup"] = 1190
    assert (await shop.get(cart.id)).lines[0].problem is None


async def test_a_checkout_counts_with_the_price_of_this_moment(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.shelf.prices["cup"] = 1290
    ready = await shop.carts.for_checkout(CartRef(cart_id=cart.id))
    assert ready.quote.totals.total.amount == 1290
    assert ready.seen_total == cart.totals.total


async def test_accepting_the_total_accepts_that_of_this_moment(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.shelf.prices["cup"] = 1290
    await shop.carts.accept_total(CartRef(cart_id=cart.id))
    ready = await shop.carts.for_checkout(CartRef(cart_id=cart.id))
    assert ready.seen_total == ready.quote.totals.total


async def test_nobody_is_turned_away_for_a_count_that_has_grown(shop: Shop) -> None:
    shop.stock.available["cup"] = 0
    cart = await shop.a_cart("cup")
    assert cart.lines[0].problem == "sold_out"
    shop.stock.available["cup"] = 1
    ready = await shop.carts.for_checkout(CartRef(cart_id=cart.id))
    assert ready.cart.lines[0].problem is None
