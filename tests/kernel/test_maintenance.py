"""The sign that all processes of a shop read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rialto.kernel.clock import ManualClock
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.errors import Invalid, Unavailable
from rialto.kernel.maintenance import MESSAGE_LENGTH_MAX, REFRESH_S, InMaintenance, MaintenanceSign
from rialto.kernel.migrations import BUS_SCHEMA, role_of
from tests.support.databases import SECRETS, fresh_database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(postgres: DatabaseAddress) -> AsyncIterator[Database]:
    async with fresh_database(postgres, []) as address:
        role = role_of(BUS_SCHEMA)
        db = Database(address.as_user(role, SECRETS.database_password(role)), connections=2)
        yield db
        await db.close()


async def test_another_process_sees_the_sign_within_a_second_and_its_end_as_well(db: Database) -> None:
    clock = ManualClock()
    one, other = MaintenanceSign(db, clock), MaintenanceSign(db, clock)
    await other.check()
    await one.put_up("")
    await other.check()  # it read a moment ago
    clock.advance(REFRESH_S)
    with pytest.raises(InMaintenance) as stopped:
        await other.check()
    assert stopped.value.stable_code == "maintenance"
    assert stopped.value.retry_after_s
    assert "nothing can be changed" in stopped.value.text
    await one.put_up("Back at ten.")
    clock.advance(REFRESH_S)
    with pytest.raises(InMaintenance, match=r"Back at ten\."):
        await other.check()
    found = await other.read()
    assert found is not None
    assert found.message == "Back at ten."
    await one.take_down()
    await one.take_down()
    clock.advance(REFRESH_S)
    await other.check()
    assert await other.read() is None


async def test_while_the_database_is_away_what_was_read_last_counts(db: Database) -> None:
    clock = ManualClock()
    sign = MaintenanceSign(db, clock)
    away = MaintenanceSign(Database(DatabaseAddress(host="/nowhere", user="nobody"), connections=1), clock)
    await away.check()  # never read: nobody is kept out
    await sign.put_up("")
    with pytest.raises(InMaintenance):
        await sign.check()
    sign._db = away._db
    clock.advance(REFRESH_S)
    with pytest.raises(InMaintenance):
        await sign.check()
    with pytest.raises(Unavailable):
        await sign.read()


@pytest.mark.parametrize("message", ["x" * (MESSAGE_LENGTH_MAX + 1), "two\nlines", "\x00", "\ud800"])
async def test_a_message_that_is_no_line_of_text_is_refused(db: Database, message: str) -> None:
    sign = MaintenanceSign(db, ManualClock())
    with pytest.raises(Invalid):
        await sign.put_up(message)
    assert await sign.read() is None


async def test_a_crowd_asks_once(db: Database) -> None:
    import asyncio

    sign = MaintenanceSign(db, ManualClock())
    await sign.put_up("")
    found = await asyncio.gather(*(sign.check() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(one, InMaintenance) for one in found)
