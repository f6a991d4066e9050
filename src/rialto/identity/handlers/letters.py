"""Letters: asking for one, and saying what stands in it."""

from __future__ import annotations

import hashlib
from uuid import UUID

from rialto.identity.api import DueLetter, LetterNotFound, LetterRef, LinkRefused
from rialto.identity.events import LetterRequested
from rialto.identity.handlers.shared import ANY_CLIENT, IdentityUseCase
from rialto.identity.model.attempts import Attempts, next_attempt
from rialto.identity.model.fields import NOBODY, email_hash, normalised_email
from rialto.identity.model.letters import LETTERS_FREE, LINKS, Template
from rialto.identity.model.tokens import OneTimeToken, Purpose, StoredToken, is_good, parse_token
from rialto.identity.store import accounts, attempts, email_changes, tokens
from rialto.identity.store.accounts import StoredAccount, bucket_of
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import NotFound, TooMany
from rialto.kernel.events import NewEvent, append_all
from rialto.kernel.ids import LETTER, derived_uuid, to_uuid


class LetterCases(IdentityUseCase):
    async def count_letter(self, email: str) -> None:
        """Before a letter to this e-mail is asked for, whether it has an account or not. Raises TooMany."""
        text = f"rialto:letters:{normalised_email(email)}"
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        now = self.clock.now()
        async with self.db.write() as session:
            before = await attempts.lock_attempts(session, digest, ANY_CLIENT, now)
            after = next_attempt(before, now, free=LETTERS_FREE)
            if isinstance(after, Attempts):
                await attempts.save_attempts(session, digest, ANY_CLIENT, after)
        if not isinstance(after, Attempts):
            raise TooMany("Please wait a little before you ask for another mail.", retry_after_s=after)

    async def request_letter(
        self,
        session: WriteSession,
        template: Template,
        *,
        letter_id: UUID,
        account_id: UUID | None,
        about: UUID | None = None,
    ) -> None:
        """In the transaction of what it tells of. The same letter again: nothing."""
        now = self.clock.now()
        await tokens.keep_letter(
            session, letter_id, template=template, account_id=account_id, about=about, now=now
        )
        event = LetterRequested(letter_id=LETTER.of(letter_id), template=template, requested_at=now)
        await append_all(
            session,
            [NewEvent(bucket=bucket_of(letter_id), stream=letter_id, version=1, event=event, at=now)],
        )

    async def letter(self, command: LetterRef) -> DueLetter:
        letter_id = _letter_uuid(command.letter_id)
        async with self.db.read() as session:
            row = await tokens.load_letter(session, letter_id)
            # Also for nobody, so that a stranger's request costs the same.
            account = await accounts.load_account(session, (row and row["account_id"]) or NOBODY)
        if row is None or account is None or not account.active:
            raise LetterNotFound
        template = Template(row["template"])
        if template is Template.VERIFY_EMAIL and account.verified_at is not None:
            raise LetterNotFound
        email = await self._addressee(template, account, row["about"])
        link = LINKS[template]
        valid_until = None
        path = link.page
        if link.purpose is not None:
            valid_until = row["requested_at"] + link.lasts
            token = self.parts.links.of(derived_uuid(account.id, "letter", letter_id.hex), letter_id)
            async with self.db.write() as session:
                await tokens.keep_token(
                    session,
                    token,
                    purpose=link.purpose,
                    account_id=account.id,
                    about=row["about"].hex if row["about"] else _tie(account),
                    expires_at=valid_until,
                )
            path = f"{link.page}?token={token.text}"
        return DueLetter(
            letter_id=LETTER.of(letter_id),
            template=template,
            email=email,
            name=account.name,
            language=account.language,
            link=path,
            valid_until=valid_until,
            channel=account.channel,
        )

    async def _addressee(self, template: Template, account: StoredAccount, about: UUID | None) -> str:
        """To which address. Raises LetterNotFound for a change of the e-mail that is none any more."""
        if about is None:
            return account.email
        async with self.db.read() as session:
            change = await email_changes.load_change(session, about)
        if change is None:
            raise LetterNotFound
        return change.new_email if template is Template.VERIFY_NEW_EMAIL else change.old_email

    def read_link(self, text: str) -> OneTimeToken:
        """Raises LinkRefused for what has not a token's form."""
        token = parse_token(text)
        if token is None:
            raise LinkRefused
        return token

    async def redeem(
        self, session: WriteSession, token: OneTimeToken, *purposes: Purpose
    ) -> tuple[StoredToken, StoredAccount]:
        """Use the token up within the transaction; whose it was, held. Raises LinkRefused, and does not say why.

        The account is locked first, as everywhere; that the token is used once, its update's condition says.
        """
        now = self.clock.now()
        stored = await tokens.load_token(session, token)
        if stored is None or stored.account_id is None:
            raise LinkRefused
        account = await accounts.lock_account(session, stored.account_id)
        good = any(is_good(stored, token, purpose, now) for purpose in purposes)
        if not good or account is None or not account.active:
            raise LinkRefused
        # Without a subject of its own a link is about the account's e-mail, and overtaken when that is another.
        if stored.purpose in {Purpose.VERIFY_EMAIL, Purpose.RESET_PASSWORD} and stored.about != _tie(account):
            raise LinkRefused
        if not await tokens.use_token(session, token, now):
            raise LinkRefused
        return stored, account


def _tie(account: StoredAccount) -> str:
    return email_hash(account.email).hex()


def _letter_uuid(printed: str) -> UUID:
    try:
        return to_uuid(LETTER.parse(printed))
    except NotFound as error:
        raise LetterNotFound from error
