from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    AddAddress,
    ChangeAccount,
    ChangeEmail,
    ConfirmTotp,
    GiveConsent,
    LinkToken,
    OwnSession,
    PasswordWrong,
    Proof,
    ProofNeeded,
    RefreshWith,
    SignInRefused,
    TokenRefused,
)
from rialto.identity.events import CustomerErased
from rialto.kernel.address import Address
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.personal import Documents, Person, PersonalData, ServiceKeeper
from tests.identity.authenticator import Authenticator
from tests.identity.desk import EMAIL, PASSWORD, Desk, anna, open_identity, signing_in
from tests.identity.test_passkeys import add as add_passkey
from tests.identity.test_second_factors import code_of
from tests.identity.web import signed_in, web_of

pytestmark = pytest.mark.anyio

STREET = "Ackerstraße 17"


class OtherService:
    """Keeps something of everybody, and may be away."""

    def __init__(self) -> None:
        self.asked: list[Person] = []
        self.erased: list[Person] = []
        self.away = False

    async def export(self, person: Person) -> Documents:
        self.asked.append(person)
        return {"orders": [{"number": "R-1"}]}

    async def erase(self, person: Person) -> None:
        if self.away:
            raise Unavailable
        self.erased.append(person)


def beside(desk: Desk) -> OtherService:
    """Another service of the same shop."""
    other = OtherService()
    personal = PersonalData(
        export=lambda handlers, person: handlers.export(person),
        erase=lambda handlers, person: handlers.erase(person),
    )
    desk.env.keepers.add("orders", ServiceKeeper(personal, other))
    return other


async def a_full_account(desk: Desk) -> str:
    """A customer with something in every table."""
    account_id = await desk.customer()
    address = Address(name="Anna", line1=STREET, city="Berlin", postal_code="10115", country="DE")
    await desk.handlers.add_address(AddAddress(account_id=account_id, address=address))
    consent = GiveConsent(purpose="newsletter", granted=True, text_version="1")
    await desk.handlers.change_account(ChangeAccount(account_id=account_id, consents=[consent]))
    await desk.sign_in(signing_in(client="192.0.2.1"))
    await add_passkey(desk, account_id, Authenticator())
    secret = (await desk.handlers.begin_totp(Proof(account_id=account_id, password=PASSWORD))).secret
    await desk.handlers.confirm_totp(ConfirmTotp(account_id=account_id, code=code_of(desk, secret)))
    command = ChangeEmail(account_id=account_id, email="anna@elsewhere.test", password=PASSWORD)
    await desk.handlers.change_email(command)
    await desk.handlers.verify_email(LinkToken(token=await desk.token("verify_new_email")))
    await desk.letters()
    return account_id


def proof(account_id: str, password: str | None = PASSWORD) -> Proof:
    return Proof(account_id=account_id, password=password)


async def everything(desk: Desk) -> dict[str, str]:
    """All rows of all tables, as text."""
    async with desk.env.db.read() as session:
        tables = await session.all("SELECT tablename FROM pg_tables WHERE schemaname = 'identity'")
        return {
            row["tablename"]: str(
                [tuple(found) for found in await session.all(f"SELECT * FROM {row['tablename']}")]
            )
            for row in tables
        }


