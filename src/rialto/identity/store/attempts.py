"""How attempts and known clients are kept."""

from __future__ import annotations

from datetime import datetime

from rialto.identity.model.attempts import Attempts
from rialto.identity.model.fields import bucket_of_hash
from rialto.kernel.db import ReadSession, WriteSession

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
