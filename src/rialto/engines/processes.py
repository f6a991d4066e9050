"""Processes that outlive a line of code: who they are, that they end, and that a folder has one owner.

A process is known by its number, its start tick and the boot it belongs to, never by its name: a number alone
is given out again, and another program of the same name is not ours to stop. The supervisor and the embedded
database stand on this file; it decides nothing about either. Linux only (it reads /proc).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_POLL_S = 0.02


class CannotStart(Exception):
    """Rialto cannot start or go on; the text is the one plain sentence that a person is shown."""

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


@dataclass(frozen=True)
class ProcessIdentity:
    """One process of one boot. Start ticks count from the boot, so setting the clock does not change them."""

    pid: int
    started: int
    boot: str


def identify(pid: int) -> ProcessIdentity | None:
    """The process that has this number now; None when there is none or only its unreaped remains."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command name is in brackets and may itself hold blanks and brackets: fields count from the last one.
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in "ZX":
        return None
    return ProcessIdentity(pid, started=int(fields[19]), boot=_boot())


def is_alive(process: ProcessIdentity) -> bool:
    return identify(process.pid) == process


def end_all(
    processes: Sequence[ProcessIdentity],
    *,
    grace_s: float,
    with_signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGKILL),
) -> bool:
    """Send each signal to those that still live, and wait up to `grace_s` after each; True when all are gone."""
    for one in with_signals:
        for process in filter(is_alive, processes):
            with suppress(ProcessLookupError):
                os.kill(process.pid, one)
        if wait_until(lambda: not any(map(is_alive, processes)), grace_s):
            return True
    return False


def wait_until(happened: Callable[[], bool], timeout_s: float) -> bool:
    """Poll until it happened; False when it did not within the time."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


@dataclass(frozen=True)
class PidFile:
    """A note of a process we started, left for the next start in case this one is killed."""

    path: Path

    def write(self, process: ProcessIdentity) -> None:
        body = json.dumps({"pid": process.pid, "started": process.started, "boot": process.boot})
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.write_text(body + "\n")
        fresh.replace(self.path)

    def load(self) -> ProcessIdentity | None:
        """Who was noted, dead or alive; None without a readable note."""
        try:
            body = json.loads(self.path.read_text())
            return ProcessIdentity(int(body["pid"]), int(body["started"]), str(body["boot"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def load_alive(self) -> ProcessIdentity | None:
        """Who was noted, if that very process still runs."""
        noted = self.load()
        return noted if noted and is_alive(noted) else None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


class FolderLock:
    """At most one owner per data folder. The kernel drops the lock with its holder, so none is ever stale."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def acquire(self) -> bool:
        """False when another process holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return True

    def holder(self) -> str:
        """The number of the process that took the lock last, for people."""
        with suppress(OSError):
            return self._path.read_text().strip() or "unknown"
        return "unknown"

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def start_child(command: Sequence[str], *, env: Mapping[str, str], output: Path) -> subprocess.Popen[bytes]:
    """Start a process that gets SIGTERM when this one dies, however it dies.

    It leads a session of its own, so that Ctrl-C reaches only the supervisor, which then stops in order.
    """
    with output.open("ab") as log:
        return subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - see there
        )


def die_with_parent(by: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`, since only between fork and exec can it be asked for: this process's end ends the child.

    Use it from the main thread: the kernel ties the signal to the thread that forked.
    """
    parent = os.getpid()

    def ask() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, by)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return ask


def bound_file(path: Path, bytes_max: int) -> None:
    """Keep an appended log small: past the limit its text moves to `<name>.1` and it starts again empty.

    Its writers hold it open for appending, so it is emptied in place and never renamed.
    """
    with suppress(OSError):  # a log that cannot be trimmed (full disk) is no reason to stop a shop
        if path.stat().st_size <= bytes_max:
            return
        with path.open("r+b") as log:
            log.seek(-min(bytes_max, path.stat().st_size), os.SEEK_END)
            path.with_name(f"{path.name}.1").write_bytes(log.read())
            log.truncate(0)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
