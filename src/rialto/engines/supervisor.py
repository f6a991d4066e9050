"""Keeps what a running shop consists of running: starts it in order, restarts what dies, stops it in reverse.

It knows how to tell whether a part lives and how to start it again, and nothing about what the part does. Parts
left over from a killed supervisor are found by their own notes in `<data>/run/` and ended before a new start.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from rialto.engines.asked_restarts import AskedRestarts
from rialto.engines.embedded_postgres import EmbeddedPostgres
from rialto.engines.processes import (
    CannotStart,
    PidFile,
    ProcessIdentity,
    bound_file,
    end_all,
    identify,
    start_child,
    wait_until,
)

# Long, because a worker reads its search index before it serves, or builds it: with 100,000 products that is 20 s of
# CPU, or 100 s. A part that dies is told at once.
READY_WITHIN_S = 900.0
ARCHIVE_BYTES_MAX = 20 * 2**30
_STOP_GRACE_S = 4.0
_WATCH_S = 0.5
_HOUSEKEEPING_S = 5.0
_LOG_BYTES_MAX = 8 * 1024 * 1024
_ROOM_TO_RESTART = 32 * 1024 * 1024
# Five deaths within a minute are not bad luck any more.
_DEATHS_MAX = 5
_DEATHS_WITHIN_S = 60.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PAUSES_S = (0.0, 0.2, 0.5, 1.0, 2.0)


class StopAsked(BaseException):
    """Somebody wants the shop to stop. Not an error: it passes every `except Exception`."""


class Part(Protocol):
    """Something that is to be running. Where it is `vital`, the shop stops when it cannot be kept running."""

    name: str
    vital: bool

    def is_running(self) -> bool: ...

    def start(self) -> bool:
        """Start it; False when it makes no sense to try yet. Raises CannotStart."""
        ...

    def keep_tidy(self) -> None:
        """Called every few seconds."""
        ...


class Child:
    """A process of ours: a worker or the sandbox provider. It ends when the supervisor ends."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        data: Path,
        stops: int = 0,
        grace_s: float = _STOP_GRACE_S,
    ) -> None:
        """Children with a higher `stops` end later: what others still need. `grace_s` is its time to end by itself."""
        self.name = name
        self.vital = True
        self.stops = stops
        self.grace_s = grace_s
        self.output = data / "logs" / f"{name}.log"
        self._command = tuple(command)
        self._env = env
        self._pid_file = PidFile(data / "run" / f"{name}.pid")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def identity(self) -> ProcessIdentity | None:
        return identify(self._process.pid) if self._process is not None else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> bool:
        self.output.parent.mkdir(mode=0o700, exist_ok=True)  # logs are nobody else's
        self.keep_tidy()
        self._process = start_child(self._command, env=self._env, output=self.output)
        if (identity := self.identity) is not None:
            self._pid_file.write(identity)
        return True

    def ask_to_end(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def keep_tidy(self) -> None:
        bound_file(self.output, _LOG_BYTES_MAX)

    def reap(self) -> None:
        """Forget a process that was ended."""
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._pid_file.remove()

    def last_words(self) -> str:
        lines = self.output.read_text(errors="replace").strip().splitlines() if self.output.exists() else []
        return lines[-1].strip()[:300] if lines else "it said nothing"


class Database:
    """The embedded server as a part. On a full disk it waits for room: a start would only fail again."""

    def __init__(self, server: EmbeddedPostgres, archive_bytes_max: int, name: str, *, vital: bool) -> None:
        self.name = name
        self.vital = vital
        self._server = server
        self._archive_bytes_max = archive_bytes_max

    def is_running(self) -> bool:
        return self._server.is_running()

    def start(self) -> bool:
        if shutil.disk_usage(self._server.data).free < _ROOM_TO_RESTART:
            return False
        self._server.ensure_running()
        return True

    def keep_tidy(self) -> None:
        self._server.keep_log_small()
        self._server.keep_archive_small(self._archive_bytes_max)


@dataclass
class _Watched:
    part: Part
    deaths: deque[float] = field(default_factory=deque)
    start_due: float | None = None
    asked_at: float | None = None


class Supervisor:
    """Owns the running parts of one data folder. Use it from the main thread."""

    def __init__(
        self,
        data: Path,
        log: Callable[[str], None],
        *,
        watch_every_s: float = _WATCH_S,
        pauses_s: Sequence[float] = _PAUSES_S,
    ) -> None:
        self._watch_every_s = watch_every_s
        self._pauses_s = pauses_s
        self._data = data
        self._log = log
        self._databases: list[EmbeddedPostgres] = []
        self._restarts = AskedRestarts(data)
        self._children: list[Child] = []
        self._watched: list[_Watched] = []
        self._woken = threading.Event()

    def end_leftovers(self) -> None:
        """Stop children of an earlier supervisor that was killed; its database is adopted, not stopped."""
        files = [
            PidFile(path) for path in sorted((self._data / "run").glob("*.pid")) if path.stem != "postgres"
        ]
        alive = [process for file in files if (process := file.load_alive()) is not None]
        if alive:
            self._log(f"Stopping {len(alive)} left over from an earlier start")
            if not end_all(alive, grace_s=_STOP_GRACE_S):
                pids = ", ".join(str(process.pid) for process in alive)
                raise CannotStart(
                    f"A process of an earlier start does not end ({pids}); stop it and start again."
                )
        for file in files:
            file.remove()

    def own_database(
        self,
        server: EmbeddedPostgres,
        *,
        archive_bytes_max: int = ARCHIVE_BYTES_MAX,
        name: str = "database",
        vital: bool = True,
    ) -> None:
        """Watch this server from now on, and stop it last. `archive_bytes_max` bounds what it archives."""
        self._databases.append(server)
        self._watched.append(_Watched(Database(server, archive_bytes_max, name, vital=vital)))

    def start(self, children: Sequence[Child], *, ready: Callable[[], bool]) -> None:
        """Start them side by side and wait until `ready`. Raises CannotStart when one ends before."""
        for part in self._restarts.asked():
            self._restarts.done(part)  # asked of a supervisor that is gone: all are started now
        for child in children:
            self._children.append(child)
            child.start()
        self._watched.extend(_Watched(child) for child in children)

        def settled() -> bool:
            return not all(child.is_running() for child in children) or ready()

        in_time = wait_until(settled, READY_WITHIN_S)
        for child in children:
            if not child.is_running():
                raise CannotStart(
                    f"The {child.name} ended before it was ready ({child.last_words()}); its log is {child.output}."
                )
        if not in_time:
            raise CannotStart(
                f"The {children[0].name} was not ready after {READY_WITHIN_S:.0f} s; its log is {children[0].output}."
            )

    def watch(self) -> None:
        """Restart what dies until a signal handler ends this. Raises CannotStart when restarting does not help."""
        previous = signal.signal(signal.SIGCHLD, lambda _signal, _frame: self._woken.set())
        tidy_due = time.monotonic()
        try:
            while True:
                self._woken.wait(self._watch_every_s)
                self._woken.clear()
                asked = self._restarts.asked()
                for watched in self._watched:
                    if watched.part.name in asked:
                        self._restart(watched)
                    else:
                        self._look_after(watched)
                if time.monotonic() >= tidy_due:
                    tidy_due = time.monotonic() + _HOUSEKEEPING_S
                    for watched in self._watched:
                        watched.part.keep_tidy()
        finally:
            signal.signal(signal.SIGCHLD, previous)

    def has_parts(self) -> bool:
        return bool(self._watched)

    def stop(self) -> None:
        """End everything in the reverse order of its start, within 10 s. Harmless when called again."""
        children, self._children = self._children, []
        self._watched.clear()
        # Workers before what they still need for what they have in hand: the provider, engines, and last the database.
        for stops in sorted({child.stops for child in children}):
            wave = [child for child in children if child.stops == stops]
            grace_s = max(child.grace_s for child in wave)
            end_all([process for child in wave if (process := child.identity) is not None], grace_s=grace_s)
            for child in wave:
                child.reap()
        databases, self._databases = self._databases, []
        for database in reversed(databases):
            database.stop()

    def _restart(self, watched: _Watched) -> None:
        """One step of a restart that was asked for: have it end, wait, start it. Its end is no death."""
        part, now = watched.part, time.monotonic()
        if not isinstance(part, Child):
            self._restarts.done(part.name)
        elif not part.is_running():
            watched.asked_at = watched.start_due = None
            part.start()
            self._restarts.done(part.name)
            self._log(f"The {part.name} is restarted")
        elif watched.asked_at is None:
            watched.asked_at = now
            part.ask_to_end()
        elif now - watched.asked_at > part.grace_s and (process := part.identity) is not None:
            end_all([process], grace_s=0)

    def _look_after(self, watched: _Watched) -> None:
        part, now = watched.part, time.monotonic()
        if part.is_running():
            watched.start_due = None
            return
        if watched.start_due is None:
            watched.start_due = self._due_after_death(watched, now)
            self._log(f"The {part.name} ended unexpectedly")
        if now < watched.start_due:
            return
        try:
            if part.start():
                self._log(f"The {part.name} is started again")
                watched.start_due = None
                return
        except (CannotStart, OSError) as problem:
            self._log(str(problem))
            watched.start_due = self._due_after_death(watched, now)
            return
        if watched.start_due > 0:
            self._log(f"The disk of {self._data} is full: the {part.name} starts again once there is room")
        watched.start_due = 0.0  # every look asks again, and says nothing more

    def _due_after_death(self, watched: _Watched, now: float) -> float:
        """When to start it again: at once the first time, then later and later, and finally never if it is vital."""
        deaths = watched.deaths
        while deaths and now - deaths[0] > _DEATHS_WITHIN_S:
            deaths.popleft()
        deaths.append(now)
        name = watched.part.name
        if len(deaths) > _DEATHS_MAX and not watched.part.vital:
            return now + _DEATHS_WITHIN_S
        if len(deaths) > _DEATHS_MAX:
            raise CannotStart(
                f"The {name} ended {len(deaths)} times within {_DEATHS_WITHIN_S:.0f} s, so the shop is stopped; "
                f"the reason stands in the logs in {self._data}."
            )
        pause_s = self._pauses_s[min(len(deaths), len(self._pauses_s)) - 1]
        return now + pause_s


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """The first signal raises StopAsked wherever the start or the watch happens to be; later ones change nothing."""

    def ask(_signal: int, _frame: FrameType | None) -> None:
        ignore_signals()
        raise StopAsked

    previous = {one: signal.signal(one, ask) for one in _STOP_SIGNALS}
    try:
        yield
    finally:
        for one, handler in previous.items():
            signal.signal(one, handler)


def ignore_signals() -> None:
    for one in _STOP_SIGNALS:
        signal.signal(one, signal.SIG_IGN)
