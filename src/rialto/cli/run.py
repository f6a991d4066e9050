"""`rialto run`: one command from nothing to a running shop, and back to nothing on Ctrl-C.

The order of steps, and what each one needs to be told. What a step does stands elsewhere: checks in
preflight.py, the database in engines/embedded_postgres.py, living and dying in engines/supervisor.py.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rialto.cli.preflight import answers_ready, check_data_folder, check_ports, check_python
from rialto.cli.progress import Progress
from rialto.engines.embedded_postgres import EmbeddedPostgres
from rialto.engines.processes import CannotStart, FolderLock
from rialto.engines.supervisor import Child, Supervisor

_SERVE = (sys.executable, "-m", "rialto.cli", "serve")
_SANDBOX = (sys.executable, "-m", "rialto.sandbox")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to run where. `environment` is what children get beside the caller's own."""

    data: Path
    host: str
    port: int
    ops_port: int
    sandbox_port: int
    workers: int
    database_url: str | None
    environment: Mapping[str, str]
    serve: Sequence[str] = _SERVE
    sandbox: Sequence[str] = _SANDBOX
    durable: bool = True  # False in tests: the database does not wait for the disk


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """The steps that belong to the shop. Each raises CannotStart when it cannot be done."""

    database_password: Callable[[Path], str]
    """The superuser's password, made at first start; gets the data folder."""
    migrate: Callable[[str], None]
    """Bring the database at this URL up to date."""
    seed: Callable[[str], None]
    """Load the demo catalogue if the shop is new."""
    greeting: Callable[[], Sequence[str]]
    """The lines with addresses and logins, once everything runs."""


class StopAsked(BaseException):
    """Somebody wants the shop to stop. Not an error: it passes every `except Exception`."""


def run(plan: Plan, hooks: Hooks, progress: Progress) -> int:
    """Run the shop until a signal asks it to stop; the exit code."""
    lock = FolderLock(plan.data / "run" / "lock")
    supervisor = Supervisor(plan.data, progress.note)
    with _stopped_by_signals():
        try:
            _start(plan, hooks, progress, supervisor, lock)
            supervisor.watch()
        except StopAsked:
            code = 0
        except CannotStart as problem:
            code = problem.exit_code
            sys.stderr.write(f"{problem}\n")
        except OSError as problem:
            code = 1
            sys.stderr.write(f"Rialto cannot go on: {problem.strerror or problem} ({problem.filename}).\n")
        finally:
            _ignore_signals()
            if supervisor.has_parts():
                with progress.step("Stopping"):
                    supervisor.stop()
            lock.release()
    return code


def _start(plan: Plan, hooks: Hooks, progress: Progress, supervisor: Supervisor, lock: FolderLock) -> None:
    check_python()
    check_data_folder(plan.data)
    if not lock.acquire():
        raise CannotStart(
            f"Rialto already runs with the data folder {plan.data} (process {lock.holder()}); "
            "stop it first or set RIALTO_DATA to another folder."
        )
    supervisor.end_leftovers()
    check_ports(
        plan.host,
        {
            "RIALTO_PORT": plan.port,
            "RIALTO_OPS_PORT": plan.ops_port,
            "RIALTO_SANDBOX_PORT": plan.sandbox_port,
        },
    )
    url = plan.database_url
    if url is None:
        server = EmbeddedPostgres(
            plan.data, progress.note, password=hooks.database_password(plan.data), durable=plan.durable
        )
        supervisor.own_database(server)
        with progress.step("Database"):
            url = server.ensure_running().url()
    with progress.step("Tables"):
        hooks.migrate(url)
    with progress.step("Catalogue"):
        hooks.seed(url)
    with progress.step("Shop"):
        supervisor.start(_children(plan, url), ready=lambda: _is_ready(plan))
    for line in hooks.greeting():
        progress.note(line)


def _children(plan: Plan, database_url: str) -> list[Child]:
    env = {**os.environ, **plan.environment, "RIALTO_DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
    workers = [
        Child(f"worker-{number}", plan.serve, env=env, data=plan.data)
        for number in range(1, plan.workers + 1)
    ]
    return [Child("sandbox", plan.sandbox, env=env, data=plan.data), *workers]


def _is_ready(plan: Plan) -> bool:
    return answers_ready(plan.host, plan.port) and answers_ready(plan.host, plan.sandbox_port)


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """The first signal raises StopAsked wherever the start or the watch happens to be; later ones change nothing."""

    def ask(_signal: int, _frame: FrameType | None) -> None:
        _ignore_signals()
        raise StopAsked

    previous = {one: signal.signal(one, ask) for one in _STOP_SIGNALS}
    try:
        yield
    finally:
        for one, handler in previous.items():
            signal.signal(one, handler)


def _ignore_signals() -> None:
    for one in _STOP_SIGNALS:
        signal.signal(one, signal.SIG_IGN)
