"""Made-up sites and topologies for the tests of what is rendered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from rialto.app import ALL
from rialto.proxy.routes import Route, routes_of
from rialto.proxy.site import Server, Site
from rialto.topology import Topology, topology_of

TOPOLOGIES = ("one", "groups", "all")
FOLDER = Path("/var/lib/rialto-proxy")


def a_topology(name: str) -> Topology:
    return topology_of(name, [service.name for service in ALL])


def routes_in(topology: str) -> Sequence[Route]:
    return routes_of(a_topology(topology), ALL)


def a_site(topology: str = "groups", **changes: Any) -> Site:
    """Two replicas for each group, at made-up ports."""
    groups = {
        name: tuple(Server(address=f"127.0.0.1:{8100 + 10 * number + replica}") for replica in (1, 2))
        for number, name in enumerate(sorted(a_topology(topology).groups))
    }
    site = Site(
        listen="127.0.0.1:8443",
        plain="127.0.0.1:8080",
        names=("shop.example", "www.shop.example"),
        certificate=FOLDER / "server.pem",
        key=FOLDER / "server.key",
        folder=FOLDER,
        groups=groups,
    )
    return msgspec.structs.replace(site, **changes)


def made_up(template: str, value: str = "x1") -> str:
    """An address that fits the template."""
    return re.sub(r"\{[^}]+\}", value, template)
