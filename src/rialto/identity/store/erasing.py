"""What identity keeps of a person, all of it: read for the person, and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from rialto.identity.model.fields import bucket_of_hash, email_hash
from rialto.identity.store.accounts import bucket_of
from rialto.kernel.db import ReadSession, WriteSession

DUE_MAX = 20
EXPORTED_MAX = 10_000

_ASK = "INSERT INTO erasures (bucket, account_id, requested_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_DEACTIVATE = """
UPDATE accounts SET active = false, version = version + 1, changed_at = $3
WHERE bucket = $1 AND id = $2 AND kind = 'customer' AND active
"""
# Over all buckets: background work, no request waits for it.
_DUE = "SELECT account_id FROM erasures ORDER BY requested_at, account_id LIMIT $1"
_FORMER_EMAILS = """
SELECT old_email AS email FROM email_changes WHERE bucket = $1 AND account_id = $2 AND confirmed_at IS NOT NULL
UNION SELECT new_email FROM email_changes WHERE bucket = $1 AND account_id = $2 AND confirmed_at IS NOT NULL
"""
_OF_EMAIL = tuple(
    f"DELETE FROM {table} WHERE bucket = $1 AND email_hash = $2"
    for table in ("sign_in_failures", "known_clients")
)
_OF_ACCOUNT = tuple(
    f"DELETE FROM {table} WHERE bucket = $1 AND account_id = $2"
    for table in (
        "credentials",
        "sessions",
        "one_time_tokens",
        "email_changes",
        "letters",
        "consents",
        "addresses",
        "totp",
        "recovery_codes",
        "passkeys",
    )
)
_ANONYMISE = """
UPDATE accounts SET email = NULL, name = '', groups = '{}', verified_at = NULL, erased_at = $3, changed_at = $3, events = events + 1,
    version = version + 1
WHERE bucket = $1 AND id = $2 AND erased_at IS NULL RETURNING events
"""
_DONE = "DELETE FROM erasures WHERE bucket = $1 AND account_id = $2"
_EXPORTED = {
    "consents": "SELECT purpose, granted, text_version, at FROM consents WHERE bucket = $1 AND account_id = $2 ORDER BY at LIMIT $3",
    "sessions": """
SELECT device, started_at, rotated_at AS last_used_at, expires_at, ended_at FROM sessions
WHERE bucket = $1 AND account_id = $2 ORDER BY started_at LIMIT $3
""",
    "passkeys": "SELECT name, created_at, last_used_at FROM passkeys WHERE bucket = $1 AND account_id = $2 ORDER BY created_at LIMIT $3",
    "email_changes": """
SELECT old_email, new_email, requested_at, confirmed_at FROM email_changes
WHERE bucket = $1 AND account_id = $2 ORDER BY requested_at LIMIT $3
""",
}


async def ask_for_erasure(session: WriteSession, account_id: UUID, now: datetime) -> bool:
    """From now on nobody gets in. False when it is no customer's account, or was asked for before."""
    bucket = bucket_of(account_id)
    if await session.run(_DEACTIVATE, bucket, account_id, now) != 1:
        return False
    await session.run(_ASK, bucket, account_id, now)
    return True


async def load_due(session: ReadSession) -> list[UUID]:
    """Erasures that are not done, the oldest first."""
    return [row["account_id"] for row in await session.all(_DUE, DUE_MAX)]


async def load_former_emails(session: ReadSession, account_id: UUID) -> Sequence[str]:
    """Every e-mail the account had by a change, the present one perhaps among them."""
    rows = await session.all(_FORMER_EMAILS, bucket_of(account_id), account_id)
    return sorted(row["email"] for row in rows)


async def forget_email(session: WriteSession, email: str) -> None:
    """Attempts and clients of an e-mail."""
    digest = email_hash(email)
    for statement in _OF_EMAIL:
        await session.run(statement, bucket_of_hash(digest), digest)


async def forget_account(session: WriteSession, account_id: UUID, now: datetime) -> int | None:
    """Everything but the account's bare row; the number of the event that says so. None: done before."""
    bucket = bucket_of(account_id)
    for statement in _OF_ACCOUNT:
        await session.run(statement, bucket, account_id)
    version: int | None = await session.value(_ANONYMISE, bucket, account_id, now)
    await session.run(_DONE, bucket, account_id)
    return version


async def load_kept(session: ReadSession, account_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Rows of the account by kind, as their owner may read them."""
    return {
        kind: [
            dict(row) for row in await session.all(statement, bucket_of(account_id), account_id, EXPORTED_MAX)
        ]
        for kind, statement in _EXPORTED.items()
    }
