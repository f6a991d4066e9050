"""The text itself: the same for the same site, taken by nginx in every variant, and nothing unwanted in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rialto.kernel.settings_reader import SettingWrong
from rialto.proxy.nginx import render
from rialto.proxy.routes import Match, Route
from rialto.proxy.site import Rates, Server, Site
from tests.proxy.sites import FOLDER, TOPOLOGIES, a_site, routes_in

pytestmark = pytest.mark.fast

GOLDEN = Path(__file__).parent / "golden" / "nginx.conf"
ROUTES = (
    Route(match=Match.EXACT, address="/v1/orders", group="sell"),
    Route(match=Match.PREFIX, address="/v1/orders/", group="sell"),
    Route(match=Match.FINAL_PREFIX, address="/v1/admin/pictures/", group="shop", body_bytes_max=10_000_000),
    Route(match=Match.PATTERN, address="^/v1/orders/[^/]+/reviews(?:/|$)", group="shop"),
    Route(match=Match.PREFIX, address="/", group="shop"),
)
GROUPS = {
    "shop": (Server(address="127.0.0.1:8101"), Server(address="127.0.0.1:8102", weight=2, down=True)),
    "sell": (Server(address="127.0.0.1:8111"),),
}
NEXT = {"shop": (Server(address="127.0.0.1:8201"),)}


def small(**changes: Any) -> str:
    return render(a_site(groups=GROUPS, **changes), ROUTES)


def test_the_text_is_what_it_was_when_somebody_last_looked() -> None:
    """After a change that is meant: `python -m tests.proxy.test_rendered` writes it anew; read what changed."""
    assert small(canary=NEXT, canary_percent=10) == GOLDEN.read_text("utf-8")


def test_the_same_site_is_the_same_text_in_whatever_order_groups_come() -> None:
    other = dict(reversed(GROUPS.items()))
    assert render(a_site(groups=other), ROUTES) == small()


def test_without_a_share_the_canary_is_not_rendered() -> None:
    assert small(canary=NEXT, canary_percent=0) == small()
    assert "8201" not in small()


def test_everything_is_written_into_one_folder() -> None:
    written = re.findall(
        r"^\s*(?:pid|error_log|access_log|\w+_temp_path|proxy_cache_path|lock_file) (\S+)",
        small(),
        re.MULTILINE,
    )
    places = {re.sub(r";$", "", place) for place in written} - {"off"}
    assert len(places) >= 9
    assert all(place.startswith(f"{FOLDER}/") for place in places)


def test_the_operations_port_is_nowhere_to_be_reached() -> None:
    for address in ("/internal/", "/metrics", "/health/details"):
        assert re.search(rf"location \^~ {address} {{[^}}]*return 404", small()), address


def test_a_server_that_is_about_to_stop_is_marked_down() -> None:
    assert "server 127.0.0.1:8102 weight=2 max_fails=2 fail_timeout=5s down;" in small()
    assert "server 127.0.0.1:8101 weight=1 max_fails=2 fail_timeout=5s;" in small()


def test_strictness_reaches_names_below_only_when_told() -> None:
    assert "includeSubDomains" not in small()
    assert 'Strict-Transport-Security "max-age=63072000; includeSubDomains" always' in small(
        hsts_subdomains=True
    )
    assert "Strict-Transport-Security" not in small(hsts_s=0)


def test_a_location_that_adds_a_header_repeats_the_ones_of_every_answer() -> None:
    for location in re.findall(r"location [^{]+\{[^}]*add_header[^}]*\}", small()):
        assert "Strict-Transport-Security" in location
        assert "X-Request-Id $request_id" in location


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"listen": "8443"}, "is not an address with a port"),
        ({"names": ("shop.example; return 200",)}, "is not a host name"),
        ({"names": ()}, "needs a host name"),
        ({"folder": Path("/var/lib/a folder")}, "is not a plain absolute path"),
        ({"groups": {}}, "no server for any group"),
        ({"groups": {"shop": ()}}, "no server for shop"),
        ({"groups": {"shop": (Server(address="127.0.0.1:1", weight=0),)}}, "at least 1"),
        ({"groups": {"Shop;": (Server(address="127.0.0.1:1"),)}}, "is not the name of a group"),
        ({"canary": {"other": (Server(address="127.0.0.1:1"),)}}, "a canary for a group that is not there"),
        ({"canary_percent": 101}, "from 0 to 100 percent"),
        ({"user": "root;"}, "is not a user"),
        ({"origins": ("*",)}, "is not an origin"),
    ],
)
def test_what_cannot_be_written_down_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingWrong, match=sentence):
        Site(**{**msgspec.structs.asdict(a_site()), **changes})


def test_rates_are_written_as_set() -> None:
    text = small(rates=Rates(guest_per_s=7, guest_burst=9, sign_in_per_min=3, staff_per_s=0))
    assert "zone=guest:10m rate=7r/s;" in text
    assert "limit_req zone=guest burst=9 nodelay;" in text
    assert "zone=sign_in:10m rate=3r/m;" in text
    assert "zone=staff" not in text


def test_nothing_beyond_the_rate_is_written_as_nginx_takes_it() -> None:
    assert "limit_req zone=guest;" in small(rates=Rates(guest_burst=0))


@pytest.mark.parametrize("changes", [{"guest_per_s": -1}, {"sign_in_burst": -1}, {"requests_at_once": 0}])
def test_less_than_nothing_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(SettingWrong, match="at least"):
        Rates(**changes)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_every_group_that_is_routed_to_has_servers(topology: str) -> None:
    text = render(a_site(topology), routes_in(topology))
    routed = set(re.findall(r'set \$group "([^"]+)"', text))
    assert routed <= set(re.findall(r"^\s*upstream (\S+) {", text, re.MULTILINE))


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(small(canary=NEXT, canary_percent=10), "utf-8")
