"""Which processes a platform on one machine has, and where: worked out before anything runs, and kept in its folder.

So commands that look at it or change it (`status`, `restart`) know it without asking anybody.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec

from rialto.engines.processes import CannotStart
from rialto.kernel.service import Frozen

HOST = "127.0.0.1"
FILE = "cluster.json"
ENVIRONMENT = "environment.json"
FIRST_PORT, LAST_PORT = 21_000, 32_000


class Replica(Frozen):
    """One process of a group: its public and its operations port."""

    name: str
    group: str
    port: int
    ops_port: int


class Layout(Frozen):
    """Where everything is. `topology` is as in RIALTO_TOPOLOGY; ports are TCP ports on loopback.

    `engine_ports` has a port for each process of an engine, `more_ports` further ones by what they are for.
    """

    topology: str
    replicas: tuple[Replica, ...]
    port: int
    plain_port: int
    sandbox_port: int
    engine_ports: Mapping[str, int] = {}
    more_ports: Mapping[str, int] = {}

    @property
    def public_url(self) -> str:
        # Not by number: browsers take passkeys for names only.
        return f"https://localhost:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(replica.group for replica in self.replicas))

    @property
    def group_with_mails(self) -> str:
        """The group whose operations port shows mails."""
        return next((group for group in self.groups if group in {"work", "notifications"}), self.groups[0])

    def of_group(self, group: str) -> list[Replica]:
        return [replica for replica in self.replicas if replica.group == group]

    def peers(self) -> str:
        """As in RIALTO_PEERS."""
        return " ".join(
            f"{group}={','.join(f'{HOST}:{replica.ops_port}' for replica in self.of_group(group))}"
            for group in self.groups
        )


def lay_out(
    topology: str,
    groups: tuple[str, ...],
    *,
    replicas: int,
    port: int,
    engines: tuple[str, ...],
    more: tuple[str, ...] = (),
    free_ports: Callable[[int], list[int]],
) -> Layout:
    """`replicas` of each group on ports that nothing uses; `port` is where people come, 0 for any."""
    wanted = 2 * replicas * len(groups) + 3 + len(engines) + len(more)
    ports = iter(free_ports(wanted))
    return Layout(
        topology=topology,
        replicas=tuple(
            Replica(name=f"{group}-{number}", group=group, port=next(ports), ops_port=next(ports))
            for group in groups
            for number in range(1, replicas + 1)
        ),
        plain_port=next(ports),
        sandbox_port=next(ports),
        port=port or next(ports),
        engine_ports={engine: next(ports) for engine in engines},
        more_ports={purpose: next(ports) for purpose in more},
    )


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nothing uses now. Below those the system gives to outgoing connections.

    Where the search begins follows from this process's number: two platforms that are started side by side would else both
    find the same ones free, since the last of them are taken only when the proxy starts.
    """
    found: list[int] = []
    first = FIRST_PORT + os.getpid() * 100 % (LAST_PORT - FIRST_PORT)
    with ExitStack() as held:
        for port in (*range(first, LAST_PORT), *range(FIRST_PORT, first)):
            if len(found) == count:
                return found
            probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found.append(port)
    raise CannotStart(f"There are no {count} free ports between {FIRST_PORT} and {LAST_PORT}.")


def write_layout(data: Path, layout: Layout) -> None:
    fresh = data / f"{FILE}.new"
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(layout)))
    fresh.replace(data / FILE)


def write_environment(data: Path, environment: Mapping[str, str]) -> None:
    """The settings that the platform's processes have in common, for commands about it; readable by its owner only."""
    descriptor = os.open(data / ENVIRONMENT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode({k: v for k, v in environment.items() if k.startswith("RIALTO_")}))


def read_environment(data: Path) -> dict[str, str]:
    """Raises CannotStart as `read_layout`."""
    read_layout(data)
    return msgspec.json.decode((data / ENVIRONMENT).read_bytes(), type=dict[str, str])


def read_layout(data: Path) -> Layout:
    """Raises CannotStart when no platform was ever started there."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Layout)
    except (OSError, msgspec.MsgspecError) as problem:
        raise CannotStart(f"There is no platform in {data}; `rialto cluster start` makes one.") from problem
