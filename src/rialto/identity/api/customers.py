"""The shop's customers as whoever runs it sees them: taken over from another shop, and listed."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.address import Address
from rialto.kernel.ids import AccountId
from rialto.kernel.service import Frozen, operation

CUSTOMERS_PAGE_MAX = 200


class ImportCustomer(Frozen):
    """Somebody who had an account elsewhere. `dry_run`: only say what would come of it.

    `default_shipping` and `default_billing` are places among the addresses, None: none is. `verified`: the source knows
    that the e-mail is theirs; `registered_at`: since when they have had an account.
    """

    email: str
    name: str
    language: str = "en"
    channel: str = "default"
    addresses: list[Address] = []
    default_shipping: int | None = 0
    default_billing: int | None = 0
    verified: bool = False
    registered_at: datetime | None = None
    dry_run: bool = False


class ImportedCustomer(Frozen):
    """`outcome` is created or unchanged."""

    outcome: str


class ListCustomers(Frozen):
    """`cursor` is the id of the last customer seen; at most CUSTOMERS_PAGE_MAX at a time."""

    cursor: AccountId | None = None
    limit: int = 50


class Customer(Frozen):
    """`verified`: the e-mail was proved to be theirs. `active` is false while an erasure is going on."""

    id: AccountId
    email: str
    name: str
    language: str
    channel: str
    verified: bool
    active: bool
    created_at: datetime


class CustomerList(Frozen):
    items: list[Customer]
    next_cursor: AccountId | None = None


class Customers(Protocol):
    """All of them, for the shop's own work. No route of the public leads here."""

    @operation(idempotent=True)
    async def import_customer(self, command: ImportCustomer) -> ImportedCustomer:
        """Make an account without a password; no mail is sent.

        Its owner sets a password by "password forgotten", which proves the e-mail in any case: so the word of the source that
        it is verified lets nobody in, and only brings what was ordered with it to the account. Whoever has an account
        already keeps it as it is, addresses included: it is theirs. Raises Invalid naming the fields, AddressesFull,
        EmailTaken for a member of staff.
        """
        ...

    @operation(idempotent=True)
    async def list_customers(self, command: ListCustomers) -> CustomerList:
        """In no order that means anything, each once; those erased are not there. Raises Invalid for a limit outside
        1-200, AccountNotFound for a cursor that is no account's id.
        """
        ...
