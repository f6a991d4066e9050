"""A customer's address book."""

from __future__ import annotations

from typing import Protocol

from rialto.identity.api.accounts import AccountRef
from rialto.kernel.address import Address
from rialto.kernel.errors import Conflict, Invalid, NotFound
from rialto.kernel.ids import AddressId
from rialto.kernel.service import Frozen, Nothing, operation


class AddressNotFound(NotFound):
    message = "There is no such address."


class AddressesFull(Conflict):
    code = "addresses_full"
    message = "An account has at most fifty addresses."


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for something else."


class SavedAddress(Address):
    """An address of the book. At most one is the default to ship to and one to bill to."""

    id: AddressId
    default_shipping: bool
    default_billing: bool


class AddressBook(Frozen):
    """The oldest first."""

    items: list[SavedAddress]


class AddAddress(Frozen):
    """`key` is the client-made Idempotency-Key: the same again adds nothing."""

    account_id: str
    address: Address
    default_shipping: bool = False
    default_billing: bool = False
    key: str | None = None


class ChangeAddress(Frozen):
    """The whole address; a default that is None stays as it is."""

    account_id: str
    address_id: str
    address: Address
    default_shipping: bool | None = None
    default_billing: bool | None = None


class AddressRef(Frozen):
    account_id: str
    address_id: str


class Addresses(Protocol):
    """Every operation sees the account's own addresses only."""

    @operation(idempotent=True)
    async def list_addresses(self, command: AccountRef) -> AddressBook: ...

    @operation(idempotent=False)
    async def add_address(self, command: AddAddress) -> SavedAddress:
        """The first one is the default for both. Raises Invalid naming the fields, AddressesFull, KeyReused."""
        ...

    @operation(idempotent=True)
    async def change_address(self, command: ChangeAddress) -> SavedAddress:
        """Raises AddressNotFound, Invalid naming the fields."""
        ...

    @operation(idempotent=True)
    async def remove_address(self, command: AddressRef) -> Nothing:
        """One that is not there: unchanged. No other becomes the default in its place."""
        ...
