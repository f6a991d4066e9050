"""`rialto run`: one command from nothing to a running shop, and back to nothing on Ctrl-C.

The order of steps, and what each one needs to be told. What a step does stands elsewhere: checks in
preflight.py, the database in engines/embedded_postgres.py, living and dying in engines/supervisor.py.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rialto.cli.plan import Plan, environment_with, plan_of
from rialto.cli.preflight import answers_ready, check_data_folder, check_ports, check_python
from rialto.cli.progress import Progress
from rialto.engines.embedded_postgres import EmbeddedPostgres, default_data_folder
from rialto.engines.processes import CannotStart, FolderLock
from rialto.engines.rabbitmq_bus_address import check_bus_url
from rialto.engines.shared_metrics import forget_metrics, metrics_folder
from rialto.engines.supervisor import Child, StopAsked, Supervisor, ignore_signals, stopped_by_signals
from rialto.kernel.errors import RialtoError
from rialto.kernel.settings import Settings, read_settings
from rialto.kernel.settings_reader import SettingWrong


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """The steps that belong to the shop. Each raises CannotStart or a RialtoError when it cannot be done."""

    prepare: Callable[[], str]
    """Make what the data folder needs before anything starts (secrets); answers the embedded database's password."""
    migrate: Callable[[str], None]
    """Bring the database at this URL up to date."""
    seed: Callable[[str], None]
    """Load the demo catalogue if the shop is new."""
    greeting: Callable[[], Sequence[str]]
    """The lines with addresses and logins, once everything runs."""


def run_command(
    options: argparse.Namespace,
    environment: Mapping[str, str],
    hooks_of: Callable[[Settings], Hooks],
    progress: Progress,
) -> int:
    """`rialto run` with its options (plan.add_arguments); the exit code."""
    environment = environment_with(options, environment)
    try:
        settings = read_settings(environment, data_default=default_data_folder(Path.cwd(), os.geteuid()))
        check_bus_url(settings.bus_url, ca=settings.bus_ca)
    except SettingWrong as problem:
        return refuse(problem.text, 2)
    return run(plan_of(settings, environment), hooks_of(settings), progress)


def refuse(sentence: str, code: int = 1) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code


def run(plan: Plan, hooks: Hooks, progress: Progress) -> int:
    """Run the shop until a signal asks it to stop; the exit code."""
    lock = FolderLock(plan.data / "run" / "lock")
    supervisor = Supervisor(plan.data, progress.note)
    return until_stopped(
        lambda: _start(plan, hooks, progress, supervisor=supervisor, lock=lock), supervisor, lock, progress
    )


def until_stopped(
    start: Callable[[], None], supervisor: Supervisor, lock: FolderLock, progress: Progress
) -> int:
    """Start, watch until a signal asks to stop, stop in order; the exit code. What goes wrong is one sentence."""
    with stopped_by_signals():
        try:
            start()
            supervisor.watch()
        except StopAsked:
            code = 0
        except CannotStart as problem:
            code = refuse(str(problem), problem.exit_code)
        except RialtoError as problem:
            code = refuse(problem.text)
        except OSError as problem:
            code = refuse(f"Rialto cannot go on: {problem.strerror or problem} ({problem.filename}).")
        finally:
            ignore_signals()
            if supervisor.has_parts():
                with progress.step("Stopping"):
                    supervisor.stop()
            lock.release()
    return code


def _start(plan: Plan, hooks: Hooks, progress: Progress, *, supervisor: Supervisor, lock: FolderLock) -> None:
    check_python()
    check_data_folder(plan.data)
    if not lock.acquire():
        raise CannotStart(
            f"Rialto already runs with the data folder {plan.data} (process {lock.holder()}); "
            "stop it first or set RIALTO_DATA to another folder."
        )
    supervisor.end_leftovers()
    forget_metrics(metrics_folder(plan.data))
    check_ports(
        plan.host,
        {
            "RIALTO_PORT": plan.port,
            "RIALTO_OPS_PORT": plan.ops_port,
            "RIALTO_SANDBOX_PORT": plan.sandbox_port,
        },
    )
    password = hooks.prepare()
    url = plan.database_url
    if url is None:
        server = EmbeddedPostgres(plan.data, progress.note, password=password, durable=plan.durable)
        supervisor.own_database(server, archive_bytes_max=plan.archive_gb * 2**30)
        with progress.step("Database"):
            url = server.ensure_running().url
    with progress.step("Tables"):
        hooks.migrate(url)
    with progress.step("Catalogue"):
        hooks.seed(url)
    with progress.step("Shop"):
        supervisor.start(_children(plan, url), ready=lambda: _is_ready(plan))
    for line in hooks.greeting():
        progress.note(line)


def _children(plan: Plan, database_url: str) -> list[Child]:
    # The provider is a stranger to the shop: it gets its command line and none of the shop's settings.
    stranger = {name: value for name, value in plan.environment.items() if not name.startswith("RIALTO_")}
    env = {**plan.environment, "RIALTO_DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
    workers = [
        Child(f"worker-{number}", (*plan.serve, "--worker", str(number)), env=env, data=plan.data)
        for number in range(1, plan.workers + 1)
    ]
    return [Child("sandbox", plan.sandbox, env=stranger, data=plan.data, stops=1, grace_s=1.0), *workers]


def _is_ready(plan: Plan) -> bool:
    return answers_ready(plan.host, plan.port) and answers_ready(plan.host, plan.sandbox_port, "/health")
