"""Deleting what nobody asks for any more."""

from __future__ import annotations

from datetime import datetime

from rialto.kernel.db import WriteSession

# By age over all buckets: background work, no request waits for it.
_SWEEP = (
    "DELETE FROM sign_in_failures WHERE last_at < $1::timestamptz - interval '1 day'",
    "DELETE FROM known_clients WHERE seen_at < $1::timestamptz - interval '90 days'",
    "DELETE FROM sessions WHERE expires_at < $1::timestamptz - interval '1 day'",
    "DELETE FROM letters WHERE requested_at < $1::timestamptz - interval '7 days'",
    # Confirmed ones stay: they tell under which addresses other services may know a person.
    "DELETE FROM email_changes WHERE confirmed_at IS NULL AND requested_at < $1::timestamptz - interval '4 days'",
    "DELETE FROM one_time_tokens WHERE expires_at < $1::timestamptz - interval '1 day'",
)


async def sweep(session: WriteSession, now: datetime) -> int:
    """Delete what nobody asks for any more; how many rows."""
    return sum([await session.run(statement, now) for statement in _SWEEP])
