"""How changes of e-mails are kept, and what they do to the directory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from rialto.identity.model.fields import bucket_of_hash, email_hash
from rialto.identity.store.accounts import bucket_of
from rialto.kernel.db import ReadSession, Row, WriteSession

PENDING = timedelta(hours=24)
TAKEN_BACK_WITHIN = timedelta(hours=72)
# A registration or a change is over within seconds; what is still pending then was cut short.
CLAIM_DEADLINE = timedelta(hours=1)
CLAIMS_SETTLED_MAX = 200


@dataclass(frozen=True, kw_only=True)
class EmailChange:
    id: UUID
    account_id: UUID
    old_email: str
    new_email: str
    requested_at: datetime
    confirmed_at: datetime | None

    def is_pending(self, now: datetime) -> bool:
        return self.confirmed_at is None and now < self.requested_at + PENDING


_COLUMNS = "id, account_id, old_email, new_email, requested_at, confirmed_at"
_DROP_PENDING = "DELETE FROM email_changes WHERE bucket = $1 AND account_id = $2 AND confirmed_at IS NULL"
_ASK = """
INSERT INTO email_changes (bucket, id, account_id, old_email, new_email, requested_at) VALUES ($1, $2, $3, $4, $5, $6)
"""
_CHANGE = f"SELECT {_COLUMNS} FROM email_changes WHERE bucket = $1 AND id = $2"
_PENDING = f"""
SELECT {_COLUMNS} FROM email_changes
WHERE bucket = $1 AND account_id = $2 AND confirmed_at IS NULL AND requested_at > $3 ORDER BY requested_at DESC LIMIT 1
"""
_CONFIRM_CHANGE = """
UPDATE email_changes SET confirmed_at = $3 WHERE bucket = $1 AND id = $2 AND confirmed_at IS NULL
"""
_SET_EMAIL = """
UPDATE accounts SET email = $3, verified_at = $4, events = events + 1, version = version + 1, changed_at = $4
WHERE bucket = $1 AND id = $2 RETURNING events
"""
_RELEASE = """
UPDATE email_directory SET released_at = $4 WHERE bucket = $1 AND email_hash = $2 AND account_id = $3
"""
_UNCONFIRM = """
UPDATE email_directory SET confirmed_at = NULL WHERE bucket = $1 AND email_hash = $2 AND account_id = $3
"""
_LET_GO = "DELETE FROM email_directory WHERE bucket = $1 AND email_hash = $2 AND account_id = $3"
_LET_GO_PENDING = f"{_LET_GO} AND confirmed_at IS NULL"
# Over all buckets: background work, no request waits for it.
_DELETE_RELEASED = "DELETE FROM email_directory WHERE released_at < $1"
_OVERDUE = """
SELECT email_hash, account_id FROM email_directory WHERE confirmed_at IS NULL AND claimed_at < $1
ORDER BY claimed_at LIMIT $2
"""


async def ask(session: WriteSession, change: EmailChange) -> None:
    """In the place of one that is pending."""
    bucket = bucket_of(change.account_id)
    await session.run(_DROP_PENDING, bucket, change.account_id)
    values = (change.account_id, change.old_email, change.new_email, change.requested_at)
    await session.run(_ASK, bucket, change.id, *values)


async def drop_pending(session: WriteSession, account_id: UUID) -> None:
    await session.run(_DROP_PENDING, bucket_of(account_id), account_id)


async def load_change(session: ReadSession, change_id: UUID) -> EmailChange | None:
    return _change(await session.one(_CHANGE, bucket_of(change_id), change_id))


async def load_pending(session: ReadSession, account_id: UUID, now: datetime) -> EmailChange | None:
    return _change(await session.one(_PENDING, bucket_of(account_id), account_id, now - PENDING))


async def confirm_change(session: WriteSession, change_id: UUID, now: datetime) -> bool:
    return await session.run(_CONFIRM_CHANGE, bucket_of(change_id), change_id, now) == 1


async def set_email(session: WriteSession, account_id: UUID, email: str, now: datetime) -> int:
    """The account has this e-mail, proved now; the number of the event that says so."""
    version: int = await session.value(_SET_EMAIL, bucket_of(account_id), account_id, email, now)
    return version


async def release_email(session: WriteSession, email: str, account_id: UUID, *, at: datetime | None) -> bool:
    """Reserved for the account until then, or for good (None). False when the e-mail is not the account's."""
    digest = email_hash(email)
    return await session.run(_RELEASE, bucket_of_hash(digest), digest, account_id, at) == 1


async def unconfirm(session: WriteSession, email: str, account_id: UUID) -> None:
    """Nobody gets it yet, but if it is not let go the sweep does."""
    digest = email_hash(email)
    await session.run(_UNCONFIRM, bucket_of_hash(digest), digest, account_id)


async def let_go(session: WriteSession, email: str, account_id: UUID, *, only_pending: bool = False) -> None:
    """The e-mail leads to this account no more; anybody may have it."""
    digest = email_hash(email)
    statement = _LET_GO_PENDING if only_pending else _LET_GO
    await session.run(statement, bucket_of_hash(digest), digest, account_id)


async def delete_released(session: WriteSession, now: datetime) -> int:
    return await session.run(_DELETE_RELEASED, now)


async def load_overdue(session: ReadSession, now: datetime) -> list[tuple[bytes, UUID]]:
    """Claims that were never confirmed: the e-mail's hash and the account each names."""
    rows = await session.all(_OVERDUE, now - CLAIM_DEADLINE, CLAIMS_SETTLED_MAX)
    return [(row["email_hash"], row["account_id"]) for row in rows]


async def drop_claim(session: WriteSession, digest: bytes, account_id: UUID) -> int:
    return await session.run(_LET_GO_PENDING, bucket_of_hash(digest), digest, account_id)


def _change(row: Row | None) -> EmailChange | None:
    return EmailChange(**dict(row)) if row else None
