from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    AddAddress,
    AddressesFull,
    AddressNotFound,
    AddressRef,
    ChangeAddress,
    KeyReused,
    SavedAddress,
)
from rialto.identity.model.addresses import ADDRESSES_MAX
from rialto.kernel.address import Address
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import ADDRESS, bucket_of
from tests.identity.desk import Desk, open_identity
from tests.identity.web import signed_in, web_of
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


def home(**changed: str) -> Address:
    values = {"name": "Anna", "line1": "Gasse 1", "city": "Köln", "postal_code": "50667", "country": "DE"}
    return Address(**{**values, **changed})


async def add(desk: Desk, account_id: str, address: Address | None = None, **more: Any) -> SavedAddress:
    command = AddAddress(account_id=account_id, address=address or home(), **more)
    return await desk.handlers.add_address(command)


async def book(desk: Desk, account_id: str) -> list[SavedAddress]:
    return (await desk.handlers.list_addresses(AccountRef(account_id=account_id))).items


def defaults(saved: list[SavedAddress]) -> list[tuple[bool, bool]]:
    return [(one.default_shipping, one.default_billing) for one in saved]


async def test_addresses_are_listed_the_oldest_first_and_the_first_is_the_default_for_both(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        first = await add(desk, account_id, home(line2="  3rd  floor "))
        desk.env.clock.advance(1)
        second = await add(desk, account_id, home(line1="Büro 2", company="Anna Ltd"))
        assert await book(desk, account_id) == [first, second]
        assert first.line2 == "3rd floor"
        assert defaults([first, second]) == [(True, True), (False, False)]
        assert bucket_of(first.id) == bucket_of(account_id)


async def test_another_default_takes_the_place_of_the_first(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        first = await add(desk, account_id)
        desk.env.clock.advance(1)
        second = await add(desk, account_id, default_shipping=True)
        assert defaults(await book(desk, account_id)) == [(False, True), (True, False)]
        command = ChangeAddress(
            account_id=account_id, address_id=second.id, address=home(), default_billing=True
        )
        await desk.handlers.change_address(command)
        assert defaults(await book(desk, account_id)) == [(False, False), (True, True)]
        command = ChangeAddress(
            account_id=account_id, address_id=second.id, address=home(), default_shipping=False
        )
        await desk.handlers.change_address(command)
        assert defaults(await book(desk, account_id)) == [(False, False), (False, True)]
        await desk.handlers.remove_address(AddressRef(account_id=account_id, address_id=second.id))
        assert await book(desk, account_id) == [
            SavedAddress(
                **{
                    **{name: getattr(first, name) for name in first.__struct_fields__},
                    "default_shipping": False,
                    "default_billing": False,
                }
            )
        ]


async def test_a_change_replaces_the_whole_address(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        saved = await add(desk, account_id, home(company="Anna Ltd", phone="+49 1"))
        moved = home(line1="1 Main St", city="Austin", region="Texas", postal_code="73301", country="US")
        command = ChangeAddress(account_id=account_id, address_id=saved.id, address=moved)
        changed = await desk.handlers.change_address(command)
        assert (changed.id, changed.region, changed.company, changed.phone) == (saved.id, "TX", None, None)
        assert defaults([changed]) == [(True, True)]


async def test_every_wrong_field_is_named(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        with pytest.raises(Invalid) as refused:
            await add(desk, account_id, home(name="", postal_code="7"))
        assert {field.path for field in refused.value.fields} == {"address.name", "address.postal_code"}
        assert await book(desk, account_id) == []


async def test_with_a_key_again_nothing_is_added_and_another_address_is_refused(
    postgres: DatabaseAddress,
) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        first = await add(desk, account_id, key="k1")
        command = ChangeAddress(account_id=account_id, address_id=first.id, address=home(line1="Gasse 2"))
        changed = await desk.handlers.change_address(command)
        assert await add(desk, account_id, key="k1") == changed
        with pytest.raises(KeyReused):
            await add(desk, account_id, home(line1="Gasse 9"), key="k1")
        await add(desk, account_id, key="k2")
        assert len(await book(desk, account_id)) == 2


async def test_a_key_is_its_accounts_own(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        one, other = await desk.customer(), await desk.customer(email="bob@rialto.test")
        assert (await add(desk, one, key="k")).id != (await add(desk, other, home(line1="B 2"), key="k")).id


async def test_an_account_has_at_most_fifty_also_when_they_come_at_once(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        many = [add(desk, account_id) for _ in range(ADDRESSES_MAX + 3)]
        outcomes = await asyncio.gather(*many, return_exceptions=True)
        assert [type(one) for one in outcomes].count(AddressesFull) == 3
        assert len(await book(desk, account_id)) == ADDRESSES_MAX
        assert len([one for one in await book(desk, account_id) if one.default_shipping]) == 1


async def test_nobody_reaches_the_addresses_of_another(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id = await desk.customer()
        saved = await add(desk, account_id)
        other = await desk.customer(email="bob@rialto.test")
        in_same_bucket = ADDRESS.new(seeded_ids(3), bucket_of(account_id))
        for account, address_id in ((other, saved.id), (account_id, in_same_bucket), (account_id, "x")):
            with pytest.raises(AddressNotFound):
                await desk.handlers.change_address(
                    ChangeAddress(account_id=account, address_id=address_id, address=home())
                )
            await desk.handlers.remove_address(AddressRef(account_id=account, address_id=address_id))
        assert await book(desk, account_id) == [saved]
        assert await book(desk, other) == []


async def test_an_account_that_is_not_there_gets_no_address(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(AccountNotFound):
            await add(desk, "acc_06bqk3v1m5g7r0z2x4c6n8p0qs")


async def test_the_address_book_on_the_web(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk, web_of(desk) as client:
        await desk.customer()
        path = "/v1/account/addresses"
        assert (await client.get(path)).status_code == 401
        own = await signed_in(client)
        body = {
            "address": {
                "name": "Anna",
                "line1": "Gasse 1",
                "city": "Köln",
                "postal_code": "50667",
                "country": "DE",
            }
        }
        keyed = {**own, "Idempotency-Key": "k1"}
        first = await client.post(path, json=body, headers=keyed)
        again = await client.post(path, json=body, headers=keyed)
        assert (first.status_code, first.json()) == (201, again.json())
        body["address"]["postal_code"] = "5"
        refused = await client.post(path, json=body, headers=own)
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "address.postal_code")
        body["address"]["postal_code"] = "50668"
        one = f"{path}/{first.json()['id']}"
        assert (await client.put(one, json=body, headers=own)).json()["postal_code"] == "50668"
        assert len((await client.get(path, headers=own)).json()["items"]) == 1
        assert (await client.delete(one, headers=own)).status_code == 204
        assert (await client.delete(one, headers=own)).status_code == 204
        assert (await client.put(one, json=body, headers=own)).status_code == 404
