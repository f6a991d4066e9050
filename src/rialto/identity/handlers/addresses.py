"""A customer's address book."""

from __future__ import annotations

from uuid import UUID

from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    AddAddress,
    AddressBook,
    AddressesFull,
    AddressNotFound,
    AddressRef,
    ChangeAddress,
    KeyReused,
    SavedAddress,
)
from rialto.identity.handlers.shared import IdentityUseCase, account_uuid
from rialto.identity.model.addresses import ADDRESSES_MAX, request_hash
from rialto.identity.store import accounts, addresses
from rialto.kernel.address import check_address
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import NotFound
from rialto.kernel.ids import ADDRESS, derived_uuid, to_uuid
from rialto.kernel.service import Nothing


class AddressCases(IdentityUseCase):
    async def list_addresses(self, command: AccountRef) -> AddressBook:
        async with self.db.read() as session:
            return AddressBook(items=await addresses.load_book(session, account_uuid(command.account_id)))

    async def add_address(self, command: AddAddress) -> SavedAddress:
        address = check_address(command.address, path="address")
        account_id = account_uuid(command.account_id)
        # Made from the key the id is the same each time, and the row itself remembers the request.
        address_id = (
            derived_uuid(account_id, "address", command.key)
            if command.key
            else self.ids.uuid(account_id.int >> 64 & 0xFFF)
        )
        asked = request_hash(command) if command.key else None
        async with self.db.write() as session:
            await self._hold(session, account_id)
            known = await addresses.load_address(session, account_id, address_id)
            if known is not None:
                if await addresses.load_made_by(session, account_id, address_id) != asked:
                    raise KeyReused
                return known
            count = await addresses.count_addresses(session, account_id)
            if count >= ADDRESSES_MAX:
                raise AddressesFull
            await addresses.add_address(
                session, account_id, address_id, address=address, made_by=asked, now=self.clock.now()
            )
            first = count == 0
            await self._set_defaults(
                session,
                account_id,
                address_id,
                shipping=command.default_shipping or first,
                billing=command.default_billing or first,
            )
            return await self._saved(session, account_id, address_id)

    async def change_address(self, command: ChangeAddress) -> SavedAddress:
        address = check_address(command.address, path="address")
        account_id, address_id = account_uuid(command.account_id), _address_uuid(command.address_id)
        async with self.db.write() as session:
            await self._hold(session, account_id)
            if not await addresses.change_address(
                session, account_id, address_id, address=address, now=self.clock.now()
            ):
                raise AddressNotFound
            await self._set_defaults(
                session,
                account_id,
                address_id,
                shipping=command.default_shipping,
                billing=command.default_billing,
            )
            return await self._saved(session, account_id, address_id)

    async def remove_address(self, command: AddressRef) -> Nothing:
        account_id = account_uuid(command.account_id)
        try:
            address_id = _address_uuid(command.address_id)
        except AddressNotFound:
            return Nothing()
        async with self.db.write() as session:
            await addresses.remove_address(session, account_id, address_id)
        return Nothing()

    async def _hold(self, session: WriteSession, account_id: UUID) -> None:
        account = await accounts.lock_account(session, account_id)
        if account is None or not account.active:
            raise AccountNotFound

    async def _set_defaults(
        self,
        session: WriteSession,
        account_id: UUID,
        address_id: UUID,
        *,
        shipping: bool | None,
        billing: bool | None,
    ) -> None:
        for column, wanted in (("default_shipping", shipping), ("default_billing", billing)):
            await addresses.set_default(session, account_id, address_id, column=column, wanted=wanted)

    async def _saved(self, session: WriteSession, account_id: UUID, address_id: UUID) -> SavedAddress:
        saved = await addresses.load_address(session, account_id, address_id)
        assert saved is not None
        return saved


def _address_uuid(printed: str) -> UUID:
    try:
        return to_uuid(ADDRESS.parse(printed))
    except NotFound as error:
        raise AddressNotFound from error
