from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from rialto.kernel.clock import ManualClock
from rialto.kernel.db import Database, DatabaseAddress, connect
from rialto.kernel.errors import Unavailable
from rialto.kernel.migrations import MigrationChanged, PasswordRefused, migrate, migrations_of, role_of
from tests.kernel.bakery import BAKERY, CELLAR, Town
from tests.support.databases import SECRETS, in_database

pytestmark = pytest.mark.anyio

SERVICES = (BAKERY, CELLAR)
EXPECTED = [
    "bus/0001_bus.sql",
    "documents/0001_documents.sql",
    "bakery/0000_events.sql",
    "bakery/0001_bakery.sql",
    "cellar/0000_events.sql",
    "cellar/0001_cellar.sql",
]


@pytest.fixture
async def empty(postgres: DatabaseAddress) -> AsyncIterator[DatabaseAddress]:
    connection = await connect(postgres)
    try:
        await connection.execute("CREATE DATABASE migrations_test")
        yield in_database(postgres, "migrations_test")
        await connection.execute("DROP DATABASE migrations_test WITH (FORCE)")
    finally:
        await connection.close()


async def bring_up(address: DatabaseAddress) -> list[str]:
    return await migrate(address, SERVICES, SECRETS, ManualClock())


async def test_an_empty_database_gets_everything_in_order_and_the_second_time_nothing(
    empty: DatabaseAddress,
) -> None:
    applied = await bring_up(empty)
    assert applied == [f"{found.schema}/{found.name}" for found in migrations_of(SERVICES)]
    assert [name for name in applied if name in EXPECTED] == EXPECTED
    assert await bring_up(empty) == []


async def test_of_two_at_once_one_does_it(empty: DatabaseAddress) -> None:
    found = await asyncio.gather(*(bring_up(empty) for _ in range(4)))
    assert sorted(len(applied) for applied in found)[:3] == [0, 0, 0]
    assert await bring_up(empty) == []


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(empty: DatabaseAddress) -> None:
    await bring_up(empty)
    connection = await connect(empty)
    await connection.execute("UPDATE rialto.migrations SET checksum = 'x' WHERE schema = 'cellar'")
    await connection.close()
    with pytest.raises(MigrationChanged, match="cellar/0000_"):
        await bring_up(empty)


async def test_a_password_that_the_database_refuses_is_told_apart_from_a_database_that_is_away(
    empty: DatabaseAddress,
) -> None:
    with pytest.raises(PasswordRefused) as refused:
        await bring_up(empty.as_user(empty.user, "not-the-password"))
    assert "rialto secrets renew" in refused.value.text
    nowhere = DatabaseAddress(host="127.0.0.1", port=1, user=empty.user, password=empty.password)
    with pytest.raises(Unavailable):
        await bring_up(nowhere)


async def test_a_service_without_tables_has_no_schema() -> None:
    plain = CELLAR.__class__(**{**vars(CELLAR), "stored": False})
    assert {found.schema for found in migrations_of([plain])} == {"bus", "documents"}
    nowhere = CELLAR.__class__(**{**vars(CELLAR), "package": "tests.kernel"})
    assert {found.schema for found in migrations_of([nowhere])} == {"bus", "documents", "cellar"}


async def test_documents_may_live_in_a_database_of_their_own(
    empty: DatabaseAddress, postgres: DatabaseAddress
) -> None:
    connection = await connect(postgres)
    await connection.execute("CREATE DATABASE documents_test")
    elsewhere = in_database(postgres, "documents_test")
    try:
        for expected in (EXPECTED, []):
            applied = await migrate(empty, SERVICES, SECRETS, ManualClock(), documents=elsewhere)
            assert [name for name in EXPECTED if name in applied] == expected
        assert "documents" not in await schemas(empty)
        assert await schemas(elsewhere) == {"documents"}
    finally:
        await connection.execute("DROP DATABASE documents_test WITH (FORCE)")
        await connection.close()


async def schemas(address: DatabaseAddress) -> set[str]:
    """Those with tables in it, besides what migrations note."""
    connection = await connect(address)
    try:
        rows = await connection.fetch(
            "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return {row["schemaname"] for row in rows} - {"rialto"}
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM cellar.arrivals",
        "INSERT INTO cellar.arrivals SELECT",
        "SELECT * FROM cellar.events",
        "SELECT * FROM bus.log",
        "SELECT * FROM documents.documents",
        "SELECT * FROM rialto.migrations",
        "CREATE TABLE bakery.more (id int)",
        "DROP TABLE bakery.loaves",
        "CREATE SCHEMA more",
        "SET ROLE rialto_cellar",
    ],
)
async def test_a_services_role_reaches_its_own_rows_and_nothing_else(town: Town, statement: str) -> None:
    async with town.bakery.read() as session:
        assert await session.all("SELECT * FROM loaves") == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with town.bakery.read() as session:
            await session.all(statement)


async def test_every_stored_service_has_a_role_with_a_password_of_its_own(town: Town) -> None:
    role = role_of("bakery")
    assert role == "rialto_bakery"
    passwords = {SECRETS.database_password(role_of(name)) for name in ("bakery", "cellar", "bus")}
    assert len(passwords) == 3
    db = Database(town.address.as_user(role, SECRETS.database_password(role)), connections=1)
    async with db.read() as session:
        assert await session.value("SELECT current_user || ' ' || current_schema") == "rialto_bakery bakery"
    await db.close()
