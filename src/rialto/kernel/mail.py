"""The mail port: what is sent, what a mailer promises, and how a mail becomes an internet message.

At least once: a mail whose sending was interrupted is sent again with the same Message-ID, by which a mail
server or a reader's program recognises it.
"""

from __future__ import annotations

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Protocol

from rialto.kernel.errors import Invalid
from rialto.kernel.service import Frozen

# No mailer tries longer than this: whoever claimed a mail for sending knows when it is over.
SEND_WITHIN_S = 20.0


class MailRefused(Invalid):
    """The mail will never be taken as it stands: sending it again is no use."""

    code = "mail_refused"
    message = "The mail was refused for good."


class Outgoing(Frozen, kw_only=True):
    """One mail to one recipient. `message_id` without brackets, the same at every attempt.

    Answers go to `reply_to`; to the sender where it is empty, or no address that a header takes.
    """

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    language: str
    at: datetime
    reply_to: str = ""


class Mailer(Protocol):
    """Sends mails. `parallel` says how many may be on their way at once."""

    parallel: int

    async def send(self, mail: Outgoing) -> None:
        """Hand the mail over, within SEND_WITHIN_S. Raises Unavailable (try again later) or MailRefused (never)."""
        ...


def check_headers(mail: Outgoing) -> None:
    """What `compose` would refuse, without composing. Raises MailRefused."""
    try:
        _address(mail.to)
    except (ValueError, UnicodeError, IndexError) as error:
        raise MailRefused("The mail's address cannot be written in a header.") from error
    if not mail.subject.isprintable():
        raise MailRefused("The mail's subject cannot be written in a header.")


def compose(mail: Outgoing, *, sender: Address) -> EmailMessage:
    """Text and HTML as alternatives, headers encoded by RFC 2047.

    Raises MailRefused for an address or subject that cannot stand in a header: nothing is smuggled in.
    """
    try:
        to = _address(mail.to)
        message = EmailMessage(policy=SMTP if to.username.isascii() else SMTPUTF8)
        message["From"] = sender
        message["To"] = to
        if (answers_to := _answers_to(mail)) is not None:
            message["Reply-To"] = answers_to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(mail.at)
        message["Message-ID"] = f"<{mail.message_id}>"
        message["Content-Language"] = mail.language
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text, cte="quoted-printable")
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    except (MessageError, ValueError, IndexError) as error:
        raise MailRefused("The mail's address or subject cannot be written in a header.") from error
    return message


def _answers_to(mail: Outgoing) -> Address | None:
    """None where it cannot be written: a mail matters more than who is answered."""
    try:
        found = _address(mail.reply_to)
    except (ValueError, IndexError):
        return None
    return found if found.username.isascii() else None


def _address(text: str) -> Address:
    username, at, domain = text.rpartition("@")
    if (
        not username
        or not at
        or not domain
        or not text.isprintable()
        or any(letter in text for letter in ' ,;<>"')
    ):
        raise ValueError("not an address")
    return Address(username=username, domain=domain.encode("idna").decode("ascii"))
