"""Each address reaches the group that answers it, by nginx's own rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from rialto.app import ALL
from rialto.proxy.routes import Match, Route, answerers, chosen, routes_of
from rialto.topology import topology_of
from tests.proxy.sites import TOPOLOGIES, a_topology, made_up, routes_in

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("value", ["x1", "reviews", "new", "a.b-c_d", "%C3%A4"])
def test_every_route_reaches_its_group_and_its_body_is_let_through(topology: str, value: str) -> None:
    routes = routes_in(topology)
    for template, answerer in answerers(a_topology(topology), ALL):
        for ending in ("", "/"):
            path = (made_up(template, value) + ending).replace("//", "/")
            found = chosen(routes, path)
            assert found.group == answerer.group or _taken(topology, path, template), path
            assert found.body_bytes_max >= answerer.body_bytes_max or value == "new", path


def _taken(topology: str, path: str, template: str) -> bool:
    """A made-up value that happens to be another route's own word: the word wins in the shop as well."""
    others = {made_up(other): who.group for other, who in answerers(a_topology(topology), ALL)}
    return path != made_up(template) and path.rstrip("/") in others


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_what_is_nowhere_reaches_the_storefront(topology: str) -> None:
    storefront = a_topology(topology).group_of("storefront")
    for path in ("/", "/en/", "/nowhere", "/de/nirgends", "/adminx", "/health/ready", "/openapi.json"):
        assert chosen(routes_in(topology), path).group == storefront, path


def test_a_shop_of_one_group_needs_locations_for_large_bodies_only() -> None:
    assert {route.group for route in routes_in("one")} == {"one"}
    assert len(routes_in("one")) < 20


@pytest.mark.parametrize("topology", ["groups", "all"])
def test_there_are_far_fewer_locations_than_routes(topology: str) -> None:
    templates = {template for template, _ in answerers(a_topology(topology), ALL)}
    assert len(templates) > 200
    assert len(routes_in(topology)) < len(templates) / 2


def test_a_final_prefix_keeps_patterns_from_being_asked() -> None:
    everything = Route(match=Match.PREFIX, address="/", group="rest")
    pattern = Route(match=Match.PATTERN, address="^/a/[^/]+/b(?:/|$)", group="pattern")
    final = Route(match=Match.FINAL_PREFIX, address="/a/new/", group="final")
    exact = Route(match=Match.EXACT, address="/a/x/b", group="exact")
    assert chosen([pattern, everything], "/a/1/b").group == "pattern"
    assert chosen([pattern, final, everything], "/a/new/b").group == "final"
    assert chosen([pattern, exact, everything], "/a/x/b").group == "exact"
    assert chosen([pattern, everything], "/a/1/2/b").group == "rest"


def test_a_cut_by_file_is_routed_as_well(tmp_path: Path) -> None:
    rest = [service.name for service in ALL if service.name not in {"reviews", "payments"}]
    file = tmp_path / "cut.toml"
    file.write_text(
        f"[groups]\na = ['reviews', 'admin']\nb = ['payments', 'storefront']\nc = {rest}\n", "utf-8"
    )
    topology = topology_of(str(file), [service.name for service in ALL])
    routes = routes_of(topology, ALL)
    for template, answerer in answerers(topology, ALL):
        assert chosen(routes, made_up(template)).group == answerer.group, template
