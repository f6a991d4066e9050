"""Carts on the web: the routes of a whole purchase, and requests that make no sense."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException

from rialto.cart.routes import ROUTES
from rialto.kernel.auth import GUEST, Principal
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import handle_http_error, handle_rialto_error, handle_validation
from rialto.kernel.ids import ACCOUNT, AccountId
from tests.cart.shop import Shop, open_shop
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio

CUSTOMERS = {name: ACCOUNT.new(seeded_ids(), bucket) for bucket, name in enumerate(("ada", "bob"), start=3)}
ADDRESS = {
    "name": "Ada Miller",
    "line1": "Lindenstraße 7",
    "city": "Berlin",
    "postal_code": "10969",
    "country": "DE",
}


class AsWhom:
    """The edge's part of finding out who asks: `customers` by bearer token, anybody else is a guest."""

    def __init__(self, app: Any, customers: Mapping[str, AccountId]) -> None:
        self._app = app
        self._customers = customers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        token = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        found = self._customers.get(token)
        principal = Principal(kind="customer", id=found) if found else GUEST
        scope["rialto.principal"] = lambda: principal
        await self._app(scope, receive, send)


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
    transport = httpx.ASGITransport(cast("Any", AsWhom(an_app(shop), CUSTOMERS)))
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


def signed_in(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def test_a_customer_gets_the_accounts_cart_and_nobody_else_sees_it(web: httpx.AsyncClient) -> None:
    ada = signed_in("ada")
    made = await web.post("/v1/carts", headers=ada)
    cart = f"/v1/carts/{made.json()['id']}"
    assert (await web.post("/v1/carts", headers=ada)).json()["id"] == made.json()["id"]
    added = await web.post(f"{cart}/lines", json={"sku": "cup"}, headers=ada)
    assert added.status_code == 200
    for headers in ({}, signed_in("bob")):
        for method, path, body in (
            ("GET", cart, None),
            ("POST", f"{cart}/lines", {"sku": "cup"}),
            ("PATCH", f"{cart}/lines/{added.json()['lines'][0]['id']}", {"quantity": 3}),
            ("DELETE", f"{cart}/lines/{added.json()['lines'][0]['id']}", None),
            ("POST", f"{cart}/codes", {"code": "X"}),
            ("DELETE", f"{cart}/codes/X", None),
            ("PUT", f"{cart}/address", {"email": "ada@example.org", "shipping": ADDRESS}),
            ("GET", f"{cart}/delivery-options", None),
            ("PUT", f"{cart}/delivery", {"option_id": "standard"}),
        ):
            answer = await web.request(method, path, json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
    assert (await web.get(cart, headers=ada)).json() == added.json()


async def test_signing_in_takes_the_guests_cart_over_and_tells_conflicts(web: httpx.AsyncClient) -> None:
    guest = (await web.post("/v1/carts")).json()["id"]
    await web.post(f"/v1/carts/{guest}/lines", json={"sku": "book", "quantity": 2})
    merge = {"cart_id": guest}
    assert (await web.post("/v1/carts/merge", json=merge)).status_code == 401
    merged = await web.post("/v1/carts/merge", json=merge, headers=signed_in("bob"))
    assert (merged.status_code, merged.json()["conflicts"]) == (200, [])
    assert {line["sku"]: line["quantity"] for line in merged.json()["cart"]["lines"]} == {"book": 2}
    again = await web.post("/v1/carts/merge", json=merge, headers=signed_in("bob"))
    assert again.json() == merged.json()
    refused = await web.post(f"/v1/carts/{guest}/lines", json={"sku": "cup"})
    assert (refused.status_code, refused.json()["code"]) == (409, "cart_merged")
    assert (await web.post("/v1/carts/merge", json=merge, headers=signed_in("ada"))).status_code == 404


async def test_a_wishlist_is_for_customers_only_and_each_has_their_own(web: httpx.AsyncClient) -> None:
    ada, bob = signed_in("ada"), signed_in("bob")
    assert (await web.get("/v1/account/wishlist")).status_code == 401
    assert (await web.put("/v1/account/wishlist/cup", headers=ada)).status_code == 204
    assert (await web.put("/v1/account/wishlist/ghost", headers=ada)).json()["code"] == "sku_not_sold"
    (wish,) = (await web.get("/v1/account/wishlist?language=de", headers=ada)).json()["items"]
    assert (wish["item"], wish["title"]) == ("cup", "Cup (deutsch)")
    assert (await web.get("/v1/account/wishlist", headers=bob)).json() == {"items": []}
    moved = await web.post("/v1/account/wishlist/cup/move", json={"quantity": 2}, headers=ada)
    assert moved.status_code == 200
    assert (await web.post("/v1/account/wishlist/cup/move", headers=ada)).status_code == 404
    assert (await web.delete("/v1/account/wishlist/cup", headers=ada)).status_code == 204
