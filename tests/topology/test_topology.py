"""What of the shop a process is, by its settings; and what does not fit together is said in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from rialto.app import ALL
from rialto.kernel.service_tokens import WEB, callers_of
from rialto.kernel.settings import Settings, read_settings
from rialto.kernel.settings_reader import SettingWrong
from rialto.topology import ADMIN, RECOMMENDED, STOREFRONT, Place, place_of, topology_of
from tests.support.values import settings_in

pytestmark = pytest.mark.fast

SERVICES = tuple(service.name for service in ALL)
PEERS = {group: (f"{group}.test:8001",) for group in RECOMMENDED}


def placed(**changes: Any) -> Place:
    return place_of(msgspec.structs.replace(settings_in(), **changes), SERVICES)


def test_by_default_a_process_is_everything() -> None:
    place = placed()
    assert place.parts == {STOREFRONT, *SERVICES, ADMIN}
    assert (place.scope, place.peers) == ("", {})


def test_the_recommended_groups_hold_every_part_once() -> None:
    listed = [part for parts in RECOMMENDED.values() for part in parts]
    assert sorted(listed) == sorted([STOREFRONT, *SERVICES, ADMIN])


@pytest.mark.parametrize("group", RECOMMENDED)
def test_a_group_is_its_parts_and_knows_where_the_others_are(group: str) -> None:
    place = placed(topology="groups", group=group, peers=PEERS)
    assert place.parts == set(RECOMMENDED[group])
    assert place.peers.keys() == set(SERVICES) - place.parts
    assert all(place.peers[part] == (other, PEERS[other]) for part, (other, _) in place.peers.items())


def test_in_all_each_part_is_a_group_of_its_own() -> None:
    peers = {service: (f"{service}:8001",) for service in SERVICES}
    place = placed(topology="all", group="orders", peers=peers)
    assert (sorted(place.parts), place.scope) == (["orders"], "orders")
    assert place.peers["cart"] == ("cart", ("cart:8001",))


def test_services_may_be_named_one_by_one() -> None:
    place = placed(topology="groups", services=("payments", "orders"), peers=PEERS)
    assert (sorted(place.parts), place.scope) == (["orders", "payments"], "orders+payments")
    assert place.peers["inventory"] == ("sell", PEERS["sell"])


def a_file(folder: Path, text: str) -> str:
    path = folder / "topology.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_cuts_as_one_likes(tmp_path: Path) -> None:
    goods = ["catalog", "search", "reviews", "storefront", "admin"]
    rest = [service for service in SERVICES if service not in goods]
    path = a_file(tmp_path, f'[groups]\ngoods = {goods}\nrest = {rest}\n[peers]\nrest = ["rest.test:81"]\n')
    place = placed(topology=path, group="goods")
    assert place.peers["orders"] == ("rest", ("rest.test:81",))
    assert placed(topology=path, group="goods", peers={"rest": ("elsewhere:82",)}).peers["orders"] == (
        "rest",
        ("elsewhere:82",),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[groups]\nshop = ['catalog']", "has no group for admin, cart"),
        (f"[groups]\none = {[STOREFRONT, *SERVICES, ADMIN, 'bakery']}", "names what does not exist: bakery"),
        (f"[groups]\none = {[STOREFRONT, *SERVICES, ADMIN]}\ntwo = ['cart']", "more than one group: cart"),
        (f"[groups]\none = {[STOREFRONT, *SERVICES, ADMIN]}\n[peers]\ntwo = ['a:1']", "no groups: two"),
        ("groups = 3", "cannot be read"),
        ("[groups", "cannot be read"),
        ("[peers]", "cannot be read"),
    ],
)
def test_a_file_that_does_not_add_up_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingWrong, match=sentence):
        topology_of(a_file(tmp_path, text), SERVICES)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingWrong, match="No such file"):
        topology_of("tow", SERVICES)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingWrong, match="cannot be read"):
        topology_of(str(tmp_path / "bytes"), SERVICES)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"topology": "groups"}, "RIALTO_GROUP is not set; the topology has admin, sell, shop, work"),
        ({"topology": "groups", "group": "shed"}, "RIALTO_GROUP is 'shed'"),
        ({"topology": "groups", "group": "shop"}, "says nothing of the group sell, which has identity"),
        ({"topology": "groups", "services": ("bread",)}, "RIALTO_SERVICES names bread"),
        ({"topology": "groups", "group": "shop", "peers": {**PEERS, "shed": ("a:1",)}}, "names shed"),
    ],
)
def test_settings_that_do_not_fit_are_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingWrong, match=sentence):
        placed(**changes)


def read(**environment: str) -> Settings:
    return read_settings(environment, data_default=Path("/nonexistent"))


def test_peers_are_listed_in_one_setting() -> None:
    text = "sell=10.0.0.1:8001,10.0.0.2:8001 shop=shop.internal:9000 work=[::1]:8001"
    assert read(RIALTO_PEERS=text).peers == {
        "sell": ("10.0.0.1:8001", "10.0.0.2:8001"),
        "shop": ("shop.internal:9000",),
        "work": ("[::1]:8001",),
    }


@pytest.mark.parametrize(
    "text", ["sell", "sell=", "=a:1", "sell=a", "sell=a:0", "sell=a:99999", "sell=a:b", "sell=:1"]
)
def test_peers_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(SettingWrong, match="RIALTO_PEERS"):
        read(RIALTO_PEERS=text)


def test_what_kubernetes_says_of_its_services_is_heard_and_a_setting_wins() -> None:
    told = {
        "RIALTO_SELL_SERVICE_HOST": "10.96.0.7",
        "RIALTO_SELL_SERVICE_PORT": "80",
        "RIALTO_SELL_SERVICE_PORT_INTERNAL": "8001",
        "RIALTO_WORK_SERVICE_HOST": "fd00::7",
        "RIALTO_WORK_SERVICE_PORT_INTERNAL": "8001",
        "RIALTO_OTHER_SERVICE_HOST": "10.96.0.8",
    }
    assert read(**told).peers == {"sell": ("10.96.0.7:8001",), "work": ("[fd00::7]:8001",)}
    assert read(**told, RIALTO_PEERS="sell=sell:1").peers["sell"] == ("sell:1",)


def test_who_may_call_whom_follows_from_what_each_needs() -> None:
    callers = callers_of(ALL)
    assert callers["inventory"] == {WEB, "cart", "orders", "notifications", "search"}
    assert callers["payments"] == {WEB, "orders"}
    assert callers["reporting"] == {WEB}
    assert callers.keys() == set(SERVICES)
