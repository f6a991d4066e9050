"""An order by its link: shown to whoever has the key, cancelled while that is possible. And the pages for errors."""

from __future__ import annotations

import pytest
from litestar.testing import RequestFactory

from rialto.kernel.errors import Unavailable
from rialto.orders.api import Order
from rialto.storefront.routes import render_error
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import Page, Shopper, any_sku

pytestmark = pytest.mark.fast


@pytest.fixture
def order(shop: FixtureShop, shopper: Shopper) -> Order:
    shopper.check_out(any_sku(shop))
    return next(iter(shop.orders.orders.values()))


def test_the_key_opens_the_order_and_nothing_else_does(shopper: Shopper, order: Order) -> None:
    assert order.number.replace("-", "‑") in shopper.page(f"orders/{order.id}?key={order.key}").one("h1").text
    for path in (
        f"orders/{order.id}",
        f"orders/{order.id}?key=wrong",
        f"orders/{order.id}/thanks?key=wrong",
        "orders/ord_x?key=y",
    ):
        assert shopper.get(path).status_code == 404, path


def test_an_order_can_be_cancelled_by_its_button(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    assert "Cancel this order" in shopper.page(f"orders/{order.id}?key={order.key}").one("main").text
    answer = shopper.post(f"orders/{order.id}/cancel", {"key": order.key})
    page = shopper.page(answer.headers["location"].removeprefix("/en/"))
    assert "The order is cancelled" in page.one("p", class_="confirmation").text
    assert "Cancel this order" not in page.one("main").text


def test_too_late_to_cancel_is_said(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    shop.orders.change(order.id, fulfilment_status="shipped", status="completed")
    assert "Cancel this order" not in shopper.page(f"orders/{order.id}?key={order.key}").one("main").text
    answer = shopper.post(f"orders/{order.id}/cancel", {"key": order.key})
    assert answer.status_code == 409
    assert "cannot be cancelled any more" in Page(answer.text).problems


def test_cancelling_needs_the_key(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    assert shopper.post(f"orders/{order.id}/cancel", {"key": "wrong"}).status_code == 404
    assert shop.orders.orders[order.id].status == "placed"


def test_states_never_heard_of_are_still_shown(shop: FixtureShop, shopper: Shopper, order: Order) -> None:
    shop.orders.change(
        order.id, status="on_the_moon", payment_status="bartered", fulfilment_status="teleported"
    )
    assert shopper.get(f"orders/{order.id}?key={order.key}").status_code == 200


@pytest.mark.parametrize(("language", "words"), [("en", "There is nothing here"), ("de", "Hier ist nichts")])
def test_a_page_that_is_not_there_is_said_in_the_visitors_language(
    shop: FixtureShop, language: str, words: str
) -> None:
    shopper = Shopper(shop, language)
    answer = shopper.get("p/nothing-like-it")
    assert answer.status_code == 404
    assert words in answer.text
    elsewhere = shopper.client.get("/nothing", headers={"accept-language": language})
    assert elsewhere.status_code == 404
    assert words in elsewhere.text
    assert elsewhere.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 413, 429, 500, 502, 503])
def test_every_error_has_a_page_made_without_any_service(shopper: Shopper, status: int) -> None:
    request = RequestFactory().get("/de/anything")
    answer = render_error(request, status, None)
    page = Page(bytes(answer.content).decode())
    assert page.one("html").attributes["lang"] == "de"
    assert page.one("h1").text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_a_service_that_is_away_says_when_to_come_back(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    shop.carts.fail = Unavailable()
    answer = shopper.get("checkout/address")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "Back in a moment" in answer.text
