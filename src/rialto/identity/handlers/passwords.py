"""Passwords that were forgotten, and passwords that are changed."""

from __future__ import annotations

from uuid import UUID

from rialto.identity.api import ChangePassword, ForgotPassword, LinkRefused, ResetPassword
from rialto.identity.handlers.registering import RegisteringCases
from rialto.identity.handlers.sessions import session_uuid
from rialto.identity.handlers.shared import ANY_CLIENT
from rialto.identity.model.fields import bucket_of_hash, checked_password, email_hash
from rialto.identity.model.letters import Template
from rialto.identity.model.tokens import Purpose, is_good
from rialto.identity.store import accounts, attempts, sessions, tokens
from rialto.identity.store.accounts import StoredAccount
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import Conflict
from rialto.kernel.service import Nothing


class PasswordCases(RegisteringCases):
    async def forgot_password(self, command: ForgotPassword) -> Nothing:
        """Whether there is an account is looked up and written down alike; who reads that letter decides."""
        await self.admit(command.client)
        await self.count_letter(command.email)
        digest = email_hash(command.email)
        account = await self.account_of(digest)
        async with self.db.write() as session:
            await self.request_letter(
                session,
                Template.RESET_PASSWORD,
                letter_id=self.ids.uuid(bucket_of_hash(digest)),
                account_id=account.id if account and account.active else None,
            )
        return Nothing()

    async def reset_password(self, command: ResetPassword) -> Nothing:
        token = self.read_link(command.token)
        async with self.db.read() as session:
            stored = await tokens.load_token(session, token)
        # Looked at before the work of hashing: who has no link gets no work out of us.
        if stored is None or not is_good(stored, token, Purpose.RESET_PASSWORD, self.clock.now()):
            raise LinkRefused
        fresh = await self.parts.passwords.hash(checked_password(command.password))
        async with self.db.write() as session:
            _, account = await self.redeem(session, token, Purpose.RESET_PASSWORD)
            await self._set_password(session, account, fresh, kept=None)
            await self.mark_verified(session, account.id)
        async with self.db.write() as session:
            await attempts.forget_attempts(session, email_hash(account.email), ANY_CLIENT)
        return Nothing()

    async def change_password(self, command: ChangePassword) -> Nothing:
        account = await self.active_account(command.account_id)
        wanted = checked_password(command.new_password, path="new_password")
        await self.confirm(account, command.old_password, command.client)
        fresh = await self.parts.passwords.hash(wanted)
        kept = session_uuid(command.session_id) if command.session_id else None
        async with self.db.write() as session:
            present = await accounts.lock_account(session, account.id)
            if present is None or present.password_changed_at != account.password_changed_at:
                raise Conflict("Your password was changed elsewhere in the meantime.")
            await self._set_password(session, account, fresh, kept=kept)
        return Nothing()

    async def _set_password(
        self, session: WriteSession, account: StoredAccount, hashed: str, *, kept: UUID | None
    ) -> None:
        """With the account locked: the new password, the end of what hung on the old one, and the letter."""
        now = self.clock.now()
        await accounts.save_password(session, account.id, hashed, now)
        await sessions.end_all(session, account.id, reason="password_changed", now=now, kept=kept)
        await tokens.use_up(session, account.id, Purpose.RESET_PASSWORD, Purpose.SECOND_STEP, now=now)
        await self.request_letter(
            session,
            Template.PASSWORD_CHANGED,
            letter_id=self.ids.uuid(account.bucket),
            account_id=account.id,
        )
