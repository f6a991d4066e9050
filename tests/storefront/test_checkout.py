"""Checkout without a script: steps in order, errors in words, one order per key, no card data anywhere."""

from __future__ import annotations

import pytest

from rialto.inventory.api import OutOfStock
from rialto.kernel.errors import Invalid, RialtoError, Unavailable
from rialto.orders.api import CheckoutInProgress, RequestInProgress
from rialto.pricing.api import DeliveryUnavailable
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import ADDRESS, Page, Shopper, any_sku

pytestmark = pytest.mark.fast


def test_a_guest_buys_in_german(shop: FixtureShop) -> None:
    shopper = Shopper(shop, "de")
    answer = shopper.check_out(any_sku(shop))
    assert answer.status_code == 303
    page = shopper.page(answer.headers["location"].removeprefix("/de/"))
    assert "Vielen Dank" in page.one("h1").text
    assert "ada@example.org" in page.one("main").text
    assert "cart" not in shopper.client.cookies
    assert shop.orders.placed[0].expected_total == next(iter(shop.orders.orders.values())).totals.total


def test_steps_lead_to_what_is_missing(shop: FixtureShop, shopper: Shopper) -> None:
    assert shopper.get("checkout/review").headers["location"] == "/en/cart?problem=cart_empty"
    shopper.add(any_sku(shop))
    assert "checkout/address" in shopper.get("checkout/review").headers["location"]
    shopper.post("checkout/address", ADDRESS)
    assert "checkout/delivery" in shopper.get("checkout/review").headers["location"]
    shopper.post("checkout/delivery", {"delivery": "standard"})
    assert "checkout/payment" in shopper.get("checkout/review").headers["location"]


def test_every_wrong_field_is_told_beside_it_and_above_and_entries_are_kept(
    shop: FixtureShop, shopper: Shopper
) -> None:
    shopper.add(any_sku(shop))
    answer = shopper.post(
        "checkout/address", {**ADDRESS, "email": "nobody", "shipping-city": " ", "shipping-country": "??"}
    )
    assert answer.status_code == 422
    page = Page(answer.text)
    assert [
        a.attributes["href"]
        for a in page.all("a")
        if a.attributes.get("href", "").startswith("#") and a.text != "Skip to content"
    ] == [
        "#email",
        "#shipping-city",
        "#shipping-country",
    ]
    city = page.one("input", id="shipping-city")
    assert city.attributes["aria-invalid"] == "true"
    assert page.one("span", id=city.attributes["aria-describedby"]).text == "Please enter the town or city."
    assert page.one("input", id="email").attributes["value"] == "nobody"
    assert page.one("input", id="shipping-line1").attributes["value"] == ADDRESS["shipping-line1"]
    assert "autofocus" in page.one("div", id="problems").attributes
    assert page.one("title").text.startswith("Problem:")


