"""A shop with customers: identity as far as other services see it, without passwords and mails.

async with a_shop_of_customers(postgres) as (shop, customers):
    ada = customers.join("ada@example.org")
    await customers.verify(ada)             # identity says so, and everybody who cares has heard of it
    reply = await shop.web.get("/v1/orders", headers=customers.token(ada))
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from rialto.app import ALL
from rialto.identity.api import AccountContact, AccountNotFound, AccountRef, Identity
from rialto.identity.events import EVENTS, CustomerErased, CustomerVerified
from rialto.kernel.auth import Principal, TokenSigner
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.events import Event, NewEvent, append
from rialto.kernel.ids import ACCOUNT, AccountId, bucket_of, to_uuid
from rialto.kernel.service import Service
from tests.pricing.peers import Peer
from tests.support.databases import SECRETS
from tests.support.shop import Shop, a_shop


class People(Peer):
    """Who has an account. Of identity's operations only `contact` is expected."""

    def __init__(self) -> None:
        self.contacts: dict[str, AccountContact] = {}

    async def contact(self, command: AccountRef) -> AccountContact:
        if command.account_id not in self.contacts:
            raise AccountNotFound
        return self.contacts[command.account_id]

    async def finish(self) -> None:
        """Nothing is kept that would have to be written."""


class Customers:
    """What customers do at identity, and what identity tells the others."""

    def __init__(self, shop: Shop, people: People) -> None:
        self._shop = shop
        self._people = people
        self._versions: dict[AccountId, int] = {}

    def join(self, email: str, *, bucket: int | None = None) -> AccountId:
        """An account whose e-mail is not proven."""
        ids = self._shop.app.engines.ids
        account_id = ACCOUNT.new(ids, ids.bucket() if bucket is None else bucket)
        self._people.contacts[account_id] = AccountContact(
            email=email, name="Ada", language="en", verified=False
        )
        return account_id

    async def verify(self, account_id: AccountId, email: str | None = None) -> None:
        """The e-mail is proven (another one than before, if it is given), and what follows has happened."""
        known = self._people.contacts[account_id]
        self._people.contacts[account_id] = replace(known, email=email or known.email, verified=True)
        await self.publish(
            account_id, CustomerVerified(account_id=account_id, verified_at=self._shop.clock.now())
        )
        await self._shop.settle()

    async def erase(self, account_id: AccountId) -> None:
        del self._people.contacts[account_id]
        await self.publish(
            account_id, CustomerErased(account_id=account_id, erased_at=self._shop.clock.now())
        )
        await self._shop.settle()

    async def publish(self, account_id: AccountId, event: Event) -> None:
        version = self._versions[account_id] = self._versions.get(account_id, 0) + 1
        told = NewEvent(
            bucket=bucket_of(account_id),
            stream=to_uuid(account_id),
            version=version,
            event=event,
            at=self._shop.clock.now(),
        )
        async with self._shop.app.databases["identity"].write() as session:
            await append(session, [told])

    def token(self, account_id: AccountId, *, lifetime_s: int = 600) -> dict[str, str]:
        """Request headers of somebody signed in."""
        signer = TokenSigner(
            SECRETS.signing_key, issuer=self._shop.app.settings.public_url, clock=self._shop.clock
        )
        token = signer.sign(Principal(kind="customer", id=account_id), lifetime_s=lifetime_s)
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def a_shop_of_customers(
    postgres: DatabaseAddress, **options: Any
) -> AsyncIterator[tuple[Shop, Customers]]:
    people = People()
    identity = Service(
        name="identity",
        api=Identity,
        package="rialto.identity",
        build=lambda _env: people,
        events=EVENTS,
    )
    services = tuple(identity if service.name == "identity" else service for service in ALL)
    async with a_shop(postgres, services=services, **options) as shop:
        yield shop, Customers(shop, people)
