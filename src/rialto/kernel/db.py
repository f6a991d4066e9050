"""The database: sessions that read, sessions that write, and what its errors mean.

SQL is written as SQL in the services' `store.py`; here is only how it travels. Each service has a
`Database` of its own (its PostgreSQL role, its schema as search path, a small pool that opens lazily).
A write session is one transaction. A read session is single statements, each its own snapshot.

Nothing is sent when a connection is given back (a reset per release was measured at 3.5 times the cost of a
short statement): so sessions must not change settings of their connection.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from rialto.kernel.errors import InvariantBroken, OutcomeUnknown
from rialto.kernel.pool import Pool
from rialto.kernel.refusals import LOST, OUT_OF_STEP, CheckFailed, Duplicate, is_out_of_step, translate
from rialto.kernel.saturation import HasLine, PoolState
from rialto.kernel.service import Frozen

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
    "parse_database_url",
    "translate",
]

Row = Any  # asyncpg.Record: indexed by column name

STATEMENT_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5.0
IDLE_CLOSE_S = 60.0
SSL_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})


class DatabaseAddress(Frozen):
    """Where a PostgreSQL database is. `host` may be the folder of its Unix socket."""

    host: str
    port: int = 5432
    database: str = "rialto"
    user: str
    password: str | None = None
    sslmode: str = "prefer"

    def as_user(self, user: str, password: str) -> DatabaseAddress:
        return DatabaseAddress(
            host=self.host,
            port=self.port,
            database=self.database,
            user=user,
            password=password,
            sslmode=self.sslmode,
        )


def parse_database_url(url: str) -> DatabaseAddress:
    """`postgresql://user:password@host:port/name?host=/socket/folder&sslmode=…`. ValueError for anything else."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    address = DatabaseAddress(
        host=query.get("host", [parts.hostname or "127.0.0.1"])[0],
        port=parts.port or int(query.get("port", ["5432"])[0]),
        database=unquote(parts.path.lstrip("/")) or "postgres",
        user=unquote(parts.username or "postgres"),
        password=unquote(parts.password) if parts.password else None,
        sslmode=query.get("sslmode", ["prefer"])[0],
    )
    nowhere = not (parts.hostname or "host" in query)
    if parts.scheme not in {"postgresql", "postgres"} or nowhere or address.sslmode not in SSL_MODES:
        raise ValueError("not the URL of a PostgreSQL database")
    return address


async def connect(address: DatabaseAddress, **options: Any) -> Any:
    """One connection outside any pool, for migrations, LISTEN and locks. Raises Unavailable."""
    try:
        return await asyncpg.connect(**{**_connect_arguments(address), **options})
    except Exception as error:
        raise translate(error) from error


def _connect_arguments(address: DatabaseAddress) -> dict[str, Any]:
    local = address.host.startswith("/")
    tls: str | ssl.SSLContext | bool = False if local else address.sslmode
    return {
        "host": address.host,
        "port": address.port,
        "database": address.database,
        "user": address.user,
        "password": address.password,
        "ssl": tls,
        "timeout": CONNECT_TIMEOUT_S,
        "command_timeout": STATEMENT_TIMEOUT_S,
    }


class ReadSession:
    """Statements that change nothing."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

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
    ) -> None:
        """`on_publish` is called after commits with events.

        `gate` lets the simulator decide who goes next, `open_connection` lets it keep connections.
        """
        self._address = address
        self._connections = connections
        self.on_publish = on_publish
        self.gate = gate
        self._open_connection = open_connection
        self._pool: Pool | None = None
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

    def terminate(self) -> None:
        """Drop all connections at once, as a killed process does."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()


class _Session:
    """Takes a connection for the length of a block. Written out: generator-based managers cost twice as much."""

    __slots__ = ("_connection", "_db", "_gate", "_pool")

    def __init__(self, db: Database) -> None:
        self._db = db
        self._gate: AbstractAsyncContextManager[None] | None = None
        self._pool = db.pool
        self._connection: Any = None

    async def _enter(self) -> Any:
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
        return self._connection

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
