"""The embedded PostgreSQL's folder: made whole or not at all, checked before use, configured at every start.

Nothing here runs a server; see embedded_postgres.py.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rialto.engines.postgres_install import Installation
from rialto.engines.processes import CannotStart

SUPERUSER = "rialto"
DATABASE = "rialto"
PORT = 5432
MAJOR = "18"
# Passwords are long and random, so stretching them would only cost time on every connection.
_SCRAM_ITERATIONS = 64

# What is said about archiving stands in a file of its own, which a start leaves alone (postgres_archive.py).
ARCHIVE_FILE = "archive.conf"

_ACCESS = """\
# Written by Rialto. One way in: the Unix socket, with a password.
local all all scram-sha-256
local replication all scram-sha-256
"""

_CONFIGURATION = """\
# Written by Rialto at every start. Use ALTER SYSTEM for settings of your own.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
max_connections = 100
scram_iterations = {scram_iterations}
# Locks of a killed worker must not outlive its query.
client_connection_check_interval = '5s'

shared_buffers = '128MB'
work_mem = '8MB'
maintenance_work_mem = '64MB'
effective_cache_size = '512MB'
random_page_cost = 1.1
jit = off
io_method = sync
max_worker_processes = 4
max_parallel_workers_per_gather = 0
autovacuum_max_workers = 2

fsync = {durable}
# Also without fsync: a killed server then loses nothing, only a lost machine does.
synchronous_commit = on
full_page_writes = {durable}
max_wal_senders = 10
# A replica that is gone keeps no more of the log than this: it never fills the disk of the database.
max_slot_wal_keep_size = '1GB'
min_wal_size = '64MB'
max_wal_size = '256MB'
checkpoint_timeout = '10min'
log_checkpoints = off

# Without backups there is no archive: what is full is forgotten. The file says otherwise after the first one.
archive_mode = on
archive_command = 'true'
include_if_exists = '{archive_file}'

log_min_messages = warning
log_line_prefix = '%m [%p] %u@%d '
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.simple'
"""


@dataclass(frozen=True)
class Cluster:
    """One PGDATA folder, in PostgreSQL's word for it. `durable=False` trades safety for speed, for tests.

    `more` are lines of configuration beside the usual ones.
    """

    folder: Path
    installation: Installation
    durable: bool
    more: str = ""

    def create(self, password: str) -> None:
        """Make it beside its place and move it there: an interrupted first start leaves no half database."""
        fresh = self.begin()
        self._initialise(fresh, password)
        self._alone(fresh, f"CREATE DATABASE {DATABASE}", failed="could not be created")
        fresh.replace(self.folder)

    def begin(self) -> Path:
        """An empty folder beside its place, to be made ready and moved there. What was begun before is removed."""
        for abandoned in self.folder.parent.glob(f"{self.folder.name}.new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}.new-", dir=self.folder.parent))
        self.installation.own(fresh, 0o700)
        return fresh

    def change_password(self, password: str) -> None:
        """Set the superuser's. No server may run in the folder. Raises CannotStart."""
        quoted = password.replace("'", "''")
        statement = f"ALTER ROLE {SUPERUSER} PASSWORD '{quoted}'"
        self._alone(self.folder, statement, failed="does not take another password")

    def check(self) -> bool:
        """Refuse a folder that is damaged or of another version. True when it was shut down cleanly."""
        try:
            found = (self.folder / "PG_VERSION").read_text(errors="replace").strip()
        except OSError:
            found = ""
        if not found.isdigit():
            raise self._damaged("PG_VERSION is missing or unreadable")
        if found != MAJOR:
            raise CannotStart(
                f"The database in {self.folder} was made by PostgreSQL {found} and this Rialto brings "
                f"PostgreSQL {MAJOR}; with the Rialto that made it run `rialto backup --logical`, and with this one "
                "`rialto restore --replace`."
            )
        return self.control("cluster state").startswith("shut down")

    def control(self, name: str) -> str:
        """What the control file says of this, as `pg_controldata` names it. Raises CannotStart."""
        said = self.installation.run("pg_controldata", "-D", str(self.folder))
        found = re.search(rf"{name}: +(.+)", said.stdout)
        if said.returncode != 0 or found is None or "warning" in (said.stdout + said.stderr).lower():
            raise self._damaged("its control file cannot be read")
        return found.group(1)

    def configure(self, socket_folder: Path) -> None:
        self._write("pg_hba.conf", _ACCESS)
        settings = _CONFIGURATION.format(
            port=PORT,
            scram_iterations=_SCRAM_ITERATIONS,
            socket_folder=str(socket_folder).replace("'", "''"),
            durable="on" if self.durable else "off",
            archive_file=ARCHIVE_FILE,
        )
        self._write("postgresql.conf", settings + self.more)

    def _alone(self, folder: Path, statement: str, *, failed: str) -> None:
        """Run one statement in a process of its own, without a server: it asks for no password."""
        alone = ["--single", "-D", str(folder), *(() if self.durable else ("-F",)), "postgres"]
        done = self.installation.run("postgres", *alone, stdin=f"{statement}\n")
        if done.returncode != 0 or re.search(r"\b(ERROR|FATAL|PANIC):", done.stderr):
            raise CannotStart(f"The database in {self.folder} {failed}: {reason(done.stderr)}")

    def _initialise(self, fresh: Path, password: str) -> None:
        password_file = fresh.with_name("initdb.password")
        password_file.unlink(missing_ok=True)
        password_file.touch(0o600)
        password_file.write_text(password + "\n")
        self.installation.own(password_file, 0o600)
        try:
            made = self.installation.run(
                "initdb",
                f"--pgdata={fresh}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth-local=scram-sha-256",
                "--auth-host=reject",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--data-checksums",
                "--no-instructions",
                f"--set=scram_iterations={_SCRAM_ITERATIONS}",
                *(() if self.durable else ("--no-sync", "--wal-segsize=4")),
            )
        finally:
            password_file.unlink()
        if made.returncode != 0:
            raise CannotStart(f"The database could not be created: {reason(made.stderr)}")

    def _damaged(self, how: str) -> CannotStart:
        return CannotStart(
            f"The database in {self.folder} is damaged ({how}); restore the folder from a backup, "
            "or move it away to start with an empty shop."
        )

    def _write(self, name: str, text: str) -> None:
        fresh = self.folder / f"{name}.new"
        fresh.write_text(text)
        self.installation.own(fresh, 0o600)
        fresh.replace(self.folder / name)


def reason(said: str) -> str:
    """The last serious line of what a PostgreSQL program said, as the end of a sentence."""
    serious = re.findall(r"(?:FATAL|PANIC|ERROR|error):\s+(.+)", said)
    lines = said.strip().splitlines()
    return f"{(serious or lines or ['no reason was given'])[-1].rstrip('.')}."
