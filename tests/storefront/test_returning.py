"""Sending back: chosen, confirmed by a button of its own, noted once."""

from __future__ import annotations

import pytest

from rialto.orders.api import Order, OrderNotReturnable
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import Page, Shopper, any_sku

pytestmark = pytest.mark.fast


@pytest.fixture
def order(shop: FixtureShop, shopper: Shopper) -> Order:
    shopper.check_out(any_sku(shop))
    return shop.orders.send(next(iter(shop.orders.orders.values())).id)


def form_of(shopper: Shopper, order: Order) -> dict[str, str]:
    page = shopper.page(f"orders/{order.id}/return?key={order.key}")
    step = page.one("input", name="step").attributes["value"]
    return {"key": order.key, "step": step, f"units-{order.lines[0].id}": "1", "reason": "withdrawal"}


def test_what_was_chosen_is_confirmed_by_a_button_of_its_own(
    shop: FixtureShop, shopper: Shopper, order: Order
) -> None:
    path = f"orders/{order.id}/return"
    assert "Withdraw from contract" in shopper.page(f"orders/{order.id}?key={order.key}").one("main").text
    data = form_of(shopper, order)
    page = Page(shopper.post(path, data).text)
    assert "Confirm withdrawal" in page.one("main").text
    assert f"1 × {order.lines[0].title}" in page.one("main").text
    assert shop.orders.orders[order.id].returns == []
    answer = shopper.post(path, {**data, "confirmed": "1"})
    assert answer.status_code == 303
    done = shopper.page(answer.headers["location"].removeprefix("/en/"))
    assert "We have noted your return" in done.one("h1").text
    assert [back.lines for back in shop.orders.orders[order.id].returns] == [{order.lines[0].id: 1}]


@pytest.mark.parametrize("units", ["0", "", "-1", "many"])
def test_nothing_chosen_is_said_and_nothing_happens(
    shop: FixtureShop, shopper: Shopper, order: Order, units: str
) -> None:
    data = {**form_of(shopper, order), f"units-{order.lines[0].id}": units, "confirmed": "1"}
    answer = shopper.post(f"orders/{order.id}/return", data)
    assert answer.status_code == 422
    assert "choose at least one article" in Page(answer.text).problems
    assert shop.orders.orders[order.id].returns == []


def test_too_late_is_said(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    data = {**form_of(shopper, order), "confirmed": "1"}
    shop.orders.fail = OrderNotReturnable()
    answer = shopper.post(f"orders/{order.id}/return", data)
    assert answer.status_code == 422
    assert "cannot be sent back any more" in Page(answer.text).problems


def test_an_order_that_is_still_here_has_nothing_to_send_back(
    shop: FixtureShop, shopper: Shopper, order: Order
) -> None:
    shop.orders.change(order.id, lines=[], fulfilment_status="unfulfilled")
    page = shopper.page(f"orders/{order.id}/return?key={order.key}")
    assert "Nothing of this order can be sent back" in page.one("main").text
    assert [select for select in page.all("select") if select.attributes["name"].startswith("units-")] == []


def test_sending_back_needs_the_key(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    data = {**form_of(shopper, order), "key": "wrong", "confirmed": "1"}
    assert shopper.get(f"orders/{order.id}/return?key=wrong").status_code == 404
    assert shopper.post(f"orders/{order.id}/return", data).status_code == 404
    assert shop.orders.orders[order.id].returns == []
