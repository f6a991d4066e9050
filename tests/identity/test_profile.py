from __future__ import annotations

from typing import Any

import pytest

from rialto.identity.api import Account, AccountNotFound, AccountRef, ChangeAccount, ChangeEmail, GiveConsent
from rialto.identity.model.profiles import PURPOSES_MAX
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from tests.identity.desk import EMAIL, PASSWORD, Desk, anna, open_identity
from tests.identity.web import signed_in, web_of

pytestmark = pytest.mark.anyio


async def change(desk: Desk, account_id: str, **changed: Any) -> Account:
    return await desk.handlers.change_account(ChangeAccount(account_id=account_id, **changed))


def newsletter(*, granted: bool, text_version: str = "2026-01", purpose: str = "newsletter") -> GiveConsent:
    return GiveConsent(purpose=purpose, granted=granted, text_version=text_version)


async def history(desk: Desk) -> list[tuple[str, bool, str]]:
    async with desk.env.db.read() as session:
        rows = await session.all("SELECT purpose, granted, text_version FROM consents ORDER BY at, id")
    return [(row["purpose"], row["granted"], row["text_version"]) for row in rows]


async def test_an_account_says_what_was_registered(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer(verified=False, language="de", channel="paris")
        account = await desk.handlers.account(AccountRef(account_id=account_id))
        assert (account.id, account.email, account.name) == (account_id, EMAIL, "Anna")
        assert (account.language, account.channel, account.verified) == ("de", "paris", False)
        assert (account.consents, account.pending_email, account.second_factor) == ([], None, False)
        assert account.created_at == desk.env.clock.now()


async def test_an_address_that_waits_to_be_verified_is_shown(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        command = ChangeEmail(account_id=account_id, email="anna@elsewhere.test", password=PASSWORD)
        await desk.handlers.change_email(command)
        account = await desk.handlers.account(AccountRef(account_id=account_id))
        assert (account.email, account.pending_email) == (EMAIL, "anna@elsewhere.test")
        desk.env.clock.advance(24 * 3600)
        assert (await desk.handlers.account(AccountRef(account_id=account_id))).pending_email is None


async def test_name_and_language_change_and_what_is_none_stays(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        assert (await change(desk, account_id, name="  Anna   Müller ")).name == "Anna Müller"
        account = await change(desk, account_id, language="de-AT")
        assert (account.name, account.language) == ("Anna Müller", "de-AT")


async def test_consents_are_a_history_of_which_the_latest_of_each_purpose_counts(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        first = await change(desk, account_id, consents=[newsletter(granted=True)])
        desk.env.clock.advance(60)
        await change(desk, account_id, consents=[newsletter(granted=True)])  # known already
        account = await change(
            desk, account_id, consents=[newsletter(granted=False), newsletter(granted=True, purpose="calls")]
        )
        assert [(consent.purpose, consent.granted) for consent in account.consents] == [
            ("calls", True),
            ("newsletter", False),
        ]
        assert first.consents[0].at < account.consents[0].at == desk.env.clock.now()
        assert sorted(await history(desk)) == [
            ("calls", True, "2026-01"),
            ("newsletter", False, "2026-01"),
            ("newsletter", True, "2026-01"),
        ]


async def test_a_consent_to_another_text_is_another_consent(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        for version in ("2026-01", "2026-02"):
            await change(desk, account_id, consents=[newsletter(granted=True, text_version=version)])
        assert len(await history(desk)) == 2


async def test_the_database_lets_nobody_rewrite_a_consent(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await change(desk, account_id, consents=[newsletter(granted=False)])
        with pytest.raises(Exception, match="permission denied"):
            async with desk.env.db.write() as session:
                await session.run("UPDATE consents SET granted = true")


async def test_every_wrong_field_is_named_and_nothing_changes(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        wrong = [
            newsletter(granted=True, purpose="News!"),
            newsletter(granted=True, text_version=""),
            newsletter(granted=False),
        ]
        with pytest.raises(Invalid) as refused:
            await change(desk, account_id, name="\x00", language="German", consents=wrong)
        assert [field.path for field in refused.value.fields] == [
            "name",
            "language",
            "consents[0].purpose",
            "consents[1].text_version",
            "consents",
        ]
        assert (await desk.handlers.account(AccountRef(account_id=account_id))).name == "Anna"


async def test_an_account_has_only_so_many_purposes(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        many = [newsletter(granted=True, purpose=f"purpose_{number}") for number in range(PURPOSES_MAX)]
        await change(desk, account_id, consents=many)
        with pytest.raises(Invalid):
            await change(desk, account_id, consents=[newsletter(granted=True)])
        await change(desk, account_id, consents=[newsletter(granted=False, purpose="purpose_1")])


async def test_staff_and_strangers_have_no_customers_account(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff = await desk.handlers.put_staff(anna())
        for account_id in (staff.id, "acc_06bqk3v1m5g7r0z2x4c6n8p0qs"):
            with pytest.raises(AccountNotFound):
                await desk.handlers.account(AccountRef(account_id=account_id))


async def test_the_account_on_the_web(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.customer()
        assert (await client.get("/v1/account")).status_code == 401
        own = await signed_in(client)
        body = {"name": "Anna B.", "consents": [{"purpose": "calls", "granted": True, "text_version": "7"}]}
        changed = await client.patch("/v1/account", json=body, headers=own)
        assert changed.status_code == 200
        answer = await client.get("/v1/account", headers=own)
        assert answer.json() == changed.json()
        assert (answer.json()["name"], answer.json()["consents"][0]["purpose"]) == ("Anna B.", "calls")
        assert answer.headers["Cache-Control"] == "no-store"
