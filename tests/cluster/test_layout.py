from __future__ import annotations

import socket
from pathlib import Path

import pytest

from rialto.cluster.layout import HOST, free_ports, lay_out, read_layout, write_layout
from rialto.engines.processes import CannotStart
from rialto.kernel.settings import read_settings
from rialto.topology import RECOMMENDED

pytestmark = pytest.mark.fast


def test_each_process_has_ports_of_its_own_and_peers_are_all_replicas() -> None:
    layout = lay_out(
        "groups",
        tuple(RECOMMENDED),
        replicas=2,
        port=8443,
        engines=("cache",),
        free_ports=lambda n: list(range(100, 100 + n)),
    )
    ports = [port for one in layout.replicas for port in (one.port, one.ops_port)]
    ports += [layout.plain_port, layout.sandbox_port, layout.port, layout.engine_ports["cache"]]
    assert len(set(ports)) == len(ports) == 2 * 2 * 4 + 4
    assert layout.public_url == "https://localhost:8443"
    peers = read_settings({"RIALTO_PEERS": layout.peers()}, data_default=Path("/nonexistent")).peers
    assert peers["sell"] == tuple(f"{HOST}:{one.ops_port}" for one in layout.of_group("sell"))
    assert peers.keys() == RECOMMENDED.keys()


def test_a_layout_is_kept_and_read_again(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no platform"):
        read_layout(tmp_path)
    layout = lay_out("one", ("one",), replicas=1, port=0, engines=(), free_ports=free_ports)
    write_layout(tmp_path, layout)
    assert read_layout(tmp_path) == layout
    (tmp_path / "cluster.json").write_text("{")
    with pytest.raises(CannotStart, match="no platform"):
        read_layout(tmp_path)


def test_ports_that_are_in_use_are_passed_over() -> None:
    first = free_ports(1)[0]
    with socket.socket() as taken:
        taken.bind((HOST, first))
        assert first not in free_ports(3)
    with pytest.raises(CannotStart, match="free ports"):
        free_ports(20_000)
