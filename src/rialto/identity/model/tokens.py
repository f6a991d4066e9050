"""Tokens that are good once: in a mailed link, between two steps of signing in, as a passkey's challenge."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from rialto.kernel.errors import NotFound
from rialto.kernel.ids import Kind, to_uuid

TOKEN_LENGTH_MAX = 200

_PRINTED: Kind[str] = Kind("one")


class Purpose(StrEnum):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose
    VERIFY_NEW_EMAIL = "verify_new_email"
    TAKE_BACK_EMAIL = "take_back_email"
    SECOND_STEP = "second_step"
    ADD_PASSKEY = "add_passkey"
    SIGN_IN_BY_PASSKEY = "sign_in_by_passkey"


@dataclass(frozen=True, kw_only=True)
class OneTimeToken:
    """A token's text, `<bucket>.<id>.<secret>`, and the row it leads to."""

    text: str
    id: UUID

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()


@dataclass(frozen=True, kw_only=True)
class StoredToken:
    """A token's row."""

    id: UUID
    account_id: UUID | None
    purpose: str
    token_hash: bytes
    about: str
    expires_at: datetime
    used_at: datetime | None


def one_time_token(token_id: UUID, secret: str) -> OneTimeToken:
    bucket = token_id.int >> 64 & 0xFFF
    return OneTimeToken(text=f"{bucket:03x}.{_PRINTED.of(token_id).partition('_')[2]}.{secret}", id=token_id)


def parse_token(text: str) -> OneTimeToken | None:
    """The token, or None for what has not its form. Whether it is one of ours, its row's hash says."""
    parts = text.split(".")
    if len(text) > TOKEN_LENGTH_MAX or not text.isascii() or len(parts) != 3:
        return None
    try:
        token_id = to_uuid(_PRINTED.parse(f"{_PRINTED.prefix}_{parts[1]}"))
    except NotFound:
        return None
    return OneTimeToken(text=text, id=token_id)


def is_good(stored: StoredToken, token: OneTimeToken, purpose: Purpose, now: datetime) -> bool:
    """Whether the token is this row's, for this purpose, unused and in time."""
    return (
        hmac.compare_digest(stored.token_hash, token.digest)
        and stored.purpose == purpose
        and stored.used_at is None
        and now < stored.expires_at
    )


class LinkTokens:
    """The tokens of letters: a function of the letter and our key.

    A letter that is asked for again holds the same link; the database keeps the hash, and neither it nor the
    key alone yields a token.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def of(self, token_id: UUID, letter_id: UUID) -> OneTimeToken:
        drawn = hmac.new(self._key, f"{token_id.hex}:{letter_id.hex}".encode(), hashlib.sha256)
        return one_time_token(token_id, drawn.hexdigest()[:40])
