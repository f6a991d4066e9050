"""Each thing that can be wrong before the start is one sentence that names what to change."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rialto.cli.preflight import check_data_folder, check_ports, check_python
from rialto.engines.processes import CannotStart

pytestmark = pytest.mark.fast
ordinary_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def refusal(attempt: Callable[[], None]) -> CannotStart:
    with pytest.raises(CannotStart) as refused:
        attempt()
    assert "\n" not in str(refused.value)
    return refused.value


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_old_python_is_refused() -> None:
    assert "3.11" in str(refusal(lambda: check_python((3, 10))))


def test_missing_module_is_named() -> None:
    assert "no_such_module" in str(refusal(lambda: check_python(modules=["os", "no_such_module"])))


def test_this_python_will_do() -> None:
    check_python(modules=["os"])


def test_busy_port_names_the_setting(busy_port: int) -> None:
    refused = refusal(lambda: check_ports("127.0.0.1", {"RIALTO_OPS_PORT": busy_port}))
    assert (
        str(refused) == f"Port {busy_port} is in use by another program; set RIALTO_OPS_PORT to a free port."
    )
    assert refused.exit_code == 1


def test_same_port_twice_names_both_settings() -> None:
    refused = refusal(lambda: check_ports("127.0.0.1", {"RIALTO_PORT": 4711, "RIALTO_OPS_PORT": 4711}))
    assert "RIALTO_OPS_PORT and RIALTO_PORT" in str(refused)
    assert refused.exit_code == 2


def test_foreign_address_names_the_host_setting() -> None:
    assert "RIALTO_HOST is 192.0.2.1" in str(refusal(lambda: check_ports("192.0.2.1", {"RIALTO_PORT": 4711})))


@ordinary_user
def test_privileged_port_is_explained() -> None:
    assert "above 1023" in str(refusal(lambda: check_ports("127.0.0.1", {"RIALTO_PORT": 80})))


def test_data_folder_is_made(tmp_path: Path) -> None:
    check_data_folder(tmp_path / "a" / "b")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["run"]


def test_file_in_place_of_the_data_folder_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = refusal(lambda: check_data_folder(tmp_path / "file"))
    assert "RIALTO_DATA" in str(refused)
    assert refused.exit_code == 2


@ordinary_user
def test_read_only_data_folder_names_the_setting(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "RIALTO_DATA" in str(refusal(lambda: check_data_folder(tmp_path)))


def test_full_disk_says_how_much_is_missing(tmp_path: Path) -> None:
    refused = refusal(lambda: check_data_folder(tmp_path, disk_min_bytes=2**60))
    assert str(refused).startswith(f"The disk of {tmp_path} is full")
