"""Where histories are played one after the other: a loop on virtual time, connections, and a database that is put
back to the same goods before each. Making all this anew would cost more than a history."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rialto.kernel.db import DatabaseAddress, connect
from tests.simulation.parts import SERVICES
from tests.support.connections import ConnectionStock
from tests.support.databases import in_database
from tests.support.goods import goods_template
from tests.support.simulator import VirtualLoop

_TABLES = """
SELECT c.oid::regclass::text AS name, 'pristine.t' || c.oid AS copy FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pristine') ORDER BY 1
"""
_TOUCHED = (
    "SELECT name FROM unnest($1::text[]) AS name WHERE pg_relation_size(name::regclass) > 0 ORDER BY name"
)


class Stage:
    """`renew` before each history; `address` is the database, `admin` a connection of its owner's."""

    def __init__(self, loop: VirtualLoop, address: DatabaseAddress) -> None:
        self.loop = loop
        self.address = address
        self.connections = ConnectionStock()
        self.admin: Any = None
        self._copies: dict[str, str | None] = {}  # of each table; None where it starts empty

    def open(self) -> None:
        self.loop.run_until_complete(self._open())

    def renew(self) -> None:
        """The goods as they were at first, and nothing else."""
        self.loop.run_until_complete(self._renew())

    def close(self) -> None:
        self.connections.close()
        self.admin.terminate()

    async def _open(self) -> None:
        async with self.loop.reality():
            self.admin = await self.connections.open(self.address)
            await self.admin.execute("CREATE SCHEMA pristine")
            for row in await self.admin.fetch(_TABLES):
                # No work behind the stage: what it changes would depend on the real clock.
                await self.admin.execute(f"ALTER TABLE {row['name']} SET (autovacuum_enabled = false)")
                filled = await self.admin.fetchval(f"SELECT true FROM {row['name']} LIMIT 1")
                if filled:
                    await self.admin.execute(f"CREATE TABLE {row['copy']} AS TABLE {row['name']}")
                self._copies[row["name"]] = row["copy"] if filled else None

    async def _renew(self) -> None:
        async with self.loop.reality():
            rows = await self.admin.fetch(_TOUCHED, list(self._copies))
            await self.admin.execute(_restoring([row["name"] for row in rows], self._copies))


def _restoring(touched: Sequence[str], copies: Mapping[str, str | None]) -> str:
    """As one script. A table that refers to a touched one is itself touched or empty, so CASCADE harms nobody."""
    kept = [name for name in touched if copies[name] is not None]
    return "\n".join(
        [
            "BEGIN; SET LOCAL session_replication_role = replica;",
            f"TRUNCATE {', '.join(touched)} CASCADE;" if touched else "",
            *(f"INSERT INTO {name} SELECT * FROM {copies[name]};" for name in kept),
            "COMMIT;",
        ]
    )


@contextmanager
def a_stage(postgres: DatabaseAddress) -> Iterator[Stage]:
    """A stage on a database of its own on this server."""
    name = f"stage_{os.getpid()}"
    asyncio.run(_make_database(postgres, name))
    loop = VirtualLoop()
    stage = Stage(loop, in_database(postgres, name))
    try:
        stage.open()
        yield stage
    finally:
        stage.close()
        loop.close()
        asyncio.run(_drop_database(postgres, name))


async def _make_database(postgres: DatabaseAddress, name: str) -> None:
    template = await goods_template(postgres, SERVICES)
    connection = await connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()


async def _drop_database(postgres: DatabaseAddress, name: str) -> None:
    connection = await connect(postgres)
    try:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
