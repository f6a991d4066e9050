"""Real RabbitMQ servers for tests: in a temporary folder, on the loopback only, ended with everything they started.

    with a_broker() as broker:
        broker.node.kill()          # kill -9
        broker.node.start()

A node's Erlang registry (epmd) is the test's own as well, on a port of its own. Skips where RabbitMQ is not installed.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import aio_pika
import pytest
from pamqp.common import FieldTable

from rialto.cluster.rabbitmq import PROGRAMS, NodePlace, is_installed

STARTED_WITHIN_S = 180.0
STOPPED_WITHIN_S = 30.0
POLL_S = 0.05

_numbers = itertools.count(1)


def skip_without_rabbitmq() -> None:
    if not is_installed(os.environ["PATH"]):
        pytest.skip("RabbitMQ is not installed here (Debian: rabbitmq-server)")


class Node:
    """One server. `port` is for AMQP; `tls_port` only with certificates."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        epmd_port: int,
        peers: Sequence[str] = (),
        certificates: Path | None = None,
    ) -> None:
        self.name = f"{name}@localhost"
        self.folder = folder
        self.certificates = certificates
        self.port, self.tls_port = free_port(), free_port()
        self.place = NodePlace(
            name=self.name,
            folder=folder,
            home=folder.parent / "home",
            port=self.port,
            distribution_port=free_port(),
            registry_port=epmd_port,
        )
        self._process: subprocess.Popen[bytes] | None = None
        lines = ["loopback_users = none"]
        lines += [
            f"cluster_formation.classic_config.nodes.{n} = {peer}@localhost"
            for n, peer in enumerate(peers, 1)
        ]
        if peers:
            lines.append("cluster_formation.peer_discovery_backend = classic_config")
        if certificates is not None:
            lines += [
                f"listeners.ssl.default = 127.0.0.1:{self.tls_port}",
                f"ssl_options.cacertfile = {certificates / 'ca.pem'}",
                f"ssl_options.certfile = {certificates / 'server.pem'}",
                f"ssl_options.keyfile = {certificates / 'server.key'}",
                "ssl_options.verify = verify_none",
            ]
        self.place.write(lines)

    def url(
        self, *, prefix: str = "", lanes: int = 2, user: str = "guest:guest", vhost: str = "", **more: str
    ) -> str:
        """An address whose queues are nobody else's."""
        query = "&".join(f"{key}={value}" for key, value in more.items())
        prefix = prefix or f"t{os.getpid()}n{next(_numbers)}"
        return f"amqp://{user}@127.0.0.1:{self.port}/{vhost}?lanes={lanes}&prefix={prefix}{'&' + query if query else ''}"

    def begin(self) -> None:
        with (self.folder / "out").open("ab") as out:
            self._process = subprocess.Popen(
                [str(PROGRAMS / "rabbitmq-server")],
                env=self.place.environment(os.environ["PATH"]),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def start(self) -> None:
        """Begin and wait until it accepts connections."""
        self.begin()
        self.wait_until_up()

    def wait_until_up(self) -> None:
        wait_until(self._is_up, STARTED_WITHIN_S, lambda: self.said()[-2000:])

    def said(self) -> str:
        return (self.folder / "out").read_text(errors="replace")

    def kill(self) -> None:
        """kill -9 of the server and of what it started."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOPPED_WITHIN_S)
        wait_until(lambda: not _listens(self.port), STOPPED_WITHIN_S, lambda: f"{self.name} still listens")

    async def be_ready_to_be_killed(self) -> None:
        """Of a node that is killed soon after it made queues, the newest comes up without a leader (3.10), also with
        confirmed messages in it. So the newest is to be nobody's.
        """
        connection = await aio_pika.connect(f"amqp://127.0.0.1:{self.port}/")
        channel = await connection.channel()
        arguments: FieldTable = {"x-queue-type": "quorum"}
        await channel.declare_queue(f"newest-{next(_numbers)}", durable=True, arguments=arguments)
        await connection.close()

    def freeze(self) -> None:
        """It keeps its connections and does nothing more."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGCONT)

    def control(self, *words: str, program: str = "rabbitmqctl") -> str:
        """What an operator's tool says. Slow: it starts a virtual machine of its own."""
        done = subprocess.run(
            [str(PROGRAMS / program), *words],
            env=self.place.environment(os.environ["PATH"]),
            capture_output=True,
            text=True,
            timeout=STARTED_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _is_up(self) -> bool:
        assert self.is_running(), self.said()[-2000:]
        return "Server startup complete" in self.said().rpartition("Starting RabbitMQ")[2] and _listens(
            self.port
        )


@contextmanager
def nodes(count: int = 1, *, certificates: Path | None = None) -> Iterator[list[Node]]:
    """`count` nodes of one cluster, all up."""
    skip_without_rabbitmq()
    folder = Path(tempfile.mkdtemp(prefix="rialto-mq-", dir="/tmp"))
    epmd_port = free_port()
    names = [f"rialto{os.getpid()}n{next(_numbers)}" for _ in range(count)]
    peers = names if count > 1 else []
    made = [
        Node(folder / name, name, epmd_port=epmd_port, peers=peers, certificates=certificates)
        for name in names
    ]
    made[0].place.write_cookie(f"rialto{os.getpid()}")
    epmd = subprocess.Popen(
        ["epmd"],
        env={"PATH": os.environ["PATH"], **made[0].place.registry_environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        made[0].start()
        for node in made[1:]:
            node.start()
        yield made
    finally:
        for node in made:
            if node.is_running():
                node.kill()
        epmd.kill()
        epmd.wait()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def wait_until(is_so: Callable[[], bool], within_s: float, otherwise: Callable[[], str]) -> None:
    until = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError(otherwise())
        time.sleep(POLL_S)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
