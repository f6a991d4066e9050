"""How accounts, sessions and attempts are kept. Every statement but the sweep's names one bucket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rialto.identity.model import Attempts, RefreshToken, Session, bucket_of_hash
from rialto.kernel.db import ReadSession, Row, WriteSession

STAFF_LISTED_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account with its password's hash, if it has one."""

    id: UUID
    kind: str
    email: str
    name: str
    roles: tuple[str, ...]
    active: bool
    password_hash: str | None
    password_changed_at: datetime | None = None

    @property
    def bucket(self) -> int:
        return self.id.int >> 64 & 0xFFF


_ACCOUNT_OF_EMAIL = "SELECT account_id FROM email_directory WHERE bucket = $1 AND email_hash = $2"
_CLAIM = """
INSERT INTO email_directory (bucket, email_hash, account_id, claimed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""
_CONFIRM = """
UPDATE email_directory SET confirmed_at = $3 WHERE bucket = $1 AND email_hash = $2 AND confirmed_at IS NULL
"""
_ACCOUNT_COLUMNS = "a.id, a.kind, a.email, a.name, a.roles, a.active, c.hash AS password_hash, c.changed_at"
_ACCOUNT_TABLES = """
accounts AS a LEFT JOIN credentials AS c ON c.bucket = a.bucket AND c.account_id = a.id AND c.kind = 'password'
"""
_ACCOUNT = f"SELECT {_ACCOUNT_COLUMNS} FROM {_ACCOUNT_TABLES} WHERE a.bucket = $1 AND a.id = $2"
_HOLD = """
SELECT true FROM accounts AS a JOIN credentials AS c ON c.bucket = a.bucket AND c.account_id = a.id
WHERE a.bucket = $1 AND a.id = $2 AND c.kind = 'password' AND a.active AND c.changed_at = $3 FOR SHARE
"""
_STAFF = f"""
SELECT {_ACCOUNT_COLUMNS} FROM {_ACCOUNT_TABLES} WHERE a.bucket = $1 AND a.kind = 'staff' ORDER BY a.email LIMIT $2
"""
_SAVE_ACCOUNT = """
INSERT INTO accounts AS a (bucket, id, kind, email, name, roles, active, version, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)
ON CONFLICT (bucket, id) DO UPDATE
SET name = excluded.name, roles = excluded.roles, active = excluded.active,
    version = a.version + 1, changed_at = excluded.changed_at
WHERE (a.name, a.roles, a.active) IS DISTINCT FROM (excluded.name, excluded.roles, excluded.active)
"""
_SAVE_CREDENTIAL = """
INSERT INTO credentials (bucket, account_id, kind, hash, changed_at) VALUES ($1, $2, 'password', $3, $4)
ON CONFLICT (bucket, account_id, kind) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
"""
_REHASH = """
UPDATE credentials SET hash = $4 WHERE bucket = $1 AND account_id = $2 AND kind = 'password' AND hash = $3
"""


async def account_of_email(session: ReadSession, digest: bytes) -> UUID | None:
    found: UUID | None = await session.value(_ACCOUNT_OF_EMAIL, bucket_of_hash(digest), digest)
    return found


async def claim_email(session: WriteSession, digest: bytes, account_id: UUID, now: datetime) -> None:
    """Reserve the e-mail for this account unless it has one; read afterwards whose it is."""
    await session.run(_CLAIM, bucket_of_hash(digest), digest, account_id, now)


async def confirm_email(session: WriteSession, digest: bytes, now: datetime) -> None:
    await session.run(_CONFIRM, bucket_of_hash(digest), digest, now)


async def load_account(session: ReadSession, account_id: UUID) -> Account | None:
    row = await session.one(_ACCOUNT, account_id.int >> 64 & 0xFFF, account_id)
    return _account(row) if row else None


async def hold_account(session: WriteSession, account: Account) -> bool:
    """Whether it is still active with the password it was loaded with; it stays so until the transaction ends."""
    held = await session.value(_HOLD, account.bucket, account.id, account.password_changed_at)
    return bool(held)


async def load_staff(session: ReadSession, bucket: int) -> list[Account]:
    return [_account(row) for row in await session.all(_STAFF, bucket, STAFF_LISTED_MAX)]


async def save_account(session: WriteSession, account: Account, now: datetime) -> None:
    """Create it or bring name, roles and state up to date."""
    await session.run(
        _SAVE_ACCOUNT,
        account.bucket,
        account.id,
        account.kind,
        account.email,
        account.name,
        list(account.roles),
        account.active,
        now,
    )


async def save_password(session: WriteSession, account_id: UUID, hashed: str, now: datetime) -> None:
    await session.run(_SAVE_CREDENTIAL, account_id.int >> 64 & 0xFFF, account_id, hashed, now)


async def replace_hash(session: WriteSession, account_id: UUID, *, old: str, new: str) -> None:
    """The same password hashed anew, unless it was changed meanwhile."""
    await session.run(_REHASH, account_id.int >> 64 & 0xFFF, account_id, old, new)


def _account(row: Row) -> Account:
    return Account(
        id=row["id"],
        kind=row["kind"],
        email=row["email"],
        name=row["name"],
        roles=tuple(row["roles"]),
        active=row["active"],
        password_hash=row["password_hash"],
        password_changed_at=row["changed_at"],
    )


_START_SESSION = """
INSERT INTO sessions (bucket, id, account_id, generation, token_hash, device, started_at, rotated_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)
"""
_LOCK_SESSION = """
SELECT id, account_id, generation, token_hash, rotated_at, expires_at, ended_at FROM sessions
WHERE bucket = $1 AND id = $2 FOR UPDATE
"""
_ROTATE = """
UPDATE sessions SET generation = $4, token_hash = $5, rotated_at = $6
WHERE bucket = $1 AND id = $2 AND generation = $3 AND ended_at IS NULL
"""
_END_SESSION = (
    "UPDATE sessions SET ended_at = $3, end_reason = $4 WHERE bucket = $1 AND id = $2 AND ended_at IS NULL"
)
_END_SESSIONS_OF = """
UPDATE sessions SET ended_at = $3, end_reason = $4 WHERE bucket = $1 AND account_id = $2 AND ended_at IS NULL
"""


async def start_session(
    session: WriteSession,
    token: RefreshToken,
    *,
    account_id: UUID,
    device: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    await session.run(
        _START_SESSION,
        token.bucket,
        token.session,
        account_id,
        token.generation,
        token.digest,
        device,
        now,
        expires_at,
    )


async def lock_session(session: WriteSession, token: RefreshToken) -> Session | None:
    """The token's family, held until the transaction ends."""
    row = await session.one(_LOCK_SESSION, token.bucket, token.session)
    return Session(**dict(row)) if row else None


