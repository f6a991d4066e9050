"""What authors may write: plain text within limits, without links and markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import msgspec

from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.text import clean_text
from rialto.reviews.api import BODY_MAX, NAME_MAX, STARS_MAX, TITLE_MAX, Draft

LIMITS = {"name": NAME_MAX, "title": TITLE_MAX, "body": BODY_MAX}

_CONTROL = re.compile(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_BLANKS = re.compile(r" *\n *| {2,}")
_EMPTY_LINES = re.compile(r"\n{3,}")
# An element, an entity that makes one, or a link of Markdown or forum code.
_MARKUP = re.compile(r"<(?:/?[a-z]|[!?])|&#|&lt;|\]\s*\(|\[/?(?:url|img|link|b|i)\b", re.IGNORECASE)
# Addresses with or without scheme, and mail addresses. Endings that are words people write after a full stop
# without a blank ("so schön.Es …") count only where a path follows.
_LINK = re.compile(
    r"\w\s*://|\bwww\s*\.|\b[\w-]+\.(?:com|net|org|biz|xyz|info|shop|online|site|ru|cn)\b"
    r"|\b[\w-]+\.[a-z]{2,24}/\w|[\w.+-]+@[\w-]+\.\w",
    re.IGNORECASE,
)


def checked(draft: Draft) -> Draft:
    """The draft as it is kept. Raises Invalid with every faulty field."""
    tidy = msgspec.structs.replace(
        draft,
        name=one_line(draft.name),
        title=one_line(draft.title),
        body=_tidied(draft.body),
    )
    problems = [*_problems(tidy)]
    if problems:
        raise Invalid("The review cannot be taken like this.", fields=tuple(problems))
    return tidy


def one_line(text: str) -> str:
    return " ".join(_tidied(text).split())


def _tidied(text: str) -> str:
    """Composed letters, no control characters, at most one empty line in a row."""
    if not clean_text(text):
        text = "".join(letter for letter in text if clean_text(letter))
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _CONTROL.sub(" ", text)
    text = _BLANKS.sub(lambda found: "\n" if "\n" in found[0] else " ", text)
    return _EMPTY_LINES.sub("\n\n", text).strip()


def _problems(draft: Draft) -> Iterator[FieldProblem]:
    if not 1 <= draft.rating <= STARS_MAX:
        yield FieldProblem(path="rating", code="required", message=f"One to {STARS_MAX} stars.")
    for field, most in LIMITS.items():
        text = getattr(draft, field)
        if not text:
            yield FieldProblem(path=field, code="required", message="Please fill this in.")
        elif len(text) > most:
            yield FieldProblem(path=field, code="too_long", message=f"At most {most} characters.")
        elif _LINK.search(text):
            yield FieldProblem(
                path=field, code="links_not_allowed", message="Links and addresses are not taken here."
            )
        elif _MARKUP.search(text):
            yield FieldProblem(path=field, code="markup_not_allowed", message="Plain text only, please.")
