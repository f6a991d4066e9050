"""Starting and running a platform on one machine, in the foreground until it is asked to stop.

The order: folder, engines, secrets, databases, tables, demo catalogue, replicas, and last the proxy that lets people in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rialto.cli.plan import plan_of
from rialto.cli.preflight import answers_ready, check_data_folder, check_python
from rialto.cli.progress import Progress
from rialto.cli.run import Hooks
from rialto.cluster.engines import Engine, find_program, listens
from rialto.cluster.front import MAILS, Front
from rialto.cluster.inner_tls import ensure_inner_files, settings_for
from rialto.cluster.layout import HOST, Layout, write_environment, write_layout
from rialto.cluster.replica import start_replica
from rialto.engines.embedded_postgres import EmbeddedPostgres, PostgresAddress
from rialto.engines.processes import CannotStart, FolderLock
from rialto.engines.supervisor import Child, Supervisor
from rialto.kernel.clock import Clock
from rialto.kernel.settings import Settings, read_settings

# A replica tells its callers for two seconds that it leaves, and finishes what runs.
REPLICA_GRACE_S = 8.0
# The proxy ends before the replicas, the provider and the engines after them.
PROXY, REPLICAS, ENGINES = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to start: the layout, the engines found on this machine, and the environment that all of it gets."""

    data: Path
    layout: Layout
    engines: Sequence[Engine]
    environment: Mapping[str, str]
    nginx: str


