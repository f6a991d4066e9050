"""What of the shop a process is, and where the rest of it is.

The same code runs as one process, as a few groups of services, or as a process per service; which is a setting.
`RIALTO_TOPOLOGY` is `one`, `groups`, `all`, or a file like this:

    [groups]
    shop = ["storefront", "catalog", "search", "cart", "pricing", "reviews"]
    sell = ["identity", "inventory", "orders", "payments"]

    [peers]
    sell = ["sell.example.internal:8001"]

`RIALTO_GROUP` (or `RIALTO_SERVICES`, a list) says what of it this process is. A peer's address is that of its operations
port: a name that DNS gives all addresses of, or a list; `RIALTO_PEERS` and what Kubernetes tells win over the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from rialto.kernel.service import Frozen
from rialto.kernel.settings import Settings
from rialto.kernel.settings_reader import SettingWrong

ONE, GROUPS, ALL = "one", "groups", "all"
# Pages are parts like services: a process has them or not.
STOREFRONT, ADMIN = "storefront", "admin"

# The recommended cut for production: what browsing needs, what buying needs, what nobody waits for, what staff use.
RECOMMENDED: Mapping[str, tuple[str, ...]] = {
    "shop": (STOREFRONT, "catalog", "search", "cart", "pricing", "reviews"),
    "sell": ("identity", "inventory", "orders", "payments"),
    "work": ("notifications", "reporting"),
    "admin": (ADMIN,),
}


class Topology(Frozen):
    """Groups and what is in each; where a group's replicas are found, as far as that is known."""

    groups: Mapping[str, tuple[str, ...]]
    peers: Mapping[str, tuple[str, ...]] = {}

    def group_of(self, part: str) -> str:
        return next(group for group, parts in self.groups.items() if part in parts)


class Place(Frozen):
    """What a process is. `scope` names it among processes that share its background work; empty: it is everything.

    `peers` has for each part that is elsewhere its group and the group's addresses.
    """

    parts: frozenset[str]
    scope: str
    peers: Mapping[str, tuple[str, tuple[str, ...]]]


def topology_of(name: str, services: Iterable[str]) -> Topology:
    """The topology of that name, or in that file. Raises SettingWrong."""
    parts = [STOREFRONT, *services, ADMIN]
    if name == ONE:
        return Topology(groups={ONE: tuple(parts)})
    if name == GROUPS:
        return Topology(groups=RECOMMENDED)
    if name == ALL:
        return Topology(groups={part: (part,) for part in parts})
    topology = _read(Path(name))
    _check(topology, parts)
    return topology


def place_of(settings: Settings, services: Iterable[str]) -> Place:
    """What this process is by its settings. Raises SettingWrong for what does not fit together."""
    names = tuple(services)
    topology = topology_of(settings.topology, names)
    mine = _parts(settings, topology)
    everything = {STOREFRONT, *names, ADMIN}
    addresses = {**topology.peers, **settings.peers}
    strays = settings.peers.keys() - topology.groups.keys()
    if strays and settings.topology != ONE:
        raise SettingWrong(
            f"RIALTO_PEERS names {', '.join(sorted(strays))}, which is no group of the topology."
        )
    peers = {}
    for part in sorted(everything - mine - {STOREFRONT, ADMIN}):
        group = topology.group_of(part)
        if group not in addresses:
            raise SettingWrong(f"RIALTO_PEERS says nothing of the group {group}, which has {part}.")
        peers[part] = (group, addresses[group])
    scope = "" if mine == everything else "+".join(sorted(mine))
    return Place(parts=frozenset(mine), scope=scope, peers=peers)


def place_of_all(services: Iterable[str]) -> Place:
    """A process that is everything there is."""
    return Place(parts=frozenset({STOREFRONT, *services, ADMIN}), scope="", peers={})


def _parts(settings: Settings, topology: Topology) -> frozenset[str]:
    known = {part for parts in topology.groups.values() for part in parts}
    if settings.services:
        strays = set(settings.services) - known
        if strays:
            raise SettingWrong(
                f"RIALTO_SERVICES names {', '.join(sorted(strays))}; there is {_listed(known)}."
            )
        return frozenset(settings.services)
    if settings.group is None:
        if len(topology.groups) > 1:
            raise SettingWrong(f"RIALTO_GROUP is not set; the topology has {_listed(topology.groups)}.")
        return frozenset(known)
    if settings.group not in topology.groups:
        raise SettingWrong(
            f"RIALTO_GROUP is {settings.group!r}; the topology has {_listed(topology.groups)}."
        )
    return frozenset(topology.groups[settings.group])


def _read(path: Path) -> Topology:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Topology)
    except OSError as problem:
        raise SettingWrong(
            f"RIALTO_TOPOLOGY is {str(path)!r}; it must be one, groups, all or a file ({problem.strerror})."
        ) from problem
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise SettingWrong(f"The topology in {path} cannot be read: {problem}.") from problem


def _check(topology: Topology, parts: list[str]) -> None:
    """Every part in one group, and nothing that is not there."""
    listed = [part for group in topology.groups.values() for part in group]
    missing, strays = set(parts) - set(listed), set(listed) - set(parts)
    twice = {part for part in listed if listed.count(part) > 1}
    for faults, sentence in (
        (missing, "has no group for"),
        (strays, "names what does not exist:"),
        (twice, "has in more than one group:"),
        (topology.peers.keys() - topology.groups.keys(), "has peers that are no groups:"),
    ):
        if faults:
            raise SettingWrong(f"The topology {sentence} {_listed(faults)}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
