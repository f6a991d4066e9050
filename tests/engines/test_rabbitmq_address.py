"""What RIALTO_BUS_URL may say and what queues are called and told, without a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rialto.engines.rabbitmq_bus_address import Node, parse_bus_url
from rialto.engines.rabbitmq_bus_queues import Names, queue_arguments
from rialto.kernel.ids import PARTITIONS
from rialto.kernel.settings_reader import SettingWrong

pytestmark = pytest.mark.fast


def test_an_address_may_say_everything_and_the_rest_is_usual() -> None:
    address = parse_bus_url("amqps://shop:p%40ss@mq.internal:5000/a%2Fb?lanes=4&prefix=two&heartbeat=30")
    assert address.nodes == (
        Node(host="mq.internal", port=5000, user="shop", password="p@ss", vhost="a/b", tls=True),
    )
    assert (address.lanes, address.prefix, address.heartbeat_s) == (4, "two", 30)
    usual = parse_bus_url("amqp://mq")
    assert usual.nodes == (Node(host="mq", port=5672, user="guest", password="guest", vhost="/", tls=False),)
    assert (usual.lanes, usual.prefix) == (16, "rialto")
    assert usual.tls_context() is None


def test_several_nodes_stand_with_commas_between() -> None:
    address = parse_bus_url("amqps://one/v?lanes=2, amqps://two:1/v")
    assert [node.place for node in address.nodes] == ["one:5671", "two:1"]
    assert address.lanes == 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis://mq",
        "amqp:///vhost",
        "amqp://[",
        "amqp://mq:port/",
        "amqp://mq?lanes=0",
        "amqp://mq?lanes=65",
        "amqp://mq?lanes=many",
        "amqp://mq?heartbeat=0",
        "amqp://mq?colour=red",
        "amqp://mq?lanes",
        "amqp://shop:secret@mq,http://shop:secret@mq",
    ],
)
def test_what_cannot_be_an_address_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(SettingWrong, match="RIALTO_BUS_URL") as refused:
        parse_bus_url(url)
    assert "secret" not in refused.value.text


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for path in (tmp_path / "empty.pem", tmp_path / "missing.pem"):
        with pytest.raises(SettingWrong, match="RIALTO_BUS_CA"):
            parse_bus_url("amqps://mq", ca=path).tls_context()


def test_no_release_of_the_broker_drops_what_was_delivered_often() -> None:
    """3.x has no such limit and refuses -1; 4.x has one of twenty and knows -1 for none."""
    assert "x-delivery-limit" not in queue_arguments((3, 10))
    assert "x-delivery-limit" not in queue_arguments((3, 13))
    assert queue_arguments((4, 0))["x-delivery-limit"] == -1


def test_neighbouring_partitions_share_a_lane() -> None:
    names = Names(parse_bus_url("amqp://localhost"))
    assert [names.lane_of(partition) for partition in range(9)] == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert sorted(p for lane in range(16) for p in names.partitions_of(lane)) == list(range(PARTITIONS))


def test_the_library_is_loaded_by_those_only_who_use_it() -> None:
    script = "import sys, rialto.cli.main; sys.exit('aio_pika' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
