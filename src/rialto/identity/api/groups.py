"""Customers as staff see them, and the groups they put them into."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.identity.api.accounts import AccountRef
from rialto.kernel.errors import VersionConflict
from rialto.kernel.ids import AccountId
from rialto.kernel.service import Frozen, operation


class GroupsChanged(VersionConflict):
    message = "Somebody changed this customer's groups meanwhile."


class FindCustomer(Frozen):
    email: str


class CustomerRecord(Frozen):
    """An account that may sign in. `groups` are names that staff gave it."""

    id: AccountId
    email: str
    verified: bool
    name: str
    language: str
    channel: str
    created_at: datetime
    groups: list[str]


class SetGroups(Frozen):
    """`expected` are those that were looked at; None: whatever they are."""

    account_id: str
    groups: list[str]
    expected: list[str] | None = None


class Groups(Frozen):
    names: list[str]


class CustomerGroups(Protocol):
    """For staff, and for what goes by a customer's groups."""

    @operation(idempotent=True)
    async def find_customer(self, command: FindCustomer) -> CustomerRecord:
        """By the whole e-mail, in whatever case. Raises AccountNotFound."""
        ...

    @operation(idempotent=True)
    async def customer(self, command: AccountRef) -> CustomerRecord:
        """Raises AccountNotFound, also for staff and for an account that was erased."""
        ...

    @operation(idempotent=True)
    async def set_groups(self, command: SetGroups) -> CustomerRecord:
        """Raises AccountNotFound, Invalid, GroupsChanged."""
        ...

    @operation(idempotent=True, timeout_s=2)
    async def groups_of(self, command: AccountRef) -> Groups:
        """None for whoever is no customer."""
        ...
