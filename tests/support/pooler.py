"""A real pgbouncer before the tests' server, as `deploy/pgbouncer` has it. Skips where the program is missing."""

from __future__ import annotations

import configparser
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from rialto.cluster.engines import listens
from rialto.engines.postgres_install import install
from rialto.engines.processes import wait_until
from rialto.kernel.db import DatabaseAddress
from tests.support.key_value_servers import free_port
from tests.support.replicas import asked

DEPLOY = Path(__file__).parents[2] / "deploy" / "pgbouncer"
WITHIN_S = 20.0
PASSWORD = "for-the-pooler"


@dataclass(kw_only=True)
class Pooler:
    port: int
    process: subprocess.Popen[bytes]

    def to(
        self, database: DatabaseAddress, *, sslmode: str = "disable", ca: str | None = None
    ) -> DatabaseAddress:
        """The way to a database through it, which lets in whom lookup.sql finds there."""
        has_role = asked(database, "SELECT 1 FROM pg_roles WHERE rolname = 'rialto_pooler'")
        has_schema = asked(database, "SELECT to_regnamespace('rialto_pooler')")
        for statement in (DEPLOY / "lookup.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip() and not has_schema and not (has_role and "CREATE ROLE" in statement):
                asked(database, statement.replace("change me", PASSWORD), "SELECT 1")
        here = replace(database, host="127.0.0.1", port=self.port, sslmode=sslmode, ca=ca)
        return here.behind_pooler(database)


@contextmanager
def a_pooler(
    server: DatabaseAddress, *, certificates: Path | None = None, **changes: str
) -> Iterator[Pooler]:
    """With two servers for each role, and TLS where there are `certificates`. `changes` are to pgbouncer.ini."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed here (Debian: pgbouncer)")
    folder = Path(tempfile.mkdtemp(prefix="rialto-pooler-", dir="/tmp"))
    port = free_port()
    changes = {"listen_port": str(port), **changes}
    if certificates is not None:
        for name in ("server.pem", "server.key"):
            shutil.copy(certificates / name, folder)
        changes["client_tls_sslmode"] = "require"
        changes["client_tls_cert_file"] = str(folder / "server.pem")
        changes["client_tls_key_file"] = str(folder / "server.key")
    file = _write(folder, server, changes)
    process = subprocess.Popen([program, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ready = wait_until(lambda: process.poll() is not None or listens(port), WITHIN_S)
        assert ready, "pgbouncer does not listen"
        assert process.poll() is None, (folder / "log").read_text()
        yield Pooler(port=port, process=process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder)


def _write(folder: Path, server: DatabaseAddress, changes: Mapping[str, str]) -> Path:
    """The deployed file with this machine's places. As root it runs as the database's user, who may use the socket."""
    installation = install(folder)
    told = configparser.ConfigParser(interpolation=None)
    told.read(DEPLOY / "pgbouncer.ini", encoding="utf-8")
    told["databases"] = {"*": f"host={server.host} port={server.port}"}
    told["pgbouncer"].update(
        {
            "listen_addr": "127.0.0.1",
            "auth_file": str(folder / "userlist.txt"),
            "logfile": str(folder / "log"),
            "default_pool_size": "2",
            "client_tls_sslmode": "disable",
            "server_tls_sslmode": "disable",
            **({"user": "rialto-postgres"} if installation.account.is_other else {}),
            **changes,
        }
    )
    for name in [name for name in told["pgbouncer"] if name.endswith("_file") and "_tls_" in name]:
        if name not in changes:
            del told["pgbouncer"][name]
    (folder / "userlist.txt").write_text(f'"rialto_pooler" "{PASSWORD}"\n')
    with (folder / "pgbouncer.ini").open("w") as file:
        told.write(file)
    for path in (folder, *folder.iterdir()):
        installation.own(path, 0o700 if path.is_dir() else 0o600)
    return folder / "pgbouncer.ini"
