"""The database: reachable, of a version we know, up to date, its roles as we made them, its clock as ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rialto.doctor.model import Check, fail, ok, warn
from rialto.kernel.clock import Clock
from rialto.kernel.db import DatabaseAddress, connect, connect_session
from rialto.kernel.db_tls import tls_problem
from rialto.kernel.errors import RialtoError
from rialto.kernel.migrations import Migration, role_of
from rialto.kernel.secrets import Secrets

MAJOR_MIN = 16
TRIED_WITH = 18
CLOCKS_APART_MAX = timedelta(seconds=2)

_APPLIED = "SELECT schema, name, checksum FROM rialto.migrations"
_HAS_LEDGER = "SELECT to_regclass('rialto.migrations') IS NOT NULL"
# What time it is there. Only compared, never stored.
_THERE = "SELECT statement_timestamp()"


async def check_database(
    address: DatabaseAddress,
    wanted: Sequence[Migration],
    secrets: Secrets,
    clock: Clock,
    *,
    name: str = "database",
) -> list[Check]:
    """One database, which should have these migrations."""
    try:
        connection = await connect_session(address)
    except RialtoError as problem:
        if why := tls_problem(address.session, problem.__cause__):
            return [fail(name, why, "The shop does not start with this.")]
        cause = f" ({problem.__cause__})" if problem.__cause__ else ""
        advice = "Is it running, and are user and password in the URL right?"
        return [fail(name, f"It does not answer: {problem.text}{cause}", advice)]
    try:
        return [
            await _version(name, connection),
            await _clocks(connection, clock),
            *await _migrations(connection, wanted),
            *await _ways_in(address, wanted, secrets),
        ]
    finally:
        await connection.close()


async def _version(name: str, connection: Any) -> Check:
    major = connection.get_server_version().major
    text = f"PostgreSQL {await connection.fetchval('SHOW server_version')} answers."
    if major < MAJOR_MIN:
        return fail(name, text, f"Rialto needs {MAJOR_MIN} or newer.")
    if major > TRIED_WITH:
        return warn(name, text, f"Rialto was tried with {TRIED_WITH} at most.")
    return ok(name, text)


async def _clocks(connection: Any, clock: Clock) -> Check:
    before = clock.now()
    there = await connection.fetchval(_THERE)
    apart = max(before - there, there - clock.now(), timedelta(0))
    text = f"The database's clock is {apart.total_seconds():.1f} s from ours."
    if apart > CLOCKS_APART_MAX:
        return warn("clock", text, "Let a time service keep both.")
    return ok("clock", text)


async def _migrations(connection: Any, wanted: Sequence[Migration]) -> list[Check]:
    rows = await connection.fetch(_APPLIED) if await connection.fetchval(_HAS_LEDGER) else []
    done = {(row["schema"], row["name"]): row["checksum"] for row in rows}
    changed = [one for one in wanted if done.get((one.schema, one.name), one.checksum) != one.checksum]
    pending = [one for one in wanted if (one.schema, one.name) not in done]
    newer = done.keys() - {(one.schema, one.name) for one in wanted}
    found = []
    if changed:
        names = ", ".join(f"{one.schema}/{one.name}" for one in changed)
        found.append(
            fail("migrations", f"{names} differ from what was applied.", "Restore the release's own files.")
        )
    if pending:
        text = f"{len(pending)} migrations wait, {pending[0].schema}/{pending[0].name} first."
        found.append(warn("migrations", text, "The next start applies them, or `rialto migrate`."))
    if newer:
        text = f"The database knows {len(newer)} migrations of a newer release."
        found.append(warn("migrations", text, "Run that release, or restore a backup of before it."))
    return found or [ok("migrations", f"All {len(wanted)} are applied.")]


async def _ways_in(address: DatabaseAddress, wanted: Sequence[Migration], secrets: Secrets) -> list[Check]:
    """The services' own, as they come: through the pooler where there is one."""
    if not address.pooled:
        return [await _roles(address, wanted, secrets)]
    where = f"{address.host}:{address.port}"
    role = role_of(wanted[0].schema)
    try:
        connection = await connect(address.as_user(role, secrets.database_password(role)))
    except RialtoError as problem:
        why = tls_problem(address, problem.__cause__) or f"{where} lets {role} not in: {problem.text}"
        return [fail("pooler", why, "Correct RIALTO_DATABASE_URL, or what the pooler knows of users.")]
    await connection.close()
    return [ok("pooler", f"{where} answers."), await _roles(address, wanted, secrets)]


async def _roles(address: DatabaseAddress, wanted: Sequence[Migration], secrets: Secrets) -> Check:
    """Each service's role signs in with its password and finds its schema."""
    shut_out = []
    schemas = list(dict.fromkeys(migration.schema for migration in wanted))
    for schema in schemas:
        role = role_of(schema)
        try:
            connection = await connect(address.as_user(role, secrets.database_password(role)))
            await connection.close()
        except RialtoError:
            shut_out.append(role)
    if shut_out:
        text = f"{', '.join(shut_out)} cannot sign in."
        return fail("roles", text, "`rialto migrate` sets their passwords from the secrets file.")
    return ok("roles", f"All {len(schemas)} services can sign in.")
