"""Reading from a standby where one will do, and from the primary where none will, or fails.

Statements here are single ones that change nothing, so one that a standby breaks off (it died, or had to give way to what
it replays) is simply asked of the primary. Pools to standbys are small and opened when first wanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from rialto.kernel.db import Database
from rialto.kernel.errors import Unavailable
from rialto.kernel.saturation import PoolState
from rialto.kernel.sessions import ReadSession, Row
from rialto.kernel.standbys import Standby, Standbys

# A standby that takes longer hangs, as far as whoever waits is concerned: there is still time to ask the primary.
PATIENCE_S = 2.0


class Copies:
    """One service's way to the standbys. `database_at(standby)` opens nothing yet."""

    def __init__(
        self,
        standbys: Standbys,
        database_at: Callable[[Standby], Database],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.patience_s = patience_s
        self._standbys = standbys
        self._database_at = database_at
        self._databases: dict[str, Database] = {}

    @property
    def pool_state(self) -> PoolState:
        """Of all standbys together."""
        states = [database.pool_state for database in self._databases.values()]
        return PoolState(
            limit=sum(state.limit for state in states),
            open=sum(state.open for state in states),
            in_use=sum(state.in_use for state in states),
            waiting=sum(state.waiting for state in states),
            waited=sum(state.waited for state in states),
            waited_s=sum(state.waited_s for state in states),
        )

    def read(self, primary: Database) -> Recent:
        return Recent(self, primary)

    def choose(self) -> tuple[Standby, Database] | None:
        standby = self._standbys.choose()
        if standby is None:
            return None
        known = self._databases.get(standby.name)
        if known is None:
            known = self._databases[standby.name] = self._database_at(standby)
        return standby, known

    async def close(self) -> None:
        await asyncio.gather(*(database.close() for database in self._databases.values()))

    def terminate(self) -> None:
        for database in self._databases.values():
            database.terminate()


class Recent:
    """A block of reading, as `Database.recent` gives it."""

    def __init__(self, copies: Copies, primary: Database) -> None:
        self._copies = copies
        self._primary = primary

    async def __aenter__(self) -> ReadSession:
        chosen = self._copies.choose()
        if chosen is not None:
            standby, database = chosen
            self._block = database.read()
            try:
                session = await self._block.__aenter__()
                return RecentSession(session, standby, self._primary, patience_s=self._copies.patience_s)
            except Unavailable:
                standby.rest()
        self._block = self._primary.read()
        return await self._block.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._block.__aexit__(kind, error, where)


class RecentSession(ReadSession):
    """Statements at a standby, each repeated at the primary if it fails there."""

    def __init__(
        self, session: ReadSession, standby: Standby, primary: Database, *, patience_s: float
    ) -> None:
        super().__init__(session.connection)
        self._patience_s = patience_s
        self._standby = standby
        self._primary = primary

    async def all(self, sql: str, *values: Any) -> Sequence[Row]:
        try:
            async with asyncio.timeout(self._patience_s):
                return await super().all(sql, *values)
        except (Unavailable, TimeoutError):
            self._give_up()
        async with self._primary.read() as session:
            return await session.all(sql, *values)

    async def one(self, sql: str, *values: Any) -> Row | None:
        try:
            async with asyncio.timeout(self._patience_s):
                return await super().one(sql, *values)
        except (Unavailable, TimeoutError):
            self._give_up()
        async with self._primary.read() as session:
            return await session.one(sql, *values)

    async def value(self, sql: str, *values: Any) -> Any:
        try:
            async with asyncio.timeout(self._patience_s):
                return await super().value(sql, *values)
        except (Unavailable, TimeoutError):
            self._give_up()
        async with self._primary.read() as session:
            return await session.value(sql, *values)

    def _give_up(self) -> None:
        """The connection may be in the middle of something, and stay there."""
        self._standby.rest()
        self.connection.terminate()
