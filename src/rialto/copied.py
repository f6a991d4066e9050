"""Standbys of the main database, for the composition root: who asks them how far they are, and each service's way there."""

from __future__ import annotations

from collections.abc import Callable

from rialto.engines.choice import Engines
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.migrations import BUS_SCHEMA, role_of
from rialto.kernel.recent import Copies
from rialto.kernel.standbys import Ask, Standby, Standbys

# Each service's share of the connections to one standby; what it has no room for waits a moment.
CONNECTIONS = 1


class Copied:
    """All standbys that the settings name. Connections are made when they are first wanted."""

    def __init__(self, engines: Engines, primary: Callable[[], Database]) -> None:
        """`primary()` is a way to the database that they follow."""
        self._engines = engines
        self._watching: list[Database] = []
        self.standbys = Standbys(
            [self._standby(address) for address in engines.replica_addresses],
            lambda sql: _asked(primary(), sql),
            engines.clock,
        )

    def lend(self, database: Database, role: str) -> None:
        """Let `database.recent` be answered by standbys, as the same role."""
        database.copies = Copies(
            self.standbys, lambda standby: self._database(standby.place, role, CONNECTIONS)
        )

    async def run(self) -> None:
        """Look how far they are, until cancelled."""
        if self.standbys.all:
            await self.standbys.run()

    async def close(self) -> None:
        for database in self._watching:
            await database.close()

    def _standby(self, address: DatabaseAddress) -> Standby:
        watching = self._database(address, role_of(BUS_SCHEMA), 1)
        self._watching.append(watching)
        return Standby(f"{address.host}:{address.port}", address, _asking(watching))

    def _database(self, address: DatabaseAddress, role: str, connections: int) -> Database:
        return Database(
            address.as_user(role, self._engines.secrets.database_password(role)),
            connections=connections,
            gate=self._engines.gate,
            open_connection=self._engines.open_connection,
        )


def _asking(database: Database) -> Ask:
    return lambda sql: _asked(database, sql)


async def _asked(database: Database, sql: str) -> str | None:
    async with database.read() as session:
        answer: str | None = await session.value(sql)
    return answer
