from __future__ import annotations

from typing import Any

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.identity.desk import EMAIL, PASSWORD
from tests.identity.web import open_web, signed_in

pytestmark = pytest.mark.anyio


async def test_sign_in_refresh_and_sign_out(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        answer = await client.post("/v1/auth/login", json={"email": EMAIL, "password": PASSWORD})
        assert set(answer.json()) == {"access_token", "refresh_token", "expires_in"}
        assert answer.headers["Cache-Control"] == "no-store"
        token = {"refresh_token": answer.json()["refresh_token"]}
        answer = await client.post("/v1/auth/refresh", json=token)
        assert answer.status_code == 200
        assert (await client.post("/v1/auth/logout", json=token)).status_code == 204
        assert (await client.post("/v1/auth/logout", json=token)).status_code == 204
        answer = await client.post("/v1/auth/refresh", json=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")


async def test_a_wrong_password_and_a_missing_account_answer_alike(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        wrong = await client.post("/v1/auth/login", json={"email": EMAIL, "password": "no"})
        missing = await client.post("/v1/auth/login", json={"email": "nobody@rialto.test", "password": "no"})
        assert wrong.status_code == missing.status_code == 401
        assert wrong.json() == missing.json()
        assert wrong.json()["code"] == "sign_in_refused"


@pytest.mark.parametrize(
    "body",
    [{}, {"email": EMAIL}, {"email": 7, "password": PASSWORD}, {"email": EMAIL, "password": "x" * 2001}, []],
)
async def test_a_body_that_does_not_fit_is_refused(postgres: DatabaseAddress, body: Any) -> None:
    async with open_web(postgres) as client:
        answer = await client.post("/v1/auth/login", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_the_public_keys_may_be_cached(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        answer = await client.get("/.well-known/jwks.json")
        assert [key["alg"] for key in answer.json()["keys"]] == ["EdDSA"]
        assert answer.headers["Cache-Control"] == "max-age=300, public"


@pytest.mark.parametrize("path", ["/v1/admin/me", "/v1/admin/staff"])
async def test_without_a_good_token_staffs_routes_answer_401(postgres: DatabaseAddress, path: str) -> None:
    async with open_web(postgres) as client:
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers={"Authorization": "Bearer x.y.z"})).status_code == 401


async def test_staff_sees_who_it_is(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        me = (await client.get("/v1/admin/me", headers=await signed_in(client))).json()
        assert (me["kind"], me["roles"], me["permissions"]) == ("staff", ["owner"], ["*"])


async def test_the_owner_makes_staff_and_others_may_not(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        owner = await signed_in(client)
        bob = {"email": "bob@rialto.test", "name": "Bob", "password": "a good long one", "roles": ["viewer"]}
        answer = await client.put("/v1/admin/staff", json=bob, headers=owner)
        assert (answer.status_code, answer.json()["roles"]) == (200, ["viewer"])
        staff = (await client.get("/v1/admin/staff", headers=owner)).json()["items"]
        assert [member["email"] for member in staff] == [EMAIL, "bob@rialto.test"]
        viewer = await signed_in(client, "bob@rialto.test", "a good long one")
        refused = await client.put("/v1/admin/staff", json={**bob, "roles": ["owner"]}, headers=viewer)
        assert refused.status_code == 403
        assert (await client.get("/v1/admin/staff", headers=viewer)).status_code == 403
        assert (await client.get("/v1/admin/me", headers=viewer)).json()["permissions"] == ["*.read"]


async def test_a_weak_password_is_refused_by_its_field(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        body = {"email": "bob@rialto.test", "name": "Bob", "password": "short", "roles": ["viewer"]}
        answer = await client.put("/v1/admin/staff", json=body, headers=await signed_in(client))
        assert (answer.status_code, answer.json()["code"]) == (422, "password_weak")
        assert answer.json()["errors"][0]["path"] == "password"
