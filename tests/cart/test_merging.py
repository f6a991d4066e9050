"""At sign-in a guest's cart ends in the account's: nothing doubled, nothing lost, whoever else is at work."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from rialto.cart.api import (
    AddLine,
    CartMerged,
    CartNotFound,
    CartOrdered,
    CartRef,
    FillCart,
    FilledCart,
    MergeCart,
    SetDelivery,
    WantedLine,
)
from rialto.kernel.errors import RialtoError
from rialto.kernel.ids import CART, bucket_of
from rialto.kernel.money import EUR, Money
from tests.cart.shop import Shop, a_payment_for, an_address_for, lines_of

pytestmark = pytest.mark.anyio


def codes(filled: FilledCart) -> list[tuple[str, str]]:
    return [(told.sku, told.code) for told in filled.conflicts]


async def test_the_lines_of_both_are_in_the_accounts_cart(shop: Shop) -> None:
    ada = shop.an_account()
    own = await shop.account_cart(ada, "cup")
    guest = await shop.a_cart("cup", "book")
    merged = await shop.merge(guest.id, ada)
    assert (merged.cart.id, lines_of(merged.cart), merged.conflicts) == (own.id, {"cup": 2, "book": 1}, [])
    assert await shop.carts.get(CartRef(cart_id=own.id, account_id=ada)) == merged.cart


async def test_an_account_without_a_cart_gets_one_as_the_guests_was(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("lamp")
    merged = await shop.merge(guest.id, ada)
    assert lines_of(merged.cart) == {"lamp": 1}
    assert bucket_of(merged.cart.id) == bucket_of(ada)


async def test_the_guests_cart_has_ended(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")
    await shop.carts.set_address(an_address_for(guest.id))
    await shop.merge(guest.id, ada)
    left = await shop.get(guest.id)
    assert (left.status, left.email) == ("merged", None)
    for asked in (
        shop.carts.add_line(AddLine(cart_id=guest.id, sku="cup")),
        shop.carts.for_checkout(CartRef(cart_id=guest.id)),
    ):
        with pytest.raises(CartMerged):
            await asked


async def test_again_it_answers_the_same_and_adds_nothing(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")
    shop.shelf.prices["cup"] = 1290
    shop.a_moment_later()
    first = await shop.merge(guest.id, ada)
    assert codes(first) == [("cup", "price_changed")]
    assert await shop.merge(guest.id, ada) == first


async def test_a_cart_that_went_to_somebody_else_is_not_there(shop: Shop) -> None:
    ada, bob, guest = shop.an_account(), shop.an_account(), await shop.a_cart("cup")
    await shop.merge(guest.id, ada)
    with pytest.raises(CartNotFound):
        await shop.merge(guest.id, bob)
    with pytest.raises(CartNotFound):
        await shop.merge((await shop.account_cart(ada)).id, bob)
    with pytest.raises(CartNotFound):
        await shop.merge(CART.new(shop.env.ids, 1), ada)


async def test_the_accounts_own_cart_merges_into_itself_without_a_change(shop: Shop) -> None:
    ada = shop.an_account()
    own = await shop.account_cart(ada, "cup")
    merged = await shop.merge(own.id, ada)
    assert (merged.cart, merged.conflicts) == (own, [])


async def test_an_ordered_cart_is_not_merged(shop: Shop) -> None:
    guest = await shop.a_cart("cup")
    order_id = await shop.place(guest.id, cup=1)
    with pytest.raises(CartOrdered) as refused:
        await shop.merge(guest.id, shop.an_account())
    assert refused.value.extra == {"order_id": order_id}


async def test_address_delivery_and_payment_come_along(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")
    await shop.carts.set_address(an_address_for(guest.id))
    await shop.carts.set_delivery(SetDelivery(cart_id=guest.id, option_id="standard"))
    await shop.carts.set_payment(a_payment_for(guest.id))
    cart = (await shop.merge(guest.id, ada)).cart
    assert (cart.email, cart.payment_label) == ("ada@example.org", "Visa •••• 4242")
    assert cart.delivery is not None
    assert cart.totals.total == Money(1190 + 490, EUR)


async def test_where_the_account_has_an_address_it_stays(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")
    await shop.carts.set_address(an_address_for(guest.id, email="guest@example.org", country="FR"))
    first = await shop.a_cart()
    await shop.carts.set_address(an_address_for(first.id))
    await shop.merge(first.id, ada)
    cart = (await shop.merge(guest.id, ada)).cart
    assert (cart.email, cart.country) == ("ada@example.org", "DE")
    assert list(await shop.rows("SELECT * FROM contacts WHERE email = 'guest@example.org'")) == []


async def test_what_could_not_come_over_is_told(shop: Shop) -> None:
    ada = shop.an_account()
    own = await shop.account_cart(ada, "cup")
    await shop.carts.add_line(AddLine(cart_id=own.id, account_id=ada, sku="cup", quantity=90))
    guest = await shop.a_cart("book", "lamp")
    await shop.carts.add_line(AddLine(cart_id=guest.id, sku="cup", quantity=20))
    shop.shelf.withdrawn.add("book")
    shop.stock.available["lamp"] = 0
    shop.a_moment_later()
    merged = await shop.merge(guest.id, ada)
    assert codes(merged) == [("cup", "quantity_capped"), ("book", "not_sold"), ("lamp", "sold_out")]
    assert lines_of(merged.cart) == {"cup": 99, "lamp": 1}


async def test_the_same_merge_many_times_at_once_adds_once(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup", "lamp")
    workers = itertools.cycle([shop.carts, shop.another_process(), shop.another_process()])
    command = MergeCart(cart_id=guest.id, account_id=ada)
    answers = await asyncio.gather(*(next(workers).merge(command) for _ in range(9)))
    assert len({answer.cart.id for answer in answers}) == 1
    assert lines_of(await shop.account_cart(ada)) == {"cup": 1, "lamp": 1}


async def test_two_guests_carts_merged_at_once_are_both_in(shop: Shop) -> None:
    ada = shop.an_account()
    guests = [await shop.a_cart("cup") for _ in range(6)]
    workers = itertools.cycle([shop.carts, shop.another_process()])
    await asyncio.gather(
        *(next(workers).merge(MergeCart(cart_id=guest.id, account_id=ada)) for guest in guests)
    )
    assert lines_of(await shop.account_cart(ada)) == {"cup": 6}


async def test_one_guests_cart_for_two_accounts_at_once_goes_to_one_of_them(shop: Shop) -> None:
    ada, bob, guest = shop.an_account(), shop.an_account(), await shop.a_cart("cup")
    results = await asyncio.gather(
        shop.merge(guest.id, ada), shop.merge(guest.id, bob), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["CartNotFound", "FilledCart"]
    both = [lines_of(await shop.account_cart(owner)) for owner in (ada, bob)]
    assert sorted(both, key=len) == [{}, {"cup": 1}]


async def test_a_line_added_while_it_was_merged_comes_along(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")
    other = shop.another_process()

    async def somebody_adds() -> None:
        shop.till.meanwhile = None
        await other.add_line(AddLine(cart_id=guest.id, sku="lamp"))

    shop.till.meanwhile = somebody_adds
    merged = await shop.merge(guest.id, ada)
    assert lines_of(merged.cart) == {"cup": 1, "lamp": 1}


async def test_a_cart_ordered_while_it_was_merged_is_not_merged(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")

    async def it_is_ordered() -> None:
        shop.till.meanwhile = None
        await shop.place(guest.id, cup=1)

    shop.till.meanwhile = it_is_ordered
    with pytest.raises(CartOrdered):
        await shop.merge(guest.id, ada)
    assert lines_of(await shop.account_cart(ada)) == {}


async def test_an_accounts_cart_ordered_meanwhile_is_followed_by_one_with_the_guests_lines(
    shop: Shop,
) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("lamp")
    own = await shop.account_cart(ada, "cup")

    async def it_is_ordered() -> None:
        shop.till.meanwhile = None
        await shop.place(own.id, cup=1)

    shop.till.meanwhile = it_is_ordered
    merged = await shop.merge(guest.id, ada)
    assert merged.cart.id != own.id
    assert lines_of(merged.cart) == {"lamp": 1}


async def test_a_merge_into_a_cart_that_is_being_bought_loses_nothing(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("lamp")
    own = await shop.account_cart(ada, "cup")
    await shop.merge(guest.id, ada)
    await shop.place(own.id, cup=1)
    assert lines_of(await shop.account_cart(ada)) == {"lamp": 1}


async def test_a_guests_cart_that_is_bought_after_it_was_merged_doubles_nothing(shop: Shop) -> None:
    """The checkout had begun as a guest, the customer signed in at the bank's page, the payment came through."""
    ada, guest = shop.an_account(), await shop.a_cart("cup", "lamp")
    await shop.account_cart(ada, "cup")
    await shop.merge(guest.id, ada)
    order_id = await shop.place(guest.id, cup=1, lamp=1)
    assert lines_of(await shop.account_cart(ada)) == {"cup": 1}
    bought = await shop.get(guest.id)
    assert (bought.status, bought.order_id) == ("ordered", order_id)
    await shop.place(guest.id, cup=1, lamp=1)
    assert lines_of(await shop.account_cart(ada)) == {"cup": 1}


