"""A database server of a test's own, to be stopped under a running shop: killed, or frozen so that it answers nothing.

Frozen means that its sockets still take what is sent and nothing comes back, as behind a network that swallows packets;
killed, that connections are refused.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from rialto.engines.embedded_postgres import EmbeddedPostgres
from rialto.kernel.db import DatabaseAddress, parse_database_url


class OwnServer:
    """One PostgreSQL in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = EmbeddedPostgres(folder, durable=False)
        self._frozen: list[int] = []
        self.address = self._start()

    def kill(self) -> None:
        """All its processes at once, by SIGKILL. Connections are refused from now on."""
        self._signal(signal.SIGKILL)
        self._server.is_running()  # takes notice of its death

    def freeze(self) -> None:
        """Nothing of it runs any more; what is sent to it waits."""
        self._frozen = self._signal(signal.SIGSTOP)

    def back(self) -> None:
        """It answers again, whatever had been done to it."""
        frozen, self._frozen = self._frozen, []
        for pid in frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._start()

    def close(self) -> None:
        self.back()
        self._server.stop()

    def _start(self) -> DatabaseAddress:
        return parse_database_url(self._server.ensure_running().url)

    def _signal(self, number: signal.Signals) -> list[int]:
        """To the postmaster first, so that it starts no more, then to whoever works in its folder."""
        postmaster = int((self._folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        sent: list[int] = []
        for _ in range(2):  # a backend may have been made while the first round went on
            for pid in [postmaster, *_children(postmaster)]:
                if pid not in sent:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
                    sent.append(pid)
        return sent


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Started, and gone with everything in it at the end."""
    # Not pytest's folder: as root the database runs as a user of its own, who must get through to its files.
    folder = Path(tempfile.mkdtemp(prefix="rialto-outage-", dir="/var/tmp"))
    folder.chmod(0o755)
    server = OwnServer(folder)
    try:
        yield server
    finally:
        server.close()
        rmtree(folder, ignore_errors=True)


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                stat = (entry / "stat").read_text()
                if int(stat.rpartition(")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
    return found
