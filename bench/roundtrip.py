"""The yardstick for full purchases: what one question to the database costs here, both ends counted.

A purchase is made of such questions, so that this ratio says how lean it is on any machine, where purchases a second
say mostly how fast the machine is.
"""

from __future__ import annotations

import time
from pathlib import Path

import asyncpg

from bench.machine import cpu_seconds
from rialto.engines.embedded_postgres import borrowed_postgres
from rialto.kernel.secrets import read_secrets

QUESTIONS = 5000


async def cpu_of_a_question(data: Path) -> float:
    """Seconds of CPU for `SELECT 1` over the shop's driver and socket, client and server together."""
    password = read_secrets(data / "secrets.json").database_password("rialto")
    with borrowed_postgres(data, password=password) as server:
        connection = await asyncpg.connect(server.url)
        try:
            backend = int(await connection.fetchval("SELECT pg_backend_pid()"))
            ours, theirs = time.process_time(), cpu_seconds([backend])
            for _ in range(QUESTIONS):
                await connection.fetchval("SELECT 1")
            return (time.process_time() - ours + cpu_seconds([backend]) - theirs) / QUESTIONS
        finally:
            await connection.close()
