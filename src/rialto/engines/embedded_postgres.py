"""The embedded PostgreSQL: one server in the data folder, reachable by its Unix socket and by nobody else.

    <data>/postgres/        the database itself (PGDATA); complete or not there
    <data>/postgres.log     what the server says, bounded
    <data>/run/pg/          the socket, in a folder that only its owner enters
    <data>/run/postgres.pid who the server is, for the next start

`ensure_running()` makes the database on first use, adopts a server that survived its supervisor, and otherwise
starts one. It never stops or signals a process it cannot prove to be the server of this very folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from rialto.engines.postgres_archive import overflow, stop_archiving
from rialto.engines.postgres_files import DATABASE, PORT, SUPERUSER, Cluster, reason
from rialto.engines.postgres_install import (
    Installation,
    default_data_folder,
    install,
    make_data_folder,
)
from rialto.engines.processes import (
    CannotStart,
    FolderLock,
    PidFile,
    ProcessIdentity,
    bound_file,
    end_all,
    identify,
    wait_until,
)

__all__ = [
    "EmbeddedPostgres",
    "PostgresAddress",
    "borrowed_postgres",
    "default_data_folder",
    "has_database",
    "throwaway_postgres",
]

# Where a restore makes the new database ready, below the data folder (restoring.py).
RESTORING = "restoring"
_SOCKET_PATH_MAX = 107
_LOG_BYTES_MAX = 8 * 1024 * 1024
_STOP_GRACE_S = 4.0
_PROGRESS_S = 5.0
_ORPHANS_WAIT_S = 10.0


@dataclass(frozen=True)
class PostgresAddress:
    """How to reach the server. `socket_folder` goes where a host name would."""

    socket_folder: Path
    user: str
    password: str
    port: int = PORT
    database: str = DATABASE

    @property
    def url(self) -> str:
        query = urlencode({"host": str(self.socket_folder), "port": self.port})
        return (
            f"postgresql://{quote(self.user)}:{quote(self.password, safe='')}@/{quote(self.database)}?{query}"
        )


class EmbeddedPostgres:
    """One server per data folder. Not thread-safe; the folder's owner is whoever holds the folder's lock."""

    def __init__(
        self,
        data: Path,
        log: Callable[[str], None] = lambda _: None,
        *,
        password: str | None = None,
        durable: bool = True,
    ) -> None:
        """`password` of the superuser; without one it is kept in `<data>/postgres.password`.

        `durable=False` is for tests: faster, and lost with the machine (not with the process).
        """
        self.data = data.resolve()  # /proc and PostgreSQL name folders without links
        self._log = log
        self._given_password = password
        self._durable = durable
        self._folder = self.data / "postgres"
        self._output = self.data / "postgres.log"
        self._pid_file = PidFile(self.data / "run" / "postgres.pid")
        self._process: subprocess.Popen[bytes] | None = None
        self._server: ProcessIdentity | None = None

    def ensure_running(self) -> PostgresAddress:
        """Make, adopt or start the server and wait until it accepts connections.

        Idempotent. Raises CannotStart with one plain sentence when it cannot be done.
        """
        try:
            return self._ensure_running()
        except OSError as problem:
            raise CannotStart(
                f"The data folder {self.data} cannot be used: {problem.strerror or problem} ({problem.filename})."
            ) from problem

    def adopt(self) -> PostgresAddress:
        """The running server of this folder, waiting until it is ready. Raises CannotStart when there is none."""
        self._server = self._find_server() if self._folder.exists() else None
        if self._server is None or not self._becomes_ready():
            raise CannotStart(f"Rialto is just starting or stopping with {self.data}; try again in a moment.")
        return self._address(self._socket_folder(install(self.data)))

    def change_password(self, password: str) -> None:
        """Give the superuser another password, knowing no old one: who may write the folder owns the database.

        A server that outlived its supervisor is stopped first. Raises CannotStart.
        """
        installation = install(self.data)
        cluster = self._cluster(installation)
        cluster.check()
        self._server = self._find_server()
        self.stop()
        cluster.configure(self._socket_folder(installation))
        cluster.change_password(password)

    def is_running(self) -> bool:
        """Whether the server we started or adopted still lives."""
        if self._process is not None:
            self._process.poll()  # reaps it, so that its remains are not taken for life
        return self._server is not None and identify(self._server.pid) == self._server

    def stop(self) -> None:
        """Shut down: sessions are ended, everything is written. Nothing to do when it does not run."""
        # An interrupted start has not noted its server yet, and another owner may have replaced ours.
        server = self._server if self.is_running() else self._find_server()
        if server is None:
            return
        self._server = None
        # SIGINT is PostgreSQL's fast shutdown; SIGQUIT gives up politeness, and the next start recovers.
        end_all([server], with_signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL), grace_s=_STOP_GRACE_S)
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._pid_file.remove()
        if (fallback := self._short_socket_folder()).is_dir():
            shutil.rmtree(fallback, ignore_errors=True)

    def keep_log_small(self) -> None:
        """Called now and then by whoever watches the server."""
        bound_file(self._output, _LOG_BYTES_MAX)

    def keep_archive_small(self, bytes_max: int) -> None:
        """Called now and then, too: the archive of the log grows as long as nobody makes a new backup."""
        why = overflow(self._folder, bytes_max)
        if why and self._server is not None:
            stop_archiving(self._folder, why, self._server.pid)
            self._log(f"Archiving for backups is stopped: {why} `rialto backup` begins it anew.")

    def _ensure_running(self) -> PostgresAddress:
        make_data_folder(self.data)
        installation = install(self.data)
        cluster = self._cluster(installation)
        self._make_missing(cluster)
        shut_down = cluster.check()
        socket_folder = self._socket_folder(installation)
        self._server = self._find_server()
        if self._server is None:
            if not shut_down:
                self._log("The database was not shut down cleanly: recovering it")
            self._start(cluster, socket_folder)
        elif not self._becomes_ready():
            self._start(cluster, socket_folder)  # it was just ending when we found it
        return self._address(socket_folder)

    def _cluster(self, installation: Installation) -> Cluster:
        return Cluster(self._folder, installation, self._durable)

    def _make_missing(self, cluster: Cluster) -> None:
        """The folder is there afterwards."""
        if self._folder.exists():
            return
        if (self.data / RESTORING).exists():
            raise CannotStart(f"A restore of {self.data} was cut off; run `rialto restore` again.")
        self._log("Creating the database")
        cluster.create(self._password())

    def _address(self, socket_folder: Path) -> PostgresAddress:
        return PostgresAddress(socket_folder, SUPERUSER, self._password())

    def _socket_folder(self, installation: Installation) -> Path:
        folder = self.data / "run" / "pg"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > _SOCKET_PATH_MAX:
            folder = self._short_socket_folder()
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            installation.own(folder, 0o700)
        found = folder.lstat()
        if (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid != installation.account.uid
            or found.st_mode & 0o077
        ):
            raise CannotStart(
                f"{folder} must be a private folder of the database's user; remove it and start again."
            )
        return folder

    def _short_socket_folder(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path("/run" if os.geteuid() == 0 else "/tmp") / f"rialto-{os.geteuid()}-{digest}"  # noqa: S108

    def _password(self) -> str:
        if self._given_password is not None:
            return self._given_password
        file = self.data / "postgres.password"
        if not file.exists():
            fresh = file.with_name(f"{file.name}.new")
            fresh.touch(0o600)
            fresh.write_text(secrets.token_urlsafe(32))
            fresh.replace(file)
        return file.read_text().strip()

    def _find_server(self) -> ProcessIdentity | None:
        """The server of this folder if one runs; clears a lock file whose process is something else."""
        lock_file = self._folder / "postmaster.pid"
        lines = _lines(lock_file)
        if len(lines) < 3 or not lines[0].isdigit() or not lines[2].isdigit():
            return None
        found = identify(int(lines[0]))
        if found is not None and _works_in(found.pid, self._folder):
            if self._pid_file.load() == found or _started_near(found, int(lines[2])):
                return found
            raise CannotStart(
                f"Process {found.pid} works in {self._folder} and is not known to be its database server; "
                "stop it and start again."
            )
        # PostgreSQL replaces the file itself when its process is gone, but would take the unreaped remains
        # of a killed server, or another program under its number, for a running server.
        if Path(f"/proc/{lines[0]}").exists():
            self._log("Removing the lock file of a database server that is gone")
            wait_until(lambda: not _anybody_works_in(self._folder), _ORPHANS_WAIT_S)
            lock_file.unlink()
        return None

    def _start(self, cluster: Cluster, socket_folder: Path) -> None:
        cluster.configure(socket_folder)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (socket_folder / name).unlink(missing_ok=True)
        self._output.touch(0o600)
        self.keep_log_small()
        deadline = time.monotonic() + _ORPHANS_WAIT_S
        while True:
            said = self._said()
            self._process = cluster.installation.start(
                "postgres", "-D", str(cluster.folder), output=self._output
            )
            self._server = identify(self._process.pid)
            if self._server is not None:
                self._pid_file.write(self._server)
            if self._becomes_ready():
                return
            why = reason(self._said_since(said))
            # A killed server's last children hold its memory for a moment longer.
            if "shared memory block" not in why or time.monotonic() > deadline:
                raise self._refused(why)

    def _becomes_ready(self) -> bool:
        """However long it takes: recovery may need minutes, and interrupting it gains nothing. False if it ends."""
        waited = 0.0
        while not wait_until(lambda: not self.is_running() or self._status() == "ready", _PROGRESS_S):
            waited += _PROGRESS_S
            self._log(f"The database is still getting ready after {waited:.0f} s")
        if self.is_running():
            return True
        self._pid_file.remove()
        return False

    def _said(self) -> int:
        return self._output.stat().st_size if self._output.exists() else 0

    def _said_since(self, position: int) -> str:
        return self._output.read_bytes()[position:].decode(errors="replace")

    def _refused(self, reason: str) -> CannotStart:
        if "No space left on device" in reason:
            return CannotStart(f"The disk of {self.data} is full; free some space and start again.")
        return CannotStart(
            f"The database in {self._folder} does not start: {reason} Its log is {self._output}."
        )

    def _status(self) -> str:
        """What the server says about itself in its lock file; empty when the file is not its own or not complete."""
        lines = _lines(self._folder / "postmaster.pid")
        if self._server is None or len(lines) < 8 or lines[0] != str(self._server.pid):
            return ""
        return lines[7].strip()


def has_database(data: Path) -> bool:
    """Whether an embedded database was made in this data folder."""
    return (data / "postgres").exists()


@contextmanager
def borrowed_postgres(
    data: Path,
    log: Callable[[str], None] = lambda _: None,
    *,
    password: str | None = None,
    durable: bool = True,
) -> Iterator[PostgresAddress]:
    """The server for the length of a command such as `rialto import`.

    Beside a running shop it is the shop's own. Otherwise it is started, and stopped at the end; meanwhile
    `rialto run` on the same folder is refused.
    """
    make_data_folder(data)
    server = EmbeddedPostgres(data, log, password=password, durable=durable)
    lock = FolderLock(data / "run" / "lock")
    if not lock.acquire():
        yield server.adopt()
        return
    try:
        yield server.ensure_running()
    finally:
        server.stop()
        lock.release()


@contextmanager
def throwaway_postgres() -> Iterator[PostgresAddress]:
    """A fast server in a temporary folder, gone with everything in it at the end. For tests and trials.

    The folder is one that the database's user can reach also when root runs the tests.
    """
    folder = Path(tempfile.mkdtemp(prefix="rialto-pg-", dir="/tmp"))
    server = EmbeddedPostgres(folder, durable=False)
    try:
        yield server.ensure_running()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _works_in(pid: int, folder: Path) -> bool:
    with suppress(OSError):  # gone, or another user's and so not our server
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    return False


def _anybody_works_in(folder: Path) -> bool:
    return any(
        _works_in(int(entry.name), folder) for entry in Path("/proc").iterdir() if entry.name.isdigit()
    )


def _started_near(process: ProcessIdentity, epoch_s: int) -> bool:
    """Whether the process began when the lock file says, give or take what a corrected clock moves."""
    boot_s = int(re.findall(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)[0])
    return abs(boot_s + process.started / os.sysconf("SC_CLK_TCK") - epoch_s) < 10
