"""Engines that a platform on one machine runs for itself, where their programs are there."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rialto.cluster.layout import HOST


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A server beside the shop. `settings` are what the shop is told of it, `environment` what it is told itself."""

    name: str
    title: str
    command: Sequence[str]
    settings: Mapping[str, str]
    answers: Callable[[], bool]
    prepare: Callable[[], None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict)
    grace_s: float = 5.0


# Programs that speak the Redis protocol, the first that is there.
KEY_VALUE_SERVERS = ("valkey-server", "redis-server")
# The name of the process that keeps traces.
SINK = "traces"


def find_program(*names: str, environment: Mapping[str, str]) -> str | None:
    """The first of these programs that is on the path, or where servers are for root."""
    path = f"{environment.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def key_value_server(program: str, data: Path, port: int, password: str) -> Engine:
    """Keeps nothing on disk: what it holds may be lost at any time. Its configuration is a file, for the password."""
    folder = data / "cache"
    configuration = folder / "server.conf"

    def prepare() -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        lines = (
            f"bind {HOST}",
            f"port {port}",
            f"dir {folder}",
            'save ""',
            "appendonly no",
            "daemonize no",
            "maxmemory 256mb",
            "maxmemory-policy allkeys-lfu",
            f"requirepass {password}",
        )
        descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    return Engine(
        name="cache",
        title="Cache",
        command=(program, str(configuration)),
        settings={"RIALTO_CACHE_URL": f"redis://:{password}@{HOST}:{port}/0"},
        prepare=prepare,
        answers=lambda: listens(port),
    )


def trace_sink(data: Path, port: int) -> Engine:
    """Our own, which keeps the last hour's traces for `rialto traces`."""
    folder = data / "traces"
    command = (
        sys.executable,
        "-m",
        "rialto.cluster.sink",
        "--port",
        str(port),
        "--file",
        str(folder / "spans.sqlite"),
    )
    return Engine(
        name=SINK,
        title="Traces",
        command=command,
        settings={"RIALTO_OTLP_URL": f"http://{HOST}:{port}"},
        prepare=lambda: folder.mkdir(mode=0o700, exist_ok=True),
        answers=lambda: listens(port),
    )


def listens(port: int) -> bool:
    """Whether something on loopback takes connections there."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
