"""A real shop that people live in, for tests of what they meet when something is away."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import msgspec

from rialto.app import ALL, App
from rialto.catalog.api import Catalog, Category, Collection, PutCollection, PutProduct
from rialto.catalog.service import SERVICE as CATALOG
from rialto.kernel.clock import SystemClock
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import RandomIds
from tests.support.databases import SECRETS, in_database
from tests.support.goods import GOODS, draft_of, goods_template
from tests.support.outages import OwnServer, Visitor
from tests.support.process import STAFF, Answer, RealShop, add_staff
from tests.support.provider import InProcessProvider, make_sandbox
from tests.support.surroundings import RecordingMail, engines_of
from tests.support.values import settings_in

# A machine that does other things beside the test may take so much longer than a request's class allows.
SLACK_S = 10.0
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Weg 1",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}
CLASSICS = Collection(slug="classics", title={"en": "Classics", "de": "Klassiker"}, products=["lamp"])


@dataclass
class Outage:
    """A shop whose database is away, and those who had been in it before."""

    shop: RealShop
    server: OwnServer
    shopper: Visitor
    staff: Visitor
    token: str
    order: dict[str, Any]
    cart: str

    def stranger(self) -> Visitor:
        return Visitor(self.shop.port)


async def furnished(postgres: DatabaseAddress) -> str:
    """Goods in a category and a collection, and a member of staff."""
    plain = await goods_template(postgres, ALL)
    name = f"{plain}furnished"
    connection = await connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {plain}")
    finally:
        await connection.close()
    address = in_database(postgres, name)
    await add_staff(address)
    clock = SystemClock()
    provider = InProcessProvider(make_sandbox(clock, random.Random(7)), clock, SECRETS)
    ids = RandomIds(clock, random.Random(8))
    surroundings = engines_of(
        address, clock=clock, ids=ids, provider=provider, mail=RecordingMail(), faults=NoFaults()
    )
    app = App(settings_in(), surroundings, (CATALOG,))
    try:
        catalog = app[Catalog]
        await catalog.put_category(Category(slug="lights", title={"en": "Lights", "de": "Lichter"}))
        for sku, (cents, _) in GOODS.items():
            draft = msgspec.structs.replace(draft_of(sku, cents), category="lights")
            await catalog.put_product(PutProduct(draft=draft))
        await catalog.put_collection(PutCollection(collection=CLASSICS))
    finally:
        await app.close()
    return name


def lived_in(shop: RealShop, server: OwnServer) -> Outage:
    """A shopper with a cart they have looked at, staff who are signed in, an order, and a cart ready to be ordered."""
    shopper, staff = Visitor(shop.port), Visitor(shop.port)
    assert shopper.post("/en/cart/add", sku="LAMP", quantity="3").status == 303
    assert "Lamp" in shopper.get("/en/cart").text
    assert staff.post("/admin/sign-in", email=STAFF["email"], password=STAFF["password"]).status == 303
    token = shop.call("POST", "/v1/auth/login", STAFF).body["access_token"]
    order = checkout(shop, ready_cart(shop), "bought")
    assert order.status == 201, order
    return Outage(shop, server, shopper, staff, token, order.body, ready_cart(shop))


def ready_cart(shop: RealShop) -> str:
    cart = f"/v1/carts/{shop.call('POST', '/v1/carts', {'currency': 'EUR', 'country': 'DE'}).body['id']}"
    shop.call("POST", f"{cart}/lines", {"sku": "LAMP", "quantity": 2})
    shop.call("PUT", f"{cart}/address", {"email": "ada@example.org", "shipping": ADDRESS})
    options = shop.call("GET", f"{cart}/delivery-options").body["items"]
    assert shop.call("PUT", f"{cart}/delivery", {"option_id": options[0]["id"]}).status == 200
    return cart.rpartition("/")[2]


def checkout(shop: RealShop, cart: str, key: str, token: str = "tok_success") -> Answer:
    body = {"cart_id": cart, "payment": {"provider": "sandbox", "token": token}}
    return shop.call("POST", "/v1/checkout", body, {"idempotency-key": key})


def is_sound(shop: RealShop, *, orders: int) -> None:
    """Charged as often as ordered, here and at the provider."""
    placed = shop.sql("SELECT count(*) AS count FROM orders.orders WHERE status = 'placed'")[0]["count"]
    assert placed == orders
    shop.until(lambda: shop.audit()[0] == 0, "the audit finds nothing")
