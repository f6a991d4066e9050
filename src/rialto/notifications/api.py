"""What can be asked of notifications: the mails that were sent. Sending happens by reaction to events."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.errors import NotFound
from rialto.kernel.ids import MailId
from rialto.kernel.service import Frozen, operation


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


class Notifications(Protocol):
    """Mails. One per cause, whatever is delivered twice."""

    @operation(idempotent=True)
    async def list(self, command: ListMails) -> MailList: ...

    @operation(idempotent=True)
    async def get(self, command: MailRef) -> Mail:
        """Raises MailNotFound."""
        ...
