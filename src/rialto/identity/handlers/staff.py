"""Staff's accounts: made, listed, disabled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from rialto.identity.api import (
    AccountNotFound,
    AssignRoles,
    EmailTaken,
    LastOwner,
    PutStaff,
    Staff,
    StaffList,
    StaffMember,
    StaffMemberRef,
    StaffNotFound,
    StaffRef,
)
from rialto.identity.handlers.roles import RoleCases
from rialto.identity.handlers.shared import account_uuid
from rialto.identity.model.fields import STAFF_BUCKET, checked_staff, email_hash
from rialto.identity.model.roles import check_reach, checked_roles
from rialto.identity.model.tokens import Purpose
from rialto.identity.store import accounts, passkeys, roles, second_factors, sessions, tokens
from rialto.identity.store.accounts import StoredAccount
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import Conflict, NotFound
from rialto.kernel.ids import STAFF
from rialto.kernel.roles import OWNER
from rialto.kernel.service import Nothing


class StaffCases(RoleCases):
    async def put_staff(self, command: PutStaff) -> Staff:
        roles_known = await self.known_roles()
        names = checked_roles(command.roles, roles_known, command.by)
        wanted = checked_staff(command)
        digest = email_hash(wanted.email)
        now = self.clock.now()
        account_id, known = await self._claim(digest, now)
        if known and known.kind != "staff":
            raise EmailTaken
        check_reach(known.roles if known else (), roles_known, command.by)
        old_hash = known.password_hash if known else None
        is_same = old_hash is not None and await self.parts.passwords.verify(old_hash, wanted.password)
        fresh = None if is_same else await self.parts.passwords.hash(wanted.password)
        account = StoredAccount(
            id=account_id,
            kind="staff",
            email=wanted.email,
            name=wanted.name,
            roles=tuple(names),
            active=True,
            password_hash=None,
        )
        async with self.db.write() as session:
            await self._keep_an_owner(session, account)
            await self._hold_roles(session, names)
            await accounts.lock_account(session, account_id)
            await accounts.save_account(session, account, now)
            if fresh is not None:
                await accounts.save_password(session, account_id, fresh, now)
                await passkeys.remove_all(session, account_id)
                await sessions.end_all(session, account_id, reason="password_changed", now=now)
                await tokens.use_up(session, account_id, Purpose.RESET_PASSWORD, Purpose.SECOND_STEP, now=now)
        async with self.db.write() as session:
            await accounts.confirm_email(session, digest, account_id, now)
        return _staff(account)

    async def _claim(self, digest: bytes, now: datetime) -> tuple[UUID, StoredAccount | None]:
        """The e-mail's account id, claimed if it was free, and its account if there is one.

        A claim that a crash left without an account is simply continued: it names the id to create.
        """
        async with self.db.write() as session:
            await accounts.claim_email(session, digest, self.ids.uuid(STAFF_BUCKET), now)
            account_id = await accounts.account_of_email(session, digest)
        assert account_id is not None
        async with self.db.read() as session:
            return account_id, await accounts.load_account(session, account_id)

    async def list_staff(self, command: Nothing) -> StaffList:  # noqa: ARG002 - every operation takes one command
        async with self.db.read() as session:
            return StaffList(
                items=[_staff(account) for account in await accounts.load_staff(session, STAFF_BUCKET)]
            )

    async def staff_member(self, command: StaffMemberRef) -> StaffMember:
        try:
            account = await self.active_account(command.staff_id)
        except AccountNotFound as error:
            raise StaffNotFound from error
        if account.kind != "staff":
            raise StaffNotFound
        async with self.db.read() as session:
            factor = await second_factors.load_totp(session, account.id)
            keys = await passkeys.load_credentials(session, account.id)
        return StaffMember(
            id=STAFF.of(account.id),
            email=account.email,
            name=account.name,
            roles=list(account.roles),
            second_factor=factor is not None and factor.confirmed_at is not None,
            passkeys=len(keys),
        )

    async def assign_roles(self, command: AssignRoles) -> Staff:
        roles_known = await self.known_roles()
        names = checked_roles(command.roles, roles_known, command.by)
        async with self.db.read() as session:
            account = await accounts.load_account(session, _staff_uuid(command.staff_id))
        if account is None or account.kind != "staff":
            raise StaffNotFound
        check_reach(account.roles, roles_known, command.by)
        changed = replace(account, roles=tuple(names))
        async with self.db.write() as session:
            await self._keep_an_owner(session, changed)
            await self._hold_roles(session, names)
            await roles.assign_roles(session, account.id, names, self.clock.now())
        return _staff(changed)

    async def _keep_an_owner(self, session: WriteSession, account: StoredAccount) -> None:
        """Raises LastOwner if the shop would be left without one by what the account is to become."""
        owners = await roles.lock_owners(session)
        stays = account.active and OWNER in account.roles
        if owners == {account.id} and not stays:
            raise LastOwner

    async def _hold_roles(self, session: WriteSession, names: list[str]) -> None:
        """They are not removed while somebody gets them."""
        stored = [name for name in names if name != OWNER]
        if await roles.hold_roles(session, stored) < len(stored):
            raise Conflict("A role was removed in the meantime.")

    async def disable_staff(self, command: StaffRef) -> Staff:
        account = await self.account_of(email_hash(command.email))
        if account is None or account.kind != "staff":
            raise StaffNotFound
        disabled = replace(account, active=False)
        now = self.clock.now()
        async with self.db.write() as session:
            await self._keep_an_owner(session, disabled)
            await accounts.save_account(session, disabled, now)
            await sessions.end_all(session, account.id, reason="disabled", now=now)
        return _staff(disabled)


def _staff_uuid(printed: str) -> UUID:
    try:
        return account_uuid(STAFF.parse(printed))
    except NotFound as error:
        raise StaffNotFound from error


def _staff(account: StoredAccount) -> Staff:
    return Staff(
        id=STAFF.of(account.id),
        email=account.email,
        name=account.name,
        roles=list(account.roles),
        active=account.active,
    )
