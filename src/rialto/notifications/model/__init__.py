"""The rules of mails: their states, when a failed attempt is repeated, what may stand in a line."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from rialto.kernel.ids import MAIL, LetterId, OrderId, derived_uuid, to_uuid

LANGUAGES = ("en", "de")
SUBJECT_LENGTH_MAX = 180

# A claim is good for the attempt's delay, half a minute at least. Whoever did not begin to send within this (the process
# was suspended) leaves the mail to the next claim: sending ends before that in any case.
BEGIN_WITHIN_S = 5.0

# Half a minute, doubled each time, six hours at most: fourteen attempts in about a day and a half.
ATTEMPTS_MAX = 14
DELAYS_S: tuple[float, ...] = tuple(min(30.0 * 2**n, 6 * 3600.0) for n in range(ATTEMPTS_MAX))


class State(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class Template(StrEnum):
    ORDER_PLACED = "order_placed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_SHIPPED = "order_shipped"
    ORDER_RETURN = "order_return"
    VERIFY_EMAIL = "verify_email"
    ALREADY_REGISTERED = "already_registered"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a template
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a template
    VERIFY_NEW_EMAIL = "verify_new_email"
    EMAIL_CHANGE = "email_change"
    BACK_IN_STOCK_CONFIRM = "back_in_stock_confirm"
    BACK_IN_STOCK = "back_in_stock"


class MailCause(Protocol):
    """What a mail is about: it is sent once for it."""

    @property
    def template(self) -> Template: ...

    @property
    def key(self) -> str:
        """Unique together with the template."""
        ...

    @property
    def mail_id(self) -> UUID:
        """The same whoever asks: with it the Message-ID stays the same, too."""
        ...


@dataclass(frozen=True, kw_only=True)
class Cause:
    """An order. `step` tells one shipment from the next."""

    order_id: OrderId
    template: Template
    step: str = ""

    @property
    def key(self) -> str:
        return f"{self.order_id}/{self.step}" if self.step else str(self.order_id)

    @property
    def mail_id(self) -> UUID:
        return derived_uuid(to_uuid(self.order_id), "mail", self.template, self.step)


@dataclass(frozen=True, kw_only=True)
class LetterCause:
    """A letter that identity asked for."""

    letter_id: LetterId
    template: Template

    @property
    def key(self) -> str:
        return str(self.letter_id)

    @property
    def mail_id(self) -> UUID:
        return derived_uuid(to_uuid(self.letter_id), "mail")


@dataclass(frozen=True, kw_only=True)
class WaitingCause:
    """Somebody's asking to hear of an article; asking once more is another."""

    waiting_id: UUID
    template: Template

    @property
    def key(self) -> str:
        return f"waiting/{self.waiting_id}"

    @property
    def mail_id(self) -> UUID:
        return derived_uuid(self.waiting_id, "mail", self.template)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a mail says."""

    subject: str
    text: str
    html: str


def language_for(wanted: str) -> str:
    """The language we write in to somebody who reads `wanted` (`de-AT` → `de`); English if we do not speak it."""
    base = wanted.replace("_", "-").partition("-")[0].lower()
    return base if base in LANGUAGES else LANGUAGES[0]


# They turn the direction of the text after them: a title could make a price read backwards.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """The text without line breaks, control characters and what turns the direction of writing."""
    kept = (
        " " if unicodedata.category(letter) in {"Cc", "Zl", "Zp", "Cs"} else letter
        for letter in text
        if letter not in _TURNING
    )
    # Not str.split: it would also part `1.234,50 €` from its currency at the no-break space.
    return re.sub(" {2,}", " ", "".join(kept)).strip()


def subject_line(text: str) -> str:
    """One line, not longer than a header should be."""
    line = one_line(text)
    return line if len(line) <= SUBJECT_LENGTH_MAX else f"{line[: SUBJECT_LENGTH_MAX - 1]}…"


def message_id(mail: UUID, public_url: str) -> str:
    """`mail_…@shop.example`, for ever the same for a mail."""
    host = urlsplit(public_url).hostname or "localhost"
    return f"{MAIL.of(mail)}@{host if ':' not in host else 'localhost'}"


def absolute_url(public_url: str, path: str) -> str:
    """A link that works from a mail."""
    if path.startswith(("https://", "http://")):
        return path
    return f"{public_url.rstrip('/')}/{path.lstrip('/')}"


def path_of(url: str) -> str:
    """Without scheme and host: `/en/orders/…?key=…`."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
