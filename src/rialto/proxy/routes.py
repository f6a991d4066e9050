"""Which group of processes answers which address, as few nginx locations.

Derived from the routes themselves. Templates make a tree of their segments; a part of the tree that is one group's becomes
one prefix, what differs within it is named more exactly. All else goes to the group with the storefront, which has a page
for what is nowhere. How nginx chooses among locations is written down in `chosen`, for the tests and for whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from rialto.admin.routes import ROUTES as ADMIN_ROUTES
from rialto.kernel.http import BODY_BYTES_MAX, body_bytes_max
from rialto.kernel.service import Frozen, Service
from rialto.storefront.routes import ROUTES as STOREFRONT_ROUTES
from rialto.topology import ADMIN, STOREFRONT, Topology

ANY = "{}"  # a segment that a parameter takes


class Match(StrEnum):
    """nginx's words for how a location's address is compared."""

    EXACT = "="
    FINAL_PREFIX = "^~"
    PREFIX = ""
    PATTERN = "~"


class Route(Frozen):
    """A location. The largest body is that of any route below it."""

    match: Match
    address: str
    group: str
    body_bytes_max: int = BODY_BYTES_MAX


class Answerer(Frozen):
    """Who answers a route, and how large a body it takes."""

    group: str
    body_bytes_max: int


def routes_of(topology: Topology, services: Sequence[Service]) -> Sequence[Route]:
    """The locations in the order in which nginx must read them; the last is for everything else."""
    default = Answerer(group=topology.group_of(STOREFRONT), body_bytes_max=BODY_BYTES_MAX)
    tree = _Node()
    for template, answerer in answerers(topology, services):
        tree.add(_segments(template), answerer)
    # The first level's placeholder is the storefront's language. It hides nothing: `v1` and `admin` are literals.
    found = [
        route
        for name, child in sorted(tree.children.items())
        if name != ANY
        for route in _below(child, (name,), default, hidden=False)
    ]
    patterns = [route for route in found if route.match is Match.PATTERN]
    rest = [route for route in found if route.match is not Match.PATTERN]
    return [
        *sorted(rest, key=lambda route: (route.address, route.match)),
        *patterns,
        Route(match=Match.PREFIX, address="/", group=default.group),
    ]


def answerers(topology: Topology, services: Sequence[Service]) -> Iterator[tuple[str, Answerer]]:
    """Each route's template and who answers it."""
    for service in services:
        yield from _told(service.routes, topology.group_of(service.name))
    for part, routers in ((STOREFRONT, STOREFRONT_ROUTES), (ADMIN, ADMIN_ROUTES)):
        for router in routers:
            yield from _told(_handlers(router), topology.group_of(part))


def chosen(routes: Sequence[Route], path: str) -> Route:
    """The location that nginx chooses: exact, else the longest prefix, unless it is not final and a pattern fits."""
    longest = max(
        (route for route in routes if _is_prefix(route) and path.startswith(route.address)),
        key=lambda route: len(route.address),
    )
    for route in routes:
        if route.match is Match.EXACT and route.address == path:
            return route
    if longest.match is Match.FINAL_PREFIX:
        return longest
    patterns = (route for route in routes if route.match is Match.PATTERN)
    return next((route for route in patterns if re.search(route.address, path)), longest)


def _is_prefix(route: Route) -> bool:
    return route.match in {Match.PREFIX, Match.FINAL_PREFIX}


def _handlers(router: Router) -> Iterator[HTTPRouteHandler]:
    for route in router.routes:
        if isinstance(route, HTTPRoute):
            yield from route.route_handlers


def _told(handlers: Iterable[object], group: str) -> Iterator[tuple[str, Answerer]]:
    for handler in handlers:
        assert isinstance(handler, HTTPRouteHandler)
        for path in handler.paths:
            yield path, Answerer(group=group, body_bytes_max=body_bytes_max(handler))


def _segments(template: str) -> tuple[str, ...]:
    return tuple(ANY if part.startswith("{") else part for part in template.split("/") if part)


@dataclass
class _Node:
    """What stands at an address, and below it."""

    children: dict[str, _Node] = field(default_factory=dict)
    own: Answerer | None = None

    def add(self, segments: Sequence[str], answerer: Answerer) -> None:
        if segments:
            self.children.setdefault(segments[0], _Node()).add(segments[1:], answerer)
        elif self.own is None:
            self.own = answerer
        else:  # two methods of one address: one group, and the larger body
            assert self.own.group == answerer.group
            largest = max(self.own.body_bytes_max, answerer.body_bytes_max)
            self.own = Answerer(group=answerer.group, body_bytes_max=largest)

    def everyone(self) -> set[Answerer]:
        own = {self.own} if self.own else set()
        return own.union(*(child.everyone() for child in self.children.values()))


def _below(node: _Node, at: tuple[str, ...], default: Answerer, *, hidden: bool) -> Iterator[Route]:
    """Locations for what is at this address and below it, where `default` is who is asked otherwise.

    `hidden`: some pattern could fit here too, so that nothing may be left to the default.
    """
    everyone = node.everyone()
    if len(everyone) == 1:
        only = next(iter(everyone))
        if hidden or only != default:
            yield from _whole(node, at, only)
        return
    base = default
    below = [answerer for child in node.children.values() for answerer in child.everyone()]
    if node.own is not None and node.own != default and set(below) == {default} and not hidden:
        yield from _alone(at, node.own)
        return
    if node.own is not None and (hidden or node.own != default):
        # What has an answer here most likely answers below as well; exceptions follow.
        base = node.own
        yield from _whole(node, at, base, final=False)
    rest = {name: child for name, child in node.children.items() if name != ANY}
    other = node.children.get(ANY)
    differs = other is not None and other.everyone() != {base}
    for name, child in sorted(rest.items()):
        yield from _below(child, (*at, name), base, hidden=hidden or differs)
    if other is not None:
        yield from _below(other, (*at, ANY), base, hidden=hidden)


def _alone(at: tuple[str, ...], who: Answerer) -> Iterator[Route]:
    """This address and nothing below it; with and without a slash at its end."""
    if ANY in at:
        yield _route(Match.PATTERN, f"^/{_pattern(at)}/?$", who)
        return
    path = "/" + "/".join(at)
    yield _route(Match.EXACT, path, who)
    yield _route(Match.EXACT, f"{path}/", who)


def _route(match: Match, address: str, who: Answerer) -> Route:
    return Route(match=match, address=address, group=who.group, body_bytes_max=who.body_bytes_max)


def _pattern(at: tuple[str, ...]) -> str:
    return "/".join("[^/]+" if part == ANY else re.escape(part) for part in at)


def _whole(node: _Node, at: tuple[str, ...], who: Answerer, *, final: bool = True) -> Iterator[Route]:
    """This address and all below it."""
    if ANY in at:
        yield _route(Match.PATTERN, f"^/{_pattern(at)}(?:/|$)", who)
        return
    path = "/" + "/".join(at)
    if node.own is not None:
        yield _route(Match.EXACT, path, who)
    # An address without anything below it is asked with a slash at its end, too.
    yield _route(Match.FINAL_PREFIX if final else Match.PREFIX, f"{path}/", who)
