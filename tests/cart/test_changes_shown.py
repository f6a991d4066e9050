"""What changed since it was last shown: prices, stock, and what is not sold any more."""

from __future__ import annotations

import pytest

from rialto.cart.api import AddLine, Cart, CartRef, ChangeLine
from rialto.kernel.money import EUR, Money
from tests.cart.shop import Shop, an_address_for

pytestmark = pytest.mark.anyio


def problems(cart: Cart) -> list[str | None]:
    return [line.problem for line in cart.lines]


async def test_a_changed_price_is_shown_until_it_is_accepted(shop: Shop) -> None:
    cart = await shop.a_cart("cup", "lamp")
    shop.shelf.prices["cup"] = 1290
    shop.a_moment_later()
    shown = await shop.get(cart.id)
    assert problems(shown) == ["price_changed", None]
    assert shown.lines[0].former_unit_price == Money(1190, EUR)
    assert shown.lines[0].unit_price == Money(1290, EUR)
    assert shown.totals.total == Money(1290 + 11900, EUR)
    await shop.carts.accept_total(CartRef(cart_id=cart.id))
    accepted = await shop.get(cart.id)
    assert problems(accepted) == [None, None]
    assert accepted.lines[0].former_unit_price is None


async def test_a_changed_price_outlives_changes_of_something_else(shop: Shop) -> None:
    cart = await shop.a_cart("cup", "lamp")
    shop.shelf.prices["cup"] = 1090
    shop.a_moment_later()
    await shop.carts.set_address(an_address_for(cart.id))
    answer = await shop.carts.add_line(AddLine(cart_id=cart.id, sku="lamp"))
    assert problems(answer) == ["price_changed", None]


async def test_changing_the_line_itself_shows_its_new_price_once(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.shelf.prices["cup"] = 1290
    shop.a_moment_later()
    change = ChangeLine(cart_id=cart.id, line_id=cart.lines[0].id, quantity=2)
    answer = await shop.carts.change_line(change)
    assert problems(answer) == ["price_changed"]
    assert problems(await shop.get(cart.id)) == [None]


async def test_a_price_that_came_back_is_no_change(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.shelf.prices["cup"] = 1290
    shop.a_moment_later()
    await shop.get(cart.id)
    shop.shelf.prices["cup"] = 1190
    shop.a_moment_later()
    assert problems(await shop.get(cart.id)) == [None]


@pytest.mark.parametrize(
    ("left", "problem"), [(500, None), (5, None), (4, "few_left"), (0, "sold_out"), (-3, "sold_out")]
)
async def test_stock_is_compared_with_what_is_wanted(shop: Shop, left: int, problem: str | None) -> None:
    cart = await shop.a_cart()
    await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup", quantity=5))
    shop.stock.available["cup"] = left
    shop.a_moment_later()
    line = (await shop.get(cart.id)).lines[0]
    assert (line.available, line.problem) == (max(0, min(left, 99)), problem)


async def test_an_article_without_a_stock_record_is_sold_out(shop: Shop) -> None:
    del shop.stock.available["cup"]
    shop.a_moment_later()
    assert problems(await shop.a_cart("cup")) == ["sold_out"]


async def test_what_is_not_sold_any_more_stays_visible_and_costs_nothing(shop: Shop) -> None:
    cart = await shop.a_cart("cup", "lamp")
    shop.shelf.withdrawn.add("cup")
    del shop.shelf.prices["lamp"]
    shop.a_moment_later()
    answer = await shop.get(cart.id)
    assert problems(answer) == ["not_sold", "not_sold"]
    assert [line.unit_price for line in answer.lines] == [Money(1190, EUR), Money(11900, EUR)]
    assert [line.total for line in answer.lines] == [Money(0, EUR)] * 2
    assert [line.title for line in answer.lines] == ["Cup", "lamp"]
    assert answer.totals.total == Money(0, EUR)
    assert [line.available for line in answer.lines] == [0, 0]


async def test_checkout_sees_the_total_that_was_shown_and_the_one_of_now(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.shelf.prices["cup"] = 1290
    shop.a_moment_later()
    ready = await shop.carts.for_checkout(CartRef(cart_id=cart.id))
    assert (ready.seen_total, ready.quote.totals.total) == (Money(1190, EUR), Money(1290, EUR))
    await shop.carts.accept_total(CartRef(cart_id=cart.id))
    again = await shop.carts.for_checkout(CartRef(cart_id=cart.id))
    assert again.seen_total == again.quote.totals.total == Money(1290, EUR)


async def test_accepting_an_unchanged_total_changes_nothing(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    assert await shop.carts.accept_total(CartRef(cart_id=cart.id)) == cart


async def test_reading_a_cart_shows_nothing_away(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.shelf.prices["cup"] = 1290
    shop.a_moment_later()
    first = await shop.get(cart.id)
    assert await shop.get(cart.id) == first
    assert first.version == cart.version
