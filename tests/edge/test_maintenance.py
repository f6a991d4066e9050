"""One shop with the sign up: who goes on, and what everybody else is told."""

from __future__ import annotations

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from rialto.app import ALL
from rialto.edge.maintenance import READING, stops_in_maintenance
from rialto.kernel.auth import Principal, TokenSigner
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.maintenance import REFRESH_S
from rialto.storefront.routes import ROUTES as STOREFRONT
from tests.support.databases import SECRETS
from tests.support.shop import Shop, a_shop

CART = {"currency": "EUR", "country": "DE", "language": "en"}


@pytest.mark.anyio
async def test_while_the_sign_is_up_customers_look_and_everything_else_goes_on(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop(postgres, background=False, clock=ManualClock()) as shop:
        cart = (await shop.web.post("/v1/carts", json=CART)).json()["id"]
        await shop.app.maintenance.put_up("Back <b>at ten</b>.")
        shop.clock.advance(REFRESH_S)
        await customers_can_only_look(shop, cart)
        await others_go_on(shop, cart)
        await shop.app.maintenance.put_up("")
        shop.clock.advance(REFRESH_S)
        assert "Wir arbeiten am Shop" in (await shop.web.post("/de/cart/add", data={"sku": "LAMP"})).text
        assert "can be changed or ordered" in (await shop.web.post("/en/cart/add", data={"sku": "LAMP"})).text
        await shop.app.maintenance.take_down()
        shop.clock.advance(REFRESH_S)
        assert (await shop.web.post("/v1/carts", json=CART)).status_code == 201


async def customers_can_only_look(shop: Shop, cart: str) -> None:
    for path in ("/en/", "/de/", "/v1/products", f"/v1/carts/{cart}", "/health/live"):
        assert (await shop.web.get(path)).status_code == 200, path
    assert (await shop.web.request("OPTIONS", "/v1/carts")).status_code < 400
    customer = {"Authorization": f"Bearer {token(shop, 'customer')}"}
    for headers in ({}, customer, {"Authorization": "Bearer nonsense"}):
        for method, path in (
            ("POST", "/v1/carts"),
            ("POST", f"/v1/carts/{cart}/lines"),
            ("POST", "/v1/checkout"),
            ("POST", "/v1/auth/register"),
            ("PATCH", "/v1/account"),
            ("PUT", "/v1/admin/stock/LAMP"),
        ):
            told(await shop.web.request(method, path, json={}, headers=headers))
    page = await shop.web.post("/de/cart/add", data={"sku": "LAMP"})
    assert page.status_code == 503
    assert page.headers["retry-after"] == "60"
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert "Back &lt;b&gt;at ten&lt;/b&gt;." in page.text  # their words are text, never markup


def told(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.request.url
    assert answer.headers["retry-after"] == "60"
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "maintenance"
    assert answer.json()["detail"] == "Back <b>at ten</b>."


async def others_go_on(shop: Shop, cart: str) -> None:
    wrong = {"email": "ada@example.org", "password": "not hers at all"}
    assert (await shop.web.post("/v1/auth/login", json=wrong)).status_code == 401
    assert (await shop.web.post("/v1/auth/refresh", json={"refresh_token": "x"})).status_code == 401
    assert (await shop.web.post("/v1/auth/logout", json={"refresh_token": "x"})).status_code != 503
    chosen = await shop.web.post("/en/preferences", data={"currency": "USD"})
    assert chosen.status_code != 503  # in a cookie of theirs, not in the shop
    webhook = await shop.web.post("/v1/payments/webhooks/sandbox", content=b"{}")
    assert webhook.status_code == 403  # it was read: its signature is wrong
    staff = {"Authorization": f"Bearer {token(shop, 'staff')}"}
    counted = {"warehouse": "berlin", "on_hand": 40}
    assert (await shop.web.put("/v1/admin/stock/LAMP", json=counted, headers=staff)).status_code != 503
    answer = await shop.buy("LAMP")  # what runs behind the door is not stopped
    assert answer.outcome == "placed"


def token(shop: Shop, kind: str) -> str:
    signer = TokenSigner(SECRETS.signing_key, issuer=shop.app.settings.public_url, clock=shop.clock)
    named = "acc_06bqk3v1m5g7r0z2x4c6n8p0qs" if kind == "customer" else "stf_06bqk3v1m5g7r0z2x4c6n8p0qs"
    return signer.sign(Principal(kind=kind, id=named, roles=("owner",)), lifetime_s=600)


def pages() -> list[HTTPRouteHandler]:
    return [
        handler
        for router in STOREFRONT
        for route in router.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
    ]


@pytest.mark.fast
def test_only_what_is_meant_to_goes_on() -> None:
    """A list to be read: each of these changes something while customers are told that nothing can be changed."""
    handlers = [*(route for service in ALL for route in service.routes), *pages()]
    changing = [handler for handler in handlers if not READING & {*handler.http_methods}]
    assert len(changing) > 80
    going_on = {
        path
        for handler in changing
        for path in handler.paths
        if not stops_in_maintenance(handler) and not path.startswith("/v1/admin/")
    }
    assert going_on == {
        "/v1/auth/login",
        "/v1/auth/logout",
        "/v1/auth/passkeys/sign-in/options",
        "/v1/auth/passkeys/sign-in/verify",
        "/v1/auth/refresh",
        "/v1/auth/totp/verify",
        "/v1/payments/webhooks/{provider:str}",
        "/{lang:str}/account/sign-in",
        "/{lang:str}/account/sign-in/code",
        "/{lang:str}/account/sign-in/passkey",
        "/{lang:str}/account/sign-in/passkey/options",
        "/{lang:str}/account/sign-out",
        "/{lang:str}/preferences",
    }
