"""What staff do with customers' accounts."""

from __future__ import annotations

import re

from rialto.identity.api import (
    AccountNotFound,
    AccountRef,
    CustomerRecord,
    FindCustomer,
    Groups,
    GroupsChanged,
    SetGroups,
)
from rialto.identity.handlers.shared import IdentityUseCase, account_uuid
from rialto.identity.model.fields import email_hash
from rialto.identity.store import accounts
from rialto.identity.store.accounts import StoredAccount
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import ACCOUNT

GROUPS_MAX = 20

_GROUP = re.compile(r"[a-z][a-z0-9_-]{0,59}")


class GroupCases(IdentityUseCase):
    async def find_customer(self, command: FindCustomer) -> CustomerRecord:
        return _record(await self.account_of(email_hash(command.email)))

    async def customer(self, command: AccountRef) -> CustomerRecord:
        return _record(await self.active_account(command.account_id))

    async def set_groups(self, command: SetGroups) -> CustomerRecord:
        groups = _checked(command.groups)
        account_id = account_uuid(command.account_id)
        async with self.db.write() as session:
            before = _record(await accounts.lock_account(session, account_id))
            if command.expected is not None and sorted(command.expected) != before.groups:
                raise GroupsChanged
            await accounts.save_groups(session, account_id, groups, self.clock.now())
        return await self.customer(AccountRef(account_id=command.account_id))

    async def groups_of(self, command: AccountRef) -> Groups:
        try:
            return Groups(names=_record(await self.active_account(command.account_id)).groups)
        except AccountNotFound:
            return Groups(names=[])


def _checked(groups: list[str]) -> list[str]:
    """Each once, sorted. Raises Invalid."""
    found = sorted(set(groups))
    if len(found) > GROUPS_MAX or not all(_GROUP.fullmatch(group) for group in found):
        message = f"At most {GROUPS_MAX} names of lower-case letters, digits, _ and -, a letter first."
        raise field_problem("groups", "not_valid", message)
    return found


def _record(account: StoredAccount | None) -> CustomerRecord:
    """Raises AccountNotFound for nobody, for staff and for an account that is no more."""
    if account is None or not account.active or account.kind != "customer":
        raise AccountNotFound
    assert account.created_at is not None
    return CustomerRecord(
        id=ACCOUNT.of(account.id),
        email=account.email,
        verified=account.verified_at is not None,
        name=account.name,
        language=account.language,
        channel=account.channel,
        created_at=account.created_at,
        groups=sorted(account.groups),
    )
