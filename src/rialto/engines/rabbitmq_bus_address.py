"""Where RabbitMQ is: `amqp://user:password@host:5672/vhost?heartbeat=30&lanes=16&prefix=rialto`, or `amqps` for TLS.

Several, with commas between, are the nodes of one cluster; they are tried in turn. What follows the question mark is read
from the first.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from rialto.kernel.ids import PARTITIONS
from rialto.kernel.service import Frozen
from rialto.kernel.settings_reader import SettingWrong

LANES = 16
HEARTBEAT_S = 10
PORTS = {"amqp": 5672, "amqps": 5671}


class Node(Frozen):
    """One server of the cluster."""

    host: str
    port: int
    user: str
    password: str
    vhost: str
    tls: bool

    @property
    def place(self) -> str:
        """For logs: without user and password."""
        return f"{self.host}:{self.port}"

    def connect_arguments(
        self, name: str, heartbeat_s: int, context: ssl.SSLContext | None
    ) -> dict[str, Any]:
        """For `aio_pika.connect`. `name` is what operators see in the list of connections."""
        return {
            "host": self.host,
            "port": self.port,
            "login": self.user,
            "password": self.password,
            "virtualhost": self.vhost,
            "ssl": self.tls,
            "ssl_context": context if self.tls else None,
            "heartbeat": heartbeat_s,
            "name": name,
        }


class BrokerAddress(Frozen):
    """`lanes` is how many queues a consumer has; `prefix` begins the names of queues and exchanges."""

    nodes: tuple[Node, ...]
    lanes: int = LANES
    prefix: str = "rialto"
    heartbeat_s: int = HEARTBEAT_S
    ca: Path | None = None

    def tls_context(self) -> ssl.SSLContext | None:
        """Certificates and names are always checked. Raises SettingWrong when the CA cannot be read."""
        if not any(node.tls for node in self.nodes):
            return None
        try:
            return ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise SettingWrong(
                f"RIALTO_BUS_CA is {str(self.ca)!r}; it must be a file with certificates in PEM: {error}."
            ) from error


def parse_bus_url(text: str, *, ca: Path | None = None) -> BrokerAddress:
    """Raises SettingWrong and never shows the password."""
    try:
        urls = [urlsplit(part.strip()) for part in text.split(",") if part.strip()]
        nodes = tuple(_node(url) for url in urls)
        query = parse_qs(urls[0].query, strict_parsing=bool(urls[0].query))
        unknown = set(query) - {"lanes", "prefix", "heartbeat"}
        if unknown:
            raise SettingWrong(f"RIALTO_BUS_URL says {', '.join(sorted(unknown))}, which nobody here knows.")
        return BrokerAddress(
            nodes=nodes,
            lanes=_number(query, "lanes", LANES, PARTITIONS),
            prefix=query.get("prefix", ["rialto"])[0],
            heartbeat_s=_number(query, "heartbeat", HEARTBEAT_S, 3600),
            ca=ca,
        )
    except (ValueError, IndexError) as error:
        raise SettingWrong(
            "RIALTO_BUS_URL must be amqp://user:password@host:5672/vhost, or amqps for TLS; several nodes of a cluster "
            f"with commas between. `lanes` is a whole number from 1 to {PARTITIONS}, `heartbeat` one of seconds."
        ) from error


def check_bus_url(text: str | None, *, ca: Path | None) -> None:
    """Whether the settings can be used, as far as that can be told without a server. Raises SettingWrong."""
    if text is not None:
        parse_bus_url(text, ca=ca).tls_context()


def _node(url: SplitResult) -> Node:
    if url.scheme not in PORTS or not url.hostname:
        raise ValueError("not the URL of a RabbitMQ server")
    return Node(
        host=url.hostname,
        port=url.port or PORTS[url.scheme],
        user=unquote(url.username or "guest"),
        password=unquote(url.password or "guest"),
        vhost=unquote(url.path[1:]) or "/",
        tls=url.scheme == "amqps",
    )


def _number(query: dict[str, list[str]], name: str, default: int, most: int) -> int:
    value = int(query.get(name, [str(default)])[0])
    if not 1 <= value <= most:
        raise ValueError(name)
    return value
