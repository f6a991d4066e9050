"""Another e-mail in the place of the old one, and back.

The directory is in the bucket of the e-mail, the account in its own: the claim on the new address comes first,
then the account changes, then the directory is brought up to date. What a crash leaves, the sweep settles.
"""

from __future__ import annotations

from uuid import UUID

from rialto.identity.api import (
    AccountRef,
    ChangeEmail,
    EmailTaken,
    LinkRefused,
    LinkToken,
)
from rialto.identity.events import CustomerVerified
from rialto.identity.handlers.passwords import PasswordCases
from rialto.identity.model.fields import checked_email, email_hash
from rialto.identity.model.letters import Template
from rialto.identity.model.tokens import OneTimeToken, Purpose, StoredToken, is_good
from rialto.identity.store import accounts, email_changes, passkeys, second_factors, sessions, tokens
from rialto.identity.store.accounts import StoredAccount
from rialto.identity.store.email_changes import TAKEN_BACK_WITHIN, EmailChange
from rialto.kernel.db import WriteSession
from rialto.kernel.events import NewEvent, append
from rialto.kernel.ids import ACCOUNT
from rialto.kernel.service import Nothing


class EmailCases(PasswordCases):
    async def change_email(self, command: ChangeEmail) -> Nothing:
        account = await self.active_account(command.account_id)
        wanted = checked_email(command.email)
        await self.confirm(account, command.password, command.client)
        if wanted == account.email:
            return Nothing()
        await self.count_letter(account.email)
        await self.count_letter(wanted)
        async with self.db.read() as session:
            owner = await accounts.account_of_email(session, email_hash(wanted))
        change = EmailChange(
            id=self.ids.uuid(account.bucket),
            account_id=account.id,
            old_email=account.email,
            new_email=wanted,
            requested_at=self.clock.now(),
            confirmed_at=None,
        )
        async with self.db.write() as session:
            await accounts.lock_account(session, account.id)
            await email_changes.ask(session, change)
            await tokens.use_up(session, account.id, Purpose.VERIFY_NEW_EMAIL, now=change.requested_at)
            await self._letter_about(session, Template.EMAIL_CHANGE, change)
            if owner in {None, account.id}:
                await self._letter_about(session, Template.VERIFY_NEW_EMAIL, change)
        if owner not in {None, account.id}:
            await self._tell_owner(owner)
        return Nothing()

    async def _letter_about(self, session: WriteSession, template: Template, change: EmailChange) -> None:
        bucket = change.account_id.int >> 64 & 0xFFF
        await self.request_letter(
            session,
            template,
            letter_id=self.ids.uuid(bucket),
            account_id=change.account_id,
            about=change.id,
        )

    async def _tell_owner(self, owner: UUID) -> None:
        async with self.db.write() as session:
            await self.request_letter(
                session,
                Template.ALREADY_REGISTERED,
                letter_id=self.ids.uuid(owner.int >> 64 & 0xFFF),
                account_id=owner,
            )

    async def resend_verification(self, command: AccountRef) -> Nothing:
        account = await self.active_account(command.account_id)
        async with self.db.read() as session:
            pending = await email_changes.load_pending(session, account.id, self.clock.now())
        if pending is None:
            return await super().resend_verification(command)
        await self.count_letter(pending.new_email)
        async with self.db.read() as session:
            owner = await accounts.account_of_email(session, email_hash(pending.new_email))
        if owner in {None, account.id}:
            async with self.db.write() as session:
                await self._letter_about(session, Template.VERIFY_NEW_EMAIL, pending)
        return Nothing()

    async def verify_email(self, command: LinkToken) -> Nothing:
        token = self.read_link(command.token)
        async with self.db.read() as session:
            stored = await tokens.load_token(session, token)
        if stored is None or stored.purpose != Purpose.VERIFY_NEW_EMAIL:
            return await super().verify_email(command)
        now = self.clock.now()
        change = await self._change_of(stored, token, Purpose.VERIFY_NEW_EMAIL)
        if not change.is_pending(now):
            raise LinkRefused
        await self._claim_for_change(change)
        try:
            account = await self._apply(change, token)
        except LinkRefused:
            async with self.db.write() as session:
                await email_changes.let_go(session, change.new_email, change.account_id, only_pending=True)
            raise
        async with self.db.write() as session:
            await accounts.confirm_email(session, email_hash(change.new_email), change.account_id, now)
            # Where the same address was given up before and comes back.
            await email_changes.release_email(session, change.new_email, change.account_id, at=None)
        async with self.db.write() as session:
            until = change.requested_at + TAKEN_BACK_WITHIN
            await email_changes.release_email(session, account.email, account.id, at=until)
        return Nothing()

    async def _apply(self, change: EmailChange, token: OneTimeToken) -> StoredAccount:
        """The account as it was before. Raises LinkRefused."""
        async with self.db.write() as session:
            _, account = await self.redeem(session, token, Purpose.VERIFY_NEW_EMAIL)
            if not await email_changes.confirm_change(session, change.id, self.clock.now()):
                raise LinkRefused
            await self._set_email(session, account, change.new_email)
        return account

    async def _claim_for_change(self, change: EmailChange) -> None:
        digest = email_hash(change.new_email)
        async with self.db.write() as session:
            await accounts.claim_email(session, digest, change.account_id, self.clock.now())
            owner = await accounts.account_of_email(session, digest)
        if owner != change.account_id:
            raise EmailTaken

    async def take_back_email(self, command: LinkToken) -> Nothing:
        token = self.read_link(command.token)
        async with self.db.read() as session:
            stored = await tokens.load_token(session, token)
        if stored is None:
            raise LinkRefused
        change = await self._change_of(stored, token, Purpose.TAKE_BACK_EMAIL)
        async with self.db.write() as session:
            if not await email_changes.release_email(session, change.old_email, change.account_id, at=None):
                raise LinkRefused
        async with self.db.write() as session:
            _, account = await self.redeem(session, token, Purpose.TAKE_BACK_EMAIL)
            await email_changes.drop_pending(session, account.id)
            if account.email != change.old_email:
                await self._set_email(session, account, change.old_email)
            await self._take_away_proofs(session, account)
        if account.email != change.old_email:
            async with self.db.write() as session:
                await email_changes.let_go(session, account.email, account.id)
        return Nothing()

    async def _take_away_proofs(self, session: WriteSession, account: StoredAccount) -> None:
        """Whatever somebody could have set up while the account was theirs; the way back is a mailed link."""
        now = self.clock.now()
        await accounts.delete_credentials(session, account.id)
        await second_factors.drop_factors(session, account.id)
        await passkeys.remove_all(session, account.id)
        await sessions.end_all(session, account.id, reason="taken_back", now=now)
        await tokens.use_up(session, account.id, *Purpose, now=now)
        await self.request_letter(
            session,
            Template.RESET_PASSWORD,
            letter_id=self.ids.uuid(account.bucket),
            account_id=account.id,
        )

    async def _change_of(self, stored: StoredToken, token: OneTimeToken, purpose: Purpose) -> EmailChange:
        """What a good token is about. Raises LinkRefused."""
        if not is_good(stored, token, purpose, self.clock.now()):
            raise LinkRefused
        async with self.db.read() as session:
            change = await email_changes.load_change(session, UUID(stored.about))
        if change is None:
            raise LinkRefused
        return change

    async def _set_email(self, session: WriteSession, account: StoredAccount, email: str) -> None:
        now = self.clock.now()
        version = await email_changes.set_email(session, account.id, email, now)
        if account.kind == "customer":
            event = CustomerVerified(account_id=ACCOUNT.of(account.id), verified_at=now)
            await append(
                session,
                [NewEvent(bucket=account.bucket, stream=account.id, version=version, event=event, at=now)],
            )

    async def settle_claims(self) -> int:
        """Confirm or give up what a crash left pending, and let released addresses go; how many."""
        now = self.clock.now()
        async with self.db.read() as session:
            overdue = await email_changes.load_overdue(session, now)
        for digest, account_id in overdue:
            async with self.db.read() as session:
                account = await accounts.load_account(session, account_id)
            async with self.db.write() as session:
                if account is not None and account.email and email_hash(account.email) == digest:
                    await accounts.confirm_email(session, digest, account_id, now)
                else:
                    await email_changes.drop_claim(session, digest, account_id)
        async with self.db.write() as session:
            return len(overdue) + await email_changes.delete_released(session, now)
