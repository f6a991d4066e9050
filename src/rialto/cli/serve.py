"""`rialto serve`: one worker of the shop. Started by `rialto run`, or by whatever supervises processes elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import uvloop

from rialto.app import App
from rialto.cli.preflight import meet_databases, meet_key_values
from rialto.engines.http_server import listen, serve, server_of
from rialto.engines.shared_metrics import metrics_folder, shared_metrics
from rialto.kernel.settings import Settings
from rialto.kernel.telemetry import Metrics

# Requests leave next to no cycles behind: the youngest generation may grow before it is looked through.
GC_THRESHOLDS = (10_000, 20, 20)
# How long a process that is one of several tells whoever asks it to ask others, before it stops listening.
DRAIN_S = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--worker",
        type=int,
        metavar="NUMBER",
        help="this worker's number among those with the same data folder: /metrics of each is then of all of them",
    )
    parser.add_argument("--group", help="the group of the topology that this process is (RIALTO_GROUP)")
    parser.add_argument(
        "--services",
        metavar="NAMES",
        help="the services that this process has, with commas between (RIALTO_SERVICES)",
    )


def environment_with(options: argparse.Namespace, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment as the options change it."""
    chosen = {"RIALTO_GROUP": options.group, "RIALTO_SERVICES": options.services}
    return {**environment, **{name: value for name, value in chosen.items() if value is not None}}


def metrics_of(settings: Settings, worker: int | None) -> Metrics:
    """Metrics that are shared with the other workers, if this one has a number and the disk has room."""
    if worker is None:
        return Metrics()
    try:
        return shared_metrics(metrics_folder(settings.data), worker)
    except OSError as problem:
        sys.stderr.write(f"The metrics are of this worker only: {problem.strerror} ({problem.filename}).\n")
        return Metrics()


def run(settings: Settings, make_app: Callable[[], App]) -> int:
    """Serve until SIGTERM or SIGINT, then finish what is running; the exit code."""
    try:
        public = listen(settings.host, settings.port)
    except OSError as problem:
        sys.stderr.write(
            f"Port {settings.port} cannot be used ({problem.strerror}); set RIALTO_PORT to another.\n"
        )
        return 1
    operations = None
    try:
        operations = listen(settings.ops_host, settings.ops_port, shared=False)
    except OSError:
        sys.stderr.write(f"Another worker has the operations port {settings.ops_port}.\n")

    async def main() -> None:
        app = make_app()
        await meet_key_values(app.key_values)
        await meet_databases(app.engines.database_addresses)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        servers = [(server_of(app.web()), public)]
        if operations is not None:
            tls = app.engines.internal_tls
            servers.append((server_of(app.ops(), tls.server if tls else None), operations))
        background = asyncio.ensure_future(_background(app))
        try:
            await serve(servers, stop, leaving=app.leaving, drain_s=DRAIN_S if app.place.scope else 0.0)
        finally:
            background.cancel()
            await asyncio.gather(background, return_exceptions=True)
            await app.close()

    return _in_loop(main())


async def _background(app: App) -> None:
    """Serving begins at once (readiness says when it is complete); what is missing is made meanwhile."""
    async with asyncio.TaskGroup() as group:
        group.create_task(app.reach.run())
        if app.engines.internal_tls is not None:
            group.create_task(app.engines.internal_tls.watch())
        await _start(app)
        _spare_collector()
        group.create_task(app.elsewhere.run())
        group.create_task(app.copied.run())
        group.create_task(app.watch.run())
        group.create_task(app.background.run())


async def _start(app: App) -> None:
    while True:
        try:
            await app.start()
            return
        except Exception as error:  # noqa: BLE001 - the database may come later than this process
            sys.stderr.write(f"waiting to start: {error}\n")
            await app.engines.clock.sleep(1)


def _spare_collector() -> None:
    """What a started worker is made of (routes, templates, the index) lives as long as it does.

    The garbage collector need not look through it again and again, while every request waits.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _in_loop(work: Coroutine[Any, Any, None]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)
    return 0
