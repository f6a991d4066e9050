from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from rialto.identity.api import (
    AccountRef,
    AddPasskey,
    ClientRef,
    EmailNotVerified,
    Passkey,
    PasskeyKnown,
    PasskeyNotFound,
    PasskeyRef,
    PasskeyRefused,
    PasskeysFull,
    Proof,
    ProofNeeded,
    RenamePasskey,
    SignInWithPasskey,
    StaffRef,
    Tokens,
)
from rialto.identity.store.passkeys import PASSKEYS_MAX
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from tests.identity.authenticator import Authenticator, b64
from tests.identity.desk import PASSWORD, Desk, anna, open_identity
from tests.identity.web import signed_in, web_of

pytestmark = pytest.mark.anyio


async def question(desk: Desk, account_id: str) -> dict[str, Any]:
    return (await desk.handlers.begin_passkey(Proof(account_id=account_id, password=PASSWORD))).public_key


async def add(desk: Desk, account_id: str, device: Authenticator, name: str = "phone") -> Passkey:
    credential = device.create(await question(desk, account_id))
    return await desk.handlers.add_passkey(
        AddPasskey(account_id=account_id, credential=credential, name=name)
    )


async def sign_in_question(desk: Desk) -> dict[str, Any]:
    return (await desk.handlers.begin_passkey_sign_in(ClientRef())).public_key


async def sign_in(desk: Desk, credential: dict[str, Any]) -> Tokens:
    return await desk.handlers.sign_in_with_passkey(SignInWithPasskey(credential=credential))


async def refused(desk: Desk, credential: dict[str, Any]) -> None:
    with pytest.raises(PasskeyRefused) as refusal:
        await sign_in(desk, credential)
    assert not refusal.value.signed_in


@pytest.mark.parametrize("kind", ["customer", "staff"])
@pytest.mark.parametrize("counts", [True, False])
async def test_a_passkey_signs_in_without_name_password_or_code(
    postgres: DatabaseAddress, kind: str, counts: bool
) -> None:
    async with open_identity(postgres) as desk:
        account_id = (
            await desk.customer() if kind == "customer" else (await desk.handlers.put_staff(anna())).id
        )
        device = Authenticator(counts=counts)
        passkey = await add(desk, account_id, device)
        desk.env.clock.advance(60)
        for _ in range(3):
            tokens = await sign_in(desk, device.get(await sign_in_question(desk)))
            assert tokens.expires_in == 600
        (listed,) = (await desk.handlers.list_passkeys(AccountRef(account_id=account_id))).items
        assert (listed.id, listed.name, listed.created_at) == (passkey.id, "phone", passkey.created_at)
        assert listed.last_used_at == desk.env.clock.now()


