"""The shop while its main database is away: killed (connections are refused) or frozen (nothing comes back).

A real worker on a PostgreSQL of this file's own. What a shopper, a member of staff and a program see is asked cell by cell
while it is away; then the worker is started anew meanwhile; then the database comes back, and all must be as before by
itself. Pages are asked for the first time while the database is away: nothing of them was kept.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from rialto.edge.classes import BROWSING, BUYING, CART
from tests.degradation.living import (
    ADDRESS,
    SLACK_S,
    Outage,
    checkout,
    furnished,
    is_sound,
    lived_in,
)
from tests.support.outages import Page, Visitor, own_server
from tests.support.process import STAFF, Answer, RealShop, database_from, real_shop

pytestmark = pytest.mark.crash

# Cold, in both languages: what somebody looks around in.
PAGES = (
    "/en/",
    "/de/",
    "/en/c/lights",
    "/en/collections/classics",
    "/en/search?q=lamp",
    "/en/search?q=lamp&in_stock=1&sort=price",
    "/en/p/lamp",
    "/de/p/vase?sku=VASE",
    "/en/pages/imprint",
    "/en/recent?p=lamp,vase",
)
LISTS = (
    "/v1/products",
    "/v1/products?q=lamp&category=lights",
    "/v1/products/lamp",
    "/v1/categories",
    "/v1/collections",
    "/v1/suggest?q=la",
)
# Whatever a page promises or denies of stock, for people and for machines.
STOCK = re.compile(
    'data-band="(?!unknown)|"band":"(?!unknown)|card--sold-out|schema.org/(?:InStock|Sold|Limited)'
    "|flag[^>]*>(?:Few left|Sold out|Nur noch|Ausverkauft)"
)


@pytest.fixture(scope="module", params=["kill", "freeze"])
def outage(request: pytest.FixtureRequest) -> Iterator[Outage]:
    with own_server() as server:
        template = asyncio.run(furnished(server.address))
        with real_shop(server.address) as shop, database_from(shop, template):
            shop.start()
            shop.until(lambda: shop.call("GET", "/health/ready").status == 200, "the shop is ready")
            found = lived_in(shop, server)
            getattr(server, request.param)()
            try:
                shop.until(
                    lambda: "notice-bar--outage" in found.stranger().get("/en/recent").text, "it is noticed"
                )
                yield found
            finally:
                server.back()


def _is_brief(page: Page) -> bool:
    """Kept for seconds, and by nobody beyond them."""
    control = page.headers["cache-control"]
    return control == "no-store" or ("s-maxage=2" in control and "stale" not in control)


@pytest.mark.parametrize("path", PAGES)
def test_looking_around_goes_on(outage: Outage, path: str) -> None:
    page = outage.stranger().get(path)
    assert page.status == 200, page.text[:500]
    assert re.search(r'<p class="notice-bar notice-bar--outage" role="status">[^<]* \d\d:\d\d UTC', page.text)
    assert _is_brief(page)
    assert page.seconds < BROWSING.seconds + SLACK_S
    assert not STOCK.search(page.text), "it says what it does not know"


def test_a_product_shows_its_price_and_promises_nothing_of_stock(outage: Outage) -> None:
    page = outage.stranger().get("/en/p/print").text
    assert "€15.00" in page
    assert 'data-band="unknown"' in page
    assert "schema.org/Product" in page or '"Product"' in page
    assert "schema.org/InStock" not in page


@pytest.mark.parametrize("path", LISTS)
def test_programs_look_around_too(outage: Outage, path: str) -> None:
    page = outage.stranger().get(path)
    assert page.status == 200, page.text
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", page.headers["prices-as-of"])
    assert _is_brief(page)
    assert page.seconds < BROWSING.seconds + SLACK_S
    assert '"in_stock"' not in page.text


@pytest.mark.parametrize("path", ["/sitemap.xml", "/robots.txt", "/openapi.json", "/docs", "/health/ready"])
def test_what_needs_no_database_needs_none(outage: Outage, path: str) -> None:
    page = outage.stranger().get(path)
    assert page.status == 200
    assert page.seconds < BROWSING.seconds + SLACK_S


def test_reviews_are_told_to_be_away_where_they_lie_in_the_same_database(outage: Outage) -> None:
    page = outage.stranger().get(f"/v1/products/{_id_of(outage)}/reviews")
    _is_refusal(page, within_s=BROWSING.seconds)


def test_the_cart_is_shown_as_it_was_seen_last(outage: Outage) -> None:
    page = outage.shopper.get("/en/cart")
    assert page.status == 200
    assert "This is your cart as you saw it on" in page.text
    assert "Pieces: 3" in page.text
    assert "/en/cart/change" not in page.text
    assert "/en/checkout/address" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.seconds < CART.seconds + SLACK_S
    assert outage.shopper.get("/en/cart/count.json").text.replace(" ", "") == '{"count":3}'


def test_a_cart_that_nobody_has_seen_is_explained(outage: Outage) -> None:
    stranger = outage.stranger()
    stranger.cookies["cart"] = outage.cart
    page = stranger.get("/en/cart")
    assert page.status == 503
    assert page.headers["retry-after"]
    assert "Your cart is out of reach for a moment" in page.text


def test_what_is_typed_into_a_form_is_kept_on_the_page_that_refuses_it(outage: Outage) -> None:
    page = outage.shopper.post("/en/cart/add", sku="VASE", quantity="2")
    assert page.status == 503
    assert page.headers["retry-after"]
    assert "Nothing you entered is lost" in page.text
    assert '<form method="post" action="/en/cart/add">' in page.text
    assert '<input type="hidden" name="sku" value="VASE">' in page.text
    assert '<input type="hidden" name="quantity" value="2">' in page.text
    assert page.seconds < CART.seconds + SLACK_S


def test_an_address_is_kept_with_its_lines(outage: Outage) -> None:
    fields = {"email": "ada@example.org", "shipping-name": 'Ada "Countess" <L>', "shipping-line1": "a\nb"}
    page = outage.shopper.post("/en/checkout/address", **fields)
    assert page.status == 503
    assert 'value="Ada &#34;Countess&#34; &lt;L&gt;"' in page.text
    assert 'value="a&#10;b"' in page.text


@pytest.mark.parametrize("path", ["/en/checkout/address", "/en/checkout/review"])
def test_the_checkout_says_that_nothing_was_charged(outage: Outage, path: str) -> None:
    page = outage.shopper.get(path)
    assert page.status == 503
    assert page.headers["retry-after"]
    assert "nothing was charged" in page.text


def test_signing_in_is_refused_politely_and_no_password_stands_on_the_page(outage: Outage) -> None:
    page = outage.stranger().post("/en/account/sign-in", email="ada@example.org", password="hush-hush-hush")
    assert page.status == 503
    assert page.headers["retry-after"]
    assert 'value="ada@example.org"' in page.text
    assert "hush-hush" not in page.text


def test_an_order_is_not_there_for_the_moment(outage: Outage) -> None:
    page = outage.stranger().get(f"/en/orders/{outage.order['id']}?key={outage.order['key']}")
    assert page.status == 503
    assert page.headers["retry-after"]
    assert "Back in a moment" in page.text


@pytest.mark.parametrize("path", ["/admin", "/admin/products", "/admin/orders"])
def test_staff_get_a_plain_page(outage: Outage, path: str) -> None:
    page = outage.staff.get(path)
    assert page.status == 503
    assert page.headers["retry-after"]
    assert "<h1" in page.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/carts", {"currency": "EUR"}),
        ("GET", "/v1/carts/{cart}", None),
        ("POST", "/v1/carts/{cart}/lines", {"sku": "VASE", "quantity": 1}),
        ("PUT", "/v1/carts/{cart}/address", {"email": "a@example.org", "shipping": ADDRESS}),
        (
            "POST",
            "/v1/checkout",
            {"cart_id": "{cart}", "payment": {"provider": "sandbox", "token": "tok_success"}},
        ),
        ("GET", "/v1/orders/{order}?key={key}", None),
        ("POST", "/v1/orders/{order}/cancel?key={key}", None),
        ("POST", "/v1/auth/login", STAFF),
        ("GET", "/v1/admin/orders", None),
    ],
)
def test_programs_are_told_to_come_back(outage: Outage, method: str, path: str, body: Any) -> None:
    words = {"cart": outage.cart, "order": outage.order["id"], "key": outage.order["key"]}
    filled = msgspec.json.decode(msgspec.json.encode(body).decode().replace("{cart}", outage.cart))
    page = _program(outage, method, path.format(**words), filled)
    _is_refusal(page, within_s=BUYING.seconds)


def test_the_process_says_that_it_lives_and_what_is_wrong(outage: Outage) -> None:
    assert outage.stranger().get("/health/live").status == 200
    details = Visitor(outage.shop.ops_port).get("/health/details")
    assert '"degraded"' in details.text.replace(" ", "")


def test_a_worker_that_starts_meanwhile_shows_the_shop_and_comes_back_by_itself(outage: Outage) -> None:
    """The last one: it ends the outage."""
    shop = outage.shop
    shop.kill()
    shop.start()
    shop.until(lambda: "notice-bar--outage" in outage.stranger().get("/en/recent").text, "it is noticed")
    for path in PAGES:
        test_looking_around_goes_on(outage, path)
    for path in LISTS:
        test_programs_look_around_too(outage, path)
    assert outage.shopper.get("/en/cart").status == 503, "another process has not seen it"

    outage.server.back()
    shop.until(
        lambda: outage.shopper.post("/en/cart/add", sku="VASE", quantity="2").status == 303, "carts are back"
    )
    shop.until(lambda: "notice-bar--outage" not in outage.stranger().get("/en/").text, "the notice is gone")
    page = outage.stranger().get("/en/p/lamp")
    assert 'data-band="in_stock"' in page.text
    assert "stale-if-error" in page.headers["cache-control"]
    cart = outage.shopper.get("/en/cart").text
    assert "Vase" in cart
    assert "/en/cart/change" in cart
    # News arrives again: relay, log, feed and pages.
    shop.staff("PUT", "/v1/admin/stock/PRINT", {"warehouse": "berlin", "on_hand": 0}, "sold")
    shop.until(lambda: 'data-band="sold_out"' in outage.stranger().get("/en/p/print").text, "news arrives")
    answer = _insist(shop, lambda: checkout(shop, outage.cart, "after"))
    assert answer.status == 201, answer
    is_sound(shop, orders=2)


def _id_of(outage: Outage) -> str:
    return str(msgspec.json.decode(outage.stranger().get("/v1/products/lamp").text)["id"])


def _program(outage: Outage, method: str, path: str, body: Any) -> Page:
    visitor = outage.stranger()
    headers = {
        "content-type": "application/json",
        "idempotency-key": f"{method}{path}"[:60].replace("/", "-"),
    }
    if "/admin/" in path:
        headers["authorization"] = f"Bearer {outage.token}"
    return visitor._ask(method, path, None if body is None else msgspec.json.encode(body).decode(), headers)


def _is_refusal(page: Page, *, within_s: float) -> None:
    assert page.status == 503, page.text
    assert msgspec.json.decode(page.text)["code"] == "unavailable"
    assert int(page.headers["retry-after"]) >= 1
    assert page.seconds < within_s + SLACK_S


def _insist(shop: RealShop, ask: Callable[[], Answer]) -> Answer:
    found: list[Answer] = []

    def answered() -> bool:
        found.append(ask())
        return found[-1].status < 500

    shop.until(answered, "there is an answer")
    return found[-1]
