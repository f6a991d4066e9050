"""Carts of accounts: one that is open, seen by its owner alone, and going on after an order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from rialto.cart.api import (
    AddLine,
    CartNotFound,
    CartRef,
    ChangeCode,
    ChangeLine,
    CloseCart,
    FillCart,
    NewCart,
    SetDelivery,
    SetPayment,
    WantedLine,
)
from rialto.kernel.db import CheckFailed
from rialto.kernel.ids import ORDER, AccountId, CartId, LineId, bucket_of, to_uuid
from rialto.kernel.money import EUR, Money
from tests.cart.shop import Shop, a_payment_for, an_address_for, lines_of

pytestmark = pytest.mark.anyio


async def test_an_account_gets_its_one_open_cart_each_time(shop: Shop) -> None:
    ada = shop.an_account()
    first = await shop.account_cart(ada, "cup")
    again = await shop.carts.create(NewCart(account_id=ada, currency="USD"))
    assert (again.id, lines_of(again), again.currency) == (first.id, {"cup": 1}, "EUR")
    assert bucket_of(first.id) == bucket_of(ada)


async def test_each_channel_has_a_cart_of_its_own(shop: Shop) -> None:
    ada = shop.an_account()
    here = await shop.account_cart(ada)
    there = await shop.carts.create(NewCart(account_id=ada, channel="trade"))
    assert (here.channel, there.channel) == ("default", "trade")
    assert here.id != there.id


async def test_two_who_make_it_at_once_get_the_same(shop: Shop) -> None:
    ada = shop.an_account()
    workers = [shop.carts, shop.another_process()]
    made = await asyncio.gather(*(workers[n % 2].create(NewCart(account_id=ada)) for n in range(8)))
    assert len({cart.id for cart in made}) == 1


async def test_after_its_order_an_account_gets_a_new_cart(shop: Shop) -> None:
    ada = shop.an_account()
    first = await shop.account_cart(ada, "cup")
    await shop.place(first.id, cup=1)
    second = await shop.account_cart(ada)
    assert (second.id != first.id, second.lines) == (True, [])


def every_way_in(
    shop: Shop, cart_id: CartId, line_id: LineId, whom: AccountId | None
) -> list[Awaitable[object]]:
    carts = shop.carts
    asking: dict[str, Any] = {"cart_id": cart_id, "account_id": whom}
    return [
        carts.get(CartRef(**asking)),
        carts.add_line(AddLine(**asking, sku="lamp")),
        carts.change_line(ChangeLine(**asking, line_id=line_id, quantity=2)),
        carts.set_address(an_address_for(**asking)),
        carts.delivery_options(CartRef(**asking)),
        carts.set_delivery(SetDelivery(**asking, option_id="standard")),
        carts.set_payment(SetPayment(**asking, payment=a_payment_for(cart_id).payment)),
        carts.add_code(ChangeCode(**asking, code="X")),
        carts.remove_code(ChangeCode(**asking, code="X")),
        carts.for_checkout(CartRef(**asking)),
        carts.accept_total(CartRef(**asking)),
        carts.fill(FillCart(**asking, lines=[WantedLine(sku="lamp", quantity=1)])),
    ]


async def test_to_anybody_but_its_owner_an_accounts_cart_is_not_there(shop: Shop) -> None:
    ada, bob = shop.an_account(), shop.an_account()
    cart = await shop.account_cart(ada, "cup")
    before = await shop.carts.get(CartRef(cart_id=cart.id, account_id=ada))
    for whom in (None, bob):
        for asked in every_way_in(shop, cart.id, cart.lines[0].id, whom):
            with pytest.raises(CartNotFound):
                await asked
    assert await shop.carts.get(CartRef(cart_id=cart.id, account_id=ada)) == before


async def test_its_owner_may_do_all_that_a_guest_may(shop: Shop) -> None:
    ada = shop.an_account()
    cart = await shop.account_cart(ada, "cup")
    await shop.carts.set_address(an_address_for(cart.id, account_id=ada))
    answer = await shop.carts.set_delivery(SetDelivery(cart_id=cart.id, account_id=ada, option_id="standard"))
    assert (answer.email, answer.totals.total) == ("ada@example.org", Money(1680, EUR))


async def test_a_guests_cart_is_open_to_whoever_has_its_id_signed_in_or_not(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    seen = await shop.carts.get(CartRef(cart_id=cart.id, account_id=shop.an_account()))
    assert seen == cart


async def test_what_came_in_while_it_was_bought_goes_on_in_a_new_cart(shop: Shop) -> None:
    ada = shop.an_account()
    cart = await shop.account_cart(ada, "cup", "cup", "lamp")
    order_id = await shop.place(cart.id, cup=1)
    bought = await shop.carts.get(CartRef(cart_id=cart.id, account_id=ada))
    assert (bought.status, bought.order_id) == ("ordered", order_id)
    going_on = await shop.account_cart(ada)
    assert (going_on.id != cart.id, lines_of(going_on)) == (True, {"cup": 1, "lamp": 1})


async def test_it_goes_on_also_when_the_checkout_itself_ends_the_cart(shop: Shop) -> None:
    ada = shop.an_account()
    cart = await shop.account_cart(ada, "cup", "lamp")
    order_id = ORDER.new(shop.env.ids, bucket_of(cart.id))
    for _ in range(2):
        await shop.carts.close(CloseCart(cart_id=cart.id, order_id=order_id, skus={"cup": 1}))
    await shop.place(cart.id, cup=1)
    assert lines_of(await shop.account_cart(ada)) == {"lamp": 1}


async def test_a_guests_ordered_cart_leaves_nothing_behind(shop: Shop) -> None:
    cart = await shop.a_cart("cup", "lamp")
    await shop.place(cart.id, cup=1)
    rows = list(await shop.rows("SELECT id FROM carts"))
    assert [row["id"] for row in rows] == [to_uuid(cart.id)]


async def test_an_ordered_cart_keeps_no_address(shop: Shop) -> None:
    guest, ada = await shop.a_cart("cup"), shop.an_account()
    await shop.carts.set_address(an_address_for(guest.id))
    await shop.place(guest.id, cup=1)
    owned = await shop.account_cart(ada, "cup")
    await shop.carts.set_address(an_address_for(owned.id, account_id=ada))
    order_id = await shop.place(owned.id, cup=1)
    await shop.carts.close(CloseCart(cart_id=owned.id, order_id=order_id))
    assert list(await shop.rows("SELECT * FROM contacts")) == []
    assert (await shop.get(guest.id)).email is None


async def test_the_database_refuses_a_cart_in_another_bucket_than_its_accounts(shop: Shop) -> None:
    cart = await shop.account_cart(shop.an_account())
    stranger = shop.env.ids.uuid((bucket_of(cart.id) + 1) % 1024)
    with pytest.raises(CheckFailed):
        async with shop.env.db.write() as session:
            await session.run("UPDATE carts SET account_id = $1", stranger)
