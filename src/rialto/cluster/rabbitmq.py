"""RabbitMQ as a platform's own broker: a node that nothing else on the machine meets, in a folder of its own.

What the machine's own RabbitMQ would share by default is told apart here: node name, ports, folders, the cookie by which Erlang
nodes trust each other, and Erlang's registry of nodes (epmd), which else is one per machine and outlives who started it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rialto.cluster.engines import Engine, listens
from rialto.cluster.layout import HOST

# Not those on the path: Debian's ask to be root or the user `rabbitmq`, and change to the latter.
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
USER = "rialto"
# In the order of their start.
REGISTRY, BROKER = "registry", "broker"
# The port at which nodes speak to each other and tools such as rabbitmqctl to the node.
DISTRIBUTION = "broker-distribution"
# It ends its queues in order, a hundred and more of them.
GRACE_S = 8.0
_ANSWERS_WITHIN_S = 2.0
# The protocol's name and version, as each connection begins (AMQP 0.9.1, 4.2.2).
_GREETING = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"


@dataclass(frozen=True, kw_only=True)
class NodePlace:
    """Where one node lives. `home` holds the cookie that the nodes of a cluster share; ports are TCP ports on loopback."""

    name: str
    folder: Path
    home: Path
    port: int
    distribution_port: int
    registry_port: int

    def write(self, lines: Sequence[str]) -> None:
        """Its folder and configuration: it listens on loopback, and further `lines` of rabbitmq.conf."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = (f"listeners.tcp.default = {HOST}:{self.port}", "vm_memory_high_watermark.absolute = 400MB")
        write_private(self.folder / "rabbitmq.conf", "\n".join((*own, *lines)) + "\n")
        write_private(self.folder / "enabled_plugins", "[].\n")

    def write_cookie(self, cookie: str) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.home / ".erlang.cookie", cookie)

    def registry_environment(self) -> dict[str, str]:
        return {"ERL_EPMD_PORT": str(self.registry_port), "ERL_EPMD_ADDRESS": HOST}

    def environment(self, path: str) -> dict[str, str]:
        """For the server and for its tools, such as rabbitmqctl. `path` is PATH for Erlang's programs."""
        return {
            "PATH": f"{PROGRAMS}:{path}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
            ),
            # So the process that was started becomes the server, instead of a shell that keeps it as a child: its number is
            # the one to ask, to end and to find again.
            "RUNNING_UNDER_SYSTEMD": "true",
            **self.registry_environment(),
        }


def is_installed(path: str) -> bool:
    return (PROGRAMS / "rabbitmq-server").exists() and shutil.which("epmd", path=path) is not None


def broker(place: NodePlace, *, path: str, cookie: str, password: str) -> tuple[Engine, Engine]:
    """The registry and the node. The node knows one user, whose password is this one from each start on; there is no guest."""
    definitions = place.folder / "definitions.json"

    def prepare() -> None:
        place.write_cookie(cookie)
        place.write((f"load_definitions = {definitions}",))
        write_private(definitions, msgspec.json.encode(_definitions(password)).decode())

    registry = Engine(
        name=REGISTRY,
        title="Broker's registry",
        command=(shutil.which("epmd", path=path) or "epmd",),
        settings={},
        environment=place.registry_environment(),
        answers=lambda: listens(place.registry_port),
    )
    node = Engine(
        name=BROKER,
        title="Broker",
        command=(str(PROGRAMS / "rabbitmq-server"),),
        settings={"RIALTO_BUS_URL": f"amqp://{USER}:{password}@{HOST}:{place.port}/"},
        environment=place.environment(path),
        prepare=prepare,
        answers=lambda: _speaks_amqp(place.port),
        grace_s=GRACE_S,
    )
    return registry, node


def place_in(data: Path, ports: Mapping[str, int], distribution_port: int) -> NodePlace:
    """Its node's name is the same at every start: what it keeps belongs to that name."""
    folder = data / "broker"
    return NodePlace(
        name="rialto@localhost",
        folder=folder,
        home=folder / "home",
        port=ports[BROKER],
        distribution_port=distribution_port,
        registry_port=ports[REGISTRY],
    )


def write_private(file: Path, text: str) -> None:
    """Whole, and never readable for others in between."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as opened:
        opened.write(text)
    fresh.replace(file)


def _definitions(password: str) -> dict[str, object]:
    """What the node is to know, loaded at every start over what it knows: so its user has today's password.

    A node with definitions makes no user `guest`.
    """
    # Four bytes of salt before the hash (RabbitMQ's guide to passwords). A password that is drawn anew needs no other salt.
    salt = hashlib.sha256(f"salt of {password}".encode()).digest()[:4]
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    user = {"name": USER, "password_hash": hashed, "hashing_algorithm": "rabbit_password_hashing_sha256"}
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    return {
        "users": [{**user, "tags": ""}],
        "vhosts": [{"name": "/"}],
        "permissions": [{"user": USER, "vhost": "/", **everything}],
    }


def _speaks_amqp(port: int) -> bool:
    """Whether it answers a greeting with the protocol's first frame."""
    try:
        with socket.create_connection((HOST, port), timeout=_ANSWERS_WITHIN_S) as connection:
            connection.sendall(_GREETING)
            return connection.recv(1) == _METHOD_FRAME
    except OSError:
        return False
