"""How long a request may take, by its address."""

from __future__ import annotations

import pytest

from rialto.edge.deadlines import BROWSE_S, CART_S, CHECKOUT_S, OTHERS_S, seconds_for

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("method", "path", "seconds"),
    [
        ("GET", "/", BROWSE_S),
        ("GET", "/en/", BROWSE_S),
        ("HEAD", "/de", BROWSE_S),
        ("GET", "/en/c/lamps", BROWSE_S),
        ("GET", "/en/p/lamp", BROWSE_S),
        ("GET", "/en/recent", BROWSE_S),
        ("GET", "/sitemap.xml", BROWSE_S),
        ("GET", "/v1/products", BROWSE_S),
        ("GET", "/v1/products/lamp/reviews", BROWSE_S),
        ("POST", "/v1/products/lamp/reviews", OTHERS_S),
        ("GET", "/v1/productsx", OTHERS_S),
        ("GET", "/en/cart/count.json", CART_S),
        ("POST", "/en/cart/add", CART_S),
        ("PATCH", "/v1/carts/one/lines/two", CART_S),
        ("POST", "/en/checkout/place", CHECKOUT_S),
        ("POST", "/v1/checkout", CHECKOUT_S),
        ("GET", "/en/orders/one", OTHERS_S),
        ("POST", "/v1/admin/products", OTHERS_S),
    ],
)
def test_each_class_has_its_time(method: str, path: str, seconds: float) -> None:
    assert seconds_for(method, path) == seconds