async def test_the_browser_is_asked_for_a_passkey_of_this_shop_that_verifies_its_user(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        device = Authenticator()
        await add(desk, account_id, device)
        asked = await question(desk, account_id)
        assert asked["rp"]["id"] == "127.0.0.1"
        assert asked["authenticatorSelection"]["residentKey"] == "required"
        assert asked["authenticatorSelection"]["userVerification"] == "required"
        assert [one["id"] for one in asked["excludeCredentials"]] == [b64(device.credential_id)]
        asked = await sign_in_question(desk)
        assert (asked["rpId"], asked["userVerification"]) == ("127.0.0.1", "required")
        assert not asked.get("allowCredentials")


async def test_each_question_is_answered_once_and_within_five_minutes(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        device = Authenticator()
        await add(desk, await desk.customer(), device)
        credential = device.get(await sign_in_question(desk))
        await sign_in(desk, credential)
        await refused(desk, credential)
        asked = await sign_in_question(desk)
        desk.env.clock.advance(300)
        await refused(desk, device.get(asked))
        await refused(desk, device.get({"rpId": "127.0.0.1", "challenge": b64(b"made up")}))


async def test_a_wrong_answer_uses_the_question_up(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        device = Authenticator()
        await add(desk, await desk.customer(), device)
        asked = await sign_in_question(desk)
        await refused(desk, device.get(asked, signature=b64(b"not one")))
        await refused(desk, device.get(asked))


async def test_an_answer_used_twice_at_once_signs_in_once(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        device = Authenticator()
        await add(desk, await desk.customer(), device)
        credential = device.get(await sign_in_question(desk))
        outcomes = await asyncio.gather(
            *(sign_in(desk, credential) for _ in range(3)), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in outcomes) == [
            "PasskeyRefused",
            "PasskeyRefused",
            "Tokens",
        ]


async def test_a_question_for_one_thing_is_none_for_another(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        device = Authenticator()
        await add(desk, account_id, device)
        asked = await question(desk, account_id)
        await refused(desk, device.get({"rpId": "127.0.0.1", "challenge": asked["challenge"]}))
        other = await desk.customer(email="bob@rialto.test")
        credential = Authenticator().create(await question(desk, account_id))
        with pytest.raises(PasskeyRefused):
            await desk.handlers.add_passkey(AddPasskey(account_id=other, credential=credential, name="x"))


async def test_a_passkey_of_another_key_origin_or_person_is_refused(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        device = Authenticator()
        await add(desk, await desk.customer(), device)
        bob = Authenticator()
        await add(desk, await desk.customer(email="bob@rialto.test"), bob)
        for impostor in (
            replace(device, key=bob.key),
            replace(device, origin="https://evil.example"),
            replace(device, user_handle=bob.user_handle),
            replace(device, user_handle=b""),
            replace(device, user_handle=bytes(16)),
            replace(device, credential_id=b"unknown"),
            replace(device, verifies_user=False),
        ):
            impostor.count += 5
            await refused(desk, impostor.get(await sign_in_question(desk)))
        await refused(desk, device.get({**await sign_in_question(desk), "rpId": "evil.example"}))


async def test_a_counter_that_does_not_grow_betrays_a_copy(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        device = Authenticator()
        await add(desk, await desk.customer(), device)
        copy = replace(device)
        await sign_in(desk, device.get(await sign_in_question(desk)))
        await refused(desk, copy.get(await sign_in_question(desk)))
        await sign_in(desk, device.get(await sign_in_question(desk)))


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": 7},
        {"id": "x", "rawId": "x", "type": "public-key", "response": {}},
        {"id": "\x00", "rawId": "\ud800", "type": "public-key", "response": {"clientDataJSON": "e30"}},
        {"id": "AQID", "rawId": "AQID", "type": "public-key", "response": {"clientDataJSON": "bnVsbA"}},
        {"response": [[[[[]]]]]},
    ],
)
async def test_whatever_is_no_answer_is_refused(
    postgres: DatabaseAddress, credential: dict[str, Any]
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await refused(desk, credential)
        with pytest.raises(PasskeyRefused) as refusal:
            await desk.handlers.add_passkey(
                AddPasskey(account_id=account_id, credential=credential, name="x")
            )
        assert refusal.value.signed_in


async def test_adding_needs_proof_a_name_and_a_verified_email(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer(verified=False)
        with pytest.raises(EmailNotVerified):
            await question(desk, account_id)
        account_id = await desk.customer(email="bob@rialto.test")
        with pytest.raises(ProofNeeded):
            await desk.handlers.begin_passkey(Proof(account_id=account_id))
        with pytest.raises(Invalid):
            await add(desk, account_id, Authenticator(), name="\x00")


async def test_a_passkey_is_added_once_and_twenty_at_most(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        device = Authenticator()
        await add(desk, account_id, device)
        with pytest.raises(PasskeyKnown):
            await add(desk, account_id, device)
        for _ in range(PASSKEYS_MAX - 1):
            await add(desk, account_id, Authenticator())
        with pytest.raises(PasskeysFull):
            await question(desk, account_id)


async def test_passkeys_are_named_and_removed_by_their_owner_only(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        device = Authenticator()
        passkey = await add(desk, account_id, device)
        other = await desk.customer(email="bob@rialto.test")
        for account, passkey_id in ((other, passkey.id), (account_id, "x")):
            with pytest.raises(PasskeyNotFound):
                await desk.handlers.rename_passkey(
                    RenamePasskey(account_id=account, passkey_id=passkey_id, name="mine")
                )
            await desk.handlers.remove_passkey(PasskeyRef(account_id=account, passkey_id=passkey_id))
        renamed = await desk.handlers.rename_passkey(
            RenamePasskey(account_id=account_id, passkey_id=passkey.id, name=" old  phone ")
        )
        assert renamed.name == "old phone"
        for _ in range(2):
            await desk.handlers.remove_passkey(PasskeyRef(account_id=account_id, passkey_id=passkey.id))
        await refused(desk, device.get(await sign_in_question(desk)))


async def test_a_passkey_does_not_open_a_disabled_account(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff = await desk.handlers.put_staff(anna(roles=("viewer",)))
        device = Authenticator()
        await add(desk, staff.id, device)
        await desk.handlers.disable_staff(StaffRef(email=staff.email))
        await refused(desk, device.get(await sign_in_question(desk)))


async def test_passkeys_on_the_web(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.customer()
        own, device, path = await signed_in(client), Authenticator(), "/v1/auth/passkeys"
        assert (await client.post(f"{path}/register/options", json={})).status_code == 401
        asked = await client.post(f"{path}/register/options", json={}, headers=own)
        credential = device.create(asked.json()["public_key"])
        body = {"credential": credential, "name": "phone"}
        added = await client.post(f"{path}/register/verify", json=body, headers=own)
        assert (added.status_code, added.json()["name"]) == (200, "phone")
        again = await client.post(f"{path}/register/verify", json=body, headers=own)
        assert (again.status_code, again.json()["code"]) == (403, "passkey_refused")
        asked = await client.post(f"{path}/sign-in/options")
        answer = {"credential": device.get(asked.json()["public_key"]), "device": "Phone"}
        tokens = await client.post(f"{path}/sign-in/verify", json=answer)
        assert set(tokens.json()) == {"access_token", "refresh_token", "expires_in"}
        assert (await client.post(f"{path}/sign-in/verify", json=answer)).status_code == 401
        one = f"{path}/{added.json()['id']}"
        renamed = await client.patch(one, json={"name": "old phone"}, headers=own)
        assert renamed.json()["name"] == "old phone"
        assert len((await client.get(path, headers=own)).json()["items"]) == 1
        assert (await client.delete(one, headers=own)).status_code == 204
        assert (await client.get(path, headers=own)).json() == {"items": []}
