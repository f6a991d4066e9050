"""What mails say, in the merchant's own words: a few passages of each kind of mail, by language.

What a mail has to say in any case (amounts, articles, addresses, links and how long they are good, when a notice of withdrawal
reached us) is no passage: nobody can write it away.
"""

from __future__ import annotations

import re
from typing import Protocol

from rialto.kernel.errors import Invalid, NotFound, VersionConflict
from rialto.kernel.service import Frozen, Nothing, operation

# What a merchant may write, in the order of a mail.
PASSAGES = ("subject", "headline", "greeting", "introduction", "closing", "signature")
PASSAGE_LENGTHS_MAX = {
    "subject": 150,
    "headline": 120,
    "greeting": 200,
    "introduction": 4000,
    "closing": 4000,
    "signature": 1000,
}

_BRACES = re.compile(r"\{([^{}]*)\}")


class MailTextNotFound(NotFound):
    message = "There is no such mail, or we do not write it in this language."


class MailTextChanged(VersionConflict):
    message = "Somebody changed this text meanwhile."


class MailTextInvalid(Invalid):
    code = "mail_text_not_valid"
    message = "This text cannot be used for a mail."


class Passages(Frozen):
    """Plain texts; empty lines separate paragraphs. `{order_number}` and the like stand for what differs from mail to mail.

    What is left empty is not in the mail; subject and headline have to be there.
    """

    subject: str
    headline: str
    greeting: str = ""
    introduction: str = ""
    closing: str = ""
    signature: str = ""


class MailText(Frozen):
    """`standard` are Rialto's words, `own` whether the merchant's differ; `placeholders` are those this mail knows.

    `version` counts the changes; 0 before the first.
    """

    kind: str
    language: str
    passages: Passages
    standard: Passages
    own: bool
    placeholders: list[str]
    version: int = 0


class MailTexts(Frozen):
    items: list[MailText]


class MailTextRef(Frozen):
    kind: str
    language: str


class PutMailText(Frozen):
    """`expected_version` is what the change is based on."""

    kind: str
    language: str
    passages: Passages
    expected_version: int


class ResetMailText(Frozen):
    kind: str
    language: str
    expected_version: int


class PreviewMailText(Frozen):
    kind: str
    language: str
    passages: Passages


class MailPreview(Frozen):
    """A mail about what never happened."""

    subject: str
    text: str
    html: str


def unknown_placeholders(text: str, known: list[str]) -> list[str]:
    """What stands in braces and is no placeholder of these, as it was written, each once."""
    return [name for name in dict.fromkeys(_BRACES.findall(text)) if name not in known]


def has_stray_braces(text: str) -> bool:
    """Whether a brace is there that opens or closes nothing, or holds another."""
    rest = _BRACES.sub("", text)
    return "{" in rest or "}" in rest


class MailWording(Protocol):
    """Settings of mails that count at once, without a restart: for every mail that is written from then on."""

    @operation(idempotent=True)
    async def mail_texts(self, command: Nothing) -> MailTexts:
        """Every kind of mail in every language that we write in."""
        ...

    @operation(idempotent=True)
    async def mail_text(self, command: MailTextRef) -> MailText:
        """Raises MailTextNotFound."""
        ...

    @operation(idempotent=True)
    async def put_mail_text(self, command: PutMailText) -> MailText:
        """Replace a mail's passages. The same content again: unchanged.

        Raises MailTextNotFound, MailTextInvalid naming the passages, MailTextChanged.
        """
        ...

    @operation(idempotent=True)
    async def reset_mail_text(self, command: ResetMailText) -> MailText:
        """Rialto's words again. Where they are in use already: unchanged. Raises MailTextNotFound, MailTextChanged."""
        ...

    @operation(idempotent=True)
    async def preview_mail_text(self, command: PreviewMailText) -> MailPreview:
        """The mail with these passages, about a made-up order, account or article. Changes nothing.

        Raises MailTextNotFound, MailTextInvalid.
        """
        ...
