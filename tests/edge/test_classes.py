"""What matters more than what, by address; and that every route of the shop has the class it should."""

from __future__ import annotations

import re

import pytest
from litestar.handlers import HTTPRouteHandler

from rialto.app import ALL
from rialto.edge.classes import (
    BEGINNING,
    BROWSING,
    BUYING,
    CART,
    CLASSES,
    OWN,
    OWN_DATA,
    SPARE,
    STAFF,
    STEPS,
    WATCHING,
    Class,
    class_of,
)
from rialto.kernel.importance import Importance, importance_named
from rialto.storefront.routes import ROUTES as STOREFRONT

pytestmark = pytest.mark.fast

KNOWN: tuple[tuple[str, str, Class], ...] = (
    ("GET", "/health/live", WATCHING),
    ("GET", "/.well-known/jwks.json", WATCHING),
    ("POST", "/v1/checkout", BUYING),
    ("POST", "/v1/checkout/ord_1/continue", BUYING),
    ("POST", "/v1/payments/webhooks/sandbox", BUYING),
    ("POST", "/de/checkout/place", BUYING),
    ("GET", "/de/checkout/return/ord_1", BUYING),
    ("GET", "/de/checkout/payment/return", BUYING),
    ("PUT", "/v1/admin/stock/LAMP", STAFF),
    ("GET", "/admin", STAFF),
    ("GET", "/admin/orders", STAFF),
    ("GET", "/v1/carts/crt_1", CART),
    ("POST", "/v1/carts/crt_1/lines", CART),
    ("POST", "/v1/carts/merge", CART),
    ("GET", "/en/cart", CART),
    ("POST", "/en/checkout/address", STEPS),
    ("POST", "/v1/auth/login", OWN),
    ("GET", "/v1/orders/ord_1", OWN),
    ("GET", "/en/orders/ord_1/thanks", OWN),
    ("GET", "/en/account", OWN),
    ("GET", "/assets/shop.1.css", OWN),
    ("POST", "/v1/products/prd_1/reviews", OWN),
    ("POST", "/v1/account/export", OWN_DATA),
    ("POST", "/en/account/data/export", OWN_DATA),
    ("POST", "/v1/carts", BEGINNING),
    ("POST", "/en/cart/add", BEGINNING),
    ("GET", "/en/", BROWSING),
    ("GET", "/en/p/lamp", BROWSING),
    ("GET", "/en/search", BROWSING),
    ("GET", "/v1/products/lamp", BROWSING),
    ("GET", "/media/lamp.webp", BROWSING),
    ("GET", "/checkout", BROWSING),
    ("GET", "/v1/products", SPARE),
    ("GET", "/v1/suggest", SPARE),
    ("GET", "/sitemap.xml", SPARE),
    ("GET", "/openapi.json", SPARE),
)


def of(method: str, path: str, agent: bytes = b"Mozilla/5.0") -> Class:
    return class_of({"method": method, "path": path, "headers": [(b"user-agent", agent)]})


@pytest.mark.parametrize(("method", "path", "expected"), KNOWN, ids=lambda value: str(value)[:40])
def test_a_request_has_its_class(method: str, path: str, expected: Class) -> None:
    assert of(method, path) is expected


@pytest.mark.parametrize("agent", [b"Googlebot/2.1", b"my-Crawler", b"Baiduspider"])
def test_a_robot_that_says_so_comes_last_where_it_looks_around_and_nowhere_else(agent: bytes) -> None:
    assert of("GET", "/en/p/lamp", agent) is SPARE
    assert of("POST", "/v1/carts", agent) is SPARE
    assert of("POST", "/v1/payments/webhooks/sandbox", agent) is BUYING
    assert of("GET", "/v1/orders/ord_1", agent) is OWN


def test_nothing_that_takes_or_moves_money_can_be_put_off_for_looking_around() -> None:
    for handler in (route for service in ALL for route in service.routes):
        assert isinstance(handler, HTTPRouteHandler)
        for path in handler.paths:
            found = of(min(handler.http_methods), re.sub(r"\{\w+:\w+\}", "one", path))
            if path.startswith(("/v1/checkout", "/v1/payments", "/v1/admin")):
                assert found.importance is Importance.BUYING, path
            if handler.http_methods != {"GET"} and path != "/v1/carts":
                assert found.importance in {Importance.OWN, Importance.BUYING}, path


def test_a_page_that_changes_something_is_at_least_somebodys_own() -> None:
    found = [
        (path, of("POST", re.sub(r"\{\w+:\w+\}", "en", path)))
        for router in STOREFRONT
        for path in (route.path for route in router.routes if "POST" in route.methods)
    ]
    assert len(found) > 30
    assert {path for path, its in found if its.importance in {Importance.SPARE, Importance.BROWSING}} == {
        "/{lang:str}/cart/add"
    }


def test_what_another_process_calls_important_is_taken_as_it_says() -> None:
    for importance in Importance:
        assert importance_named(importance.label) is importance
    assert importance_named("") is Importance.BUYING
    assert importance_named("something of a later release") is Importance.BUYING


def test_every_class_has_an_end_to_its_time() -> None:
    assert all(0 < one.seconds <= 60 for one in CLASSES)
    assert len({one.name for one in CLASSES}) == len(CLASSES)