class Platform:
    """One platform in one folder."""

    def __init__(
        self, wanted: Wanted, hooks_of: Callable[[Settings], Hooks], progress: Progress, clock: Clock
    ) -> None:
        self._wanted = wanted
        self._hooks_of = hooks_of
        self._progress = progress
        self._clock = clock
        self.lock = FolderLock(wanted.data / "run" / "lock")
        self.supervisor = Supervisor(wanted.data, progress.note)

    def start(self) -> None:
        """Everything up and answering. Raises CannotStart, RialtoError, OSError."""
        wanted, progress = self._wanted, self._progress
        check_python()
        check_data_folder(wanted.data)
        if not self.lock.acquire():
            raise CannotStart(f"A platform already runs in {wanted.data} (process {self.lock.holder()}).")
        self.supervisor.end_leftovers()
        write_layout(wanted.data, wanted.layout)
        self._start_engines()
        settings = self._settings()
        hooks = self._hooks_of(settings)
        password = hooks.prepare()
        with progress.step("Databases"):
            primary = self._database("database", wanted.data, password)
            url, documents_url = (
                primary.url,
                self._database("documents", wanted.data / "documents", password).url,
            )
        with progress.step("Replica"):
            replica_url = start_replica(
                wanted.data, primary, self.supervisor, secret_file=settings.secret_file, log=progress.note
            )
        environment = {
            **self._environment(),
            "RIALTO_DATABASE_URL": url,
            "RIALTO_DATABASE_REPLICAS": replica_url,
            "RIALTO_DOCUMENTS_URL": documents_url,
        }
        write_environment(wanted.data, environment)
        hooks = self._hooks_of(read_settings(environment, data_default=wanted.data))
        hooks.prepare()
        with progress.step("Tables"):
            hooks.migrate(url)
        with progress.step("Catalogue"):
            hooks.seed(url)
        with progress.step("Replicas"):
            self._start_replicas(environment, settings)
        with progress.step("Proxy"):
            self._start_front()
        for line in hooks.greeting():
            progress.note(line)

    def _settings(self) -> Settings:
        return read_settings(self._environment(), data_default=self._wanted.data)

    def _environment(self) -> dict[str, str]:
        """What every process of the platform has in common."""
        layout = self._wanted.layout
        return {
            **self._wanted.environment,
            **{name: value for engine in self._wanted.engines for name, value in engine.settings.items()},
            "RIALTO_DATA": str(self._wanted.data),
            "RIALTO_HOST": HOST,
            "RIALTO_OPS_HOST": HOST,
            "RIALTO_PORT": str(layout.port),
            # Where people read mails; each replica has an operations port of its own.
            "RIALTO_OPS_PORT": str(layout.more_ports[MAILS]),
            "RIALTO_SANDBOX_PORT": str(layout.sandbox_port),
            "RIALTO_PUBLIC_URL": layout.public_url,
            "RIALTO_SANDBOX_URL": layout.sandbox_url,
            "RIALTO_TRUSTED_PROXIES": HOST,
            "RIALTO_PEERS": layout.peers(),
            "PYTHONUNBUFFERED": "1",
        }

    def _database(self, name: str, data: Path, password: str) -> PostgresAddress:
        data.mkdir(mode=0o700, exist_ok=True)
        server = EmbeddedPostgres(data, self._progress.note, password=password)
        self.supervisor.own_database(server, name=name)
        return server.ensure_running()

    def _start_engines(self) -> None:
        environment = self._wanted.environment
        stranger = {name: value for name, value in environment.items() if not name.startswith("RIALTO_")}
        for engine in self._wanted.engines:
            with self._progress.step(engine.title):
                engine.prepare()
                child = Child(
                    engine.name,
                    engine.command,
                    env={**stranger, **engine.environment},
                    data=self._wanted.data,
                    stops=ENGINES,
                    grace_s=engine.grace_s,
                )
                self.supervisor.start([child], ready=engine.answers)

    def _start_replicas(self, environment: Mapping[str, str], settings: Settings) -> None:
        layout, data = self._wanted.layout, self._wanted.data
        stranger = {name: value for name, value in environment.items() if not name.startswith("RIALTO_")}
        # Webhooks come the way everybody comes, to whichever replica is there.
        sandbox = _with_webhooks_to(layout, plan_of(settings, environment).sandbox)
        between = settings_for(ensure_inner_files(data, layout, self._clock))
        provider = Child("sandbox", sandbox, env=stranger, data=data, stops=ENGINES, grace_s=1.0)
        replicas = [
            Child(
                replica.name,
                (sys.executable, "-m", "rialto.cli", "serve", "--group", replica.group),
                env={
                    **environment,
                    **between,
                    "RIALTO_TOPOLOGY": layout.topology,
                    "RIALTO_PORT": str(replica.port),
                    "RIALTO_OPS_PORT": str(replica.ops_port),
                },
                data=data,
                stops=REPLICAS,
                grace_s=REPLICA_GRACE_S,
            )
            for replica in layout.replicas
        ]

        def ready() -> bool:
            return all(answers_ready(HOST, replica.port) for replica in layout.replicas) and answers_ready(
                HOST, layout.sandbox_port, "/health"
            )

        self.supervisor.start([provider, *replicas], ready=ready)

    def _start_front(self) -> None:
        front = Front(self._wanted.data, self._wanted.layout, nginx=self._wanted.nginx)
        front.prepare(self._clock)
        child = Child(
            "nginx",
            front.command,
            env=self._wanted.environment,
            data=self._wanted.data,
            stops=PROXY,
            grace_s=2.0,
        )
        # The plain port redirects, which is an answer.
        self.supervisor.start([child], ready=lambda: listens(self._wanted.layout.plain_port))


def find_nginx(environment: Mapping[str, str]) -> str:
    """Raises CannotStart where there is none."""
    found = find_program("nginx", environment=environment)
    if found is None:
        raise CannotStart("nginx is missing; install it (Debian: apt install nginx-light) and try again.")
    return found


def _with_webhooks_to(layout: Layout, command: Sequence[str]) -> tuple[str, ...]:
    seller = next(one for one in layout.replicas if one.group in {"sell", "payments", "one"})
    parts = list(command)
    parts[parts.index("--webhook-url") + 1] = f"http://{HOST}:{seller.port}/v1/payments/webhooks/sandbox"
    return tuple(parts)
