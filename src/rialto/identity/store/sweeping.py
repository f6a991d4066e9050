"""Deleting what nobody asks for any more, a bounded number of rows at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from rialto.kernel.db import WriteSession
from rialto.kernel.settings import Keep

AT_ONCE = 1000

# By age over all buckets: background work, no request waits for it.
_DELETE = "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {old} LIMIT $2)"
_STATEMENTS = {
    table: _DELETE.format(table=table, key=key, old=old)
    for table, key, old in (
        ("sign_in_failures", "bucket, email_hash, client_hash", "last_at < $1"),
        ("known_clients", "bucket, email_hash, client_hash", "seen_at < $1"),
        ("sessions", "bucket, id", "expires_at < $1"),
        ("letters", "bucket, id", "requested_at < $1"),
        # Confirmed ones stay: they tell under which addresses other services may know a person.
        ("email_changes", "bucket, id", "confirmed_at IS NULL AND requested_at < $1"),
        ("one_time_tokens", "bucket, id", "expires_at < $1"),
    )
}
_KEPT = {
    "sign_in_failures": timedelta(days=1),
    "known_clients": timedelta(days=90),
    "letters": timedelta(days=7),
    "email_changes": timedelta(days=4),
    "one_time_tokens": timedelta(days=1),
}
_FORGET_STAFF_ACTIONS = "SELECT forget_staff_actions($1, $2)"


async def sweep(session: WriteSession, now: datetime, keep: Keep) -> int:
    """Delete what nobody asks for any more, up to AT_ONCE rows of each table; how many rows."""
    kept = {**_KEPT, "sessions": keep.sessions}
    count: int = await session.value(_FORGET_STAFF_ACTIONS, now - keep.staff_log, AT_ONCE)
    for table, statement in _STATEMENTS.items():
        count += await session.run(statement, now - kept[table], AT_ONCE)
    return count
