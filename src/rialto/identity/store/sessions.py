"""How sessions are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rialto.identity.model.sessions import Family, RefreshToken
from rialto.identity.store.accounts import bucket_of
from rialto.kernel.db import ReadSession, Row, WriteSession

LISTED_MAX = 200

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
_END_OWN = """
UPDATE sessions SET ended_at = coalesce(ended_at, $4), end_reason = coalesce(end_reason, $5)
WHERE bucket = $1 AND id = $2 AND account_id = $3
"""
_END_ALL = """
UPDATE sessions SET ended_at = $3, end_reason = $4
WHERE bucket = $1 AND account_id = $2 AND ended_at IS NULL AND id IS DISTINCT FROM $5::uuid
"""
_OPEN = """
SELECT id, device, started_at, rotated_at, expires_at FROM sessions
WHERE bucket = $1 AND account_id = $2 AND ended_at IS NULL AND expires_at > $3
ORDER BY rotated_at DESC, id DESC LIMIT $4
"""

_FRESH = """
SELECT true FROM sessions
WHERE bucket = $1 AND id = $2 AND account_id = $3 AND ended_at IS NULL AND started_at >= $4
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


async def lock_session(session: WriteSession, token: RefreshToken) -> Family | None:
    """The token's family, held until the transaction ends."""
    row = await session.one(_LOCK_SESSION, token.bucket, token.session)
    return Family(**dict(row)) if row else None


async def rotate(session: WriteSession, token: RefreshToken, successor: RefreshToken, now: datetime) -> bool:
    """Put the successor in the token's place; False when the token was no longer the good one."""
    count = await session.run(
        _ROTATE, token.bucket, token.session, token.generation, successor.generation, successor.digest, now
    )
    return count == 1


async def end_session(session: WriteSession, session_id: UUID, *, reason: str, now: datetime) -> None:
    await session.run(_END_SESSION, bucket_of(session_id), session_id, now, reason)


async def end_own(
    session: WriteSession, account_id: UUID, session_id: UUID, *, reason: str, now: datetime
) -> bool:
    """Whether the account has such a session; it has ended now, if it had not before."""
    count = await session.run(_END_OWN, bucket_of(account_id), session_id, account_id, now, reason)
    return count == 1


async def end_all(
    session: WriteSession, account_id: UUID, *, reason: str, now: datetime, kept: UUID | None = None
) -> None:
    await session.run(_END_ALL, bucket_of(account_id), account_id, now, reason, kept)


async def load_open(session: ReadSession, account_id: UUID, now: datetime) -> Sequence[Row]:
    return await session.all(_OPEN, bucket_of(account_id), account_id, now, LISTED_MAX)


async def is_fresh(session: ReadSession, account_id: UUID, session_id: UUID, since: datetime) -> bool:
    """Whether the account's session goes on and began since then."""
    return bool(await session.value(_FRESH, bucket_of(account_id), session_id, account_id, since))