async def rotate(session: WriteSession, token: RefreshToken, successor: RefreshToken, now: datetime) -> bool:
    """Put the successor in the token's place; False when the token was no longer the good one."""
    count = await session.run(
        _ROTATE, token.bucket, token.session, token.generation, successor.generation, successor.digest, now
    )
    return count == 1


async def end_session(session: WriteSession, token: RefreshToken, *, reason: str, now: datetime) -> None:
    await session.run(_END_SESSION, token.bucket, token.session, now, reason)


async def end_sessions_of(session: WriteSession, account_id: UUID, *, reason: str, now: datetime) -> None:
    await session.run(_END_SESSIONS_OF, account_id.int >> 64 & 0xFFF, account_id, now, reason)


_KNOWN_CLIENT = "SELECT true FROM known_clients WHERE bucket = $1 AND email_hash = $2 AND client_hash = $3"
_REMEMBER_CLIENT = """
INSERT INTO known_clients (bucket, email_hash, client_hash, seen_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (bucket, email_hash, client_hash) DO UPDATE SET seen_at = excluded.seen_at
"""
_ENSURE_ATTEMPTS = """
INSERT INTO sign_in_failures (bucket, email_hash, client_hash, attempts, last_at) VALUES ($1, $2, $3, 0, $4)
ON CONFLICT DO NOTHING
"""
_LOCK_ATTEMPTS = """
SELECT attempts, last_at FROM sign_in_failures WHERE bucket = $1 AND email_hash = $2 AND client_hash = $3 FOR UPDATE
"""
_SAVE_ATTEMPTS = """
UPDATE sign_in_failures SET attempts = $4, last_at = $5 WHERE bucket = $1 AND email_hash = $2 AND client_hash = $3
"""
_TAKE_BACK = """
UPDATE sign_in_failures SET attempts = greatest(attempts - 1, 0)
WHERE bucket = $1 AND email_hash = $2 AND client_hash = $3
"""
_FORGET_ATTEMPTS = "DELETE FROM sign_in_failures WHERE bucket = $1 AND email_hash = $2 AND client_hash = $3"


async def is_known_client(session: ReadSession, digest: bytes, client_hash: bytes) -> bool:
    return bool(await session.value(_KNOWN_CLIENT, bucket_of_hash(digest), digest, client_hash))


async def remember_client(session: WriteSession, digest: bytes, client_hash: bytes, now: datetime) -> None:
    await session.run(_REMEMBER_CLIENT, bucket_of_hash(digest), digest, client_hash, now)


async def lock_attempts(session: WriteSession, digest: bytes, client_hash: bytes, now: datetime) -> Attempts:
    """The count, held until the transaction ends, so that attempts at once are counted one after the other."""
    key = (bucket_of_hash(digest), digest, client_hash)
    await session.run(_ENSURE_ATTEMPTS, *key, now)
    row = await session.one(_LOCK_ATTEMPTS, *key)
    # A success elsewhere may have deleted the row between the two statements: then nothing is held against anyone.
    return Attempts(count=row["attempts"], last_at=row["last_at"]) if row else Attempts(count=0, last_at=now)


async def save_attempts(session: WriteSession, digest: bytes, client_hash: bytes, attempts: Attempts) -> None:
    await session.run(
        _SAVE_ATTEMPTS, bucket_of_hash(digest), digest, client_hash, attempts.count, attempts.last_at
    )


async def take_back_attempt(session: WriteSession, digest: bytes, client_hash: bytes) -> None:
    await session.run(_TAKE_BACK, bucket_of_hash(digest), digest, client_hash)


async def forget_attempts(session: WriteSession, digest: bytes, client_hash: bytes) -> None:
    await session.run(_FORGET_ATTEMPTS, bucket_of_hash(digest), digest, client_hash)


# By age over all buckets: background work, no request waits for it.
_SWEEP = (
    "DELETE FROM sign_in_failures WHERE last_at < $1::timestamptz - interval '1 day'",
    "DELETE FROM known_clients WHERE seen_at < $1::timestamptz - interval '90 days'",
    "DELETE FROM sessions WHERE expires_at < $1::timestamptz - interval '1 day'",
)


async def sweep(session: WriteSession, now: datetime) -> int:
    """Delete what nobody asks for any more; how many rows."""
    return sum([await session.run(statement, now) for statement in _SWEEP])
