"""Fresh migrated databases, copied from one template per set of services."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rialto.kernel.clock import ManualClock
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.migrations import migrate
from rialto.kernel.secrets import Secrets, make_secrets
from rialto.kernel.service import Service
from tests.support.values import seeded_ids

SECRETS: Secrets = make_secrets(seeded_ids(1))

_numbers = itertools.count(1)
_templates: dict[tuple[str, tuple[str, ...]], str] = {}


def in_database(address: DatabaseAddress, name: str) -> DatabaseAddress:
    return DatabaseAddress(
        host=address.host, port=address.port, database=name, user=address.user, password=address.password
    )


@asynccontextmanager
async def fresh_database(
    postgres: DatabaseAddress, services: Sequence[Service]
) -> AsyncIterator[DatabaseAddress]:
    """An empty, migrated database of its own, dropped afterwards."""
    template = await _template(postgres, services)
    name = f"test_{next(_numbers)}"
    connection = await connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield in_database(postgres, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def _template(postgres: DatabaseAddress, services: Sequence[Service]) -> str:
    key = (postgres.host, tuple(service.name for service in services))
    if key not in _templates:
        name = f"template_{len(_templates) + 1}"
        connection = await connect(postgres)
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        await migrate(in_database(postgres, name), services, SECRETS, ManualClock())
        _templates[key] = name
    return _templates[key]
