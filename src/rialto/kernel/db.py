"""The database: sessions that read, sessions that write, and what its errors mean.

SQL is written as SQL in the services' `store.py`; here is only how it travels. Each service has a
`Database` of its own (its PostgreSQL role, its schema as search path, a small pool that opens lazily).
A write session is one transaction. A read session is single statements, each its own snapshot.

Nothing is sent when a connection is given back (a reset per release was measured at 3.5 times the cost of a
short statement): so sessions must not change settings of their connection.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import asyncpg

from rialto.kernel.db_address import DatabaseAddress, parse_database_url
from rialto.kernel.db_connect import connect, connect_session
from rialto.kernel.errors import InvariantBroken, OutcomeUnknown
from rialto.kernel.pool import Pool
from rialto.kernel.positions import note_write
from rialto.kernel.reaching import Reach
from rialto.kernel.refusals import LOST, OUT_OF_STEP, CheckFailed, Duplicate, is_out_of_step, translate
from rialto.kernel.saturation import HasLine, PoolState
from rialto.kernel.sessions import AloneSession, ChangingSession, ReadSession, Row, WriteSession
from rialto.kernel.traced_sql import traced

if TYPE_CHECKING:
    from rialto.kernel.recent import Copies

__all__ = [
    "AloneSession",
    "ChangingSession",
    "CheckFailed",
    "Connect",
    "Database",
    "DatabaseAddress",
    "Duplicate",
    "Gate",
    "ReadSession",
    "Row",
    "WriteSession",
    "connect",
    "connect_session",
    "parse_database_url",
    "translate",
]

IDLE_CLOSE_S = 60.0


Gate = Callable[[], AbstractAsyncContextManager[None]]
Connect = Callable[[DatabaseAddress], Awaitable[Any]]


class Database:
    """A service's own database access."""

    def __init__(
        self,
        address: DatabaseAddress,
        *,
        connections: int,
        on_publish: Callable[[], None] | None = None,
        gate: Gate | None = None,
        open_connection: Connect = connect,
        reach: Reach | None = None,
    ) -> None:
        """`on_publish` is called after commits with events. While `reach` says that the server is away nobody waits for it.

        `gate` lets the simulator decide who goes next, `open_connection` lets it keep connections.
        """
        self._address = address
        self._connections = connections
        self.on_publish = on_publish
        self.gate = gate
        self._open_connection = open_connection
        self.reach = reach
        self._pool: Pool | None = None
        self.copies: Copies | None = None
        self.lines: list[HasLine] = []  # whose commits go through here

    @property
    def pool_state(self) -> PoolState:
        return self._pool.state if self._pool is not None else PoolState(limit=self._connections)

    @property
    def pool(self) -> Pool:
        """Opened by the first who needs it, and anew after `close` or `terminate`."""
        if self._pool is None:
            self._pool = Pool(
                lambda: self._open_connection(self._address),
                size=self._connections,
                idle_close_s=IDLE_CLOSE_S,
            )
        return self._pool

    def read(self) -> AbstractAsyncContextManager[ReadSession]:
        """Single statements, each its own snapshot."""
        return _Reading(self)

    def recent(self) -> AbstractAsyncContextManager[ReadSession]:
        """As `read`, and possibly a moment behind: for lists and figures, never for what decides.

        A standby answers that has all that the asker has seen and written; where there is none, the primary does.
        """
        return self.read() if self.copies is None else self.copies.read(self)

    def write(self) -> AbstractAsyncContextManager[WriteSession]:
        """A transaction (read committed). A COMMIT whose reply is lost raises OutcomeUnknown."""
        return _Writing(self)

    def alone(self) -> AbstractAsyncContextManager[AloneSession]:
        """Single statements that write, each committed by itself."""
        return _Alone(self)

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()
        if self.copies is not None:
            await self.copies.close()

    def terminate(self) -> None:
        """Drop all connections at once, as a killed process does."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()
        if self.copies is not None:
            self.copies.terminate()


class _Session:
    """Takes a connection for the length of a block. Written out: generator-based managers cost twice as much."""

    __slots__ = ("_connection", "_db", "_gate", "_pool")

    def __init__(self, db: Database) -> None:
        self._db = db
        self._gate: AbstractAsyncContextManager[None] | None = None
        self._pool = db.pool
        self._connection: Any = None

    async def _enter(self) -> Any:
        if self._db.reach is not None:
            self._db.reach.check()
        if self._db.gate is not None:
            self._gate = self._db.gate()
            await self._gate.__aenter__()
        try:
            self._connection = await self._pool.acquire()
        except BaseException as error:
            await self._leave_gate(error)
            if isinstance(error, Exception):
                raise translate(error) from error
            raise
        return traced(self._connection)

    async def _leave(self, error: BaseException | None, *, sound: bool) -> None:
        # Cancelled in the middle of a statement, the connection is still busy with it.
        usable = error is None or (isinstance(error, Exception) and not is_out_of_step(error))
        self._pool.release(self._connection, sound=sound and usable)
        await self._leave_gate(error)

    async def _leave_gate(self, error: BaseException | None) -> None:
        if self._gate is not None:
            await self._gate.__aexit__(
                type(error) if error else None, error, error.__traceback__ if error else None
            )


class _Reading(_Session):
    __slots__ = ()

    async def __aenter__(self) -> ReadSession:
        return ReadSession(await self._enter())

    async def __aexit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        await self._leave(error, sound=True)


class _Alone(_Session):
    __slots__ = ("_session",)

    async def __aenter__(self) -> AloneSession:
        self._session = AloneSession(await self._enter())
        return self._session

    async def __aexit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        note_write()
        await self._leave(error, sound=True)
        if self._session.has_published and self._db.on_publish is not None:
            self._db.on_publish()


class _Writing(_Session):
    __slots__ = ("_session",)

    async def __aenter__(self) -> WriteSession:
        connection = await self._enter()
        try:
            await connection.execute("BEGIN")
        except BaseException as error:
            await self._leave(error, sound=False)
            if isinstance(error, Exception):
                raise translate(error) from error
            raise
        self._session = WriteSession(connection)
        return self._session

    async def __aexit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        if error is not None:
            sound = False
            try:
                sound = isinstance(error, Exception) and await _roll_back(self._connection)
            finally:  # also when cancelled meanwhile: a connection that is not given back is lost to the pool
                await self._leave(error, sound=sound)
            return
        note_write()
        try:
            await _commit(self._connection)
        except BaseException as failure:
            await self._leave(failure, sound=False)
            raise
        await self._leave(None, sound=True)
        if self._session.has_published and self._db.on_publish is not None:
            self._db.on_publish()


async def _roll_back(connection: Any) -> bool:
    """Whether the connection is clean again; one that is not is dropped, and the server rolls back by itself."""
    try:
        await connection.execute("ROLLBACK")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, OUT_OF_STEP):
        return False
    return True


async def _commit(connection: Any) -> None:
    try:
        status = await connection.execute("COMMIT")
    except LOST as error:
        raise OutcomeUnknown("The database's answer to a commit was lost.") from error
    except Exception as error:
        raise translate(error) from error
    if status != "COMMIT":
        # The server answers COMMIT with ROLLBACK when a statement failed and somebody went on all the same.
        raise InvariantBroken("a transaction with a failed statement was to be committed")
