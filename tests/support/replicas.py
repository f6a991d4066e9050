"""A database with a streaming replica, on this machine: held up, killed and started again by tests.

    with a_primary_with_replica() as pair:
        pair.primary, pair.replica      their administrators' addresses
        pair.catch_up()                 everything that is committed can be read at the replica
        with pair.paused(): ...         the replica takes the log and shows nothing new
        pair.kill(); pair.start()       kill -9, and the way back

Its calls block, also beside a running loop. Tests of sessions use `in_database` and `fresh_database` with `pair.primary`
as with any server; what they make there is at the replica after `catch_up`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rialto.engines.embedded_postgres import EmbeddedPostgres
from rialto.engines.postgres_standby import EmbeddedReplica
from rialto.engines.processes import PidFile, is_alive, wait_until
from rialto.kernel.db import DatabaseAddress, connect, parse_database_url

WITHIN_S = 30.0


@dataclass(kw_only=True)
class Pair:
    """A database and its replica. Role passwords and databases are the same at both."""

    server: EmbeddedPostgres
    standby: EmbeddedReplica
    primary: DatabaseAddress
    replica: DatabaseAddress

    def start(self) -> None:
        """The replica runs and answers; at once when it does already."""
        self.standby.ensure_running()

    def stop(self) -> None:
        self.standby.stop()

    def kill(self) -> None:
        """kill -9 of the replica, and it is gone."""
        server = PidFile(self.standby.data / "run" / "postgres.pid").load_alive()
        assert server is not None
        os.kill(server.pid, signal.SIGKILL)
        self.standby.is_running()  # reaps it
        assert wait_until(lambda: not is_alive(server), WITHIN_S)

    def freeze(self) -> None:
        """The replica's sessions and its log's receiver hang: it neither answers nor refuses."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def pause(self) -> None:
        """The replica goes on receiving the log and shows nothing of it."""
        self.ask_replica("SELECT pg_wal_replay_pause()")
        self._until("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def resume(self) -> None:
        self.ask_replica("SELECT pg_wal_replay_resume()")

    @contextmanager
    def paused(self) -> Iterator[None]:
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def catch_up(self) -> str:
        """The replica shows what is committed by now; the position in the log (`16/B374D848`) that it has reached."""
        position: str = self.ask_primary("SELECT pg_current_wal_lsn()::text")
        self._until(f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn")
        return position

    def ask_primary(self, *statements: str, database: str | None = None) -> Any:
        """As the administrator; the first value of the last statement."""
        return asked(self.primary, *statements, database=database)

    def ask_replica(self, *statements: str, database: str | None = None) -> Any:
        return asked(self.replica, *statements, database=database)

    def _until(self, question: str) -> None:
        assert wait_until(lambda: bool(self.ask_replica(question)), WITHIN_S), question

    def _signal_all(self, what: signal.Signals) -> None:
        """To the server and its children; the server last, so that it replaces none of them."""
        server = PidFile(self.standby.data / "run" / "postgres.pid").load_alive()
        assert server is not None
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        for pid in (*map(int, children), server.pid):
            os.kill(pid, what)


def asked(address: DatabaseAddress, *statements: str, database: str | None = None) -> Any:
    """As `ask`, in a thread of its own, so that it can be called beside a running loop as well."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask(address, *statements, database=database)).result()


async def ask(address: DatabaseAddress, *statements: str, database: str | None = None) -> Any:
    """Run the statements on one connection; the first value of the last."""
    options = {} if database is None else {"database": database}
    connection = await connect(address, **options)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


@contextmanager
def a_primary_with_replica() -> Iterator[Pair]:
    """Both running, the replica following. They end with everything in them."""
    folder = Path(tempfile.mkdtemp(prefix="rialto-pair-", dir="/tmp"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "primary", durable=False)
    try:
        primary = server.ensure_running()
        standby = EmbeddedReplica(folder / "replica", primary, password="for-the-log", durable=False)
        try:
            replica = standby.ensure_running()
            yield Pair(
                server=server,
                standby=standby,
                primary=parse_database_url(primary.url),
                replica=parse_database_url(replica.url),
            )
        finally:
            standby.stop()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
