"""Customers taken over from another shop, and the list of all."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from rialto.identity.api import (
    AddressesFull,
    CustomerList,
    EmailTaken,
    ImportCustomer,
    ImportedCustomer,
    ListCustomers,
)
from rialto.identity.api.customers import CUSTOMERS_PAGE_MAX
from rialto.identity.events import CustomerRegistered
from rialto.identity.handlers.registering import RegisteringCases
from rialto.identity.handlers.shared import account_uuid
from rialto.identity.model.addresses import ADDRESSES_MAX
from rialto.identity.model.fields import checked_import, email_hash
from rialto.identity.store import accounts, addresses, customers
from rialto.identity.store.accounts import StoredAccount
from rialto.kernel.address import check_address
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import field_problem
from rialto.kernel.events import NewEvent, append
from rialto.kernel.ids import ACCOUNT

CREATED = ImportedCustomer(outcome="created")
UNCHANGED = ImportedCustomer(outcome="unchanged")


class CustomerCases(RegisteringCases):
    async def import_customer(self, command: ImportCustomer) -> ImportedCustomer:
        """As registering does it: the claim of the e-mail names the id, and a claim without an account is continued."""
        wanted = checked_import(command, self.clock.now())
        book = [check_address(one, path=f"addresses.{index}") for index, one in enumerate(command.addresses)]
        if len(book) > ADDRESSES_MAX:
            raise AddressesFull
        digest = email_hash(wanted.email)
        known = await self.account_of(digest)
        if known is not None and known.kind != "customer":
            raise EmailTaken
        if known is not None or command.dry_run:
            return UNCHANGED if known is not None else CREATED
        account = StoredAccount(
            id=await self._claim_for_customer(digest),
            kind="customer",
            email=wanted.email,
            name=wanted.name,
            roles=(),
            active=True,
            password_hash=None,
            language=wanted.language,
            channel=wanted.channel,
        )
        async with self.db.write() as session:
            since = wanted.registered_at or self.clock.now()
            created = await accounts.create_customer(session, account, None, since)
            if created:
                await self._furnish(session, account, msgspec.structs.replace(command, addresses=book))
        if created:
            async with self.db.write() as session:
                await accounts.confirm_email(session, digest, account.id, self.clock.now())
        return CREATED if created else UNCHANGED

    async def _furnish(self, session: WriteSession, account: StoredAccount, command: ImportCustomer) -> None:
        """The new account's addresses, the first of them its default, and the fact that it is there."""
        now = self.clock.now()
        ids: list[UUID] = []
        for index, address in enumerate(command.addresses):
            ids.append(self.ids.uuid(account.bucket))
            # The book shows the oldest first, and they are to stand as they were given.
            added_at = now + timedelta(microseconds=index)
            await addresses.add_address(
                session, account.id, ids[-1], address=address, made_by=None, now=added_at
            )
        defaults = {
            "default_shipping": command.default_shipping,
            "default_billing": command.default_billing,
        }
        for column, place in defaults.items():
            if place is not None and ids:
                await addresses.set_default(session, account.id, ids[place], column=column, wanted=True)
        registered = CustomerRegistered(
            account_id=ACCOUNT.of(account.id),
            channel=account.channel,
            language=account.language,
            registered_at=now,
        )
        await append(
            session,
            [NewEvent(bucket=account.bucket, stream=account.id, version=1, event=registered, at=now)],
        )
        if command.verified:
            await self.mark_verified(session, account.id)

    async def list_customers(self, command: ListCustomers) -> CustomerList:
        if not 1 <= command.limit <= CUSTOMERS_PAGE_MAX:
            raise field_problem("limit", "out_of_range", f"Between 1 and {CUSTOMERS_PAGE_MAX}.")
        after = None if command.cursor is None else account_uuid(command.cursor)
        async with self.db.recent() as session:
            found = await customers.load_page(session, after, command.limit + 1)
        page = found[: command.limit]
        return CustomerList(items=page, next_cursor=page[-1].id if len(found) > command.limit else None)
