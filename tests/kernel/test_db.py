# ruff: noqa: PT012 - what must raise is a whole transaction
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from rialto.kernel.audit import Finding, findings
from rialto.kernel.db import (
    CheckFailed,
    Database,
    DatabaseAddress,
    Duplicate,
    ReadSession,
    connect,
    translate,
)
from rialto.kernel.errors import Conflict, InvariantBroken, Unavailable, VersionConflict
from rialto.kernel.events import EventTypes, NewEvent, append, append_all, load, load_several
from rialto.kernel.ids import ORDER
from tests.kernel.bakery import Baked, Sold, Town

pytestmark = pytest.mark.anyio

PUT = "INSERT INTO loaves (id, grams) VALUES ($1, $2)"
COUNT = "SELECT count(*) FROM loaves"


async def count(db: Database) -> int:
    async with db.read() as session:
        found: int = await session.value(COUNT)
    return found


async def test_a_write_commits_when_its_block_ends_well(town: Town) -> None:
    async with town.bakery.write() as session:
        assert await session.run(PUT, 1, 750) == 1
        assert await count(town.bakery) == 0
    assert await count(town.bakery) == 1


async def test_a_write_that_raises_leaves_nothing(town: Town) -> None:
    with pytest.raises(Conflict):
        async with town.bakery.write() as session:
            await session.run(PUT, 1, 750)
            raise Conflict
    assert await count(town.bakery) == 0


async def test_a_savepoint_that_ends_well_is_part_of_the_whole(town: Town) -> None:
    with pytest.raises(Conflict):
        async with town.bakery.write() as session:
            for number in (1, 2):
                async with session.savepoint():
                    await session.run(PUT, number, 500)
            raise Conflict
    assert await count(town.bakery) == 0
    async with town.bakery.write() as session, session.savepoint():
        await session.run(PUT, 1, 500)
        async with session.savepoint():
            await session.run(PUT, 2, 500)
    assert await count(town.bakery) == 2


async def test_a_savepoint_fails_by_itself(town: Town) -> None:
    async with town.bakery.write() as session:
        await session.run(PUT, 1, 750)
        with pytest.raises(Duplicate):
            async with session.savepoint():
                await session.run(PUT, 2, 500)
                await session.run(PUT, 1, 500)
        await session.run(PUT, 3, 500)
    async with town.bakery.read() as session:
        assert [row["id"] for row in await session.all("SELECT id FROM loaves ORDER BY id")] == [1, 3]
        row = await session.one("SELECT grams FROM loaves WHERE id = $1", 3)
        assert row is not None
        assert row["grams"] == 500
        assert await session.one("SELECT grams FROM loaves WHERE id = $1", 2) is None


def test_a_reader_has_no_way_to_write() -> None:
    assert not hasattr(ReadSession, "run")
    assert not hasattr(ReadSession, "savepoint")


async def test_rows_touched_are_counted_and_what_touches_none_counts_nothing(town: Town) -> None:
    async with town.bakery.write() as session:
        await session.run("INSERT INTO loaves (id, grams) SELECT g, 1 FROM generate_series(1, 7) AS g")
        assert await session.run("UPDATE loaves SET grams = 2 WHERE id > $1", 4) == 3
        assert await session.run("NOTIFY bread") == 0


async def test_the_fences_of_the_database_are_conflicts(town: Town) -> None:
    with pytest.raises(Duplicate):
        async with town.bakery.write() as session:
            await session.run(PUT, 1, 1)
            await session.run(PUT, 1, 1)
    with pytest.raises(CheckFailed):
        async with town.bakery.write() as session:
            await session.value("INSERT INTO loaves (id, grams) VALUES (1, 0) RETURNING id")
    assert await count(town.bakery) == 0


async def test_a_fence_that_is_looked_at_when_committing_is_a_conflict_too(town: Town) -> None:
    with pytest.raises(Duplicate):
        async with town.bakery.write() as session:
            await session.run("INSERT INTO loaves (id, grams, place) VALUES (1, 1, 1), (2, 1, 1)")
    assert await count(town.bakery) == 0


