"""How passkeys are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rialto.identity.api import Passkey
from rialto.identity.passkeys import NewPasskey
from rialto.identity.store.accounts import bucket_of
from rialto.kernel.db import ReadSession, Row, WriteSession
from rialto.kernel.ids import PASSKEY

PASSKEYS_MAX = 20


@dataclass(frozen=True, kw_only=True)
class StoredPasskey:
    id: UUID
    public_key: bytes
    sign_count: int


_COLUMNS = "id, name, created_at, last_used_at, host"
_LIST = f"""
SELECT {_COLUMNS} FROM passkeys WHERE bucket = $1 AND account_id = $2 ORDER BY created_at, id LIMIT {PASSKEYS_MAX}
"""
_ONE = f"SELECT {_COLUMNS} FROM passkeys WHERE bucket = $1 AND account_id = $2 AND id = $3"
_CREDENTIALS = (
    f"SELECT credential_id, host FROM passkeys WHERE bucket = $1 AND account_id = $2 LIMIT {PASSKEYS_MAX}"
)
_OF_CREDENTIAL = """
SELECT id, public_key, sign_count FROM passkeys
WHERE bucket = $1 AND account_id = $2 AND credential_id = $3 AND host = $4
"""
_ADD = """
INSERT INTO passkeys (bucket, id, account_id, credential_id, public_key, sign_count, name, transports, created_at,
    host)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
"""
_USED = """
UPDATE passkeys SET sign_count = $4, last_used_at = $5 WHERE bucket = $1 AND id = $2 AND sign_count = $3
"""
_RENAME = "UPDATE passkeys SET name = $4 WHERE bucket = $1 AND account_id = $2 AND id = $3"
_REMOVE = "DELETE FROM passkeys WHERE bucket = $1 AND account_id = $2 AND id = $3"
_REMOVE_ALL = "DELETE FROM passkeys WHERE bucket = $1 AND account_id = $2"


async def load_passkeys(session: ReadSession, account_id: UUID) -> list[Passkey]:
    return [_passkey(row) for row in await session.all(_LIST, bucket_of(account_id), account_id)]


async def load_passkey(session: ReadSession, account_id: UUID, passkey_id: UUID) -> Passkey | None:
    row = await session.one(_ONE, bucket_of(account_id), account_id, passkey_id)
    return _passkey(row) if row else None


async def load_credentials(session: ReadSession, account_id: UUID) -> list[tuple[bytes, str]]:
    """Each with the host it belongs to."""
    rows = await session.all(_CREDENTIALS, bucket_of(account_id), account_id)
    return [(row["credential_id"], row["host"]) for row in rows]


async def load_by_credential(
    session: ReadSession, account_id: UUID, credential_id: bytes, *, host: str
) -> StoredPasskey | None:
    row = await session.one(_OF_CREDENTIAL, bucket_of(account_id), account_id, credential_id, host)
    return StoredPasskey(**dict(row)) if row else None


async def add_passkey(
    session: WriteSession,
    account_id: UUID,
    passkey_id: UUID,
    new: NewPasskey,
    *,
    name: str,
    host: str,
    now: datetime,
) -> bool:
    """False when the account has this credential already."""
    made = (new.credential_id, new.public_key, new.sign_count, name, new.transports, now, host)
    return await session.run(_ADD, bucket_of(account_id), passkey_id, account_id, *made) == 1


async def note_use(session: WriteSession, passkey: StoredPasskey, count: int, now: datetime) -> bool:
    """False when it was used elsewhere in the meantime."""
    values = (bucket_of(passkey.id), passkey.id, passkey.sign_count, count, now)
    return await session.run(_USED, *values) == 1


async def rename(session: WriteSession, account_id: UUID, passkey_id: UUID, name: str) -> None:
    await session.run(_RENAME, bucket_of(account_id), account_id, passkey_id, name)


async def remove(session: WriteSession, account_id: UUID, passkey_id: UUID) -> None:
    await session.run(_REMOVE, bucket_of(account_id), account_id, passkey_id)


async def remove_all(session: WriteSession, account_id: UUID) -> None:
    await session.run(_REMOVE_ALL, bucket_of(account_id), account_id)


def _passkey(row: Row) -> Passkey:
    return Passkey(**{**dict(row), "id": PASSKEY.of(row["id"])})
