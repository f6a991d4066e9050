"""One connection to a database: straight to a server, or through a pooler that lends a server per transaction."""

from __future__ import annotations

from typing import Any

import asyncpg

from rialto.kernel.db_address import DatabaseAddress
from rialto.kernel.db_tls import tls_to
from rialto.kernel.refusals import translate

STATEMENT_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5.0
STATEMENTS_KEPT = 100  # per connection, prepared; as the driver has it


async def connect(address: DatabaseAddress, **options: Any) -> Any:
    """One connection; a pool opens its own by this as well. Raises Unavailable."""
    try:
        return await asyncpg.connect(**{**_arguments(address), **options})
    except Exception as error:
        raise translate(error) from error


async def connect_session(address: DatabaseAddress, **options: Any) -> Any:
    """A connection that keeps its server, for migrations, LISTEN and locks. Raises Unavailable."""
    return await connect(address.session, **options)


def _arguments(address: DatabaseAddress) -> dict[str, Any]:
    return {
        "host": address.host,
        "port": address.port,
        "database": address.database,
        "user": address.user,
        "password": address.password,
        "ssl": tls_to(address),
        "timeout": CONNECT_TIMEOUT_S,
        "command_timeout": STATEMENT_TIMEOUT_S,
        # What one transaction prepared, the next one's server does not know. Unprepared, a statement goes out in two
        # steps with a Flush between them, not a Sync: so a pooler keeps both at one server, also outside a transaction.
        "statement_cache_size": 0 if address.pooled else STATEMENTS_KEPT,
    }
