"""What an account says about its owner."""

from __future__ import annotations

from rialto.identity.api import Account, AccountContact, AccountNotFound, AccountRef, ChangeAccount
from rialto.identity.handlers.shared import IdentityUseCase
from rialto.identity.model.profiles import checked_change, news
from rialto.identity.store import accounts, email_changes, profiles, second_factors
from rialto.identity.store.accounts import StoredAccount
from rialto.kernel.ids import ACCOUNT


class ProfileCases(IdentityUseCase):
    async def contact(self, command: AccountRef) -> AccountContact:
        account = await self.active_account(command.account_id)
        return AccountContact(
            email=account.email,
            name=account.name,
            language=account.language,
            verified=account.kind == "staff" or account.verified_at is not None,
        )

    async def account(self, command: AccountRef) -> Account:
        return await self._view(await self.active_account(command.account_id))

    async def change_account(self, command: ChangeAccount) -> Account:
        wanted = checked_change(command)
        account_id = (await self.active_account(command.account_id)).id
        now = self.clock.now()
        async with self.db.write() as session:
            account = await accounts.lock_account(session, account_id)
            if account is None or not account.active:
                raise AccountNotFound
            await profiles.update_profile(
                session,
                account.id,
                name=wanted.name or account.name,
                language=wanted.language or account.language,
                now=now,
            )
            given = news(wanted.consents, await profiles.load_consents(session, account.id))
            rows = [(self.ids.uuid(account.bucket), consent) for consent in given]
            await profiles.write_consents(session, account.id, rows, now)
        return await self._view(await self.active_account(command.account_id))

    async def _view(self, account: StoredAccount) -> Account:
        if account.kind != "customer":
            raise AccountNotFound
        async with self.db.read() as session:
            consents = await profiles.load_consents(session, account.id)
            factor = await second_factors.load_totp(session, account.id)
            pending = await email_changes.load_pending(session, account.id, self.clock.now())
        assert account.created_at is not None
        return Account(
            id=ACCOUNT.of(account.id),
            email=account.email,
            verified=account.verified_at is not None,
            name=account.name,
            language=account.language,
            channel=account.channel,
            consents=consents,
            created_at=account.created_at,
            second_factor=factor is not None and factor.confirmed_at is not None,
            pending_email=pending.new_email if pending else None,
            groups=sorted(account.groups),
        )
