"""How tokens that are good once are kept, and the letters that carry some of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from rialto.identity.model.tokens import OneTimeToken, Purpose, StoredToken
from rialto.identity.store.accounts import bucket_of
from rialto.kernel.db import ReadSession, Row, WriteSession

_KEEP_LETTER = """
INSERT INTO letters (bucket, id, template, account_id, about, requested_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
"""
_LETTER = "SELECT template, account_id, about, requested_at FROM letters WHERE bucket = $1 AND id = $2"
_KEEP = """
INSERT INTO one_time_tokens (bucket, id, account_id, purpose, token_hash, about, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""
_LOAD = """
SELECT id, account_id, purpose, token_hash, about, expires_at, used_at FROM one_time_tokens
WHERE bucket = $1 AND id = $2
"""
_USE = "UPDATE one_time_tokens SET used_at = $3 WHERE bucket = $1 AND id = $2 AND used_at IS NULL"
_USE_UP = """
UPDATE one_time_tokens SET used_at = $3
WHERE bucket = $1 AND account_id = $2 AND purpose = ANY ($4::text[]) AND used_at IS NULL
"""


async def keep_letter(
    session: WriteSession,
    letter_id: UUID,
    *,
    template: str,
    account_id: UUID | None,
    about: UUID | None,
    now: datetime,
) -> None:
    """Again: unchanged."""
    await session.run(_KEEP_LETTER, bucket_of(letter_id), letter_id, template, account_id, about, now)


async def load_letter(session: ReadSession, letter_id: UUID) -> Row | None:
    return await session.one(_LETTER, bucket_of(letter_id), letter_id)


async def keep_token(
    session: WriteSession,
    token: OneTimeToken,
    *,
    purpose: Purpose,
    account_id: UUID | None,
    about: str = "",
    expires_at: datetime,
) -> None:
    """Again: unchanged, also when it was used."""
    await session.run(
        _KEEP, bucket_of(token.id), token.id, account_id, purpose, token.digest, about, expires_at
    )


async def load_token(session: ReadSession, token: OneTimeToken) -> StoredToken | None:
    """The row the token's text leads to. Its use is decided by `use_token`."""
    row = await session.one(_LOAD, bucket_of(token.id), token.id)
    return StoredToken(**dict(row)) if row else None


async def use_token(session: WriteSession, token: OneTimeToken, now: datetime) -> bool:
    """False when somebody else used it first."""
    return await session.run(_USE, bucket_of(token.id), token.id, now) == 1


async def use_up(session: WriteSession, account_id: UUID, *purposes: Purpose, now: datetime) -> None:
    """No token of the account for these purposes is good any more."""
    await session.run(_USE_UP, bucket_of(account_id), account_id, now, list(purposes))
