"""Registering and verifying e-mails."""

from __future__ import annotations

from uuid import UUID

from rialto.identity.api import AccountRef, LinkToken, Register
from rialto.identity.events import CustomerRegistered, CustomerVerified, LetterRequested
from rialto.identity.handlers.letters import LetterCases
from rialto.identity.model.fields import checked_registration, email_hash
from rialto.identity.model.letters import Template
from rialto.identity.model.tokens import Purpose
from rialto.identity.store import accounts, tokens
from rialto.identity.store.accounts import StoredAccount, bucket_of
from rialto.kernel.db import WriteSession
from rialto.kernel.events import NewEvent, append, append_all
from rialto.kernel.ids import ACCOUNT, LETTER, derived_uuid
from rialto.kernel.service import Nothing


class RegisteringCases(LetterCases):
    async def register(self, command: Register) -> Nothing:
        """Three transactions of the same statements, whether the e-mail has an account or not.

        The claim comes first and names the id; a claim that a crash left without an account is continued, and
        of two who register at once the one whose account is written first has it.
        """
        await self.admit(command.client)
        wanted = checked_registration(command)
        digest = email_hash(wanted.email)
        await self.count_letter(wanted.email)
        hashed = await self.parts.passwords.hash(wanted.password)
        account_id = await self._claim_for_customer(digest)
        account = StoredAccount(
            id=account_id,
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
            created = await accounts.create_customer(session, account, hashed, self.clock.now())
            await self._tell_registered(session, account, key=wanted.key, created=created)
        async with self.db.write() as session:
            await accounts.confirm_email(session, digest, account_id, self.clock.now())
        return Nothing()

    async def _claim_for_customer(self, digest: bytes) -> UUID:
        async with self.db.write() as session:
            own = self.ids.uuid(self.ids.bucket())
            await accounts.claim_email(session, digest, own, self.clock.now())
            claim = await accounts.load_claim(session, digest)
        assert claim is not None
        found: UUID = claim["account_id"]
        return found

    async def _tell_registered(
        self, session: WriteSession, account: StoredAccount, *, key: str | None, created: bool
    ) -> None:
        """The letter, and for a new account the fact; one statement either way."""
        now = self.clock.now()
        letter_id = derived_uuid(account.id, "registered", key) if key else self.ids.uuid(account.bucket)
        template = Template.VERIFY_EMAIL if created else Template.ALREADY_REGISTERED
        await tokens.keep_letter(
            session, letter_id, template=template, account_id=account.id, about=None, now=now
        )
        letter = LetterRequested(letter_id=LETTER.of(letter_id), template=template, requested_at=now)
        registered = CustomerRegistered(
            account_id=ACCOUNT.of(account.id),
            channel=account.channel,
            language=account.language,
            registered_at=now,
        )
        facts = [(letter_id, letter), *([(account.id, registered)] if created else [])]
        await append_all(
            session,
            [
                NewEvent(bucket=account.bucket, stream=stream, version=1, event=event, at=now)
                for stream, event in facts
            ],
        )

    async def verify_email(self, command: LinkToken) -> Nothing:
        token = self.read_link(command.token)
        async with self.db.write() as session:
            _, account = await self.redeem(session, token, Purpose.VERIFY_EMAIL)
            await self.mark_verified(session, account.id)
        return Nothing()

    async def mark_verified(self, session: WriteSession, account_id: UUID) -> None:
        """Known before: nothing."""
        now = self.clock.now()
        version = await accounts.verify(session, account_id, now)
        if version is not None:
            event = CustomerVerified(account_id=ACCOUNT.of(account_id), verified_at=now)
            await append(
                session,
                [
                    NewEvent(
                        bucket=bucket_of(account_id), stream=account_id, version=version, event=event, at=now
                    )
                ],
            )

    async def resend_verification(self, command: AccountRef) -> Nothing:
        account = await self.active_account(command.account_id)
        if account.verified_at is None:
            await self.count_letter(account.email)
            async with self.db.write() as session:
                await self.request_letter(
                    session,
                    Template.VERIFY_EMAIL,
                    letter_id=self.ids.uuid(account.bucket),
                    account_id=account.id,
                )
        return Nothing()
