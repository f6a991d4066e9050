"""What PostgreSQL's refusals and failures mean to whoever asked, by SQLSTATE class."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg

from rialto.kernel.errors import Conflict, RialtoError, Unavailable


class Duplicate(Conflict):
    """A unique key holds this value already."""

    code = "duplicate"


class CheckFailed(Conflict):
    """A CHECK or exclusion of the database refused: the last fence held."""

    code = "check_failed"


# The driver and the server are out of step: seen when a server crashed between two statements of one connection. That
# connection answers nothing any more.
OUT_OF_STEP = asyncpg.InternalClientError

# The connection broke while an answer was awaited.
LOST = (
    OUT_OF_STEP,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
)

_UNAVAILABLE = (
    OUT_OF_STEP,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InsufficientResourcesError,  # class 53: disk full, out of memory
    asyncpg.PostgresSystemError,  # class 58: the operating system failed it
    asyncpg.ReadOnlySQLTransactionError,
)

# Another password, a missing role, schema or table: what a database that was not migrated looks like.
_NOT_MIGRATED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedTableError,
)


# What a driver's error means to the caller; the first that fits.
_MEANINGS: tuple[tuple[tuple[type[Exception], ...], Callable[[], RialtoError]], ...] = (
    (
        _NOT_MIGRATED,
        lambda: Unavailable("The database is not set up for this release: run `rialto migrate`."),
    ),
    (_UNAVAILABLE, lambda: Unavailable("The database does not answer at the moment.")),
    ((asyncpg.UniqueViolationError,), lambda: Duplicate("This exists already.")),
    (
        (asyncpg.CheckViolationError, asyncpg.ExclusionViolationError),
        lambda: CheckFailed("The database refused a value that breaks a rule."),
    ),
)


def is_out_of_step(error: BaseException) -> bool:
    """Whether this, or the driver's error that it stands for, says that its connection can be used no more."""
    return isinstance(error, OUT_OF_STEP) or isinstance(error.__cause__, OUT_OF_STEP)


def translate(error: Exception) -> Exception:
    """By SQLSTATE class; a wrong statement stays what it is: a bug."""
    if isinstance(error, RialtoError):
        return error
    for kinds, meaning in _MEANINGS:
        if isinstance(error, kinds):
            return meaning()
    # asyncpg says by InterfaceError both "you misuse me" and that the connection is closed; one that the server
    # ended between two statements "has been released back to the pool".
    if isinstance(error, asyncpg.InterfaceError) and any(word in str(error) for word in ("clos", "released")):
        return Unavailable("The database does not answer at the moment.")
    return error
