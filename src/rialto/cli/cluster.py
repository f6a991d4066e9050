"""`rialto cluster start|stop`: a whole platform on this machine, from one command to running and back to nothing."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rialto.app import ALL
from rialto.cli.preflight import answers_ready
from rialto.cli.progress import Progress
from rialto.cli.run import Hooks, refuse, until_stopped
from rialto.cluster import prometheus
from rialto.cluster.engines import KEY_VALUE_SERVERS, SINK, Engine, find_program, key_value_server, trace_sink
from rialto.cluster.front import MAILS, Front
from rialto.cluster.layout import HOST, Layout, free_ports, lay_out, read_environment, read_layout
from rialto.cluster.packages import how_to_install, install, missing
from rialto.cluster.platform import Platform, Wanted, find_nginx
from rialto.cluster.rabbitmq import BROKER, DISTRIBUTION, REGISTRY, broker, is_installed, place_in
from rialto.engines.asked_restarts import AskedRestarts
from rialto.engines.embedded_postgres import default_data_folder
from rialto.engines.processes import CannotStart, FolderLock, wait_until
from rialto.kernel.clock import SystemClock
from rialto.kernel.ids import RandomIds
from rialto.kernel.settings import Settings
from rialto.topology import GROUPS, topology_of

STOPPED_WITHIN_S = 30.0
RESTARTED_WITHIN_S = 120.0
REPLICAS_MAX = 8
# Everything else of the shop's settings is the platform's own affair. A broker that runs already is used instead of one's own.
PASSED_ON = (
    "RIALTO_LOG",
    "RIALTO_RATE_LIMIT",
    "RIALTO_ADMIN_PASSWORD",
    "RIALTO_BUS_URL",
    "RIALTO_BUS_CA",
    "RIALTO_TRACE_PERCENT",
    "RIALTO_TRACE_SLOW_MS",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    start = commands.add_parser("start", help="start it, and stay until Ctrl-C")
    start.add_argument("--replicas", type=int, default=2, metavar="NUMBER", help="of each group; 2")
    start.add_argument("--topology", default=GROUPS, help="as RIALTO_TOPOLOGY; groups")
    start.add_argument("--port", type=int, default=8443, help="where people come, by TLS; 8443, 0 for any")
    start.add_argument(
        "--install", action="store_true", help="as root on Debian: install the programs that are missing"
    )
    stop = commands.add_parser("stop", help="stop the one that runs")
    do = commands.add_parser("do", help="another rialto command with the platform's settings: do -- audit")
    do.add_argument("words", nargs="+", metavar="COMMAND")
    for command in (start, stop, do):
        add_data(command)


def add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="FOLDER", help="the platform's folder, a place of its own")


def data_folder(options: argparse.Namespace) -> Path:
    """The folder of the platform: not that of `rialto run`, which may run beside it."""
    if options.data:
        return Path(options.data).expanduser().absolute()
    shop = default_data_folder(Path.cwd(), os.geteuid())
    return shop.with_name(f"{shop.name}-cluster")


def run_command(
    options: argparse.Namespace,
    environment: Mapping[str, str],
    hooks_of: Callable[[Settings], Hooks],
    progress: Progress,
) -> int:
    """The exit code."""
    if options.action == "stop":
        return _stop(data_folder(options))
    if options.action == "do":
        told = {**environment, **read_environment(data_folder(options))}
        return subprocess.run(
            [sys.executable, "-m", "rialto.cli", *options.words], env=told, check=False
        ).returncode
    try:
        _get_programs(options, environment, progress)
        wanted = _wanted(options, environment)
        platform = Platform(wanted, hooks_of, progress, SystemClock())
    except CannotStart as problem:
        return refuse(str(problem), problem.exit_code)
    progress.note(prometheus.told_of(wanted.layout))
    return until_stopped(platform.start, platform.supervisor, platform.lock, progress)


def _get_programs(options: argparse.Namespace, environment: Mapping[str, str], progress: Progress) -> None:
    """Install what is missing, if that was asked for, and say what is missing still. Raises CannotStart."""
    lacking = missing(environment)
    if options.install and lacking:
        with progress.step("Programs"):
            install(lacking, environment, user_id=os.geteuid())
        lacking = missing(environment)
    if lacking:
        progress.note(how_to_install(lacking))


def _wanted(options: argparse.Namespace, environment: Mapping[str, str]) -> Wanted:
    if not 1 <= options.replicas <= REPLICAS_MAX:
        raise CannotStart(f"--replicas is {options.replicas}; it must be 1 to {REPLICAS_MAX}.", exit_code=2)
    data = data_folder(options)
    nginx = find_nginx(environment)
    program = find_program(*KEY_VALUE_SERVERS, environment=environment)
    watcher = find_program("prometheus", environment=environment)
    path = environment.get("PATH", "")
    with_broker = "RIALTO_BUS_URL" not in environment and is_installed(path)
    layout = lay_out(
        options.topology,
        tuple(topology_of(options.topology, [service.name for service in ALL]).groups),
        replicas=options.replicas,
        port=options.port,
        engines=(
            SINK,
            *(("cache",) if program else ()),
            *((REGISTRY, BROKER) if with_broker else ()),
            *((prometheus.NAME,) if watcher else ()),
        ),
        more=(MAILS, *((DISTRIBUTION,) if with_broker else ())),
        free_ports=free_ports,
    )
    engines: list[Engine] = [trace_sink(data, layout.engine_ports[SINK])]
    ids = RandomIds(SystemClock())
    if program:
        engines.append(key_value_server(program, data, layout.engine_ports["cache"], ids.token()))
    if with_broker:
        place = place_in(data, layout.engine_ports, layout.more_ports[DISTRIBUTION])
        engines += broker(place, path=path, cookie=ids.token(), password=ids.token())
    if watcher:
        engines.append(prometheus.prometheus(watcher, data, layout, SystemClock()))
    kept = {name: value for name, value in environment.items() if not name.startswith("RIALTO_")}
    allowed = {name: environment[name] for name in PASSED_ON if name in environment}
    return Wanted(data=data, layout=layout, engines=engines, environment={**kept, **allowed}, nginx=nginx)


def _stop(data: Path) -> int:
    lock = FolderLock(data / "run" / "lock")
    holder = lock.holder() if (data / "run").exists() else ""
    if not holder.isdecimal() or not Path(f"/proc/{holder}").exists():
        return refuse(f"No platform runs in {data}.")
    os.kill(int(holder), signal.SIGTERM)
    if not wait_until(lambda: not Path(f"/proc/{holder}").exists(), STOPPED_WITHIN_S):
        return refuse(f"The platform in {data} does not stop; its process is {holder}.")
    return 0


def restart(options: argparse.Namespace, out: Callable[[str], None]) -> int:
    """`rialto restart GROUP`: one replica after the other, each taken out of the proxy first. The exit code."""
    data = data_folder(options)
    layout = read_layout(data)
    replicas = layout.of_group(options.group)
    if not replicas:
        return refuse(f"There is no group {options.group}; there is {', '.join(layout.groups)}.", 2)
    clock = SystemClock()
    front = Front(data, layout, nginx=find_nginx(os.environ))
    tls = front.prepare(clock)
    asks = AskedRestarts(data)
    for replica in replicas:
        if len(replicas) > 1:
            front.write(tls, down=[replica.name])
            front.reload()
        asks.ask(replica.name)
        in_time = asks.wait(replica.name, wait_until, RESTARTED_WITHIN_S) and _answers(layout, replica.name)
        front.write(tls)
        front.reload()
        if not in_time:
            return refuse(f"{replica.name} was not ready again after {RESTARTED_WITHIN_S:.0f} s.")
        out(f"{replica.name} is restarted")
    return 0


def _answers(layout: Layout, name: str) -> bool:
    replica = next(one for one in layout.replicas if one.name == name)
    return wait_until(lambda: answers_ready(HOST, replica.port), RESTARTED_WITHIN_S)
