"""Sessions: refresh tokens, how they follow each other, and what one of them is worth."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from rialto.kernel.errors import NotFound
from rialto.kernel.ids import SESSION, to_uuid

ACCESS_TOKEN_S = 600
SESSION_DAYS = 30
# A reply that got lost, or two tabs that refresh at once: the same successor is given once more.
REFRESH_GRACE_S = 30
DEVICE_LENGTH_MAX = 200
# Whoever signed in a moment ago need not say the password again.
FRESH_S = 600


@dataclass(frozen=True, kw_only=True)
class RefreshToken:
    """A token we made: `<bucket>.<session>.<generation>.<secret>.<seal>`."""

    text: str
    session: UUID
    generation: int

    @property
    def bucket(self) -> int:
        return self.session.int >> 64 & 0xFFF

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()


class RefreshTokens:
    """Makes and recognises refresh tokens.

    Every token is sealed (HMAC), so that any former one of a family is known as ours without being kept, and a
    made-up one can end nobody's session. A token's successor is a function of the token and our key: whoever
    repeats a refresh whose reply was lost gets the same successor. The database holds the hash of the present
    one only; neither it nor the key alone yields a token.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def first(self, session: UUID, secret: str) -> RefreshToken:
        return self._sealed(session, 1, secret)

    def successor(self, token: RefreshToken) -> RefreshToken:
        return self._sealed(token.session, token.generation + 1, self._digest("next", token.text)[:40])

    def parse(self, text: str) -> RefreshToken | None:
        """The token, or None for what was not made here."""
        body, _, seal = text.rpartition(".")
        parts = body.split(".")
        if len(text) > 200 or not text.isascii() or len(parts) != 4 or not parts[2].isdigit():
            return None
        if not hmac.compare_digest(seal, self._digest("seal", body)[:32]):
            return None
        try:
            session = to_uuid(SESSION.parse(f"{SESSION.prefix}_{parts[1]}"))
        except NotFound:
            return None
        return RefreshToken(text=text, session=session, generation=int(parts[2]))

    def _sealed(self, session: UUID, generation: int, secret: str) -> RefreshToken:
        bucket = session.int >> 64 & 0xFFF
        body = f"{bucket:03x}.{SESSION.of(session).partition('_')[2]}.{generation}.{secret}"
        return RefreshToken(
            text=f"{body}.{self._digest('seal', body)[:32]}", session=session, generation=generation
        )

    def _digest(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of refresh tokens, as stored: what people know as a session."""

    id: UUID
    account_id: UUID
    generation: int
    token_hash: bytes
    rotated_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class Refresh(StrEnum):
    ROTATE = "rotate"  # the token is the good one
    REPEAT = "repeat"  # it was, until a moment ago: give the same successor again
    REUSED = "reused"  # it was used before: somebody has a copy, the family ends
    ENDED = "ended"


def session_end(started_at: datetime) -> datetime:
    """Sessions end thirty days after sign-in, however busy they are."""
    return started_at + timedelta(days=SESSION_DAYS)


def judge_refresh(session: Family, token: RefreshToken, successor: RefreshToken, now: datetime) -> Refresh:
    """What a sealed token of this session is worth now."""
    if session.ended_at is not None or now >= session.expires_at:
        return Refresh.ENDED
    if hmac.compare_digest(session.token_hash, token.digest):
        return Refresh.ROTATE
    in_grace = (now - session.rotated_at).total_seconds() <= REFRESH_GRACE_S
    if in_grace and hmac.compare_digest(session.token_hash, successor.digest):
        return Refresh.REPEAT
    return Refresh.REUSED
