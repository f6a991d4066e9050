"""How second factors are kept. Whoever changes them holds their account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rialto.identity.store.accounts import bucket_of
from rialto.kernel.db import ReadSession, WriteSession


@dataclass(frozen=True, kw_only=True)
class StoredTotp:
    sealed_secret: bytes
    last_step: int
    confirmed_at: datetime | None


_TOTP = "SELECT sealed_secret, last_step, confirmed_at FROM totp WHERE bucket = $1 AND account_id = $2"
_BEGIN = """
INSERT INTO totp (bucket, account_id, sealed_secret, last_step, begun_at) VALUES ($1, $2, $3, 0, $4)
ON CONFLICT (bucket, account_id) DO UPDATE
SET sealed_secret = excluded.sealed_secret, last_step = 0, begun_at = excluded.begun_at
WHERE totp.confirmed_at IS NULL
"""
_CONFIRM = "UPDATE totp SET confirmed_at = $3 WHERE bucket = $1 AND account_id = $2 AND confirmed_at IS NULL"
_SPEND = "UPDATE totp SET last_step = $3 WHERE bucket = $1 AND account_id = $2 AND last_step < $3"
_DROP = "DELETE FROM totp WHERE bucket = $1 AND account_id = $2"
_DROP_CODES = "DELETE FROM recovery_codes WHERE bucket = $1 AND account_id = $2"
_KEEP_CODES = """
INSERT INTO recovery_codes (bucket, account_id, code_hash) SELECT $1, $2, t.code_hash FROM unnest($3::bytea[]) AS t(code_hash)
"""
_SPEND_CODE = """
UPDATE recovery_codes SET used_at = $4 WHERE bucket = $1 AND account_id = $2 AND code_hash = $3 AND used_at IS NULL
"""


# Over all buckets: staff's command, no request waits for it.
_SEALED = """
SELECT account_id, sealed_secret FROM totp WHERE (bucket, account_id) > ($1, $2) ORDER BY bucket, account_id LIMIT $3
"""
_RESEAL = """
UPDATE totp SET sealed_secret = $4 WHERE bucket = $1 AND account_id = $2 AND sealed_secret = $3
"""


async def load_totp(session: ReadSession, account_id: UUID) -> StoredTotp | None:
    row = await session.one(_TOTP, bucket_of(account_id), account_id)
    return StoredTotp(**dict(row)) if row else None


async def load_sealed(session: ReadSession, after: UUID, limit: int) -> list[tuple[UUID, bytes]]:
    """Accounts behind this one in the order of buckets, and their sealed secrets."""
    rows = await session.all(_SEALED, bucket_of(after), after, limit)
    return [(row["account_id"], row["sealed_secret"]) for row in rows]


async def reseal(session: WriteSession, account_id: UUID, old: bytes, new: bytes) -> bool:
    """False when it is another meanwhile."""
    return await session.run(_RESEAL, bucket_of(account_id), account_id, old, new) == 1


async def begin_totp(session: WriteSession, account_id: UUID, sealed: bytes, now: datetime) -> bool:
    """False when one is confirmed already."""
    return await session.run(_BEGIN, bucket_of(account_id), account_id, sealed, now) == 1


async def confirm_totp(session: WriteSession, account_id: UUID, now: datetime) -> bool:
    return await session.run(_CONFIRM, bucket_of(account_id), account_id, now) == 1


async def spend_step(session: WriteSession, account_id: UUID, step: int) -> bool:
    """False when a code of this step or a later one was used."""
    return await session.run(_SPEND, bucket_of(account_id), account_id, step) == 1


async def spend_code(session: WriteSession, account_id: UUID, code_hash: bytes, now: datetime) -> bool:
    return await session.run(_SPEND_CODE, bucket_of(account_id), account_id, code_hash, now) == 1


async def replace_codes(session: WriteSession, account_id: UUID, hashes: Sequence[bytes]) -> None:
    bucket = bucket_of(account_id)
    await session.run(_DROP_CODES, bucket, account_id)
    await session.run(_KEEP_CODES, bucket, account_id, list(hashes))


async def drop_factors(session: WriteSession, account_id: UUID) -> None:
    bucket = bucket_of(account_id)
    await session.run(_DROP, bucket, account_id)
    await session.run(_DROP_CODES, bucket, account_id)
