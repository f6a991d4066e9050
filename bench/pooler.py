"""`python -m bench.pooler`: what a short statement costs when nothing may be prepared for later, as behind a pooler.

Both ends are counted, the driver's and the server's, over the built-in server's socket; a pooler's own work comes on top.
"""

from __future__ import annotations

import asyncio
import time

from bench.machine import cpu_seconds
from rialto.engines.embedded_postgres import throwaway_postgres
from rialto.kernel.db import DatabaseAddress, connect, parse_database_url

STATEMENTS = 5000
ROUNDS = 5


async def cpu_of_a_statement(address: DatabaseAddress) -> float:
    """Seconds of CPU, the least of several rounds."""
    connection = await connect(address)
    try:
        backend = int(await connection.fetchval("SELECT pg_backend_pid()"))
        found = []
        for _ in range(ROUNDS):
            ours, theirs = time.process_time(), cpu_seconds([backend])
            for number in range(STATEMENTS):
                await connection.fetchval("SELECT oid FROM pg_class WHERE oid = $1", number)
            found.append((time.process_time() - ours + cpu_seconds([backend]) - theirs) / STATEMENTS)
        return min(found)
    finally:
        await connection.close()


async def measure(address: DatabaseAddress) -> None:
    prepared = await cpu_of_a_statement(address)
    anew = await cpu_of_a_statement(address.behind_pooler(address))
    print(
        f"prepared {prepared * 1e6:.0f} µs, anew each time {anew * 1e6:.0f} µs: {anew / prepared:.1f} times"
    )


if __name__ == "__main__":
    with throwaway_postgres() as server:
        asyncio.run(measure(parse_database_url(server.url)))
