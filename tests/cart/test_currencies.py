"""A cart whose currency its shop front has given up."""

from __future__ import annotations

import pytest

from rialto.cart.api import AddLine, Cart, CartRef, MergeCart, NewCart
from rialto.cart.model import contents
from rialto.cart.peers import CHANNELS_REMEMBERED_S
from rialto.kernel.money import EUR, USD, Money
from tests.cart.shop import Shop

pytestmark = pytest.mark.anyio


async def a_dollar_cart(shop: Shop) -> Cart:
    cart = await shop.carts.create(NewCart(currency="USD"))
    return await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup"))


def give_up_dollars(shop: Shop) -> None:
    shop.shelf.currencies = [EUR]
    shop.env.clock.advance(CHANNELS_REMEMBERED_S + 1)


async def test_it_goes_on_in_the_default_one_and_keeps_its_lines(shop: Shop) -> None:
    cart = await a_dollar_cart(shop)
    assert cart.totals.total == Money(1190, USD)
    give_up_dollars(shop)
    shown = await shop.get(cart.id)
    assert (shown.currency, shown.totals.total) == (EUR, Money(1190, EUR))
    assert [(line.problem, line.former_unit_price) for line in shown.lines] == [(None, None)]
    changed = await shop.carts.add_line(AddLine(cart_id=cart.id, sku="lamp"))
    assert changed.totals.total == Money(1190 + 11900, EUR)
    shop.shelf.currencies = [EUR, USD]
    shop.env.clock.advance(CHANNELS_REMEMBERED_S + 1)
    assert (await shop.get(cart.id)).currency == EUR, "it was kept with the change"


async def test_nobody_buys_at_a_total_that_was_never_shown(shop: Shop) -> None:
    cart = await a_dollar_cart(shop)
    give_up_dollars(shop)
    ready = await shop.carts.for_checkout(CartRef(cart_id=cart.id))
    assert ready.quote.totals.total == Money(1190, EUR)
    assert ready.seen_total == Money(0, EUR), "not what was seen in dollars, and not nothing"
    await shop.carts.accept_total(CartRef(cart_id=cart.id))
    ready = await shop.carts.for_checkout(CartRef(cart_id=cart.id))
    assert ready.seen_total == ready.quote.totals.total


async def test_an_accounts_cart_goes_on_too_and_takes_over_a_guests(shop: Shop) -> None:
    owner = shop.an_account()
    own = await shop.carts.create(NewCart(currency="USD", account_id=owner))
    await shop.carts.add_line(AddLine(cart_id=own.id, account_id=owner, sku="cup"))
    guest = await a_dollar_cart(shop)
    give_up_dollars(shop)
    merged = await shop.carts.merge(MergeCart(cart_id=guest.id, account_id=owner))
    assert merged.cart.currency == EUR
    assert merged.cart.totals.total.currency == EUR
    assert [line.sku for line in merged.cart.lines] == ["cup"]


async def test_a_cart_that_became_an_order_stays_as_it_was_bought(shop: Shop) -> None:
    cart = contents.StoredCart(
        id=(await a_dollar_cart(shop)).id,
        version=1,
        currency=USD,
        country="DE",
        language="en",
        channel="default",
        touched_on=shop.env.clock.now().date(),
        status=contents.ORDERED,
    )
    assert contents.sold_in(cart, [EUR]) is cart
