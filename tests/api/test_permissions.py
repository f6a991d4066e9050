from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from rialto.identity.api import Identity, PutStaff, SignIn
from rialto.kernel.auth import ROLES, Principal, TokenSigner, allows, permissions_of
from tests.api.roles import MAY
from tests.api.serving import PASSWORD, WITHIN_S, Served
from tests.edge.described import document
from tests.support.databases import SECRETS
from tests.support.shop import Shop

Json = dict[str, Any]

NEEDS = re.compile(r"Needs the permission `([^`]+)`\.")
NOT_SIGNED_IN = {"not_signed_in", "token_refused"}
BAD_TOKENS = ("garbage token", "expired token", "forged token", "other scheme")
STRANGERS = ("guest", *BAD_TOKENS)
PEOPLE = (*STRANGERS, "customer", "unknown role", *sorted(ROLES))

OPERATIONS = [
    (method.upper(), path, operation)
    for path, item in asyncio.run(document())["paths"].items()
    for method, operation in item.items()
]
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]


def permission_of(operation: Json) -> str | None:
    found = NEEDS.search(operation["description"])
    return found[1] if found else None


def expected(operation: Json, person: str) -> str:
    """What becomes of the request, by what the route declares."""
    permission = permission_of(operation)
    if permission is None:
        looks = {"bearer": []} in operation.get("security", [])
        return "not signed in" if looks and person in BAD_TOKENS else "let in"
    if person in STRANGERS:
        return "not signed in"
    if person == "customer":
        return "not allowed"
    if permission == "any member of staff":
        return "let in"
    roles = [person] if person in ROLES else []
    principal = Principal(kind="staff", id="stf_1", permissions=permissions_of(roles))
    return "let in" if allows(principal, permission) else "not allowed"


@pytest.fixture(scope="module")
def headers(served: Served) -> Mapping[str, str]:
    """By person the Authorization header."""
    return served.run(_headers)


async def _headers(shop: Shop) -> dict[str, str]:
    tokens = {"expired token": await _token(shop, "owner")}
    shop.clock.advance(3600)
    tokens |= {role: await _token(shop, role) for role in ROLES}
    signer = TokenSigner(SECRETS.signing_key, issuer=shop.app.settings.public_url, clock=shop.clock)
    customer = Principal(kind="customer", id="cus_1", roles=("owner",))
    nobody = Principal(kind="staff", id="stf_1", roles=("gardener",))
    tokens["customer"] = signer.sign(customer, lifetime_s=600)
    tokens["unknown role"] = signer.sign(nobody, lifetime_s=600)
    tokens["garbage token"] = "x" * 40
    head, _, signature = tokens["owner"].rpartition(".")
    tokens["forged token"] = f"{head}.{signature[::-1]}"
    return {**{who: f"Bearer {token}" for who, token in tokens.items()}, "other scheme": "Basic b3duZXI6eA=="}


async def _token(shop: Shop, role: str) -> str:
    email = f"{role}@staff.test"
    member = PutStaff(email=email, name=role, password=PASSWORD, roles=[role])
    await shop.app[Identity].put_staff(member)
    return (await shop.app[Identity].sign_in(SignIn(email=email, password=PASSWORD))).access_token


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=WITHIN_S) as found:
        yield found


def a_body(served: Served, operation: Json) -> Any:
    """The description's example; a refresh token has to be a good one, else its refusal looks like the guard's."""
    if operation["operationId"] == "refresh":
        signing_in = SignIn(email="viewer@staff.test", password=PASSWORD)
        return {
            "refresh_token": served.run(lambda shop: shop.app[Identity].sign_in(signing_in)).refresh_token
        }
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return content["examples"]["usual"]["value"] if content else None


def outcome(answer: httpx.Response) -> str:
    code = answer.json().get("code", "") if answer.status_code in {401, 403} else ""
    if code in NOT_SIGNED_IN:
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        return "not signed in"
    if code == "denied":
        assert answer.status_code == 403
        return "not allowed"
    return "let in"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
@pytest.mark.parametrize("person", PEOPLE)
def test_whoever_asks_is_let_in_as_the_route_declares(
    served: Served,
    client: httpx.Client,
    headers: Mapping[str, str],
    *,
    person: str,
    method: str,
    path: str,
    operation: Json,
) -> None:
    sent = {"Authorization": headers[person]} if person in headers else {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "header":
            sent[parameter["name"]] = str(parameter["example"])
        path = path.replace(f"{{{parameter['name']}}}", str(parameter.get("example", "")))
    answer = client.request(
        method, path, headers=sent, json=a_body(served, operation), params={"sku": "LAMP"}
    )
    assert answer.status_code < 500
    assert outcome(answer) == expected(operation, person)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_may_do_what_is_written_down_for_it_and_nothing_else(role: str) -> None:
    declared = {
        operation["operationId"]
        for _, _, operation in OPERATIONS
        if permission_of(operation) and expected(operation, role) == "let in"
    }
    assert declared == MAY[role]


def test_what_is_for_staff_needs_a_permission_and_nothing_else_does() -> None:
    for _, path, operation in OPERATIONS:
        assert path.startswith("/v1/admin/") is (permission_of(operation) is not None), path
