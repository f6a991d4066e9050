from __future__ import annotations

import pytest

from rialto.identity.service import CLIENT_BURST
from rialto.kernel.db import DatabaseAddress
from tests.identity.desk import EMAIL, PASSWORD, open_identity
from tests.identity.web import open_web, signed_in, web_of

pytestmark = pytest.mark.anyio

ADA = {"email": "ada@rialto.test", "name": "Ada", "password": PASSWORD}


async def test_registering_answers_alike_whether_the_email_has_an_account(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        free = await client.post("/v1/auth/register", json=ADA)
        taken = await client.post("/v1/auth/register", json={**ADA, "email": EMAIL})
        assert free.status_code == taken.status_code == 202
        assert free.json() == taken.json() == {"status": "accepted"}
        assert free.headers["Cache-Control"] == "no-store"


async def test_a_customer_registers_verifies_and_signs_in(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await client.post("/v1/auth/register", json=ADA)
        token = await desk.token("verify_email")
        assert (await client.post("/v1/auth/email/verify", json={"token": token})).status_code == 204
        again = await client.post("/v1/auth/email/verify", json={"token": token})
        assert (again.status_code, again.json()["code"]) == (422, "link_not_valid")
        await signed_in(client, "ada@rialto.test")


async def test_only_a_customer_has_the_link_mailed_again(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        assert (await client.post("/v1/auth/email/resend")).status_code == 401
        staff = await client.post("/v1/auth/email/resend", headers=await signed_in(client))
        assert staff.status_code == 403
        await client.post("/v1/auth/register", json=ADA)
        ada = await signed_in(client, "ada@rialto.test")
        assert (await client.post("/v1/auth/email/resend", headers=ada)).status_code == 202


async def test_a_customer_is_no_member_of_staff(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        await client.post("/v1/auth/register", json=ADA)
        ada = await signed_in(client, "ada@rialto.test")
        for path in ("/v1/admin/me", "/v1/admin/staff"):
            assert (await client.get(path, headers=ada)).status_code == 403


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ü"])
async def test_a_key_that_is_none_is_refused(postgres: DatabaseAddress, key: str) -> None:
    async with open_web(postgres) as client:
        headers = {"Idempotency-Key": key.encode("latin-1")}
        answer = await client.post("/v1/auth/register", json=ADA, headers=headers)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_not_valid")


async def test_people_behind_one_proxy_are_throttled_each_for_themselves(postgres: DatabaseAddress) -> None:
    async with open_web(postgres) as client:
        body = {"email": "nobody@rialto.test", "password": "no"}
        for number in range(CLIENT_BURST + 1):
            body["email"] = f"nobody{number}@rialto.test"
            last = await client.post("/v1/auth/login", json=body, headers={"X-Forwarded-For": "192.0.2.1"})
        assert last.status_code == 429
        other = await client.post("/v1/auth/login", json=body, headers={"X-Forwarded-For": "192.0.2.2"})
        assert other.status_code == 401


async def test_a_forgotten_password_is_reset_by_the_mailed_link(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.customer()
        known = await client.post("/v1/auth/password/forgot", json={"email": EMAIL})
        unknown = await client.post("/v1/auth/password/forgot", json={"email": "nobody@rialto.test"})
        assert (
            (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (202, known.json())
        )
        body = {"token": await desk.token("reset_password"), "password": "a quite different one"}
        assert (await client.post("/v1/auth/password/reset", json=body)).status_code == 204
        await signed_in(client, EMAIL, "a quite different one")


async def test_password_and_email_are_changed_with_the_password(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.customer()
        own = await signed_in(client)
        body = {"old_password": "wrong", "new_password": "a quite different one"}
        refused = await client.post("/v1/account/password", json=body, headers=own)
        assert (refused.status_code, refused.json()["code"]) == (403, "password_wrong")
        body["old_password"] = PASSWORD
        assert (await client.post("/v1/account/password", json=body, headers=own)).status_code == 204
        change = {"email": "anna@elsewhere.test", "password": "a quite different one"}
        assert (await client.post("/v1/account/email", json=change, headers=own)).status_code == 202
        token = {"token": await desk.token("verify_new_email")}
        assert (await client.post("/v1/auth/email/verify", json=token)).status_code == 204
        token = {"token": await desk.token("email_change")}
        assert (await client.post("/v1/auth/email/take-back", json=token)).status_code == 204
        assert (await client.post("/v1/auth/email/take-back", json=token)).status_code == 422
