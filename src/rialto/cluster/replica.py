"""The platform's replica of its database: in a folder of its own, and nothing that the platform could not do without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rialto.engines.embedded_postgres import PostgresAddress
from rialto.engines.postgres_standby import ROLE, EmbeddedReplica
from rialto.engines.processes import CannotStart
from rialto.engines.supervisor import Supervisor
from rialto.kernel.secrets import read_secrets

NAME = "replica"


def start_replica(
    data: Path,
    primary: PostgresAddress,
    supervisor: Supervisor,
    *,
    secret_file: Path,
    log: Callable[[str], None],
) -> str:
    """Its URL, also when it does not run: it is tried again, and the database answers in its place meanwhile.

    Empty when there is no place for one.
    """
    folder = data / NAME
    password = read_secrets(secret_file).database_password(ROLE)
    server = EmbeddedReplica(folder, primary, log, password=password)
    url = ""
    try:
        url = server.url
        supervisor.own_database(server, name=NAME, vital=False)
        server.ensure_running()
    except (CannotStart, OSError) as problem:
        log(f"The replica does not start, and the platform goes on without it: {problem}")
    return url
