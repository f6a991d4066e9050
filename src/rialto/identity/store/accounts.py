"""How accounts, their passwords and the directory of e-mails are kept. Every statement names one bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rialto.identity.model.fields import bucket_of_hash
from rialto.kernel.db import ReadSession, Row, WriteSession

STAFF_LISTED_MAX = 1000


def bucket_of(stored: UUID) -> int:
    """The bucket a stored id carries."""
    return stored.int >> 64 & 0xFFF


@dataclass(frozen=True, kw_only=True)
class StoredAccount:
    """An account with its password's hash, if it has one. The e-mail of an erased one is empty."""

    id: UUID
    kind: str
    email: str
    name: str
    roles: tuple[str, ...]
    active: bool
    password_hash: str | None
    password_changed_at: datetime | None = None
    language: str = "en"
    channel: str = "default"
    verified_at: datetime | None = None
    created_at: datetime | None = None
    groups: tuple[str, ...] = ()

    @property
    def bucket(self) -> int:
        return bucket_of(self.id)


_ACCOUNT_OF_EMAIL = "SELECT account_id FROM email_directory WHERE bucket = $1 AND email_hash = $2"
_CLAIM = """
INSERT INTO email_directory (bucket, email_hash, account_id, claimed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""
_CONFIRM = """
UPDATE email_directory SET confirmed_at = $4
WHERE bucket = $1 AND email_hash = $2 AND account_id = $3 AND confirmed_at IS NULL
"""
_ACCOUNT_COLUMNS = """
a.id, a.kind, coalesce(a.email, '') AS email, a.name, a.roles, a.active, a.language, a.channel, a.verified_at, a.created_at,
a.groups,
c.hash AS password_hash, c.changed_at AS password_changed_at
"""
_ACCOUNT_TABLES = """
accounts AS a LEFT JOIN credentials AS c ON c.bucket = a.bucket AND c.account_id = a.id AND c.kind = 'password'
"""
_ACCOUNT = f"SELECT {_ACCOUNT_COLUMNS} FROM {_ACCOUNT_TABLES} WHERE a.bucket = $1 AND a.id = $2"
_LOCK_ACCOUNT = f"{_ACCOUNT} FOR UPDATE OF a"
_HOLD = "SELECT active FROM accounts WHERE bucket = $1 AND id = $2 FOR SHARE"
_SINCE = """
SELECT changed_at FROM credentials WHERE bucket = $1 AND account_id = $2 AND kind = 'password'
"""
_DELETE_CREDENTIALS = "DELETE FROM credentials WHERE bucket = $1 AND account_id = $2"
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
# Also where the account is there already: the statement is the same, whatever it finds.
_CREATE = """
INSERT INTO accounts (bucket, id, kind, email, name, roles, active, version, created_at, changed_at, language, channel,
    events)
VALUES ($1, $2, 'customer', $3, $4, '{}', true, 1, $5, $5, $6, $7, 1) ON CONFLICT DO NOTHING
"""
_FIRST_CREDENTIAL = """
INSERT INTO credentials (bucket, account_id, kind, hash, changed_at)
SELECT $1::smallint, $2::uuid, 'password', $3::text, $4::timestamptz WHERE $5::boolean ON CONFLICT DO NOTHING
"""
_CLAIMED = (
    "SELECT account_id, claimed_at, confirmed_at FROM email_directory WHERE bucket = $1 AND email_hash = $2"
)
_VERIFY = """
UPDATE accounts SET verified_at = $3, events = events + 1, version = version + 1, changed_at = $3
WHERE bucket = $1 AND id = $2 AND verified_at IS NULL AND kind = 'customer' RETURNING events
"""
_SAVE_GROUPS = """
UPDATE accounts SET groups = $3, version = version + 1, changed_at = $4
WHERE bucket = $1 AND id = $2 AND groups IS DISTINCT FROM $3
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


async def confirm_email(session: WriteSession, digest: bytes, account_id: UUID, now: datetime) -> None:
    await session.run(_CONFIRM, bucket_of_hash(digest), digest, account_id, now)


async def load_account(session: ReadSession, account_id: UUID) -> StoredAccount | None:
    row = await session.one(_ACCOUNT, bucket_of(account_id), account_id)
    return _account(row) if row else None


async def lock_account(session: WriteSession, account_id: UUID) -> StoredAccount | None:
    """The account, held against changes until the transaction ends. Always before other rows of it."""
    row = await session.one(_LOCK_ACCOUNT, bucket_of(account_id), account_id)
    return _account(row) if row else None


async def hold_account(session: WriteSession, account: StoredAccount) -> bool:
    """Whether it is still active with the password it was loaded with; it stays so until the transaction ends.

    Two statements: whoever changes the password holds the account, and what they changed is seen by a statement
    that begins after they let go, not by one that waited for them.
    """
    if not await session.value(_HOLD, account.bucket, account.id):
        return False
    since = await session.value(_SINCE, account.bucket, account.id)
    return bool(since == account.password_changed_at)


async def load_staff(session: ReadSession, bucket: int) -> list[StoredAccount]:
    return [_account(row) for row in await session.all(_STAFF, bucket, STAFF_LISTED_MAX)]


async def save_account(session: WriteSession, account: StoredAccount, now: datetime) -> None:
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


async def save_groups(session: WriteSession, account_id: UUID, groups: Sequence[str], now: datetime) -> None:
    """With the account locked."""
    await session.run(_SAVE_GROUPS, bucket_of(account_id), account_id, list(groups), now)


async def save_password(session: WriteSession, account_id: UUID, hashed: str, now: datetime) -> None:
    """With the account locked, see `hold_account`."""
    await session.run(_SAVE_CREDENTIAL, bucket_of(account_id), account_id, hashed, now)


async def delete_credentials(session: WriteSession, account_id: UUID) -> None:
    await session.run(_DELETE_CREDENTIALS, bucket_of(account_id), account_id)


async def replace_hash(session: WriteSession, account_id: UUID, *, old: str, new: str) -> None:
    """The same password hashed anew, unless it was changed meanwhile."""
    await session.run(_REHASH, bucket_of(account_id), account_id, old, new)


def _account(row: Row) -> StoredAccount:
    lists = {"roles": tuple(row["roles"]), "groups": tuple(row["groups"])}
    return StoredAccount(**{**dict(row), **lists})


async def create_customer(
    session: WriteSession, account: StoredAccount, hashed: str | None, now: datetime
) -> bool:
    """False when the id has an account, whosoever: nothing was changed then, by the same statements.

    Without a hash nobody can sign in with a password until one is set.
    """
    values = (account.email, account.name, now, account.language, account.channel)
    created = await session.run(_CREATE, account.bucket, account.id, *values) == 1
    has_password = created and hashed is not None
    await session.run(_FIRST_CREDENTIAL, account.bucket, account.id, hashed or "", now, has_password)
    return created


async def load_claim(session: ReadSession, digest: bytes) -> Row | None:
    """Which account an e-mail leads to (`account_id`), since when (`claimed_at`), and whether that is certain."""
    return await session.one(_CLAIMED, bucket_of_hash(digest), digest)


async def verify(session: WriteSession, account_id: UUID, now: datetime) -> int | None:
    """The e-mail is its owner's; the number of the event that says so. None: it was known before."""
    version: int | None = await session.value(_VERIFY, bucket_of(account_id), account_id, now)
    return version
