"""What can be asked of notifications: the mails that were sent, what mails say, and to be told when an article is back.

Sending happens by reaction to events.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.errors import Conflict, Invalid, NotFound, TooMany
from rialto.kernel.ids import AccountId, MailId
from rialto.kernel.service import Frozen, Nothing, operation
from rialto.notifications.api.mail_texts import (
    PASSAGE_LENGTHS_MAX,
    PASSAGES,
    MailPreview,
    MailText,
    MailTextChanged,
    MailTextInvalid,
    MailTextNotFound,
    MailTextRef,
    MailTexts,
    MailWording,
    Passages,
    PreviewMailText,
    PutMailText,
    ResetMailText,
    has_stray_braces,
    unknown_placeholders,
)

__all__ = [
    "PASSAGES",
    "PASSAGE_LENGTHS_MAX",
    "AvailableNow",
    "ListMails",
    "Mail",
    "MailList",
    "MailNotFound",
    "MailPreview",
    "MailRef",
    "MailRow",
    "MailText",
    "MailTextChanged",
    "MailTextInvalid",
    "MailTextNotFound",
    "MailTextRef",
    "MailTexts",
    "Notifications",
    "Passages",
    "PreviewMailText",
    "PutMailText",
    "ResetMailText",
    "SkuNotOffered",
    "TooManyWishes",
    "WaitFor",
    "WaitingAnswer",
    "WaitingLimit",
    "WaitingLinkRefused",
    "WaitingToken",
    "has_stray_braces",
    "unknown_placeholders",
]


class MailNotFound(NotFound):
    message = "There is no such mail."


class Mail(Frozen):
    """`state` is queued, sent or failed. Bodies are as sent."""

    id: MailId
    cause: str
    template: str
    language: str
    to: str
    subject: str
    text: str
    html: str
    state: str
    created_at: datetime
    sent_at: datetime | None = None
    attempts: int = 0
    reply_to: str = ""


class MailRow(Frozen):
    id: MailId
    to: str
    subject: str
    template: str
    state: str
    created_at: datetime


class MailList(Frozen):
    items: list[MailRow]


class ListMails(Frozen):
    """Newest first; `to` filters by exact address."""

    limit: int = 50
    to: str | None = None


class MailRef(Frozen):
    id: MailId


class SkuNotOffered(Invalid):
    code = "sku_not_sold"
    message = "This article is not sold here."


class AvailableNow(Conflict):
    """Nobody has to wait for it."""

    code = "available_now"
    message = "This article can be bought right now."


class WaitingLimit(Conflict):
    """Told only to whom the address belongs."""

    code = "waiting_limit"
    message = "You wait for as many articles as one can wait for."


class TooManyWishes(TooMany):
    message = "Too many requests from here; please try later."


class WaitingLinkRefused(Invalid):
    """A link from a mail: made up, too old, or about a waiting that is over."""

    code = "link_not_valid"
    message = "This link is not valid any more."


class WaitFor(Frozen):
    """Mail this address once when the SKU can be bought again. `client` is where the request comes from."""

    sku: str
    email: str
    client: str
    language: str = "en"
    channel: str = "default"
    account_id: AccountId | None = None


class WaitingAnswer(Frozen):
    """`status` is waiting for the signed-in customer's own verified address, accepted for any other.

    Accepted: if nobody waits under this address yet, a mail asks whether it is right. What is the case is not told.
    """

    status: str


class WaitingToken(Frozen):
    """Of a link that was mailed."""

    token: str


class Notifications(MailWording, Protocol):
    """Mails. One per cause, whatever is delivered twice."""

    @operation(idempotent=True)
    async def list(self, command: ListMails) -> MailList: ...

    @operation(idempotent=True)
    async def get(self, command: MailRef) -> Mail:
        """Raises MailNotFound."""
        ...

    @operation(idempotent=True)
    async def wait(self, command: WaitFor) -> WaitingAnswer:
        """Wait for a SKU that is sold out, for 180 days at most. The same address again: nothing more.

        An address that is not the signed-in customer's own verified one is asked by mail first, and hears nothing else
        before it has said yes. Raises TooManyWishes, Invalid for what is no e-mail, SkuNotOffered, AvailableNow, and
        WaitingLimit for an own address.
        """
        ...

    @operation(idempotent=True)
    async def confirm_waiting(self, command: WaitingToken) -> Nothing:
        """The address's owner says yes, within 24 hours. Again: unchanged. Raises WaitingLinkRefused."""
        ...

    @operation(idempotent=True)
    async def end_waiting(self, command: WaitingToken) -> Nothing:
        """The address waits for nothing any more. Again: unchanged. Raises WaitingLinkRefused for a made-up link."""
        ...
