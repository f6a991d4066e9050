"""Customers taken over from another shop, and the list of all."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    AddressesFull,
    EmailTaken,
    ForgotPassword,
    ImportCustomer,
    ListCustomers,
    Proof,
    PutStaff,
    ResetPassword,
    SignInRefused,
)
from rialto.identity.events import CustomerRegistered
from rialto.kernel.address import Address
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import AccountId
from tests.identity.desk import EMAIL, PASSWORD, open_identity, signing_in

pytestmark = pytest.mark.anyio

HOME = Address(name="Anna", line1="Weg 1", city="Berlin", postal_code="10115", country="DE")
WORK = Address(name="Anna", line1="Platz 2", city="Berlin", postal_code="10117", country="DE")


def anna(**fields: object) -> ImportCustomer:
    return ImportCustomer(**{"email": EMAIL, "name": "Anna", "addresses": [HOME, WORK], **fields})  # type: ignore[arg-type]


async def test_an_imported_customer_sets_a_password_by_having_forgotten_it(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        rehearsed = await desk.handlers.import_customer(anna(dry_run=True))
        assert rehearsed.outcome == "created"
        assert (await desk.handlers.list_customers(ListCustomers())).items == []
        assert (await desk.handlers.import_customer(anna(language="de"))).outcome == "created"
        assert (await desk.handlers.import_customer(anna(name="Other", addresses=[]))).outcome == "unchanged"
        assert await desk.letters() == []
        assert desk.passwords.asked == []
        [event] = await desk.events()
        assert isinstance(event, CustomerRegistered)
        [customer] = (await desk.handlers.list_customers(ListCustomers())).items
        assert (customer.id, customer.name, customer.language) == (event.account_id, "Anna", "de")
        assert (customer.verified, customer.active) == (False, True)
        for password in ("", PASSWORD):
            with pytest.raises(SignInRefused):
                await desk.sign_in(signing_in(password=password))
        await desk.handlers.forgot_password(ForgotPassword(email=EMAIL))
        token = await desk.token("reset_password")
        await desk.handlers.reset_password(ResetPassword(token=token, password=PASSWORD))
        await desk.sign_in(signing_in())
        [customer] = (await desk.handlers.list_customers(ListCustomers())).items
        assert customer.verified is True
        book = (await desk.handlers.list_addresses(AccountRef(account_id=customer.id))).items
        assert [(one.line1, one.default_shipping, one.default_billing) for one in book] == [
            ("Weg 1", True, True),
            ("Platz 2", False, False),
        ]


async def test_whoever_has_an_account_keeps_it(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.customer()
        assert (await desk.handlers.import_customer(anna(name="Other"))).outcome == "unchanged"
        await desk.sign_in(signing_in())
        [customer] = (await desk.handlers.list_customers(ListCustomers())).items
        assert (customer.name, customer.verified) == ("Anna", True)
        staff = PutStaff(email="boss@rialto.test", name="Boss", password=PASSWORD, roles=["owner"])
        await desk.handlers.put_staff(staff)
        with pytest.raises(EmailTaken):
            await desk.handlers.import_customer(anna(email="boss@rialto.test"))
        assert len((await desk.handlers.list_customers(ListCustomers())).items) == 1


async def test_two_imports_at_once_make_one_account(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        both = await asyncio.gather(*(desk.handlers.import_customer(anna()) for _ in range(2)))
        assert sorted(one.outcome for one in both) == ["created", "unchanged"]
        [customer] = (await desk.handlers.list_customers(ListCustomers())).items
        book = await desk.handlers.list_addresses(AccountRef(account_id=customer.id))
        assert len(book.items) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "nobody"},
        {"email": "a\x00@example.com"},
        {"name": ""},
        {"name": "a\x00"},
        {"name": "\ud800"},
        {"language": "German"},
        {"channel": "No Channel"},
        {"addresses": [Address(name="", line1="", country="XX")]},
        {"addresses": [HOME] * 51},
    ],
)
async def test_what_cannot_be_an_account_changes_nothing(
    postgres: DatabaseAddress, fields: dict[str, object]
) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises((Invalid, AddressesFull)):
            await desk.handlers.import_customer(anna(**fields))
        assert (await desk.handlers.list_customers(ListCustomers())).items == []


async def test_the_list_shows_each_customer_once_and_none_that_is_erased(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        for number in range(7):
            await desk.handlers.import_customer(anna(email=f"anna{number}@rialto.test", addresses=[]))
        account_id = await desk.customer()
        found: list[str] = []
        cursor: AccountId | None = None
        while True:
            page = await desk.handlers.list_customers(ListCustomers(cursor=cursor, limit=3))
            assert len(page.items) <= 3
            found += [one.email for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sorted(found) == sorted([EMAIL, *(f"anna{number}@rialto.test" for number in range(7))])
        await desk.handlers.erase_account(Proof(account_id=account_id, password=PASSWORD))
        left = (await desk.handlers.list_customers(ListCustomers(limit=200))).items
        assert EMAIL not in {one.email for one in left}
        assert len(left) == 7
        for limit in (0, 201):
            with pytest.raises(Invalid):
                await desk.handlers.list_customers(ListCustomers(limit=limit))
        with pytest.raises(AccountNotFound):
            await desk.handlers.list_customers(ListCustomers(cursor=AccountId("nobody")))


async def test_an_imported_customer_that_cannot_be_is_refused_by_its_fields(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        later = desk.env.clock.now() + timedelta(days=1)
        with pytest.raises(Invalid) as refused:
            await desk.handlers.import_customer(
                anna(default_shipping=2, default_billing=-1, registered_at=later)
            )
        paths = {fault.path for fault in refused.value.fields}
        assert paths == {"default_shipping", "default_billing", "registered_at"}
        assert (await desk.handlers.list_customers(ListCustomers())).items == []
