"""Staff's passkeys: the second factor of their accounts, at the desk's door and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    AddPasskey,
    ClientRef,
    CodeRefused,
    ConfirmTotp,
    FinishSignIn,
    PasskeyElsewhere,
    PasskeyRef,
    PasskeyRefused,
    Proof,
    SignInWithPasskey,
    StaffMemberRef,
    StaffRef,
    Tokens,
)
from rialto.identity.model.attempts import ATTEMPTS_FREE
from rialto.identity.service import CLIENT_BURST
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import TooMany
from tests.identity.authenticator import Authenticator
from tests.identity.desk import PASSWORD, Desk, anna, open_identity, signing_in
from tests.identity.test_passkeys import add, sign_in_question
from tests.identity.test_second_factors import code_of
from tests.identity.web import signed_in, web_of

pytestmark = pytest.mark.anyio


async def staff_with_passkey(desk: Desk, **who: Any) -> tuple[str, Authenticator]:
    staff_id = (await desk.handlers.put_staff(anna(**who))).id
    device = Authenticator()
    await add(desk, staff_id, device)
    return staff_id, device


async def at_the_door(
    desk: Desk, device: Authenticator, kind: str, *, client: str = "", **changed: str
) -> Tokens:
    credential = device.get(await sign_in_question(desk), **changed)
    return await desk.handlers.sign_in_with_passkey(
        SignInWithPasskey(credential=credential, kind=kind, client=client)
    )


async def sessions_of(desk: Desk) -> int:
    async with desk.env.db.read() as session:
        return int(await session.value("SELECT count(*) FROM sessions"))


async def test_each_passkey_opens_its_own_door_and_begins_no_session_at_the_other(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        _, staffs = await staff_with_passkey(desk)
        customers = Authenticator()
        await add(desk, await desk.customer(email="bob@rialto.test"), customers)
        for device, door in ((customers, "staff"), (staffs, "customer")):
            with pytest.raises(PasskeyElsewhere) as refusal:
                await at_the_door(desk, device, door)
            assert not refusal.value.signed_in
        assert await sessions_of(desk) == 0
        for device, door in ((staffs, "staff"), (customers, "customer"), (staffs, ""), (customers, "")):
            assert (await at_the_door(desk, device, door)).expires_in == 600


async def test_a_forged_passkey_is_not_told_which_door_it_is_at(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        customers = Authenticator()
        await add(desk, await desk.customer(), customers)
        for forged in (
            replace(customers, key=Authenticator().key),
            replace(customers, origin="https://evil.example"),
        ):
            forged.count += 5
            with pytest.raises(PasskeyRefused) as refusal:
                await at_the_door(desk, forged, "staff")
            assert type(refusal.value) is PasskeyRefused


async def test_staffs_passkey_is_refused_from_elsewhere_replayed_foreign_unverified_or_copied(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        _, device = await staff_with_passkey(desk)
        _, other = await staff_with_passkey(desk, email="bob@rialto.test")
        copy = replace(device)
        for impostor in (
            replace(device, origin="https://evil.example", count=5),
            replace(device, user_handle=other.user_handle, count=5),
            replace(device, verifies_user=False, count=5),
        ):
            with pytest.raises(PasskeyRefused):
                await at_the_door(desk, impostor, "staff")
        credential = device.get(await sign_in_question(desk))
        command = SignInWithPasskey(credential=credential, kind="staff")
        await desk.handlers.sign_in_with_passkey(command)
        with pytest.raises(PasskeyRefused):
            await desk.handlers.sign_in_with_passkey(command)
        with pytest.raises(PasskeyRefused):
            await at_the_door(desk, copy, "staff")  # its count went back


async def test_a_disabled_member_of_staff_neither_adds_a_passkey_nor_comes_in(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna(email="owner@rialto.test"))
        staff_id, device = await staff_with_passkey(desk, roles=("viewer",))
        asked = (await desk.handlers.begin_passkey(Proof(account_id=staff_id, password=PASSWORD))).public_key
        await desk.handlers.disable_staff(StaffRef(email="anna@rialto.test"))
        with pytest.raises(PasskeyRefused):
            await at_the_door(desk, device, "staff")
        with pytest.raises(AccountNotFound):
            await desk.handlers.add_passkey(
                AddPasskey(account_id=staff_id, credential=Authenticator().create(asked), name="x")
            )


async def test_with_a_passkey_staffs_password_alone_opens_nothing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff_id, device = await staff_with_passkey(desk)
        member = await desk.handlers.staff_member(StaffMemberRef(staff_id=staff_id))
        assert (member.second_factor, member.passkeys, member.by_password_alone) == (False, 1, False)
        answer = await desk.handlers.sign_in(signing_in())
        assert answer.tokens is None
        assert answer.second_step is not None
        assert answer.second_step.factor == "passkey"
        with pytest.raises(CodeRefused):
            await desk.handlers.finish_sign_in(
                FinishSignIn(mfa_token=answer.second_step.mfa_token, code="000000")
            )
        await at_the_door(desk, device, "staff")
        (passkey,) = (await desk.handlers.list_passkeys(AccountRef(account_id=staff_id))).items
        await desk.handlers.remove_passkey(PasskeyRef(account_id=staff_id, passkey_id=passkey.id))
        member = await desk.handlers.staff_member(StaffMemberRef(staff_id=staff_id))
        assert member.by_password_alone
        await desk.sign_in(signing_in())


async def test_a_customers_passkey_is_another_way_in_beside_the_password(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await add(desk, await desk.customer(), Authenticator())
        await desk.sign_in(signing_in())


async def test_codes_and_recovery_codes_go_on_beside_a_passkey(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff_id, device = await staff_with_passkey(desk)
        setup = await desk.handlers.begin_totp(Proof(account_id=staff_id, password=PASSWORD))
        codes = await desk.handlers.confirm_totp(
            ConfirmTotp(account_id=staff_id, code=code_of(desk, setup.secret))
        )
        step = (await desk.handlers.sign_in(signing_in())).second_step
        assert step is not None
        assert step.factor == "code"
        await desk.handlers.finish_sign_in(FinishSignIn(mfa_token=step.mfa_token, code=codes.codes[0]))
        await at_the_door(desk, device, "staff")
        step = (await desk.handlers.sign_in(signing_in())).second_step
        assert step is not None
        await desk.handlers.finish_sign_in(FinishSignIn(mfa_token=step.mfa_token, code=codes.codes[1]))


async def test_another_password_set_for_a_colleague_removes_their_passkeys(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        _, device = await staff_with_passkey(desk)
        await desk.handlers.put_staff(anna())  # the same password: nothing
        await at_the_door(desk, device, "staff")
        await desk.handlers.put_staff(anna(password="quite another sentence"))
        with pytest.raises(PasskeyRefused):
            await at_the_door(desk, device, "staff")
        await desk.sign_in(signing_in(password="quite another sentence"))


@pytest.mark.parametrize("known", [True, False])
async def test_wrong_passkeys_are_throttled_by_account_and_client_alike_where_nobody_is(
    postgres: DatabaseAddress, known: bool
) -> None:
    async with open_identity(postgres) as desk:
        _, device = await staff_with_passkey(desk)
        wrong = replace(device, key=Authenticator().key, count=5)
        if not known:
            wrong.user_handle = bytes(16)
        for _ in range(ATTEMPTS_FREE):
            with pytest.raises(PasskeyRefused):
                await at_the_door(desk, wrong, "staff", client="10.0.0.1")
        with pytest.raises(TooMany) as refusal:
            await at_the_door(desk, wrong, "staff", client="10.0.0.1")
        assert refusal.value.retry_after_s
        await at_the_door(desk, device, "staff", client="10.0.0.2")
        desk.env.clock.advance(3)
        await at_the_door(desk, device, "staff", client="10.0.0.1")
        with pytest.raises(PasskeyRefused):  # counted from the beginning again
            await at_the_door(desk, wrong, "staff", client="10.0.0.1")


async def test_a_client_asks_only_so_often(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        ask = ClientRef(client="10.0.0.1")
        for _ in range(CLIENT_BURST):
            await desk.handlers.begin_passkey_sign_in(ask)
        with pytest.raises(TooMany):
            await desk.handlers.begin_passkey_sign_in(ask)


async def test_the_api_says_that_the_passkey_is_missing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.handlers.put_staff(anna())
        own, device, path = await signed_in(client), Authenticator(), "/v1/auth/passkeys"
        asked = await client.post(f"{path}/register/options", json={}, headers=own)
        body = {"credential": device.create(asked.json()["public_key"]), "name": "desk"}
        added = await client.post(f"{path}/register/verify", json=body, headers=own)
        assert added.status_code == 200
        waiting = await client.post(
            "/v1/auth/login", json={"email": "anna@rialto.test", "password": PASSWORD}
        )
        assert (waiting.status_code, waiting.json()["factor"]) == (202, "passkey")
        asked = await client.post(f"{path}/sign-in/options")
        answer = {"credential": device.get(asked.json()["public_key"])}
        assert (await client.post(f"{path}/sign-in/verify", json=answer)).status_code == 200
