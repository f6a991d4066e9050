"""Replicas of the database: reachable, following, and how far behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rialto.doctor.model import Check, fail, ok, warn
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.db_tls import tls_problem
from rialto.kernel.errors import RialtoError
from rialto.kernel.service import Frozen

# The shop asks no replica that is further behind (5 s); a doctor's visit in a busy second need not alarm anybody.
BEHIND_MAX_S = 5.0
_WITHOUT = "The shop goes on: the database itself answers."

_WRITTEN = "SELECT pg_current_wal_lsn()::text"
# Who may not look at the receiver's state sees that there is one. The time is that of the last commit it has replayed.
_REPLAYED = """
SELECT pg_is_in_recovery() AS is_replica,
       greatest(0, pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn()))::bigint AS bytes,
       extract(epoch FROM statement_timestamp() - pg_last_xact_replay_timestamp())::float8 AS seconds,
       EXISTS (SELECT 1 FROM pg_stat_wal_receiver WHERE status IS NULL OR status = 'streaming') AS streams
"""


class Lag(Frozen):
    """How far a replica is behind: bytes of the log it has not replayed, and at most how old what it shows is.

    None is known of its age while something waits and it has replayed no commit since it was started.
    """

    is_replica: bool
    streams: bool
    bytes: int
    seconds: float | None


async def lag_of(primary: Any, replica: Any) -> Lag:
    """By a connection to each. With nothing left to replay it shows what is, however long ago the last commit was."""
    row = await replica.fetchrow(_REPLAYED, await primary.fetchval(_WRITTEN))
    count = row["bytes"] or 0
    seconds = row["seconds"] if count else 0.0
    return Lag(is_replica=row["is_replica"], streams=row["streams"], bytes=count, seconds=seconds)


async def look_at(primary: DatabaseAddress, replica: DatabaseAddress) -> Lag:
    """Raises Unavailable when one of them does not answer."""
    here = await connect(primary.session)
    try:
        there = await connect(replica)
        try:
            return await lag_of(here, there)
        finally:
            await there.close()
    finally:
        await here.close()


async def check_replicas(primary: DatabaseAddress, replicas: Sequence[DatabaseAddress]) -> list[Check]:
    return [await _check(primary, replica) for replica in replicas]


async def _check(primary: DatabaseAddress, replica: DatabaseAddress) -> Check:
    where = f"{replica.host}:{replica.port}"
    try:
        lag = await look_at(primary, replica)
    except RialtoError as problem:
        why = tls_problem(replica, problem.__cause__) or f"{where} does not answer: {problem.text}"
        return fail("replica", why, _WITHOUT)
    if not lag.is_replica:
        return fail("replica", f"{where} is a database of its own.", "Correct RIALTO_DATABASE_REPLICAS.")
    age = "" if lag.seconds is None else f" and {lag.seconds:.1f} s"
    behind = f"{lag.bytes} bytes{age} behind"
    if not lag.streams:
        return warn("replica", f"{where} does not stream, and is {behind}.", "Look into its log.")
    if lag.seconds is not None and lag.seconds > BEHIND_MAX_S:
        return warn("replica", f"{where} is {behind}.", _WITHOUT)
    return ok("replica", f"{where} follows, {behind}.")