def test_a_billing_address_counts_only_when_it_is_asked_for(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    billing = {"billing-name": "Charles Babbage", "billing-line1": "", "billing-country": "GB"}
    assert shopper.post("checkout/address", {**ADDRESS, **billing}).status_code == 303
    answer = shopper.post("checkout/address", {**ADDRESS, **billing, "billing-separate": "1"})
    assert "Billing address: Please enter street" in Page(answer.text).problems
    billing |= {"billing-line1": "1 Engine Row", "billing-city": "London", "billing-postal_code": "W1A 0AX"}
    assert (
        shopper.post("checkout/address", {**ADDRESS, **billing, "billing-separate": "1"}).status_code == 303
    )
    assert "checked" in shopper.page("checkout/address").one("input", id="billing-separate").attributes


def test_address_fields_tell_browsers_what_they_are(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    page = shopper.page("checkout/address")
    tokens = {
        field.attributes["id"]: field.attributes["autocomplete"]
        for field in page.all("input")
        if "shipping-" in field.attributes.get("id", "")
    }
    assert tokens["shipping-name"] == "shipping name"
    assert tokens["shipping-postal_code"] == "shipping postal-code"


def test_delivery_says_price_and_days(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    shopper.post("checkout/address", ADDRESS)
    text = shopper.page("checkout/delivery").one("main").text
    assert "€4.90" in text
    assert "Wednesday 7 January – Friday 9 January" in text


def test_a_country_nothing_is_delivered_to_is_said_kindly(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    shopper.post("checkout/address", {**ADDRESS, "shipping-country": "AQ"})
    page = shopper.page("checkout/delivery")
    assert "do not deliver this to Antarctica" in page.one("main").text
    assert not page.all("input", type="radio")


def test_no_delivery_chosen_is_said(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    shopper.post("checkout/address", ADDRESS)
    assert "choose a way of delivery" in Page(shopper.post("checkout/delivery").text).problems


def test_the_hosted_page_is_told_the_amount_and_brings_a_token_back(
    shop: FixtureShop, shopper: Shopper
) -> None:
    shopper.add(any_sku(shop))
    shopper.post("checkout/address", ADDRESS)
    shopper.post("checkout/delivery", {"delivery": "standard"})
    answer = shopper.post("checkout/payment/hosted")
    assert answer.headers["location"] == "http://127.0.0.1:9/pay/session"
    started = shop.payments.started[0]
    assert started.amount == next(iter(shop.carts.carts.values())).totals.total
    assert started.return_url == "http://127.0.0.1:8000/en/checkout/payment/return"
    back = shopper.get(
        "checkout/payment/return", params={"token": "tok_success", "label": "Visa •••• 4242\u202e"}
    )
    assert back.headers["location"] == "/en/checkout/review"
    assert next(iter(shop.carts.payments.values())).label == "Visa •••• 4242"
    shop.payments.away = True
    assert "does not answer" in Page(shopper.post("checkout/payment/hosted").text).problems


def test_only_the_provider_may_be_framed_and_posted_to(shop: FixtureShop, shopper: Shopper) -> None:
    policy = shopper.get("").headers["content-security-policy"]
    assert "frame-src http://127.0.0.1:9;" in policy
    assert "form-action 'self' http://127.0.0.1:9;" in policy


def test_the_review_shows_everything_with_a_way_to_change_it(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.check_out(any_sku(shop), "tok_declined")
    page = shopper.page("checkout/review")
    text = " ".join(page.one("main").text.split())
    for shown in (
        "ada@example.org",
        "Ada Lovelace",
        "10115 Berlin",
        "Germany",
        "Parcel",
        "Visa •••• 4242",
        "19% VAT included",
        "Terms of sale",
    ):
        assert shown in text, shown
    links = {link.attributes["href"] for link in page.all("a")}
    assert {"/en/checkout/address", "/en/checkout/delivery", "/en/checkout/payment", "/en/cart"} <= links


def test_3d_secure_leads_to_the_provider_and_back(shop: FixtureShop, shopper: Shopper) -> None:
    answer = shopper.check_out(any_sku(shop), "tok_3ds")
    assert answer.headers["location"].startswith("https://provider.test/challenge/ord_")
    order = next(iter(shop.orders.orders.values()))
    back = f"checkout/return/{order.id}?key={order.key}"
    shop.orders.resumes[order.id] = "action"
    assert "Confirm with your bank" in shopper.page(back).one("main").text
    shop.orders.resumes[order.id] = "declined"
    refused = shopper.get(back).headers["location"].removeprefix("/en/")
    assert "not confirmed with your bank" in shopper.page(refused).problems
    shop.orders.resumes[order.id] = "placed"
    assert shopper.get(back).headers["location"] == f"/en/orders/{order.id}/thanks?key={order.key}"
    assert "cart" not in shopper.client.cookies


def test_a_slow_answer_is_waited_for(shop: FixtureShop, shopper: Shopper) -> None:
    answer = shopper.check_out(any_sku(shop), "tok_slow")
    waiting = shopper.get(answer.headers["location"].removeprefix("/en/"))
    assert waiting.status_code == 200
    assert waiting.headers["refresh"] == "4"


def test_a_declined_card_leads_back_to_payment_with_the_reason(shop: FixtureShop, shopper: Shopper) -> None:
    answer = shopper.check_out(any_sku(shop), "tok_declined")
    page = shopper.page(answer.headers["location"].removeprefix("/en/"))
    assert "not enough funds" in page.problems
    assert "Already entered" not in page.one("main").text


@pytest.mark.parametrize(
    ("error", "path", "words"),
    [
        (OutOfStock(), "/en/cart", "not in stock any more"),
        (DeliveryUnavailable(), "/en/checkout/delivery", "not offered for this order"),
        (Invalid(code="card_number_refused"), "/en/checkout/payment", "do not type card numbers"),
        (CheckoutInProgress(), "/en/checkout/review", "still being worked on"),
        (RequestInProgress(), "/en/checkout/review", "will not order twice"),
        (Unavailable(), "/en/checkout/review", "Nothing was ordered"),
        (Invalid(code="never_heard_of"), "/en/checkout/review", "did not work"),
    ],
)
def test_refusals_are_sentences_on_the_page_that_mends_them(
    shop: FixtureShop, shopper: Shopper, error: RialtoError, path: str, words: str
) -> None:
    shop.orders.fail = error
    answer = shopper.check_out(any_sku(shop))
    assert answer.headers["location"].startswith(path)
    page = Page(shopper.get(answer.headers["location"].removeprefix("/en/")).text)
    assert words in page.problems


def test_a_changed_total_asks_once_more(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.check_out(any_sku(shop), "tok_declined")
    review = shopper.page("checkout/review")
    hidden = {name: review.one("input", name=name).attributes["value"] for name in ("key", "expected_total")}
    answer = shopper.post("checkout/place", {**hidden, "key": "another", "expected_total": "1"})
    assert (
        "total has changed"
        in Page(shopper.get(answer.headers["location"].removeprefix("/en/")).text).problems
    )


def test_pressing_twice_makes_one_order_and_one_answer(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.check_out(any_sku(shop), "tok_declined")
    shopper.post("checkout/payment", {"token": "tok_success", "label": "Visa"})
    cart_id = shopper.client.cookies["cart"]
    review = shopper.page("checkout/review")
    hidden = {name: review.one("input", name=name).attributes["value"] for name in ("key", "expected_total")}
    first = shopper.post("checkout/place", hidden)
    shopper.client.cookies.set("cart", cart_id)
    second = shopper.post("checkout/place", hidden)
    assert first.headers["location"] == second.headers["location"]
    assert len([order for order in shop.orders.orders.values() if order.status == "placed"]) == 1


def test_a_retry_keeps_its_key(shop: FixtureShop, shopper: Shopper) -> None:
    shop.orders.fail = RequestInProgress()
    answer = shopper.check_out(any_sku(shop))
    page = Page(shopper.get(answer.headers["location"].removeprefix("/en/")).text)
    assert page.one("input", name="key").attributes["value"] == shop.orders.placed[0].key


def test_an_ordered_cart_starts_afresh(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    cart = next(iter(shop.carts.carts.values()))
    shop.carts.change(cart.id, status="ordered")
    answer = shopper.get("checkout/address")
    assert answer.headers["location"] == "/en/cart?problem=cart_ordered"
    assert "cart" not in shopper.client.cookies
