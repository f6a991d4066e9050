"""What `rialto run` and `rialto serve` say of RIALTO_CACHE_URL, and that nobody else pays for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.key_value_servers import KeyValueServer, find_server, free_port, key_value_server

WITHIN_S = 60.0


@pytest.fixture
def server() -> Iterator[KeyValueServer]:
    program = find_server("redis") or find_server("valkey")
    if program is None:
        pytest.skip("there is neither a redis-server nor a valkey-server on this machine")
    with key_value_server(program, "--requirepass", "sesame") as running:
        yield running


def rialto(command: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RIALTO_")}
    ports = {name: str(free_port()) for name in ("RIALTO_PORT", "RIALTO_OPS_PORT", "RIALTO_SANDBOX_PORT")}
    return subprocess.run(
        [sys.executable, "-m", "rialto.cli", command],
        env={**plain, **ports, "RIALTO_DATA": str(folder), **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_wrong_password_stops_the_start_with_one_sentence(
    server: KeyValueServer, tmp_path: Path, command: str
) -> None:
    done = rialto(
        command,
        tmp_path / "data",
        RIALTO_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        RIALTO_CACHE_URL=f"redis://:hunter2@127.0.0.1:{server.port}",
    )
    assert done.returncode == 2, done.stderr
    [sentence] = [line for line in done.stderr.splitlines() if "RIALTO_CACHE_URL" in line]
    assert sentence.startswith(f"RIALTO_CACHE_URL: the server at 127.0.0.1:{server.port} does not let us in")
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_an_authority_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    done = rialto(
        "serve",
        tmp_path / "data",
        RIALTO_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        RIALTO_CACHE_URL="rediss://cache.example",
        RIALTO_CACHE_CA=str(tmp_path / "none.pem"),
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"RIALTO_CACHE_CA is {tmp_path / 'none.pem'}")


def test_whoever_has_no_such_server_does_not_load_its_library() -> None:
    look = "import sys, rialto.cli.main; print([name for name in sys.modules if name.startswith('redis')])"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=WITHIN_S
    )
    assert done.stdout.strip() == "[]"
