"""A streaming replica of the embedded server: a second server with a folder of its own that follows the first one.

    <data>/replica/         a data folder as the embedded server's, with postgres/, run/ and postgres.log

It is derived: whatever is wrong with it, it is made anew from the database, by itself. A replication slot keeps what of
the log it has not read yet, within a bound (`max_slot_wal_keep_size`), so that a replica that is gone cannot fill the
database's disk; one that comes back later than that is made anew as well. It signs in with a role of its own.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rialto.engines.embedded_postgres import EmbeddedPostgres, PostgresAddress
from rialto.engines.postgres_archive import quoted
from rialto.engines.postgres_files import Cluster
from rialto.engines.postgres_install import Installation, install, make_data_folder
from rialto.engines.postgres_programs import Programs
from rialto.engines.processes import CannotStart, wait_until

ROLE = "rialto_replication"
SLOT = "rialto_replica"
_SIGNAL = "standby.signal"

_READY_WITHIN_S = 30.0
_FOLLOWS_WITHIN_S = 10.0
_SLOT_FREE_WITHIN_S = 10.0

# Without feedback a replica that hangs cannot keep the database from cleaning up. The price: a long read that needs rows
# which are gone there holds the replica back for this long, and is ended then.
_MORE = """
# A replica.
primary_conninfo = '{conninfo}'
primary_slot_name = '{slot}'
hot_standby = on
hot_standby_feedback = off
max_standby_streaming_delay = '5s'
max_standby_archive_delay = '5s'
wal_retrieve_retry_interval = '1s'
"""
# What a replica says when it cannot go on from where it is.
_PARTED = re.compile(
    r"has already been removed|can no longer (?:access|get changes from) replication slot|"
    r"replication slot \S+ does not exist|ahead of the WAL flush position|system identifier differs|"
    r"is not a child of this server's history|forked off current database system timeline|"
    r"highest timeline \d+ of the primary is behind"
)


class EmbeddedReplica(EmbeddedPostgres):
    """One replica per database. Not thread-safe, as the embedded server."""

    def __init__(
        self,
        data: Path,
        primary: PostgresAddress,
        log: Callable[[str], None] = lambda _: None,
        *,
        password: str,
        durable: bool = True,
    ) -> None:
        """`primary` is the embedded server with its administrator, `password` that of the role for replication."""
        super().__init__(data, log, password=primary.password, durable=durable)
        self._primary = primary
        self._replication_password = password
        self._anew = False

    def ensure_running(self) -> PostgresAddress:
        """Make, adopt or start the replica, and wait for a while until it follows.

        The database must run. What cannot be gone on with is made anew, once. Idempotent. Raises CannotStart.
        """
        try:
            return self._following()
        except CannotStart as problem:
            self._log(f"The replica is made anew: {problem}")
            self._anew = True
        try:
            return self._following()
        finally:
            self._anew = False

    @property
    def url(self) -> str:
        """Where it is or will be. Raises CannotStart, OSError."""
        make_data_folder(self.data)
        return self._address(self._socket_folder(install(self.data))).url

    def keep_archive_small(self, bytes_max: int) -> None:
        """A replica archives nothing."""

    def _following(self) -> PostgresAddress:
        said = self._said()
        address = super().ensure_running()
        here = self._programs(address)

        def parted() -> re.Match[str] | None:
            return _PARTED.search(self._said_since(said))

        def settled() -> bool:
            return _streams(here) or parted() is not None or not self.is_running()

        if not wait_until(settled, _FOLLOWS_WITHIN_S):
            self._log("The replica runs and does not follow the database yet")
        elif (why := parted()) is not None:
            raise CannotStart(f"It cannot follow the database ({why.group(0)}).")
        return address

    def _cluster(self, installation: Installation) -> Cluster:
        told = {
            "host": self._primary.socket_folder,
            "port": self._primary.port,
            "user": ROLE,
            "password": self._replication_password,
            "application_name": SLOT,
        }
        conninfo = " ".join(f"{name}='{_escaped(value)}'" for name, value in told.items())
        more = _MORE.format(conninfo=quoted(conninfo), slot=SLOT)
        return Cluster(self._folder, installation, self._durable, more)

    def _make_missing(self, cluster: Cluster) -> None:
        """Nothing is lost when it is made anew, so a doubt is enough; but for one that was made a database of its own."""
        if self._folder.exists() and not (self._folder / _SIGNAL).exists():
            raise CannotStart(
                f"The replica in {self._folder} was made a database of its own; move it away, or use it as such."
            )
        primary = self._programs(self._primary)
        self._ensure_role(primary)
        why = "it is asked for." if self._anew else self._unfit(cluster, primary)
        if not why:
            return
        self._log(f"Copying the database for its replica: {why}")
        self.stop()
        self._fresh_slot(primary)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._copy(cluster).replace(self._folder)

    def _copy(self, cluster: Cluster) -> Path:
        fresh = cluster.begin()
        sender = self._programs(replace(self._primary, user=ROLE, password=self._replication_password))
        sender.run(
            "pg_basebackup",
            *(f"--pgdata={fresh}", f"--slot={SLOT}", "--checkpoint=fast", "--no-manifest"),
            *(() if self._durable else ("--no-sync",)),
            *sender.connection(),
        )
        (fresh / _SIGNAL).touch()
        cluster.installation.own(fresh / _SIGNAL, 0o600)
        return fresh

    def _unfit(self, cluster: Cluster, primary: Programs) -> str:
        """Why what is there cannot follow the database, as the end of a sentence; empty when it can."""
        if not self._folder.exists():
            return "there is none yet."
        try:
            cluster.check()
            origin = cluster.control("Database system identifier")
        except CannotStart as problem:
            return str(problem)
        if origin != primary.ask("SELECT system_identifier FROM pg_control_system()"):
            return "what is there is of another database."
        kept = primary.ask(f"SELECT wal_status FROM pg_replication_slots WHERE slot_name = '{SLOT}'")
        if kept in {"", "lost"}:
            return "it fell too far behind."
        return ""

    def _ensure_role(self, primary: Programs) -> None:
        there = primary.ask(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'")
        verb = "ALTER" if there else "CREATE"
        primary.ask(f"{verb} ROLE {ROLE} LOGIN REPLICATION PASSWORD '{quoted(self._replication_password)}'")

    def _fresh_slot(self, primary: Programs) -> None:
        """One that keeps the log from now on. The sender of a killed replica may hold the old one for a moment."""
        named = f"FROM pg_replication_slots WHERE slot_name = '{SLOT}'"

        def is_free() -> bool:
            primary.ask(f"SELECT pg_terminate_backend(active_pid) {named} AND active")
            return not primary.ask(f"SELECT 1 {named} AND active")

        if not wait_until(is_free, _SLOT_FREE_WITHIN_S):
            raise CannotStart(f"Another replica uses the slot {SLOT} of the database.")
        primary.ask(f"SELECT pg_drop_replication_slot(slot_name) {named}")
        primary.ask(f"SELECT pg_create_physical_replication_slot('{SLOT}', true)")

    def _becomes_ready(self) -> bool:
        """Within bounds: what it needs to be whole may take its time, and the shop does not wait for it."""
        wait_until(lambda: not self.is_running() or self._status() == "ready", _READY_WITHIN_S)
        return self.is_running()

    def _programs(self, address: PostgresAddress) -> Programs:
        return Programs(install(self.data), address, failed="The replica could not be made")


def _streams(replica: Programs) -> bool:
    try:
        return replica.ask("SELECT status FROM pg_stat_wal_receiver") == "streaming"
    except CannotStart:  # it takes no calls yet
        return False


def _escaped(value: object) -> str:
    """As it stands between quotes in a connection string."""
    return str(value).replace("\\", "\\\\").replace("'", "\\'")
