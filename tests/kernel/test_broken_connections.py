# ruff: noqa: PT012 - what must raise is a whole transaction
"""What is left of a write when its server, its connection or its caller ends in the middle."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.errors import Conflict, InvariantBroken, OutcomeUnknown, Unavailable
from tests.kernel.bakery import Town
from tests.kernel.test_db import PUT, count

pytestmark = pytest.mark.anyio


async def end_server_process(town: Town, pid: int) -> None:
    """What a failing-over or restarted server does to a connection."""
    connection = await connect(town.admin)
    try:
        await connection.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    finally:
        await connection.close()


async def test_a_server_that_ends_in_the_middle_is_unavailable_and_wrote_nothing(town: Town) -> None:
    with pytest.raises(Unavailable) as lost:
        async with town.bakery.write() as session:
            await session.run(PUT, 1, 1)
            await end_server_process(town, await session.value("SELECT pg_backend_pid()"))
            await session.run(PUT, 2, 1)
    assert type(lost.value) is Unavailable
    assert await count(town.bakery) == 0


async def test_a_server_that_ends_before_it_answers_the_commit_leaves_the_outcome_unknown(town: Town) -> None:
    with pytest.raises(OutcomeUnknown):
        async with town.bakery.write() as session:
            await session.run(PUT, 1, 1)
            await end_server_process(town, await session.value("SELECT pg_backend_pid()"))
    assert await count(town.bakery) == 0


async def test_an_error_of_ours_is_not_hidden_by_a_server_that_ended(town: Town) -> None:
    with pytest.raises(InvariantBroken):
        async with town.bakery.write() as session:
            await end_server_process(town, await session.value("SELECT pg_backend_pid()"))
            raise InvariantBroken
    assert await count(town.bakery) == 0


async def test_connections_that_ended_while_idle_are_replaced(town: Town) -> None:
    db = town.database("bakery", connections=1)
    async with db.read() as session:
        pid = await session.value("SELECT pg_backend_pid()")
    await end_server_process(town, pid)
    async with db.write() as session:
        await session.run(PUT, 1, 1)
    assert await count(db) == 1


class Breaking:
    """A connection that breaks at the first thing it is told, of which nobody had heard before."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def execute(self, _sql: str) -> str:
        raise ConnectionResetError

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


async def test_a_connection_that_breaks_as_a_write_begins_is_replaced_and_nothing_was_written(
    town: Town,
) -> None:
    opened: list[int] = []

    async def open_connection(address: DatabaseAddress) -> Any:
        opened.append(1)
        connection = await connect(address)
        return Breaking(connection) if len(opened) == 1 else connection

    db = town.database("bakery", connections=1, open_connection=open_connection)
    with pytest.raises(Unavailable):
        async with db.write() as session:
            await session.run(PUT, 1, 1)
    assert await count(db) == 0
    assert len(opened) == 2


class OutOfStep:
    """A connection whose server crashed unnoticed: the driver takes it for open, and refuses everything."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetchval(self, _sql: str, *_values: Any) -> Any:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

    async def execute(self, sql: str, *values: Any) -> Any:
        return await (self.fetchval(sql) if values else self._connection.execute(sql))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@pytest.mark.parametrize("kind", ["read", "write", "alone"])
async def test_a_connection_that_is_out_of_step_is_unavailable_and_not_used_again(
    town: Town, kind: str
) -> None:
    opened: list[int] = []

    async def open_connection(address: DatabaseAddress) -> Any:
        opened.append(1)
        connection = await connect(address)
        return OutOfStep(connection) if len(opened) == 1 else connection

    db = town.database("bakery", connections=1, open_connection=open_connection)
    with pytest.raises(Unavailable) as lost:
        async with getattr(db, kind)() as session:
            await session.value("SELECT 1")
    assert isinstance(lost.value, OutcomeUnknown) is (kind == "alone")
    async with db.write() as session:
        await session.run(PUT, 1, 1)
    assert await count(town.bakery) == 1
    assert len(opened) == 2


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987])
async def test_a_write_cancelled_anywhere_is_whole_or_nothing_and_its_connection_serves_on(
    town: Town, turns: int
) -> None:
    db = town.database("bakery", connections=1)

    async def put_two() -> None:
        async with db.write() as session:
            await session.run(PUT, 1, 1)
            await session.run(PUT, 2, 1)

    task = asyncio.ensure_future(put_two())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    found = await count(db)
    assert found in {0, 2}
    async with db.write() as session:
        await session.run(PUT, 3, 1)
    assert await count(town.bakery) == found + 1


async def test_a_write_cancelled_while_it_begins_gives_its_connection_back(town: Town) -> None:
    db = town.database("bakery", connections=1)
    assert await count(db) == 0  # the connection is there, so the first thing waited for is the beginning

    async def put() -> None:
        async with db.write() as session:
            await session.run(PUT, 1, 1)

    task = asyncio.ensure_future(put())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(20):
        assert await count(db) == 0


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 8, 13, 21, 34])
async def test_a_write_cancelled_while_it_is_taken_back_gives_its_connection_back(
    town: Town, turns: int
) -> None:
    db = town.database("bakery", connections=1)
    raising = asyncio.Event()

    async def refuse() -> None:
        async with db.write() as session:
            await session.run(PUT, 1, 1)
            raising.set()
            raise Conflict

    task = asyncio.ensure_future(refuse())
    await raising.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(20):
        assert await count(db) == 0


async def test_a_statement_alone_whose_server_ends_has_an_unknown_outcome(town: Town) -> None:
    with pytest.raises(OutcomeUnknown):
        async with town.bakery.alone() as session:
            await end_server_process(town, await session.value("SELECT pg_backend_pid()"))
            await session.value(f"{PUT} RETURNING id", 1, 1)
