"""What can be said to the database inside a block: statements that read, statements that write, a transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from rialto.kernel.errors import OutcomeUnknown
from rialto.kernel.refusals import LOST, translate

Row = Any  # asyncpg.Record: indexed by column name


class ReadSession:
    """Statements that change nothing."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def connection(self) -> Any:
        """The driver's, for another session on it."""
        return self._connection

    async def all(self, sql: str, *values: Any) -> Sequence[Row]:
        try:
            rows: Sequence[Row] = await self._connection.fetch(sql, *values)
        except Exception as error:
            raise self._meaning(error) from error
        return rows

    async def one(self, sql: str, *values: Any) -> Row | None:
        try:
            return await self._connection.fetchrow(sql, *values)
        except Exception as error:
            raise self._meaning(error) from error

    async def value(self, sql: str, *values: Any) -> Any:
        try:
            return await self._connection.fetchval(sql, *values)
        except Exception as error:
            raise self._meaning(error) from error

    @staticmethod
    def _meaning(error: Exception) -> Exception:
        return translate(error)


class ChangingSession(ReadSession):
    """Statements that write. Whoever appends events says so, and the relay is woken when they are committed."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.has_published = False

    async def run(self, sql: str, *values: Any) -> int:
        """Execute; how many rows it touched."""
        try:
            status: str = await self._connection.execute(sql, *values)
        except Exception as error:
            raise self._meaning(error) from error
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    def published(self) -> None:
        self.has_published = True


class WriteSession(ChangingSession):
    """One transaction. It commits when its block ends well and rolls back when it raises."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._depth = 0

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that may fail by itself: what it wrote is taken back, and the transaction goes on."""
        self._depth += 1
        name = f"part_{self._depth}"
        await self.run(f"SAVEPOINT {name}")
        try:
            yield
        except Exception:
            await self.run(f"ROLLBACK TO SAVEPOINT {name}")
            raise
        finally:
            self._depth -= 1
        await self.run(f"RELEASE SAVEPOINT {name}")


class AloneSession(ChangingSession):
    """Statements that write, each its own transaction: what one statement can say needs no BEGIN and COMMIT around it.

    When the connection breaks the statement may have had its effect: OutcomeUnknown.
    """

    @staticmethod
    def _meaning(error: Exception) -> Exception:
        if isinstance(error, LOST):
            return OutcomeUnknown("The database's answer was lost.")
        return translate(error)
