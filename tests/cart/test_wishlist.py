"""Wishlists: what is on them, how they are shown, and taking a wish into the cart."""

from __future__ import annotations

import asyncio

import pytest

from rialto.cart.api import (
    WISHES_MAX,
    MoveWish,
    SkuNotSold,
    Wish,
    WishLimit,
    WishlistOf,
    WishNotFound,
    WishRef,
)
from rialto.catalog.api import ProductNotFound
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.ids import PRODUCT, AccountId
from rialto.kernel.money import EUR, USD, Money
from tests.cart.shop import Shop, lines_of

pytestmark = pytest.mark.anyio


async def wish(shop: Shop, owner: AccountId, *items: str) -> None:
    for item in items:
        await shop.carts.wish(WishRef(account_id=owner, item=item))
        shop.env.clock.advance(1)


async def wishes(shop: Shop, owner: AccountId, **how: str) -> list[Wish]:
    return (await shop.carts.wishes(WishlistOf(account_id=owner, **how))).items


async def test_a_wish_is_shown_as_it_is_sold_today(shop: Shop) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup", "lamp")
    lamp, cup = await wishes(shop, ada, language="de")
    assert (lamp.item, lamp.price, lamp.available) == ("lamp", Money(11900, EUR), 3)
    assert (cup.title, cup.options, cup.slug) == ("Cup (deutsch)", {"colour": "rot"}, "cup")
    assert (await wishes(shop, ada, currency="USD"))[1].price == Money(1190, USD)


async def test_wishing_twice_is_one_wish_where_it_was(shop: Shop) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup", "lamp", "cup")
    assert [one.item for one in await wishes(shop, ada)] == ["lamp", "cup"]


async def test_a_product_is_shown_by_its_first_variant(shop: Shop) -> None:
    ada, product = shop.an_account(), PRODUCT.new(shop.env.ids, 0)
    shop.shelf.products[product] = ["book", "cup"]
    await wish(shop, ada, product)
    (found,) = await wishes(shop, ada)
    assert (found.item, found.sku, found.price) == (product, "book", Money(2140, EUR))


async def test_what_is_not_sold_any_more_stays_on_the_list_without_a_price(shop: Shop) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup", "lamp")
    shop.shelf.withdrawn.add("cup")
    del shop.shelf.prices["lamp"]
    shop.a_moment_later()
    lamp, cup = await wishes(shop, ada)
    assert (lamp.title, lamp.price, lamp.available) == ("lamp", None, 0)
    assert (cup.title, cup.price, cup.available) == ("Cup", None, 0)


async def test_what_nobody_sells_cannot_be_wished_for(shop: Shop) -> None:
    ada = shop.an_account()
    for item in ("ghost", "\x00", ""):
        with pytest.raises(SkuNotSold):
            await wish(shop, ada, item)
    with pytest.raises(ProductNotFound):
        await wish(shop, ada, PRODUCT.new(shop.env.ids, 0))
    assert await wishes(shop, ada) == []


async def test_a_wish_is_struck_out_and_once_more_changes_nothing(shop: Shop) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup")
    for _ in range(2):
        await shop.carts.unwish(WishRef(account_id=ada, item="cup"))
    assert await wishes(shop, ada) == []


@pytest.mark.parametrize("item", ["cu\x00p", "cup\ud800"])
async def test_what_can_stand_on_no_list_is_not_looked_for(shop: Shop, item: str) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup")
    await shop.carts.unwish(WishRef(account_id=ada, item=item))
    with pytest.raises(WishNotFound):
        await shop.carts.move_wish(MoveWish(account_id=ada, item=item, sku="cup"))
    assert [one.item for one in await wishes(shop, ada)] == ["cup"]


async def test_a_full_list_takes_nothing_new_and_keeps_what_it_has(shop: Shop) -> None:
    ada = shop.an_account()
    shop.shelf.prices |= {f"sku-{n}": 100 for n in range(WISHES_MAX)}
    await asyncio.gather(*(wish(shop, ada, f"sku-{n}") for n in range(WISHES_MAX)))
    with pytest.raises(WishLimit):
        await wish(shop, ada, "cup")
    await wish(shop, ada, "sku-1")
    assert len(await wishes(shop, ada)) == WISHES_MAX


async def test_lists_of_others_are_not_touched(shop: Shop) -> None:
    ada, bob = shop.an_account(), shop.an_account()
    await wish(shop, ada, "cup")
    await shop.carts.unwish(WishRef(account_id=bob, item="cup"))
    with pytest.raises(WishNotFound):
        await shop.carts.move_wish(MoveWish(account_id=bob, item="cup"))
    assert [one.item for one in await wishes(shop, ada)] == ["cup"]
    assert await wishes(shop, bob) == []


async def test_a_wish_moves_into_the_accounts_cart(shop: Shop) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup")
    cart = await shop.carts.move_wish(MoveWish(account_id=ada, item="cup", quantity=2))
    assert lines_of(cart) == {"cup": 2}
    assert (await shop.account_cart(ada)) == cart
    assert await wishes(shop, ada) == []
    with pytest.raises(WishNotFound):
        await shop.carts.move_wish(MoveWish(account_id=ada, item="cup"))


async def test_the_host_decides_the_channel_where_nobody_names_one(shop: Shop) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup")
    assert (await wishes(shop, ada, host="trade.example"))[0].price == Money(1190, USD)
    cart = await shop.carts.move_wish(MoveWish(account_id=ada, item="cup", host="trade.example"))
    assert cart.channel == "trade"


async def test_a_wish_that_is_moved_many_times_at_once_is_in_the_cart_once(shop: Shop) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup")
    workers = [shop.carts, shop.another_process()]
    moves = (workers[n % 2].move_wish(MoveWish(account_id=ada, item="cup")) for n in range(6))
    results = await asyncio.gather(*moves, return_exceptions=True)
    assert sum(not isinstance(result, RialtoError) for result in results) == 1
    assert lines_of(await shop.account_cart(ada)) == {"cup": 1}


async def test_a_product_moves_by_the_variant_that_is_chosen(shop: Shop) -> None:
    ada, product = shop.an_account(), PRODUCT.new(shop.env.ids, 0)
    shop.shelf.products[product] = ["book", "cup"]
    await wish(shop, ada, product)
    with pytest.raises(Invalid) as refused:
        await shop.carts.move_wish(MoveWish(account_id=ada, item=product))
    assert refused.value.fields[0].path == "sku"
    cart = await shop.carts.move_wish(MoveWish(account_id=ada, item=product, sku="cup"))
    assert (lines_of(cart), await wishes(shop, ada)) == ({"cup": 1}, [])


async def test_a_wish_that_cannot_go_into_the_cart_stays_on_the_list(shop: Shop) -> None:
    ada = shop.an_account()
    await wish(shop, ada, "cup")
    shop.shelf.withdrawn.add("cup")
    shop.a_moment_later()
    with pytest.raises(SkuNotSold):
        await shop.carts.move_wish(MoveWish(account_id=ada, item="cup"))
    assert [one.item for one in await wishes(shop, ada)] == ["cup"]
