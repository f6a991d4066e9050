"""A database server of a test's own, to be stopped under a running shop: killed, or frozen so that it answers nothing.

Frozen means that its sockets still take what is sent and nothing comes back, as behind a network that swallows packets;
killed, that connections are refused.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from shutil import rmtree
from urllib.parse import urlencode

from rialto.engines.embedded_postgres import EmbeddedPostgres
from rialto.kernel.db import DatabaseAddress, parse_database_url
from tests.support.process import WITHIN_S


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
        return signal_server(self._folder, number)


def signal_server(data: Path, number: signal.Signals) -> list[int]:
    """To all processes of the embedded server in this data folder; which they are."""
    postmaster = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    sent: list[int] = []
    for _ in range(2):  # the postmaster first; a backend may have been made while the first round went on
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


@dataclass(frozen=True)
class Page:
    """What came back, and after how long."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float


class Visitor:
    """A browser's way with a real shop: it keeps cookies, follows no redirect and says where its posts come from."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._host = f"127.0.0.1:{port}"
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Page:
        return self._ask("GET", path, None, {})

    def post(self, path: str, **fields: str) -> Page:
        told = {
            "origin": f"http://{self._host}",
            "sec-fetch-site": "same-origin",
            "content-type": "application/x-www-form-urlencoded",
        }
        return self._ask("POST", path, urlencode(fields), told)

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Page:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = HTTPConnection("127.0.0.1", self._port, timeout=WITHIN_S)
        began = time.monotonic()
        try:
            told = {"host": self._host, **({"cookie": cookies} if cookies else {}), **headers}
            connection.request(method, path, body, told)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        for line in response.headers.get_all("set-cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        found = {name.lower(): value for name, value in response.headers.items()}
        return Page(response.status, found, text, time.monotonic() - began)
