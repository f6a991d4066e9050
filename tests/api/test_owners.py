"""Whose object it is: each route that names one, asked by its owner, by another customer, by a guest and by staff.

Routes and their parameters come from the description, so a new one is tried without a line here.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from rialto.cart.api import CartRef
from rialto.catalog.api import Catalog, ProductRef
from rialto.identity.api import (
    AccountRef,
    AddAddress,
    AddPasskey,
    Identity,
    OwnSession,
    Proof,
)
from rialto.kernel.ids import ACCOUNT, AccountId
from rialto.orders.api import OrderRef
from rialto.reviews.api import Draft, Reviews, WriteReview
from tests.api.people import PASSWORD, enrol, hire, sign_in
from tests.api.serving import WITHIN_S, Served
from tests.api.test_permissions import ANYBODYS, CUSTOMERS, OPERATIONS
from tests.identity.authenticator import Authenticator, unb64
from tests.support.shop import ADDRESS, Shop

Json = dict[str, Any]

OWNED = {"order_id", "cart_id", "address_id", "session_id", "passkey_id", "review_id"}
# A review is there for everybody, to be reported, too.
FOR_ALL = {"report_review"}
ROUTES = [
    (method, path, operation)
    for method, path, operation in OPERATIONS
    if any(f"{{{name}}}" in path for name in OWNED)
    and not path.startswith("/v1/admin/")
    and operation["operationId"] not in FOR_ALL
]
NAMES = [operation["operationId"] for _, _, operation in ROUTES]
# Removing what is not there is no error, so it tells nothing about what is somebody else's.
SILENT = {"remove_address", "remove_passkey"}
ADA, BOB, STAFF = "ada@owners.test", "bob@owners.test", {"clerk": "fulfilment", "owner": "owner"}
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def tokens(served: Served) -> Mapping[str, str]:
    async def enter(shop: Shop) -> dict[str, str]:
        for email in (ADA, BOB):
            await enrol(shop, email)
        for name, role in STAFF.items():
            await hire(shop, f"{name}@owners.test", role)
        emails = {"ada": ADA, "bob": BOB} | {name: f"{name}@owners.test" for name in STAFF}
        return {name: (await sign_in(shop, email)).access_token for name, email in emails.items()}

    return served.run(enter)


@pytest.fixture(scope="module")
def adas(served: Served, tokens: Mapping[str, str]) -> Json:
    return served.run(lambda shop: belongings(shop, tokens["ada"]))


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=WITHIN_S) as found:
        yield found


async def belongings(shop: Shop, token: str) -> Json:
    """One of each that a request may name, all of them this customer's."""
    identity = shop.app[Identity]
    account_id = ACCOUNT.parse(json.loads(unb64(token.split(".")[1]))["sub"])
    order = (
        await shop.checkout(await shop.cart({"PENCIL": 2}, account_id=account_id), account_id=account_id)
    ).order
    product = await shop.app[Catalog].get_product(ProductRef(ref="pencil"))
    draft = Draft(rating=5, title="Fine", body="It writes.", name="Ada")
    review = await shop.app[Reviews].write(
        WriteReview(product_id=product.id, order_id=order.id, account_id=account_id, draft=draft)
    )
    await sign_in(shop, ADA)
    cart_id = await shop.cart({"PENCIL": 1}, account_id=account_id)
    cart = await shop.carts.get(CartRef(cart_id=cart_id, account_id=account_id))
    sessions = (await identity.list_sessions(OwnSession(account_id=account_id))).items
    return {
        "account_id": account_id,
        "order_id": order.id,
        "cart_id": cart_id,
        "line_id": cart.lines[0].id,
        "address_id": await an_address(identity, account_id),
        "session_id": sessions[0].id,
        "passkey_id": await a_passkey(identity, account_id),
        "review_id": review.id,
    }


async def an_address(identity: Identity, account_id: AccountId) -> str:
    """There again, if it was removed."""
    known = (await identity.list_addresses(AccountRef(account_id=account_id))).items
    return (known or [await identity.add_address(AddAddress(account_id=account_id, address=ADDRESS))])[0].id


async def a_passkey(identity: Identity, account_id: AccountId) -> str:
    """There again, if it was removed."""
    known = (await identity.list_passkeys(AccountRef(account_id=account_id))).items
    if known:
        return known[0].id
    asked = (await identity.begin_passkey(Proof(account_id=account_id, password=PASSWORD))).public_key
    credential = Authenticator(origin=f"http://{asked['rp']['id']}:8000").create(asked)
    return (
        await identity.add_passkey(AddPasskey(account_id=account_id, credential=credential, name="phone"))
    ).id


def ask(client: httpx.Client, route: tuple[str, str, Json], known: Json, token: str | None) -> httpx.Response:
    method, path, operation = route
    turn = next(numbers)
    headers = {"X-Forwarded-For": f"10.4.{turn >> 8}.{turn & 255}"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    for parameter in operation.get("parameters", []):
        example = str(known.get(parameter["name"], parameter.get("example", "unknown")))
        if parameter["in"] == "header":
            headers[parameter["name"]] = f"{example}-{turn}" if "Key" in parameter["name"] else example
        path = path.replace(f"{{{parameter['name']}}}", example)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    body = content["examples"]["usual"]["value"] if content else None
    if body is not None:
        body = {name: known.get(name, value) for name, value in body.items()}
    return client.request(method, path, headers=headers, json=body)


def refusal(operation: Json, person: str) -> int:
    """What somebody else is told: that it is not there, unless the route is not for such people at all."""
    told = operation["description"]
    if person == "guest" and told.endswith((CUSTOMERS, ANYBODYS)):
        return 401
    if person in STAFF and told.endswith(CUSTOMERS):
        return 403
    return 204 if operation["operationId"] in SILENT else 404


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
@pytest.mark.parametrize("person", ["guest", "bob", *STAFF])
def test_what_is_somebody_elses_is_not_there(
    client: httpx.Client, tokens: Mapping[str, str], adas: Json, *, person: str, route: tuple[str, str, Json]
) -> None:
    assert ask(client, route, adas, tokens.get(person)).status_code == refusal(route[2], person)


def test_after_all_that_everything_is_as_it_was(served: Served, adas: Json) -> None:
    async def look(shop: Shop) -> Json:
        identity, account = shop.app[Identity], AccountRef(account_id=adas["account_id"])
        order = await shop.orders.get(OrderRef(order_id=adas["order_id"], account_id=adas["account_id"]))
        return {
            "order": (order.status, len(order.returns)),
            "addresses": [one.id for one in (await identity.list_addresses(account)).items],
            "passkeys": [(one.id, one.name) for one in (await identity.list_passkeys(account)).items],
        }

    assert served.run(look) == {
        "order": ("placed", 0),
        "addresses": [adas["address_id"]],
        "passkeys": [(adas["passkey_id"], "phone")],
    }


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_to_its_owner_it_is_there(
    served: Served, client: httpx.Client, tokens: Mapping[str, str], route: tuple[str, str, Json]
) -> None:
    """Each with things of its own, since some routes use them up."""
    known = served.run(lambda shop: belongings(shop, tokens["ada"]))
    answer = ask(client, route, known, tokens["ada"])
    assert answer.status_code not in {401, 403, 404}, answer.text
    assert answer.status_code < 500