async def test_the_archive_holds_what_every_service_keeps(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        other = beside(desk)
        account_id = await a_full_account(desk)
        archive = await desk.handlers.export_data(proof(account_id))
        with zipfile.ZipFile(io.BytesIO(archive.content)) as files:
            found: dict[str, Any] = {name: json.loads(files.read(name)) for name in files.namelist()}
        assert sorted(found) == [
            "identity/account.json",
            "identity/addresses.json",
            "identity/consents.json",
            "identity/email_changes.json",
            "identity/passkeys.json",
            "identity/sessions.json",
            "orders/orders.json",
        ]
        assert found["identity/account.json"]["email"] == "anna@elsewhere.test"
        assert found["identity/addresses.json"][0]["line1"] == STREET
        assert found["identity/consents.json"][0]["purpose"] == "newsletter"
        assert found["orders/orders.json"] == [{"number": "R-1"}]
        assert other.asked == [Person(account_id=account_id, emails=("anna@elsewhere.test", EMAIL))]
        for secret in ("argon2", "sealed", "token", "hash"):
            assert secret not in str(found)


async def test_after_erasure_nothing_personal_is_left(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        other = beside(desk)
        account_id = await a_full_account(desk)
        await desk.handlers.erase_account(proof(account_id))
        assert other.erased == [Person(account_id=account_id, emails=("anna@elsewhere.test", EMAIL))]
        rows = await everything(desk)
        for table, text in rows.items():
            for word in ("anna", "Anna", "elsewhere", STREET, "Berlin", "newsletter"):
                assert word not in text, (table, word)
        left = {table for table, text in rows.items() if text != "[]"}
        # The bare row, the facts, and counts of mails by the hash of an address.
        assert left <= {"accounts", "events", "outbox", "roles", "sign_in_failures"}
        (erased,) = [event for event in await desk.events() if isinstance(event, CustomerErased)]
        assert (erased.account_id, erased.erased_at) == (account_id, desk.env.clock.now())


async def test_an_erased_account_lets_nobody_in_and_has_no_contact(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        tokens = await desk.sign_in(signing_in())
        await desk.handlers.erase_account(proof(account_id))
        with pytest.raises(TokenRefused):
            await desk.handlers.refresh(RefreshWith(refresh_token=tokens.refresh_token))
        with pytest.raises(SignInRefused):
            await desk.sign_in(signing_in())
        for asked in (
            desk.handlers.contact(AccountRef(account_id=account_id)),
            desk.handlers.account(AccountRef(account_id=account_id)),
            desk.handlers.erase_account(proof(account_id)),
        ):
            with pytest.raises(AccountNotFound):
                await asked


async def test_the_email_is_free_for_another_account(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await desk.handlers.erase_account(proof(account_id))
        assert await desk.customer() != account_id


async def test_while_a_service_is_away_nobody_gets_in_and_the_job_goes_on(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        other = beside(desk)
        other.away = True
        account_id = await desk.customer()
        await desk.handlers.erase_account(proof(account_id))
        assert desk.env.woken == ["identity.erase"]
        with pytest.raises(SignInRefused):
            await desk.sign_in(signing_in())
        assert await desk.handlers.erase_due() == 0
        other.away = False
        assert await desk.handlers.erase_due() == 1
        assert other.erased == [Person(account_id=account_id, emails=(EMAIL,))]
        assert await desk.handlers.erase_due() == 0
        assert EMAIL not in str(await everything(desk))


async def test_an_address_that_another_has_now_is_not_erased_with_the_account(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        other = beside(desk)
        account_id = await desk.customer()
        command = ChangeEmail(account_id=account_id, email="anna@elsewhere.test", password=PASSWORD)
        await desk.handlers.change_email(command)
        await desk.handlers.verify_email(LinkToken(token=await desk.token("verify_new_email")))
        desk.env.clock.advance(73 * 3600)
        await desk.handlers.sweep()
        await desk.customer()
        await desk.handlers.erase_account(proof(account_id))
        assert [person.emails for person in other.erased] == [("anna@elsewhere.test",)]
        await desk.sign_in(signing_in())


async def test_both_need_the_password_or_a_sign_in_of_the_last_minutes(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        await desk.sign_in(signing_in())
        own = (await desk.handlers.list_sessions(OwnSession(account_id=account_id))).items[0].id
        for ask in (desk.handlers.export_data, desk.handlers.erase_account):
            with pytest.raises(PasswordWrong):
                await ask(proof(account_id, "wrong"))
            with pytest.raises(ProofNeeded):
                await ask(proof(account_id, None))
        await desk.handlers.export_data(Proof(account_id=account_id, session_id=own))
        desk.env.clock.advance(601)
        with pytest.raises(ProofNeeded):
            await desk.handlers.erase_account(Proof(account_id=account_id, session_id=own))


async def test_staff_is_neither_handed_out_nor_erased_so(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        staff = await desk.handlers.put_staff(anna())
        for ask in (desk.handlers.export_data, desk.handlers.erase_account):
            with pytest.raises(AccountNotFound):
                await ask(proof(staff.id))
        await desk.sign_in(signing_in())


async def test_export_and_erasure_on_the_web(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.customer()
        own = await signed_in(client)
        assert (await client.post("/v1/account/export", json={})).status_code == 401
        archive = await client.post("/v1/account/export", json={}, headers=own)
        assert (archive.status_code, archive.headers["Content-Type"]) == (200, "application/zip")
        assert zipfile.ZipFile(io.BytesIO(archive.content)).testzip() is None
        wrong = await client.post("/v1/account/erasure", json={"password": "no"}, headers=own)
        assert (wrong.status_code, wrong.json()["code"]) == (403, "password_wrong")
        gone = await client.post("/v1/account/erasure", json={"password": PASSWORD}, headers=own)
        assert gone.status_code == 204
        assert (await client.get("/v1/account", headers=own)).status_code == 404
