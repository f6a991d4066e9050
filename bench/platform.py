"""A platform of processes for measuring and for tests: `rialto cluster start` in a folder that is gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.shop import PASSWORD
from rialto.cluster.layout import Layout, read_layout

# The start's last line.
STARTED = "Card "
ENDS_WITHIN_S = 90.0


@dataclass(frozen=True)
class RunningPlatform:
    """`data` is its folder, `pid` the process that watches all others."""

    data: Path
    pid: int

    @property
    def layout(self) -> Layout:
        return read_layout(self.data)

    def rialto(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command about it; `--data` is told already."""
        command, *rest = words
        asked = [command, *rest[:1], "--data", str(self.data), *rest[1:]] if command == "cluster" else None
        line = asked or [command, "--data", str(self.data), *rest]
        return subprocess.run(
            [sys.executable, "-m", "rialto.cli", *line],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )


@contextmanager
def running_platform(*options: str, **settings: str) -> Iterator[RunningPlatform]:
    """From nothing to one that people can come to, and back. Stops the program when it does not start."""
    # Not where only we may look: as root the database is another user.
    with tempfile.TemporaryDirectory(prefix="rialto-platform-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        command = (sys.executable, "-m", "rialto.cli", "cluster", "start", "--port", "0", "--data", str(data))
        process = subprocess.Popen(
            [*command, *options],
            env={**os.environ, "RIALTO_ADMIN_PASSWORD": PASSWORD, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            _wait_for_its_start(process)
            yield RunningPlatform(data, process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=ENDS_WITHIN_S)


def _wait_for_its_start(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if STARTED in line:
            return
    raise SystemExit(f"The platform did not start:\n{''.join(said)}")
