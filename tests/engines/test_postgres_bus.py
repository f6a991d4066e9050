"""What the PostgreSQL bus promises beside the port: cursors."""

from __future__ import annotations

import pytest

from rialto.engines.postgres_bus import PostgresBus
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.migrations import BUS_SCHEMA, role_of
from tests.support.databases import SECRETS, fresh_database

pytestmark = pytest.mark.anyio


async def test_cursors_begin_at_nothing_and_never_go_back(postgres: DatabaseAddress) -> None:
    async with fresh_database(postgres, []) as admin:
        role = role_of(BUS_SCHEMA)
        db = Database(admin.as_user(role, SECRETS.database_password(role)), connections=2)
        bus = PostgresBus(db, ManualClock(), listen_on=None)
        assert await bus.cursors("mail", [1, 2]) == {1: 0, 2: 0}
        await bus.advance("mail", {1: 7, 2: 3})
        await bus.advance("mail", {1: 5, 2: 4})
        await bus.advance("mail", {})
        assert await bus.cursors("mail", [1, 2, 3]) == {1: 7, 2: 4, 3: 0}
        assert await bus.cursors("search", [1]) == {1: 0}
        await bus.close()
        await db.close()
