from __future__ import annotations

import pytest

from rialto.identity.api import EndSession, OwnSession, RefreshWith, SessionNotFound, SignIn, TokenRefused
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import SESSION, bucket_of
from tests.identity.desk import EMAIL, PASSWORD, Desk, anna, open_identity, signing_in
from tests.identity.web import signed_in, web_of
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


async def at_devices(desk: Desk, *devices: str) -> list[str]:
    """Refresh tokens of one sign-in at each device, a minute apart."""
    found = []
    for device in devices:
        desk.env.clock.advance(60)
        command = SignIn(email=EMAIL, password=PASSWORD, device=device)
        found.append((await desk.sign_in(command)).refresh_token)
    return found


async def test_sessions_are_listed_with_device_and_times_the_one_used_last_first(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        phone, _ = await at_devices(desk, "phone", "laptop")
        desk.env.clock.advance(60)
        await desk.handlers.refresh(RefreshWith(refresh_token=phone))
        first, second = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items
        assert (first.device, second.device) == ("phone", "laptop")
        assert first.last_used_at == desk.env.clock.now()
        assert (first.last_used_at - first.started_at).total_seconds() == 120
        assert (first.expires_at - first.started_at).days == 30
        again = await desk.handlers.list_sessions(OwnSession(account_id=account_id, session_id=second.id))
        assert [session.current for session in again.items] == [False, True]


async def test_a_session_that_is_over_is_not_listed(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        (token,) = await at_devices(desk, "phone")
        await desk.handlers.sign_out(RefreshWith(refresh_token=token))
        await at_devices(desk, "laptop")
        desk.env.clock.advance(30 * 86_400)
        assert (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items == []


async def test_one_session_is_ended_and_again_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        phone, laptop = await at_devices(desk, "phone", "laptop")
        listed = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items
        ending = next(session.id for session in listed if session.device == "phone")
        for _ in range(2):
            await desk.handlers.end_session(EndSession(account_id=account_id, session_id=ending))
        with pytest.raises(TokenRefused):
            await desk.handlers.refresh(RefreshWith(refresh_token=phone))
        await desk.handlers.refresh(RefreshWith(refresh_token=laptop))


async def test_nobody_ends_the_session_of_another(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        (token,) = await at_devices(desk, "phone")
        (session,) = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items
        other = await desk.customer(email="bob@rialto.test")
        in_same_bucket = SESSION.new(seeded_ids(3), bucket_of(account_id))
        for account, ending in ((other, session.id), (account_id, in_same_bucket), (account_id, "ses_x")):
            with pytest.raises(SessionNotFound):
                await desk.handlers.end_session(EndSession(account_id=account, session_id=ending))
        await desk.handlers.refresh(RefreshWith(refresh_token=token))


async def test_all_other_sessions_are_ended_at_once(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await at_devices(desk, "phone", "laptop", "here")
        own = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items[0].id
        await desk.handlers.end_other_sessions(OwnSession(account_id=account_id, session_id=own))
        (left,) = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items
        assert left.id == own
        await desk.handlers.end_other_sessions(OwnSession(account_id=account_id))
        assert (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items == []


async def test_sessions_on_the_web_are_staffs_as_well_as_customers(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.handlers.put_staff(anna())
        await desk.sign_in(signing_in())
        assert (await client.get("/v1/account/sessions")).status_code == 401
        own = await signed_in(client)
        listed = (await client.get("/v1/account/sessions", headers=own)).json()["items"]
        assert sorted(session["current"] for session in listed) == [False, True]
        other = next(session["id"] for session in listed if not session["current"])
        assert (await client.delete(f"/v1/account/sessions/{other}", headers=own)).status_code == 204
        assert (await client.delete("/v1/account/sessions/ses_x", headers=own)).status_code == 404
        assert (await client.delete("/v1/account/sessions", headers=own)).status_code == 204
        listed = (await client.get("/v1/account/sessions", headers=own)).json()["items"]
        assert [session["current"] for session in listed] == [True]
