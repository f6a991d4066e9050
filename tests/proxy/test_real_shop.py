"""The shop itself behind nginx: its own headers decide what is kept, and a checkout charges what the shop says now."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from rialto.kernel.db import DatabaseAddress
from rialto.proxy.site import Server
from tests.api.serving import LOOPBACK, served_shop
from tests.proxy.running import Proxy, Reply, a_proxy, needs_nginx

pytestmark = needs_nginx

JSON = {"Content-Type": "application/json"}
FORMER, NEW = 4900, 6900
SHOWN_FOR_S_MAX = 5  # docs/adr/0015: nobody tells nginx of news


def price_of(reply: Reply) -> int:
    amount = json.loads(reply.body)["price_from"]["amount"]
    assert isinstance(amount, int)
    return amount


def shown_for_s(reply: Reply) -> int:
    """How long nginx may show it while the shop is well."""
    told = re.findall(r"(?:s-maxage|stale-while-revalidate)=(\d+)", reply.headers["cache-control"])
    assert told
    return sum(map(int, told))


def post(proxy: Proxy, path: str, body: Any) -> Any:
    reply = proxy.ask("POST", path, JSON, json.dumps(body).encode())
    assert reply.status in {200, 201}, reply.body
    assert "x-cache" not in reply.headers
    return json.loads(reply.body)


def test_a_checkout_charges_todays_price_while_nginx_still_remembers_yesterdays(
    postgres: DatabaseAddress, tmp_path: Path
) -> None:
    with served_shop(postgres) as served:
        address = served.url.removeprefix("http://")
        with a_proxy(tmp_path, "one", groups={"one": (Server(address=address),)}) as proxy:
            proxy.until("/v1/products/lamp", lambda reply: reply.headers.get("x-cache") == "HIT")
            assert price_of(proxy.ask("GET", "/v1/products/lamp")) == FORMER
            assert proxy.ask("GET", "/v1/products/lamp").headers["x-cache"] in {"HIT", "EXPIRED"}

            served.run(lambda shop: shop.set_price("LAMP", NEW))
            served.run(lambda shop: shop.settle())
            cart = post(proxy, "/v1/carts", {"currency": "EUR", "country": "DE"})
            cart = post(proxy, f"/v1/carts/{cart['id']}/lines", {"sku": "LAMP", "quantity": 1})
            assert cart["lines"][0]["unit_price"]["amount"] == NEW
            again = proxy.ask("GET", f"/v1/carts/{cart['id']}")
            assert json.loads(again.body)["lines"][0]["unit_price"]["amount"] == NEW
            assert "x-cache" not in again.headers

            # And by its own headers the page follows without being told.
            assert price_of(proxy.until("/v1/products/lamp", lambda reply: price_of(reply) == NEW)) == NEW


def test_the_shops_pages_are_kept_and_its_own_things_are_not(
    postgres: DatabaseAddress, tmp_path: Path
) -> None:
    with served_shop(postgres) as served:
        address = served.url.removeprefix("http://")
        with a_proxy(tmp_path, "one", groups={"one": (Server(address=address),)}) as proxy:
            for path in ("/en/", "/de/p/lamp", "/v1/products", "/v1/categories"):
                kept = proxy.until(path, lambda reply: reply.headers.get("x-cache") == "HIT")
                assert shown_for_s(kept) <= SHOWN_FOR_S_MAX, path
            page = proxy.ask("GET", "/en/p/lamp", {"Cookie": "currency=USD; access=abc"})
            assert (page.status, "set-cookie" in page.headers) == (200, False)
            assert "$" in page.body.decode()
            for path in (
                "/en/cart",
                "/en/checkout/review",
                "/en/account",
                "/admin",
                "/v1/orders",
                "/v1/account",
            ):
                reply = proxy.ask("GET", path)
                assert ("x-cache" in reply.headers, reply.status < 500) == (False, True), path
            # What the shop says of itself passes nginx unchanged.
            assert "frame-ancestors 'none'" in proxy.ask("GET", "/en/cart").headers["content-security-policy"]
            # A form's own origin is known by the host that people asked for, with its port.
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            told = [
                proxy.ask("POST", "/en/cart/add", {**form, "Origin": origin}, b"sku=LAMP&quantity=1").status
                for origin in (
                    f"https://{LOOPBACK}:{proxy.port}",
                    f"https://{LOOPBACK}",
                    "https://evil.example",
                )
            ]
            assert told == [303, 403, 403]
            missing = proxy.ask("GET", "/v1/products/nowhere")
            assert (missing.status, missing.headers["content-type"]) == (404, "application/problem+json")