async def test_a_wrong_statement_is_a_bug(town: Town) -> None:
    with pytest.raises(asyncpg.PostgresSyntaxError):
        async with town.bakery.read() as session:
            await session.all("SELEKT")
    with pytest.raises(asyncpg.UndefinedColumnError):
        async with town.bakery.read() as session:
            await session.one("SELECT crust FROM loaves")


async def test_a_server_that_is_not_there_is_unavailable(town: Town) -> None:
    nowhere = DatabaseAddress(host="127.0.0.1", port=1, user="nobody")
    db = Database(nowhere, connections=1)
    for session in (db.read(), db.write()):
        with pytest.raises(Unavailable):
            async with session:
                pass
    with pytest.raises(Unavailable):
        await connect(nowhere)
    await db.close()
    wrong = town.address.as_user("rialto_bakery", "wrong")
    with pytest.raises(Unavailable, match="rialto migrate"):
        await connect(wrong, statement_cache_size=0, server_settings={"application_name": "x"})


async def test_a_connection_may_have_a_time_limit_of_its_own(town: Town) -> None:
    connection = await connect(town.admin, command_timeout=0.01)
    with pytest.raises(TimeoutError):
        await connection.execute("SELECT pg_sleep(60)")
    connection.terminate()


async def test_the_relay_is_told_after_the_commit_and_only_of_what_was_committed(town: Town) -> None:
    told: list[int] = []

    def tell() -> None:
        told.append(1)

    db = town.database("bakery", on_publish=tell)
    stream = town.ids.uuid(5)
    event = NewEvent(bucket=5, stream=stream, version=1, event=Baked(bread="rye"), at=town.clock.now())
    with pytest.raises(Conflict):
        async with db.write() as session:
            await append(session, [event])
            raise Conflict
    async with db.write() as session:
        await session.run(PUT, 1, 1)
    assert told == []
    async with db.write() as session:
        await append(session, [event])
        assert told == []
    assert told == [1]
    async with db.write() as session:
        assert await append_all(session, [event]) == set()
    assert told == [1]


async def test_connections_are_opened_by_whoever_was_handed_in(town: Town) -> None:
    asked: list[str] = []

    async def open_connection(address: DatabaseAddress) -> object:
        asked.append(address.user)
        return await connect(address)

    db = town.database("bakery", open_connection=open_connection)
    for _ in range(2):
        assert await count(db) == 0
    assert asked == ["rialto_bakery"]


async def test_every_session_goes_through_the_gate(town: Town) -> None:
    passed: list[str] = []

    @asynccontextmanager
    async def gate() -> AsyncIterator[None]:
        passed.append("in")
        yield
        passed.append("out")

    db = town.database("bakery", gate=gate)
    async with db.write() as session:
        await session.run(PUT, 1, 1)
        assert passed == ["in"]
    assert await count(db) == 1
    assert passed == ["in", "out", "in", "out"]


async def test_a_statement_alone_commits_by_itself(town: Town) -> None:
    put = f"{PUT} RETURNING id"
    async with town.bakery.alone() as session:
        assert await session.value(put, 1, 1) == 1
        with pytest.raises(Duplicate):
            await session.value(put, 1, 1)
        assert await count(town.bakery) == 1
        assert await session.value(put, 2, 1) == 2
    assert await count(town.bakery) == 2


async def test_going_on_after_a_failed_statement_is_a_bug_that_writes_nothing(town: Town) -> None:
    with pytest.raises(InvariantBroken):
        async with town.bakery.write() as session:
            await session.run(PUT, 1, 1)
            with pytest.raises(Duplicate):
                await session.run(PUT, 1, 1)
    assert await count(town.bakery) == 0


async def test_who_waits_for_a_connection_in_vain_leaves_the_gate(town: Town) -> None:
    inside: list[int] = []

    @asynccontextmanager
    async def gate() -> AsyncIterator[None]:
        inside.append(1)
        try:
            yield
        finally:
            inside.pop()

    db = town.database("bakery", connections=1, gate=gate)
    async with db.read():
        waiting = asyncio.ensure_future(count(db))
        await asyncio.sleep(0)
        assert len(inside) == 2
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert len(inside) == 1
    assert await count(db) == 0
    assert inside == []


