"""Carts on the web: the routes of a whole purchase, and requests that make no sense."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException

from rialto.cart.routes import ROUTES
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import handle_http_error, handle_rialto_error, handle_validation
from tests.cart.shop import Shop, open_shop

pytestmark = pytest.mark.anyio

ADDRESS = {
    "name": "Ada Miller",
    "line1": "Lindenstraße 7",
    "city": "Berlin",
    "postal_code": "10969",
    "country": "DE",
}


def an_app(shop: Shop) -> Litestar:
    return Litestar(
        ROUTES,
        dependencies={"carts": Provide(lambda: shop.carts, sync_to_thread=False)},
        exception_handlers={
            RialtoError: handle_rialto_error,
            ValidationException: handle_validation,
            HTTPException: handle_http_error,
        },
    )


# One shop for all of these: each makes a cart of its own and none changes what is sold.
@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def shop(postgres: DatabaseAddress) -> AsyncIterator[Shop]:
    async with open_shop(postgres) as shop:
        yield shop


@pytest.fixture(scope="module")
async def web(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(cast("Any", an_app(shop)))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


async def test_a_guest_gets_from_an_empty_cart_to_the_checkout(web: httpx.AsyncClient) -> None:
    made = await web.post("/v1/carts", json={"currency": "EUR", "country": "DE", "language": "de"})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    cart = f"/v1/carts/{made.json()['id']}"
    added = await web.post(f"{cart}/lines", json={"sku": "cup", "quantity": 2})
    (line,) = added.json()["lines"]
    assert added.status_code == 200
    assert line["title"] == "Cup (deutsch)"
    assert line["unit_price"] == {"amount": 1190, "currency": "EUR"}
    changed = await web.patch(f"{cart}/lines/{line['id']}", json={"quantity": 3})
    assert changed.json()["totals"]["items"] == {"amount": 3570, "currency": "EUR"}
    addressed = await web.put(f"{cart}/address", json={"email": "ada@example.org", "shipping": ADDRESS})
    assert addressed.json()["billing"]["city"] == "Berlin"
    options = (await web.get(f"{cart}/delivery-options")).json()["items"]
    assert options == [
        {
            "id": "standard",
            "title": "Standardversand",
            "price": {"amount": 490, "currency": "EUR"},
            "delivered_on_from": "2026-01-06",
            "delivered_on_to": "2026-01-08",
        }
    ]
    chosen = await web.put(f"{cart}/delivery", json={"option_id": options[0]["id"]})
    assert chosen.json()["totals"]["total"] == {"amount": 4060, "currency": "EUR"}
    assert (await web.get(cart)).json() == chosen.json()
    removed = await web.delete(f"{cart}/lines/{line['id']}")
    assert (removed.status_code, removed.json()["lines"]) == (200, [])


async def test_an_empty_request_makes_a_cart_of_the_hosts_channel(web: httpx.AsyncClient) -> None:
    plain = await web.post("/v1/carts")
    trade = await web.post(
        "/v1/carts", headers={"Host": "Trade.example:8443", "Accept-Language": "en-GB,de;q=0.5"}
    )
    assert (plain.status_code, plain.json()["channel"], plain.json()["language"]) == (201, "default", "en")
    assert (trade.json()["channel"], trade.json()["currency"], trade.json()["language"]) == (
        "trade",
        "USD",
        "en",
    )


async def test_codes_are_refused_and_removed(web: httpx.AsyncClient) -> None:
    cart = f"/v1/carts/{(await web.post('/v1/carts')).json()['id']}"
    refused = await web.post(f"{cart}/codes", json={"code": "WELCOME"})
    assert (refused.status_code, refused.json()["code"]) == (422, "code_not_valid")
    assert (await web.delete(f"{cart}/codes/WELCOME")).json()["codes"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/carts/nothing", None, 404),
        ("GET", "/v1/carts/cart_%00", None, 404),
        ("POST", "/v1/carts/nothing/lines", {"sku": "cup"}, 404),
        ("PATCH", "{cart}/lines/nothing", {"quantity": 1}, 404),
        ("DELETE", "{cart}/lines/nothing", None, 404),
        ("POST", "/v1/carts", {"currency": 5}, 422),
        ("POST", "/v1/carts", {"channel": "nowhere"}, 422),
        ("POST", "/v1/carts", [], 422),
        ("POST", "{cart}/lines", {}, 422),
        ("POST", "{cart}/lines", {"sku": "cup", "quantity": 0}, 422),
        ("POST", "{cart}/lines", {"sku": "cup", "quantity": 100}, 422),
        ("POST", "{cart}/lines", {"sku": "cup", "quantity": 10**40}, 422),
        ("POST", "{cart}/lines", {"sku": "cup", "quantity": "two"}, 422),
        ("POST", "{cart}/lines", {"sku": "a\x00"}, 422),
        ("POST", "{cart}/lines", {"sku": "x" * 65}, 422),
        ("PUT", "{cart}/address", {"email": "ada@example.org"}, 422),
        ("PUT", "{cart}/address", {"email": "ada@example.org", "shipping": ADDRESS | {"city": 7}}, 422),
        ("PUT", "{cart}/address", {"email": "nobody", "shipping": ADDRESS}, 422),
        ("PUT", "{cart}/delivery", {"option_id": "drone"}, 422),
        ("PUT", "{cart}/delivery", {"option_id": None}, 422),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_clearly(
    web: httpx.AsyncClient, method: str, path: str, body: Any, status: int
) -> None:
    made = (await web.post("/v1/carts")).json()
    cart = f"/v1/carts/{made['id']}"
    answer = await web.request(method, path.format(cart=cart), json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"]
    assert (await web.get(cart)).json() == made


async def test_the_description_says_what_quantities_are_allowed(shop: Shop) -> None:
    schemas = an_app(shop).openapi_schema.to_schema()["components"]["schemas"]
    quantity = schemas["NewLineBody"]["properties"]["quantity"]
    assert (quantity["minimum"], quantity["maximum"]) == (1, 99)
    assert schemas["QuantityBody"]["properties"]["quantity"]["minimum"] == 0
