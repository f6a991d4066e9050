"""All of a person's data, over all services: handed out as one archive, and erased."""

from __future__ import annotations

import io
import zipfile
from uuid import UUID

import msgspec
import structlog

from rialto.identity.api import AccountNotFound, AccountRef, Archive, Proof
from rialto.identity.events import CustomerErased
from rialto.identity.handlers.profile import ProfileCases
from rialto.identity.handlers.proof import ProofCases
from rialto.identity.model.fields import email_hash
from rialto.identity.model.tokens import Purpose
from rialto.identity.store import accounts, addresses, email_changes, erasing, sessions, tokens
from rialto.identity.store.accounts import StoredAccount
from rialto.kernel.errors import RialtoError
from rialto.kernel.events import NewEvent, append
from rialto.kernel.ids import ACCOUNT, to_uuid
from rialto.kernel.personal import Documents, Person
from rialto.kernel.service import Nothing

ERASE_JOB = "identity.erase"

log = structlog.get_logger("rialto.identity")


class ErasingCases(ProfileCases, ProofCases):
    async def export_data(self, command: Proof) -> Archive:
        account = await self._customer(command)
        found = await self.parts.keepers.export(await self._person(account))
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for service, documents in sorted(found.items()):
                for name, document in sorted(documents.items()):
                    entry = zipfile.ZipInfo(f"{service}/{name}.json", self.clock.now().timetuple()[:6])
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, msgspec.json.format(msgspec.json.encode(document)))
        return Archive(content=content.getvalue())

    async def erase_account(self, command: Proof) -> Nothing:
        account = await self._customer(command)
        now = self.clock.now()
        async with self.db.write() as session:
            await accounts.lock_account(session, account.id)
            await erasing.ask_for_erasure(session, account.id, now)
            await accounts.delete_credentials(session, account.id)
            await sessions.end_all(session, account.id, reason="erased", now=now)
            await tokens.use_up(session, account.id, *Purpose, now=now)
        if not await self._try_to_finish(account.id):
            self.env.wake(ERASE_JOB)
        return Nothing()

    async def erase_due(self) -> int:
        """Go on with erasures that some service did not take part in; how many are done now."""
        async with self.db.read() as session:
            due = await erasing.load_due(session)
        return sum([await self._try_to_finish(account_id) for account_id in due])

    async def _try_to_finish(self, account_id: UUID) -> bool:
        try:
            await self._finish(account_id)
        except RialtoError as error:
            log.warning("an erasure waits", account=ACCOUNT.of(account_id), error=error.text)
            return False
        return True

    async def _finish(self, account_id: UUID) -> None:
        """Every service first: some know the person by the e-mail alone, which is then forgotten last."""
        async with self.db.read() as session:
            account = await accounts.load_account(session, account_id)
        if account is None or account.active:
            return
        person = await self._person(account)
        await self.parts.keepers.erase(person)
        now = self.clock.now()
        async with self.db.write() as session:
            await accounts.lock_account(session, account_id)
            version = await erasing.forget_account(session, account_id, now)
            if version is not None:
                event = CustomerErased(account_id=ACCOUNT.of(account_id), erased_at=now)
                await append(
                    session,
                    [
                        NewEvent(
                            bucket=account.bucket, stream=account_id, version=version, event=event, at=now
                        )
                    ],
                )
        for email in person.emails:
            async with self.db.write() as session:
                await email_changes.let_go(session, email, account_id)

    async def own_documents(self, person: Person) -> Documents:
        """Identity's part of the archive."""
        account_id = to_uuid(person.account_id)
        async with self.db.read() as session:
            kept = await erasing.load_kept(session, account_id)
            book = await addresses.load_book(session, account_id)
        account = await self.account(AccountRef(account_id=person.account_id))
        return msgspec.to_builtins({"account": account, "addresses": book, **kept})  # type: ignore[no-any-return]

    async def forget_person(self, person: Person) -> None:
        """Identity's part that hangs on e-mails; what hangs on the account goes last, in one transaction."""
        for email in person.emails:
            async with self.db.write() as session:
                await erasing.forget_email(session, email)
                await email_changes.unconfirm(session, email, to_uuid(person.account_id))

    async def _customer(self, command: Proof) -> StoredAccount:
        account = await self.prove(command)
        if account.kind != "customer":
            raise AccountNotFound
        return account

    async def _person(self, account: StoredAccount) -> Person:
        """With every e-mail that is or was the account's and is nobody else's now."""
        async with self.db.read() as session:
            former = await erasing.load_former_emails(session, account.id)
            emails = [account.email] if account.email else []
            for email in former:
                owner = await accounts.account_of_email(session, email_hash(email))
                if email != account.email and owner in {None, account.id}:
                    emails.append(email)
        return Person(account_id=ACCOUNT.of(account.id), emails=tuple(emails))