async def test_an_audit_names_what_it_found(town: Town) -> None:
    async with town.bakery.write() as session:
        await session.run("INSERT INTO loaves (id, grams) VALUES (1, 5), (2, 500)")
    async with town.bakery.read() as session:
        found = await findings(
            session,
            "I1",
            "SELECT id AS subject, grams FROM loaves WHERE grams < $1",
            100,
            text="weighs {grams} g",
        )
    assert found == [Finding(invariant="I1", subject="1", text="weighs 5 g")]


async def test_an_audit_prints_ids_as_everybody_else_does(town: Town) -> None:
    stream = town.ids.uuid(5)
    await town.bake(stream, "rye")
    async with town.bakery.read() as session:
        sql = "SELECT stream AS subject, version FROM events"
        found = await findings(session, "I13", sql, text="has {version}", kind=ORDER)
    assert found == [Finding(invariant="I13", subject=ORDER.of(stream), text="has 1")]


async def test_a_closed_database_opens_again_when_asked(town: Town) -> None:
    assert await count(town.bakery) == 0
    await town.bakery.close()
    await town.bakery.close()
    assert await count(town.bakery) == 0


async def test_a_terminated_database_drops_what_was_running(town: Town) -> None:
    db = town.database("bakery", connections=1)
    db.terminate()
    with pytest.raises(Unavailable):
        async with db.write() as session:
            await session.run(PUT, 1, 1)
            db.terminate()
            await session.run(PUT, 2, 1)
    assert await count(town.bakery) == 0


async def test_of_two_writers_of_one_version_the_second_is_refused(town: Town) -> None:
    stream = town.ids.uuid(5)
    await town.bake(stream, "rye", "oat")
    with pytest.raises(VersionConflict):
        await town.bake(stream, "spelt", after=1)
    types = EventTypes([Baked, Sold])
    async with town.bakery.read() as session:
        assert await load(session, types, 5, stream) == [Baked(bread="rye"), Baked(bread="oat")]
        assert await load(session, types, 5, UUID(int=0)) == []
    assert await town.waiting() == 2


async def test_several_streams_are_read_at_once_each_in_its_order(town: Town) -> None:
    streams = [(bucket, town.ids.uuid(bucket)) for bucket in (5, 6, 6, 7)]
    for bucket, stream in streams[:3]:
        await town.bake(stream, f"rye {bucket}", f"oat {bucket}")
    types = EventTypes([Baked, Sold])
    async with town.bakery.read() as session:
        found = await load_several(session, types, streams)
        assert await load_several(session, types, []) == {}
    assert found == {
        stream: [Baked(bread=f"rye {bucket}"), Baked(bread=f"oat {bucket}")] for bucket, stream in streams[:3]
    }


async def test_a_stream_in_another_bucket_than_its_id_says_is_refused(town: Town) -> None:
    event = NewEvent(
        bucket=6, stream=town.ids.uuid(5), version=1, event=Baked(bread="rye"), at=town.clock.now()
    )
    with pytest.raises(CheckFailed):
        async with town.bakery.write() as session:
            await append(session, [event])


@pytest.mark.fast
def test_errors_of_the_driver_mean_what_their_state_says() -> None:
    unavailable = (
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.TooManyConnectionsError("full"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.DiskFullError("disk"),
        asyncpg.OutOfMemoryError("memory"),
        asyncpg.PostgresIOError("disk"),
        asyncpg.ReadOnlySQLTransactionError("a replica"),
        asyncpg.InterfaceError("connection is closed"),
    )
    assert {type(translate(error)) for error in unavailable} == {Unavailable}
    for bug in (
        asyncpg.InterfaceError("cannot do that"),
        asyncpg.PostgresSyntaxError("x"),
        InvariantBroken(),
        Conflict(),
    ):
        assert translate(bug) is bug
