"""The cart: filled and changed by plain forms, told honestly, kept by a cookie."""

from __future__ import annotations

import msgspec
import pytest

from rialto.kernel.errors import Unavailable
from rialto.kernel.money import EUR, Money
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import Shopper, any_sku

pytestmark = pytest.mark.fast


def line_id(shop: FixtureShop) -> str:
    return next(iter(shop.carts.carts.values())).lines[0].id


def test_an_empty_cart_helps_and_makes_none(shop: FixtureShop, shopper: Shopper) -> None:
    page = shopper.page("cart")
    assert "Nothing in here yet" in page.one("main").text
    assert "/en/c/ceramics" in {link.attributes["href"] for link in page.all("a", class_="chip")}
    assert not shop.carts.carts


def test_what_is_added_is_shown_and_said(shop: FixtureShop, shopper: Shopper) -> None:
    sku = any_sku(shop)
    answer = shopper.add(sku, 2)
    assert answer.status_code == 303
    page = shopper.page(answer.headers["location"].removeprefix("/en/"))
    assert "is in your cart" in page.one("p", class_="confirmation").text
    assert shopper.get("cart/count.json").json() == {"count": 2}


def test_a_second_tab_adds_to_the_same_cart(shop: FixtureShop, shopper: Shopper) -> None:
    sku = any_sku(shop)
    shopper.add(sku)
    shopper.add(sku)
    assert len(shop.carts.carts) == 1
    assert shopper.get("cart/count.json").json() == {"count": 2}


def test_quantities_change_and_lines_go(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    assert shopper.post("cart/change", {"line": line_id(shop), "quantity": "5"}).status_code == 303
    assert shopper.get("cart/count.json").json() == {"count": 5}
    shopper.post("cart/remove", {"line": line_id(shop)})
    assert shopper.get("cart/count.json").json() == {"count": 0}


@pytest.mark.parametrize("quantity", ["", "two", "-1", "1.5", "٣", "9" * 30])
def test_a_quantity_that_is_none_is_refused_in_words(
    shop: FixtureShop, shopper: Shopper, quantity: str
) -> None:
    shopper.add(any_sku(shop))
    answer = shopper.post("cart/change", {"line": line_id(shop), "quantity": quantity})
    assert answer.status_code == 422
    assert "whole number" in answer.text


def test_a_line_removed_elsewhere_is_no_error(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    line = line_id(shop)
    shopper.post("cart/remove", {"line": line})
    assert shopper.post("cart/change", {"line": line, "quantity": "2"}).headers["location"] == "/en/cart"
    assert (
        shopper.post("cart/change", {"line": "nonsense", "quantity": "2"}).headers["location"] == "/en/cart"
    )


def test_an_article_not_sold_is_said_on_the_cart_page(shopper: Shopper) -> None:
    answer = shopper.add("NO-SUCH-SKU")
    assert answer.status_code == 422
    assert "not sold any more" in answer.text


def test_too_much_of_a_thing_is_said(shop: FixtureShop, shopper: Shopper) -> None:
    sku = any_sku(shop)
    shopper.add(sku, 99)
    assert "more than a cart can hold" in shopper.add(sku, 1).text


def test_a_code_that_is_none_is_said_beside_the_field(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    answer = shopper.post("cart/codes", {"code": "FREE"})
    assert answer.status_code == 422
    assert 'href="#code"' in answer.text


def test_sold_out_pieces_block_the_way_to_checkout(shop: FixtureShop, shopper: Shopper) -> None:
    sku = any_sku(shop)
    shop.search.stock.left[sku] = 0
    shopper.add(sku)
    page = shopper.page("cart")
    assert "Sold out in the meantime" in page.one("main").text
    assert "/en/checkout/address" not in {link.attributes.get("href") for link in page.all("a")}


def test_a_price_change_is_told_with_both_prices(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    cart = next(iter(shop.carts.carts.values()))
    line = msgspec.structs.replace(
        cart.lines[0], problem="price_changed", former_unit_price=Money(100, EUR), unit_price=Money(250, EUR)
    )
    shop.carts.change(cart.id, lines=[line])
    assert "changed from €1.00 to €2.50" in shopper.page("cart").one("main").text


def test_a_cart_that_is_gone_or_forged_is_an_empty_one(shop: FixtureShop, shopper: Shopper) -> None:
    for value in ("nonsense", "cart_00000000000000000000000000", "cart_06bq3zzzzzzzzzzzzzzzzzzzzz"):
        shopper.client.cookies.set("cart", value)
        assert "Nothing in here yet" in shopper.page("cart").one("main").text


def test_another_currency_fills_a_new_cart(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop), 3)
    shopper.post("preferences", {"language": "en", "currency": "USD", "back": "/en/cart"})
    assert "$" in shopper.page("cart").one("dl", class_="totals").text
    assert shopper.get("cart/count.json").json() == {"count": 3}


def test_a_cart_service_that_is_away_costs_only_the_count(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    shop.carts.fail = Unavailable()
    assert shopper.get("cart/count.json").json() == {"count": 0}
    assert shopper.get("").status_code == 200
    assert shopper.get("cart").status_code == 503
