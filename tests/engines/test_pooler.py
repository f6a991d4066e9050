"""The shop behind a real pgbouncer in transaction mode, configured as deploy/pgbouncer has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
from msgspec.structs import replace

from rialto.doctor.database import check_database
from rialto.doctor.model import State
from rialto.kernel.clock import ManualClock, SystemClock
from rialto.kernel.db import Database, DatabaseAddress, connect, connect_session
from rialto.kernel.errors import Unavailable
from rialto.kernel.migrations import migrate, migrations_of, role_of
from tests.kernel.bakery import BAKERY, CELLAR
from tests.support.databases import SECRETS, fresh_database, in_database
from tests.support.pooler import Pooler, a_pooler
from tests.support.replicas import ask
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def pooler(postgres: DatabaseAddress) -> Iterator[Pooler]:
    with a_pooler(postgres) as pooler:
        yield pooler


@pytest.fixture
async def town(postgres: DatabaseAddress, pooler: Pooler) -> AsyncIterator[DatabaseAddress]:
    """A migrated database with two services, by way of the pooler."""
    async with fresh_database(postgres, [BAKERY, CELLAR]) as address:
        yield pooler.to(address)


def database(town: DatabaseAddress, service: str, connections: int = 8) -> Database:
    role = role_of(service)
    return Database(town.as_user(role, SECRETS.database_password(role)), connections=connections)


async def test_a_shop_is_bought_from(postgres: DatabaseAddress, pooler: Pooler) -> None:
    async with a_shop(postgres, through=pooler.to) as shop:
        before = await shop.available("LAMP")
        answers = await asyncio.gather(*(shop.buy("LAMP") for _ in range(12)))
        await shop.settle()
        assert {answer.outcome for answer in answers} == {"placed"}
        assert await shop.available("LAMP") == before - 12
        assert len([mail for mail in shop.mail.sent if "ada@example.org" in str(mail)]) >= 12
        assert await shop.audit() == []


async def test_everybody_gets_the_answer_to_their_own_question(town: DatabaseAddress) -> None:
    """With eight connections over two servers a statement that is split would meet another's."""
    db = database(town, "bakery")

    async def asks(number: int) -> None:
        async with db.read() as session:
            for turn in range(20):
                column = f"answer_{number % 7}"
                row = await session.one(
                    f"SELECT $1::int + $2::int AS {column}, $3::text AS asked", number, turn, f"{number}"
                )
                assert row is not None
                assert dict(row) == {column: number + turn, "asked": f"{number}"}

    try:
        await asyncio.gather(*map(asks, range(24)))
    finally:
        await db.close()


async def test_two_services_at_the_same_servers_stay_two(town: DatabaseAddress) -> None:
    bakery, cellar = database(town, "bakery"), database(town, "cellar")
    who = "SELECT current_user::text AS role, current_schema()::text AS schema, $1::int AS turn"

    async def looks(db: Database, name: str, turn: int) -> None:
        async with db.read() as session:
            row = await session.one(who, turn)
            assert row is not None
            assert tuple(row) == (f"rialto_{name}", name, turn)

    try:
        turns = [
            (db, name, turn) for turn in range(40) for db, name in ((bakery, "bakery"), (cellar, "cellar"))
        ]
        await asyncio.gather(*(looks(*turn) for turn in turns))
        with pytest.raises(Exception, match="permission denied"):
            async with bakery.read() as session:
                await session.all("SELECT $1::int FROM cellar.arrivals", 1)
        await looks(bakery, "bakery", -1)
    finally:
        await bakery.close()
        await cellar.close()


async def test_a_transaction_stays_one(town: DatabaseAddress) -> None:
    db = database(town, "cellar")
    put = "INSERT INTO arrivals (stream, version, bread) VALUES (gen_random_uuid(), $1, 'rye')"
    count = "SELECT count(*) FROM arrivals WHERE version > $1"

    async def one(version: int) -> None:
        async with db.write() as session:
            await session.run(put, version)
            assert await session.value("SELECT count(*) FROM arrivals WHERE version = $1", version) == 1
            if version % 2:
                raise ValueError

    try:
        await asyncio.gather(*map(one, range(1, 21)), return_exceptions=True)
        async with db.alone() as session:
            await session.run(put, 100)
            with pytest.raises(Exception, match="division by zero"):
                await session.run(f"{put} RETURNING 1 / ($1 - 101)", 101)
        async with db.read() as reading:
            assert await reading.value(count, 0) == 11
    finally:
        await db.close()


async def test_whoever_listens_is_told(town: DatabaseAddress) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await connect_session(town)
    try:
        await listener.add_listener("bells", lambda *details: heard.put_nowait(str(details[-1])))
        db = database(town, "bakery")
        async with db.write() as session:
            await session.value("SELECT pg_notify($1, $2)", "bells", "fresh bread")
        await db.close()
        async with asyncio.timeout(20):
            assert await heard.get() == "fresh bread"
    finally:
        await listener.close()


async def test_migrations_go_past_it_and_wait_for_each_other(
    postgres: DatabaseAddress, pooler: Pooler
) -> None:
    await ask(postgres, "CREATE DATABASE behind_pooler", "SELECT 1")
    address = pooler.to(in_database(postgres, "behind_pooler"))
    clock = ManualClock()
    applied = await asyncio.gather(*(migrate(address, [BAKERY, CELLAR], SECRETS, clock) for _ in range(3)))
    assert sorted(map(bool, applied)) == [False, False, True]
    assert await ask(address.session, "SELECT count(*) FROM rialto.migrations") == len(
        migrations_of([BAKERY, CELLAR])
    )


async def test_it_lets_services_in_and_nobody_else(town: DatabaseAddress) -> None:
    wrong = partial(town.as_user, role_of("bakery"))
    for stranger in (town, wrong("guessed"), town.as_user("nobody", "guessed")):
        with pytest.raises(Unavailable):
            await connect(stranger)
    await (await connect(wrong(SECRETS.database_password(role_of("bakery"))))).close()


async def test_the_doctor_looks_at_both_ways(postgres: DatabaseAddress, pooler: Pooler) -> None:
    async with fresh_database(postgres, [BAKERY]) as address:
        wanted = migrations_of([BAKERY])
        pooled = pooler.to(address)
        found = await check_database(pooled, wanted, SECRETS, SystemClock())
        assert [one.name for one in found if one.state is not State.OK] == []
        assert "pooler" in [one.name for one in found]
        found = await check_database(replace(pooled, port=1), wanted, SECRETS, SystemClock())
        assert [one.name for one in found if one.state is State.FAIL] == ["pooler"]
