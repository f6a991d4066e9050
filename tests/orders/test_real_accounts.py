"""The whole way of a customer: buys as a guest, registers, finds the orders, buys, takes the data along, leaves."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.support.personal import places_of
from tests.support.shop import ADDRESS, Shop, a_shop

pytestmark = pytest.mark.anyio

MAIL = "marker-mail@example.org"
PASSWORD = "correct horse battery staple"


async def token_from_mail(shop: Shop) -> str:
    """Of the link in the mail that came last to MAIL."""
    found: list[str] = []

    async def it_came() -> bool:
        found[:] = [
            token
            for mail in shop.mail.sent
            if mail.to == MAIL
            for token in re.findall(r"[?&]token=([\w.-]+)", mail.text)
        ]
        return bool(found)

    await shop.until(it_came)
    return found[-1]


async def sign_up(shop: Shop) -> dict[str, str]:
    """Registers, proves the e-mail and signs in; the headers of a customer."""
    account = {"email": MAIL, "password": PASSWORD, "name": "Marker Name", "language": "en"}
    await shop.web.post("/v1/auth/register", json=account)
    verified = await shop.web.post("/v1/auth/email/verify", json={"token": await token_from_mail(shop)})
    assert verified.status_code < 300, verified.text
    signed_in = await shop.web.post("/v1/auth/login", json={"email": MAIL, "password": PASSWORD})
    return {"Authorization": f"Bearer {signed_in.json()['access_token']}"}


async def test_from_the_first_order_as_a_guest_to_the_last_trace(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        guests = (await shop.checkout(await shop.cart({"PENCIL": 1}, email=MAIL))).order
        headers = await sign_up(shop)

        async def it_is_listed() -> bool:
            reply = await shop.web.get("/v1/orders", headers=headers)
            return [row["id"] for row in reply.json()["items"]] == [guests.id]

        await shop.until(it_is_listed)
        cart = (await shop.web.post("/v1/carts", headers=headers)).json()["id"]
        address = {"name": ADDRESS.name, "line1": ADDRESS.line1, "city": "Berlin"}
        shipping = address | {"postal_code": "10115", "country": "DE"}
        await shop.web.post(f"/v1/carts/{cart}/lines", json={"sku": "LAMP"}, headers=headers)
        await shop.web.put(
            f"/v1/carts/{cart}/address", json={"email": MAIL, "shipping": shipping}, headers=headers
        )
        await shop.put_stock("BOWL", 0, "rotterdam")
        wish = {"sku": "BOWL", "email": MAIL}
        waits = await shop.web.post("/v1/back-in-stock", json=wish, headers=headers)
        assert waits.json() == {"status": "waiting"}
        await shop.settle()

        reply = await shop.web.post("/v1/account/export", json={"password": PASSWORD}, headers=headers)
        with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
            carts, orders, waiting = (
                json.loads(archive.read(name))
                for name in ("cart/carts.json", "orders/orders.json", "notifications/waiting.json")
            )
        assert [(one["id"], one["email"]) for one in carts] == [(cart, MAIL)]
        assert [(one["id"], one["shipping"]["line1"]) for one in orders] == [(guests.id, ADDRESS.line1)]

        assert [(one["sku"], one["email"]) for one in waiting] == [("BOWL", MAIL)]

        erased = await shop.web.post("/v1/account/erasure", json={"password": PASSWORD}, headers=headers)
        assert erased.status_code < 300, erased.text
        await shop.settle()
        for service in ("cart", "orders", "notifications"):
            marks = ("marker-mail", "Marker Name", ADDRESS.name, ADDRESS.line1)
            assert await places_of(shop.app.databases[service], *marks) == {}
        assert await shop.audit() == []
