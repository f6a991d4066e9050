"""E-mail addresses as they are compared, and the hash that stands for one in directories."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from rialto.kernel.ids import BUCKETS

EMAIL_LENGTH_MAX = 254
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


def normalised_email(email: str) -> str:
    """The form in which e-mails are compared: trimmed, composed (NFC), lower case.

    Deliberately no compatibility or case folding: they make different addresses equal (`ſ` and `s`, `ß` and `ss`),
    and then one person gets another's account.
    """
    return unicodedata.normalize("NFC", email.strip()).lower()


def is_email(text: str) -> bool:
    """Whether this, as typed, is an address that mail can be sent to, as far as letters tell."""
    return len(text) <= EMAIL_LENGTH_MAX and text.isprintable() and _EMAIL.fullmatch(text) is not None


def email_hash(email: str) -> bytes:
    """What stands for an e-mail in keys, the same for ever: SHA-256 of the normalised form."""
    return hashlib.sha256(
        b"rialto:email:" + normalised_email(email).encode("utf-8", "surrogatepass")
    ).digest()


def bucket_of_hash(digest: bytes) -> int:
    return int.from_bytes(digest[:2], "big") % BUCKETS
