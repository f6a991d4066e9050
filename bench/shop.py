"""A real shop for measuring: `rialto run` on free ports with a folder of its own, fsync on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import command_of, descendants, free_ports

PASSWORD = "bench-password-of-no-worth"


@dataclass(frozen=True)
class Shop:
    """A running shop. `first_start_s` and `warm_start_s` are from the command to the first ready answer."""

    url: str
    pid: int
    first_start_s: float
    warm_start_s: float
    environment: dict[str, str]

    def pids(self, needle: str = "") -> list[int]:
        """Its processes whose command holds `needle`."""
        return [pid for pid in descendants(self.pid) if needle in command_of(pid)]


@contextmanager
def running_shop(workers: int = 1, settings: Mapping[str, str] | None = None) -> Iterator[Shop]:
    """First start, stop, and a warm start that is then used. `settings` beside the usual ones."""
    folder = Path(tempfile.mkdtemp(prefix="rialto-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    environment = {**_environment(folder, workers), **(settings or {})}
    try:
        first, first_s = _start(environment)
        _stop(first)
        second, warm_s = _start(environment)
        url = f"http://127.0.0.1:{environment['RIALTO_PORT']}"
        try:
            yield Shop(url, second.pid, first_s, warm_s, environment)
        finally:
            _stop(second)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, workers: int) -> dict[str, str]:
    ports = free_ports(3)
    return {
        **os.environ,
        "RIALTO_DATA": str(folder / "data"),
        "RIALTO_PORT": str(ports[0]),
        "RIALTO_OPS_PORT": str(ports[1]),
        "RIALTO_SANDBOX_PORT": str(ports[2]),
        "RIALTO_ADMIN_PASSWORD": PASSWORD,
        "RIALTO_RATE_LIMIT": "0",
        "RIALTO_LOG": "error",
        "RIALTO_WORKERS": str(workers),
    }


def _start(environment: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], float]:
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "rialto.cli", "run"],
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{environment['RIALTO_PORT']}/health/ready"
    while time.monotonic() - begun < 120:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return process, time.monotonic() - begun
        except OSError:
            time.sleep(0.02)
        if process.poll() is not None:
            raise SystemExit("the shop did not start")
    raise SystemExit("the shop was not ready in two minutes")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)
