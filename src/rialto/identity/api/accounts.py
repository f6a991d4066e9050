"""Customers' accounts: made, verified, changed, handed out, erased; and the letters that go with it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.identity.api.signing_in import Proof
from rialto.kernel.errors import Conflict, Denied, Invalid, NotFound
from rialto.kernel.ids import AccountId, LetterId
from rialto.kernel.service import Frozen, Nothing, operation


class PasswordWeak(Invalid):
    code = "password_weak"
    message = "Use at least twelve characters."


class EmailTaken(Conflict):
    code = "email_taken"
    message = "This e-mail has an account already."


class AccountNotFound(NotFound):
    message = "There is no such account."


class LinkRefused(Invalid):
    """A link from a mail: made up, used, too old, or overtaken by a newer change."""

    code = "link_not_valid"
    message = "This link is not valid any more. Please ask for a new one."


class PasswordWrong(Denied):
    """403: the session is good, the password that was to confirm something is not."""

    code = "password_wrong"
    message = "This is not your password."


class EmailNotVerified(Denied):
    code = "email_not_verified"
    message = "Please confirm your e-mail first."


class LetterNotFound(NotFound):
    message = "There is no such letter, or nobody to send it to."


class Register(Frozen):
    """`client` is the caller's network address. `key` is the client-made Idempotency-Key, if there is one."""

    email: str
    password: str
    name: str
    language: str = "en"
    channel: str = "default"
    client: str = ""
    key: str | None = None


class ForgotPassword(Frozen):
    email: str
    client: str = ""


class LinkToken(Frozen):
    """The token of a link that was mailed."""

    token: str


class ResetPassword(Frozen):
    """`token` from the mailed link."""

    token: str
    password: str


class ChangePassword(Frozen):
    """`session_id` is the session that asks: it goes on, all others end."""

    account_id: str
    old_password: str
    new_password: str
    session_id: str | None = None
    client: str = ""


class ChangeEmail(Frozen):
    """`password` confirms that the owner asks."""

    account_id: str
    email: str
    password: str
    client: str = ""


class AccountRef(Frozen):
    account_id: str


class AccountContact(Frozen):
    """How to reach whom. `verified`: the e-mail was proved to be theirs."""

    email: str
    name: str
    language: str
    verified: bool


class Consent(Frozen):
    """What somebody agreed to or not. `text_version` names the text that was shown."""

    purpose: str
    granted: bool
    text_version: str
    at: datetime


class GiveConsent(Frozen):
    purpose: str
    granted: bool
    text_version: str


class Account(Frozen):
    """What its owner sees. `consents` holds the latest of each purpose, `pending_email` waits to be verified.

    `groups` are names that staff gave it, for promotions.
    """

    id: AccountId
    email: str
    verified: bool
    name: str
    language: str
    channel: str
    consents: list[Consent]
    created_at: datetime
    second_factor: bool = False
    pending_email: str | None = None
    groups: list[str] = []


class ChangeAccount(Frozen):
    """What is None stays. A consent equal to the latest of its purpose is not written again."""

    account_id: str
    name: str | None = None
    language: str | None = None
    consents: list[GiveConsent] = []


class LetterRef(Frozen):
    letter_id: str


class DueLetter(Frozen):
    """What a mail needs to know. `link` is a path of the shop that holds the secret token, if the letter has one.

    `template` is one of verify_email, already_registered, reset_password, password_changed, verify_new_email and
    email_change (which goes to the old address). `valid_until` is the link's end. `channel` is the shop front where the account
    was made: the letter speaks for it.
    """

    letter_id: LetterId
    template: str
    email: str
    name: str
    language: str
    link: str | None = None
    valid_until: datetime | None = None
    channel: str = "default"


class Archive(Frozen):
    """A ZIP of JSON files."""

    content: bytes


class Registering(Protocol):
    """Accounts of customers as they begin, and what other services ask of them."""

    @operation(idempotent=True)
    async def register(self, command: Register) -> Nothing:
        """Make the customer's account and mail a link that verifies the e-mail.

        Answer and work are the same when the e-mail has an account: its owner is mailed that it has one. With
        the same `key` again no second mail is sent. Raises PasswordWeak, Invalid naming the fields, TooMany.
        """
        ...

    @operation(idempotent=False)
    async def verify_email(self, command: LinkToken) -> Nothing:
        """The link of a registration or of an e-mail change: good once and for 24 hours. Raises LinkRefused.

        A new address takes the old one's place now. Raises EmailTaken when it got an account meanwhile.
        """
        ...

    @operation(idempotent=False)
    async def resend_verification(self, command: AccountRef) -> Nothing:
        """Mail the link again, to the pending address if there is one. Raises TooMany. Verified: nothing."""
        ...

    @operation(idempotent=True)
    async def contact(self, command: AccountRef) -> AccountContact:
        """For other services. Raises AccountNotFound, also for an account that was erased."""
        ...

    @operation(idempotent=True)
    async def letter(self, command: LetterRef) -> DueLetter:
        """What the letter says, its link made now; the same link each time. Raises LetterNotFound."""
        ...


class PasswordChanges(Protocol):
    """Passwords that were forgotten or are changed."""

    @operation(idempotent=False)
    async def forgot_password(self, command: ForgotPassword) -> Nothing:
        """Mail a link to set another password: good once and for an hour.

        Answer, work and throttling are the same for unknown accounts. Raises TooMany.
        """
        ...

    @operation(idempotent=False)
    async def reset_password(self, command: ResetPassword) -> Nothing:
        """Set the password, end all sessions and mail that it was changed; the e-mail counts as verified.

        Raises LinkRefused, PasswordWeak (the link stays good).
        """
        ...

    @operation(idempotent=False)
    async def change_password(self, command: ChangePassword) -> Nothing:
        """End all other sessions and mail that it was changed. Raises PasswordWrong, PasswordWeak, TooMany."""
        ...


class EmailChanges(Protocol):
    """Another address in the place of the old one, and back."""

    @operation(idempotent=False)
    async def change_email(self, command: ChangeEmail) -> Nothing:
        """Mail a link to the new address, which counts once that is used, and one to the old that takes it back.

        Answers alike when the new address has an account: then its owner is told instead. A later change
        replaces one that is pending. Raises PasswordWrong, Invalid, TooMany.
        """
        ...

    @operation(idempotent=False)
    async def take_back_email(self, command: LinkToken) -> Nothing:
        """The old address again, for 72 hours after a change was asked for. Raises LinkRefused.

        Whoever asked for it may have had the password: it is taken away with every session, passkey and second
        factor, and a link to set another is mailed to the old address.
        """
        ...


class Profiles(Protocol):
    """What an account says about its owner."""

    @operation(idempotent=True)
    async def account(self, command: AccountRef) -> Account:
        """Raises AccountNotFound."""
        ...

    @operation(idempotent=True)
    async def change_account(self, command: ChangeAccount) -> Account:
        """Raises AccountNotFound, Invalid naming the fields."""
        ...


class OwnData(Protocol):
    """All of a person's data, handed out or erased, over all services."""

    @operation(idempotent=True, timeout_s=30.0)
    async def export_data(self, command: Proof) -> Archive:
        """All that the shop keeps of a customer. Raises ProofNeeded, PasswordWrong, TooMany, AccountNotFound for staff."""
        ...

    @operation(idempotent=False, timeout_s=30.0)
    async def erase_account(self, command: Proof) -> Nothing:
        """Nobody can sign in any more at once; what all services keep is deleted now or, where one does not answer,
        as soon as it does. Raises ProofNeeded, PasswordWrong, TooMany; AccountNotFound for staff and when done.
        """
        ...
