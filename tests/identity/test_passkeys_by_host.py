"""A passkey opens the shop front where it was made, and no other, though the account is the same in all of them."""

from __future__ import annotations

from typing import Any

import pytest

from rialto.identity.api import AccountRef, AddPasskey, ClientRef, PasskeyRefused, Proof, SignInWithPasskey
from rialto.kernel.db import DatabaseAddress
from tests.identity.authenticator import Authenticator
from tests.identity.desk import PASSWORD, Desk, open_identity

pytestmark = pytest.mark.anyio

OWN, TRADE = "http://127.0.0.1:8000", "http://trade.example:8000"


async def add(desk: Desk, account_id: str, device: Authenticator, origin: str) -> dict[str, Any]:
    asked = await desk.handlers.begin_passkey(Proof(account_id=account_id, password=PASSWORD, origin=origin))
    await desk.handlers.add_passkey(
        AddPasskey(
            account_id=account_id, credential=device.create(asked.public_key), name="phone", origin=origin
        )
    )
    return asked.public_key


async def sign_in(desk: Desk, device: Authenticator, origin: str) -> None:
    asked = await desk.handlers.begin_passkey_sign_in(ClientRef(origin=origin))
    command = SignInWithPasskey(credential=device.get(asked.public_key), origin=origin)
    await desk.handlers.sign_in_with_passkey(command)


async def test_each_opens_where_it_was_made(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        here, there = Authenticator(origin=OWN), Authenticator(origin=TRADE)
        assert (await add(desk, account_id, here, ""))["rp"]["id"] == "127.0.0.1"
        asked = await add(desk, account_id, there, TRADE)
        assert asked["rp"]["id"] == "trade.example"
        assert asked["excludeCredentials"] == [], "the one of the other host is not there to be excluded"
        kept = (await desk.handlers.list_passkeys(AccountRef(account_id=account_id))).items
        assert [one.host for one in kept] == ["", "trade.example"]
        await sign_in(desk, here, "")
        await sign_in(desk, here, OWN)
        await sign_in(desk, there, TRADE)
        for device, origin in ((here, TRADE), (there, "")):
            with pytest.raises(PasskeyRefused):
                await sign_in(desk, device, origin)


async def test_an_answer_from_another_origin_than_the_one_asked_is_refused(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        stranger = Authenticator(origin="http://trade.example.evil.example")
        with pytest.raises(PasskeyRefused):
            await add(desk, account_id, stranger, TRADE)
