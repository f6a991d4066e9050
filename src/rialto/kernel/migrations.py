"""Migrations: numbered SQL per service, forward only, under one advisory lock.

Each service gets a schema and a PostgreSQL role of its name (`orders`, `rialto_orders`) that may touch
nothing else. Statements run as the database's owner with the schema as search path; tables made there are
readable and writable for the service's role, and a migration takes rights away where rows must never change
(`REVOKE UPDATE, DELETE ON ledger_entries FROM rialto_payments`). An applied file that changed since is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

import asyncpg

from rialto.kernel.clock import Clock
from rialto.kernel.db import DatabaseAddress, connect_session
from rialto.kernel.db_tls import NotTrusted, tls_problem
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.secrets import Secrets
from rialto.kernel.service import Frozen, Service

LOCK_KEY = 7_246_001  # any number, the same in every release

KERNEL_PACKAGE = "rialto.kernel"
BUS_SCHEMA = "bus"
DOCUMENTS_SCHEMA = "documents"


class MigrationChanged(RialtoError):
    code = "migration_changed"


class PasswordRefused(RialtoError):
    """The database's owner has another password than we were given."""

    code = "database_password_refused"
    message = (
        "The database refuses its owner's password. If it is the built-in one, the secrets file is not the one "
        "it was made with: restore that, or run `rialto secrets renew`. If it is your own, correct "
        "RIALTO_DATABASE_URL."
    )


class Migration(Frozen):
    schema: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def role_of(schema: str) -> str:
    return f"rialto_{schema}"


def migrations_of(services: Iterable[Service]) -> list[Migration]:
    """Bus and documents first, then for each service the kernel's event tables and its own files in number order."""
    found = [*_read(KERNEL_PACKAGE, "sql/bus", BUS_SCHEMA), *document_migrations()]
    for service in services:
        if service.stored:
            found += _read(KERNEL_PACKAGE, "sql/events", service.name)
            found += _read(service.package, "sql", service.name)
    return found


def document_migrations() -> list[Migration]:
    """What the PostgreSQL engine of the document port needs; they may go into a database of their own."""
    return _read(KERNEL_PACKAGE, "sql/documents", DOCUMENTS_SCHEMA)


def _read(package: str, folder: str, schema: str) -> list[Migration]:
    where = resources.files(package).joinpath(folder)
    if not where.is_dir():
        return []
    files = sorted(
        (file for file in where.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    return [Migration(schema=schema, name=file.name, sql=file.read_text("utf-8")) for file in files]


async def migrate(
    address: DatabaseAddress,
    services: Iterable[Service],
    secrets: Secrets,
    clock: Clock,
    *,
    documents: DatabaseAddress | None = None,
) -> list[str]:
    """Bring the database up to this release; the migrations that were applied. Safe to run twice or at once.

    `documents` is where the document port keeps its tables when that is another database.
    Raises MigrationChanged when a file differs from what was applied under its name.
    """
    wanted = migrations_of(services)
    if documents is None:
        return await _bring_up(address, wanted, secrets, clock)
    here = [migration for migration in wanted if migration.schema != DOCUMENTS_SCHEMA]
    return [
        *await _bring_up(documents, document_migrations(), secrets, clock),
        *await _bring_up(address, here, secrets, clock),
    ]


async def _bring_up(
    address: DatabaseAddress, wanted: Sequence[Migration], secrets: Secrets, clock: Clock
) -> list[str]:
    # Without a time limit: the lock may be held, and a backfill may take, longer than a statement of the shop.
    connection = await _connect_as_owner(address)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        await connection.execute(_LEDGER)
        done = {(row["schema"], row["name"]): row["checksum"] for row in await connection.fetch(_APPLIED)}
        for schema in dict.fromkeys(migration.schema for migration in wanted):
            await _ensure_schema(connection, schema, secrets)
        applied = []
        for migration in wanted:
            known = done.get((migration.schema, migration.name))
            if known is None:
                await _apply(connection, migration, clock)
                applied.append(f"{migration.schema}/{migration.name}")
            elif known != migration.checksum:
                raise MigrationChanged(
                    f"{migration.schema}/{migration.name} was changed after it was applied."
                )
        return applied
    finally:
        await connection.close()


async def _connect_as_owner(address: DatabaseAddress) -> Any:
    try:
        return await connect_session(
            address, server_settings={"client_min_messages": "warning"}, command_timeout=None
        )
    except Unavailable as error:
        if isinstance(error.__cause__, asyncpg.InvalidPasswordError):
            raise PasswordRefused from error
        if why := tls_problem(address.session, error.__cause__):
            raise NotTrusted(why) from error
        raise


_LEDGER = """
CREATE SCHEMA IF NOT EXISTS rialto;
CREATE TABLE IF NOT EXISTS rialto.migrations (
    schema text NOT NULL, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL,
    PRIMARY KEY (schema, name)
)
"""
_APPLIED = "SELECT schema, name, checksum FROM rialto.migrations"


async def _ensure_schema(connection: Any, schema: str, secrets: Secrets) -> None:
    """Names come from service declarations and are plain words; the password is hexadecimal."""
    role = role_of(schema)
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f"CREATE ROLE {role} LOGIN")
    # Deriving is cheap and setting it anew makes a rotated secrets file work after `rialto migrate`.
    await connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD '{secrets.database_password(role)}'")
    await connection.execute(f"ALTER ROLE {role} SET search_path = {schema}")
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    await connection.execute(
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
    )


async def _apply(connection: Any, migration: Migration, clock: Clock) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL search_path = {migration.schema}")
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO rialto.migrations (schema, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            migration.schema,
            migration.name,
            migration.checksum,
            clock.now(),
        )
