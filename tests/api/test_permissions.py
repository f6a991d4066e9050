from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from rialto.identity.api import Identity
from rialto.kernel.auth import Principal, TokenSigner
from rialto.kernel.roles import BUILT_IN, grants
from rialto.kernel.service import Nothing
from tests.api.fuzzing import looks_at_tokens
from tests.api.people import enrol, hire, sign_in
from tests.api.roles import MAY
from tests.api.serving import WITHIN_S, Served
from tests.api.stocked import Existing
from tests.edge.described import document
from tests.support.databases import SECRETS
from tests.support.shop import Shop

Json = dict[str, Any]

NEEDS = re.compile(r"Needs the permission `([^`]+)`\.")
CUSTOMERS = "Needs the token of a customer."
ANYBODYS = "Needs the token of a customer or a member of staff."
NOT_SIGNED_IN = {"not_signed_in", "token_refused"}
BAD_TOKENS = ("garbage token", "expired token", "forged token", "other scheme")
STRANGERS = ("guest", *BAD_TOKENS)
PEOPLE = (*STRANGERS, "customer", "customer with a role", "unknown role", *sorted(BUILT_IN))

OPERATIONS = [
    (method.upper(), path, operation)
    for path, item in asyncio.run(document())["paths"].items()
    for method, operation in item.items()
]
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]


numbers = itertools.count(1)


def permission_of(operation: Json) -> str | None:
    found = NEEDS.search(operation["description"])
    return found[1] if found else None


def expected(operation: Json, person: str) -> str:
    """What becomes of the request, by what the route declares."""
    if operation["operationId"] == "finish_sign_in":
        return "not signed in"  # with a token of its own, of which there is none here
    permission = permission_of(operation)
    told = operation["description"]
    guarded = permission or told.endswith((CUSTOMERS, ANYBODYS))
    if person in STRANGERS:
        refused = guarded or (person in BAD_TOKENS and looks_at_tokens(operation))
        return "not signed in" if refused else "let in"
    if permission == "any member of staff":
        return "not allowed" if person.startswith("customer") else "let in"
    if permission:
        return "let in" if grants(BUILT_IN.get(person, ()), permission) else "not allowed"
    return "not allowed" if told.endswith(CUSTOMERS) and not person.startswith("customer") else "let in"


@pytest.fixture(scope="module")
def headers(served: Served) -> Mapping[str, str]:
    """By person the Authorization header."""
    return served.run(_headers)


async def _headers(shop: Shop) -> dict[str, str]:
    tokens = {"expired token": await _token(shop, "owner")}
    shop.clock.advance(3600)
    tokens |= {role: await _token(shop, role) for role in BUILT_IN}
    await enrol(shop, "ada@example.org")
    tokens["customer"] = (await sign_in(shop, "ada@example.org")).access_token
    signer = TokenSigner(SECRETS.signing_key, issuer=shop.app.settings.public_url, clock=shop.clock)
    odd = Principal(kind="customer", id="acc_06bqk3v1m5g7r0z2x4c6n8p0qs", roles=("owner",))
    somebody = (await shop.app[Identity].list_staff(Nothing())).items[0].id
    nobody = Principal(kind="staff", id=somebody, roles=("astronaut",))
    tokens["customer with a role"] = signer.sign(odd, lifetime_s=600)
    tokens["unknown role"] = signer.sign(nobody, lifetime_s=600)
    tokens["garbage token"] = "x" * 40
    head, _, signature = tokens["owner"].rpartition(".")
    tokens["forged token"] = f"{head}.{signature[::-1]}"
    return {**{who: f"Bearer {token}" for who, token in tokens.items()}, "other scheme": "Basic b3duZXI6eA=="}


async def _token(shop: Shop, role: str) -> str:
    await hire(shop, f"{role}@staff.test", role)
    return (await sign_in(shop, f"{role}@staff.test")).access_token


@pytest.fixture(scope="module")
def existing(served: Served) -> Existing:
    return Existing(served)


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=WITHIN_S) as found:
        yield found


def a_body(served: Served, existing: Existing, operation: Json) -> Any:
    """The description's example; a refresh token has to be a good one, else its refusal looks like the guard's."""
    if operation["operationId"] == "refresh":
        return {"refresh_token": served.run(lambda shop: sign_in(shop, "viewer@staff.test")).refresh_token}
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    body = content["examples"]["usual"]["value"]
    return {**body, **existing.named({"cart_id"} & set(body), changes=False)}


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
    existing: Existing,
    headers: Mapping[str, str],
    *,
    person: str,
    method: str,
    path: str,
    operation: Json,
) -> None:
    turn = next(numbers)
    sent = {"X-Forwarded-For": f"10.2.{turn >> 8}.{turn & 255}"}
    if person in headers:
        sent["Authorization"] = headers[person]
    parameters = operation.get("parameters", [])
    known = existing.named({one["name"] for one in parameters}, changes=False)
    for parameter in parameters:
        example = str(known.get(parameter["name"], parameter.get("example", "unknown")))
        if parameter["in"] == "header":
            sent[parameter["name"]] = example
        path = path.replace(f"{{{parameter['name']}}}", example)
    answer = client.request(
        method, path, headers=sent, json=a_body(served, existing, operation), params={"sku": "LAMP"}
    )
    assert answer.status_code < 500
    assert outcome(answer) == expected(operation, person)


@pytest.mark.parametrize("role", sorted(BUILT_IN))
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