async def test_it_doubles_nothing_either_when_the_accounts_cart_was_bought_in_between(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup", "lamp")
    own = await shop.account_cart(ada, "cup")
    await shop.merge(guest.id, ada)
    await shop.place(own.id, cup=1)
    assert lines_of(await shop.account_cart(ada)) == {"cup": 1, "lamp": 1}
    await shop.place(guest.id, cup=1, lamp=1)
    assert lines_of(await shop.account_cart(ada)) == {}


async def test_what_the_accounts_order_has_sold_is_not_taken_from_the_next_cart(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")
    own = (await shop.merge(guest.id, ada)).cart
    await shop.place(own.id, cup=1)
    await shop.account_cart(ada, "cup")
    await shop.place(guest.id, cup=1)
    assert lines_of(await shop.account_cart(ada)) == {"cup": 1}


async def test_what_was_added_beside_a_merge_is_not_taken_back(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")
    own = (await shop.merge(guest.id, ada)).cart
    await shop.carts.add_line(AddLine(cart_id=own.id, account_id=ada, sku="cup", quantity=4))
    await shop.place(guest.id, cup=1)
    assert lines_of(await shop.account_cart(ada)) == {"cup": 4}


async def test_when_a_peer_does_not_answer_nothing_was_merged(shop: Shop) -> None:
    ada, guest = shop.an_account(), await shop.a_cart("cup")
    shop.till.reached = False
    with pytest.raises(RialtoError):
        await shop.merge(guest.id, ada)
    shop.till.reached = True
    assert (await shop.get(guest.id)).status == "open"
    assert lines_of((await shop.merge(guest.id, ada)).cart) == {"cup": 1}


async def test_a_list_fills_a_cart_as_far_as_it_goes(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    wanted = [
        WantedLine(sku="cup", quantity=2, seen_price=Money(990, EUR)),
        WantedLine(sku="ghost", quantity=1),
        WantedLine(sku="\x00", quantity=1),
        WantedLine(sku="book", quantity=0),
    ]
    filled = await shop.carts.fill(FillCart(cart_id=cart.id, lines=wanted))
    assert lines_of(filled.cart) == {"cup": 3}
    assert codes(filled) == [("cup", "price_changed"), ("ghost", "not_sold")]
    assert await shop.get(cart.id) == filled.cart
