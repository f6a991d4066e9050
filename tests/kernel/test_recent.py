"""Reading from a standby. Here two databases of one server play primary and standby, so that answers tell them apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rialto.kernel.clock import ManualClock
from rialto.kernel.db import Database, DatabaseAddress, connect
from rialto.kernel.errors import Unavailable
from rialto.kernel.positions import seeing, write_lsn
from rialto.kernel.recent import Copies
from rialto.kernel.standbys import Standby, Standbys
from tests.support.databases import fresh_database

pytestmark = pytest.mark.anyio

WHERE = "SELECT name FROM places"


class Pair:
    def __init__(self, primary: DatabaseAddress, standby: DatabaseAddress) -> None:
        self.opened: list[str] = []
        self.standby = Standby("copy", standby, self.hundred)
        self.standbys = Standbys([self.standby], self.hundred, ManualClock())
        self.primary = Database(primary, connections=2)
        self.copies = Copies(self.standbys, self.open_one)
        self.primary.copies = self.copies

    def open_one(self, standby: Standby) -> Database:
        self.opened.append(standby.name)
        return Database(standby.place, connections=1)

    async def hundred(self, _sql: str) -> str:
        return write_lsn(100)

    async def where(self) -> tuple[str, str, str]:
        async with self.primary.recent() as session:
            row = await session.one(WHERE)
            assert row is not None
            [same] = await session.all(WHERE)
            return row["name"], same["name"], await session.value(WHERE)


@pytest.fixture
async def pair(postgres: DatabaseAddress) -> AsyncIterator[Pair]:
    async with a_place(postgres, "primary") as primary, a_place(postgres, "standby") as standby:
        made = Pair(primary, standby)
        await made.standbys.look()
        yield made
        await made.primary.close()


@asynccontextmanager
async def a_place(postgres: DatabaseAddress, name: str) -> AsyncIterator[DatabaseAddress]:
    async with fresh_database(postgres, []) as address:
        await run(address, "CREATE TABLE places (name text)")
        await run(address, f"INSERT INTO places VALUES ('{name}')")
        yield address


async def run(address: DatabaseAddress, sql: str) -> None:
    connection = await connect(address)
    await connection.execute(sql)
    await connection.close()


async def test_a_standby_answers_who_may_be_and_its_connection_is_kept(pair: Pair) -> None:
    assert await pair.where() == ("primary",) * 3, "nobody waits who says what they have seen"
    for _ in range(2):
        with seeing(100):
            assert await pair.where() == ("standby",) * 3
    with seeing(101):
        assert await pair.where() == ("primary",) * 3
    assert pair.opened == ["copy"]


async def test_own_writes_are_read_from_the_primary(pair: Pair) -> None:
    with seeing(0) as seen:
        async with pair.primary.write() as session:
            await session.run("UPDATE places SET name = 'changed'")
        assert seen.wrote
        assert await pair.where() == ("changed",) * 3
    with seeing(0) as seen:
        async with pair.primary.alone() as statement:
            await statement.run("UPDATE places SET name = 'again'")
        assert await pair.where() == ("again",) * 3
    with seeing(0) as seen:
        with pytest.raises(ValueError, match="not"):
            async with pair.primary.write() as session:
                raise ValueError("not written")
        assert not seen.wrote
        assert await pair.where() == ("standby",) * 3


async def test_what_a_standby_breaks_off_the_primary_answers(pair: Pair) -> None:
    with seeing(0):
        await pair.where()
        async with pair.primary.recent() as session:
            await run(pair.standby.place, "ALTER TABLE places RENAME TO moved")
            assert await session.value(WHERE) == "primary"
            assert [row["name"] for row in await session.all(WHERE)] == ["primary"]
            row = await session.one(WHERE)
            assert row is not None
            assert row["name"] == "primary"
        assert pair.standby.looked_at is None, "and nobody is sent there until it has been looked at again"


async def test_a_standby_that_cannot_be_reached_is_not_waited_for(pair: Pair) -> None:
    gone = Standby("gone", DatabaseAddress(host="/nowhere", user="nobody"), pair.hundred)
    pair.standbys.all = [gone]
    await pair.standbys.look()
    with seeing(0):
        assert await pair.where() == ("primary",) * 3
    assert gone.looked_at is None


async def test_both_away_is_unavailable(pair: Pair) -> None:
    with seeing(0):
        await pair.where()
        await run(pair.standby.place, "ALTER TABLE places RENAME TO moved")
        async with pair.primary.write() as session:
            await session.run("ALTER TABLE places RENAME TO moved")
    with seeing(0), pytest.raises(Unavailable):
        await pair.where()


async def test_a_killed_process_keeps_no_connection_to_a_standby(pair: Pair) -> None:
    with seeing(0):
        await pair.where()
        pair.primary.terminate()
        assert await pair.where() == ("standby",) * 3


async def test_a_standby_that_hangs_is_given_up_and_the_primary_answers(pair: Pair) -> None:
    pair.copies.patience_s = 0.05
    await run(
        pair.standby.place, "CREATE FUNCTION doze() RETURNS text LANGUAGE sql AS 'SELECT pg_sleep(60)::text'"
    )
    async with pair.primary.write() as session:
        await session.run("CREATE FUNCTION doze() RETURNS text LANGUAGE sql AS $$SELECT 'awake'$$")
    with seeing(0):
        async with pair.primary.recent() as session:
            assert await session.value("SELECT doze()") == "awake"
        assert pair.standby.looked_at is None
        await pair.standbys.look()
        assert await pair.where() == ("standby",) * 3, "by another connection"


async def test_how_full_the_ways_to_standbys_are_is_told(pair: Pair) -> None:
    assert pair.copies.pool_state.limit == 0
    assert pair.primary.pool_state.limit == 2
    with seeing(0):
        await pair.where()
    assert (pair.copies.pool_state.limit, pair.copies.pool_state.open) == (1, 1)
