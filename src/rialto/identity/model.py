"""The rules of identity: e-mails and passwords, how attempts are throttled, when a refresh token is good."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from rialto.identity.api import PasswordWeak, PutStaff
from rialto.kernel.auth import ROLES
from rialto.kernel.errors import FieldProblem, Invalid, NotFound
from rialto.kernel.ids import BUCKETS, SESSION, to_uuid

ACCESS_TOKEN_S = 600
SESSION_DAYS = 30
# A reply that got lost, or two tabs that refresh at once: the same successor is given once more.
REFRESH_GRACE_S = 30

PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 1024
NAME_LENGTH_MAX = 120
EMAIL_LENGTH_MAX = 254
DEVICE_LENGTH_MAX = 200

ATTEMPTS_FREE = 10
ATTEMPTS_FORGOTTEN_S = 15 * 60
DELAY_MAX_S = 5 * 60

# All staff are born in one bucket: they are few, and their list must not be gathered from all shards.
STAFF_BUCKET = 0

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


def normalised_email(email: str) -> str:
    """The form in which e-mails are compared: trimmed, composed (NFC), lower case.

    Deliberately no compatibility or case folding: they make different addresses equal (`ſ` and `s`, `ß` and `ss`),
    and then one person gets another's account.
    """
    return unicodedata.normalize("NFC", email.strip()).lower()


def checked_email(email: str) -> str:
    """A normalised e-mail that mail can be sent to. Raises Invalid naming the field."""
    found = normalised_email(email)
    if len(found) > EMAIL_LENGTH_MAX or not found.isprintable() or not _EMAIL.fullmatch(found):
        raise Invalid(
            "This is not an e-mail address.", fields=(_problem("email", "This is not an e-mail address."),)
        )
    return found


def email_hash(email: str) -> bytes:
    """What stands for an e-mail in keys, the same for ever: SHA-256 of the normalised form."""
    return hashlib.sha256(
        b"rialto:email:" + normalised_email(email).encode("utf-8", "surrogatepass")
    ).digest()


def bucket_of_hash(digest: bytes) -> int:
    return int.from_bytes(digest[:2], "big") % BUCKETS


def comparable_password(password: str) -> str:
    """NFKC, so that a password typed on another keyboard is the same (NIST SP 800-63B, 5.1.1.2).

    Longer than any password we accept it is cut: the work stays the same and no such account exists.
    """
    return unicodedata.normalize("NFKC", password[: PASSWORD_LENGTH_MAX + 1])


def checked_staff(command: PutStaff) -> PutStaff:
    """The command, normalised. Raises PasswordWeak, or Invalid naming every field that is wrong."""
    problems = [
        FieldProblem(
            path=f"roles[{index}]", code="role_unknown", message=f"Roles are {', '.join(sorted(ROLES))}."
        )
        for index, role in enumerate(command.roles)
        if role not in ROLES
    ]
    if not command.roles:
        problems.append(_problem("roles", "Give at least one role."))
    name = " ".join(command.name.split())
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        problems.append(_problem("name", f"Give a name of at most {NAME_LENGTH_MAX} printable characters."))
    if problems:
        raise Invalid("The member of staff is not complete.", fields=tuple(problems))
    email = checked_email(command.email)
    return PutStaff(
        email=email, name=name, password=checked_password(command.password), roles=sorted(set(command.roles))
    )


def checked_password(password: str) -> str:
    """A password good enough to be set, in comparable form. Raises PasswordWeak or Invalid."""
    found = comparable_password(password)
    if len(found) < PASSWORD_LENGTH_MIN or not found.strip():
        raise PasswordWeak(
            fields=(FieldProblem(path="password", code=PasswordWeak.code, message=PasswordWeak.message),)
        )
    if len(found) > PASSWORD_LENGTH_MAX or any("\ud800" <= letter <= "\udfff" for letter in found):
        message = f"Use at most {PASSWORD_LENGTH_MAX} characters."
        raise Invalid(message, fields=(_problem("password", message),))
    return found


def _problem(path: str, message: str) -> FieldProblem:
    return FieldProblem(path=path, code="not_valid", message=message)


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Attempts on one account that were not (yet) successful."""

    count: int
    last_at: datetime


def next_attempt(before: Attempts, now: datetime) -> Attempts | float:
    """The count with one more attempt, or for how many seconds none is taken.

    The first ten are free; then each has to wait twice as long as the one before, five minutes at most, so
    that an owner under attack is slowed but never locked out for good. A refused attempt counts for nothing.
    A quarter of an hour without attempts is forgotten.
    """
    silent_s = (now - before.last_at).total_seconds()
    count = 0 if silent_s >= ATTEMPTS_FORGOTTEN_S else before.count
    if count >= ATTEMPTS_FREE:
        wait_s = min(2.0 ** min(count - ATTEMPTS_FREE + 1, 30), DELAY_MAX_S) - silent_s
        if wait_s > 0:
            return wait_s
    return Attempts(count=count + 1, last_at=now)


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
class Session:
    """A family of refresh tokens, as stored."""

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


def judge_refresh(session: Session, token: RefreshToken, successor: RefreshToken, now: datetime) -> Refresh:
    """What a sealed token of this session is worth now."""
    if session.ended_at is not None or now >= session.expires_at:
        return Refresh.ENDED
    if hmac.compare_digest(session.token_hash, token.digest):
        return Refresh.ROTATE
    in_grace = (now - session.rotated_at).total_seconds() <= REFRESH_GRACE_S
    if in_grace and hmac.compare_digest(session.token_hash, successor.digest):
        return Refresh.REPEAT
    return Refresh.REUSED
