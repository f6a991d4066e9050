"""The platform's replica: started beside the database, or told to be missing, without anything else failing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rialto.cluster.replica import start_replica
from rialto.doctor.model import State
from rialto.doctor.replicas import check_replicas, look_at
from rialto.engines.embedded_postgres import EmbeddedPostgres, PostgresAddress
from rialto.engines.supervisor import Supervisor
from rialto.kernel.db import parse_database_url
from rialto.kernel.secrets import load_or_make_secrets
from tests.support.replicas import Pair, a_primary_with_replica
from tests.support.values import seeded_ids

anyio = pytest.mark.anyio


@pytest.fixture
def data() -> Iterator[Path]:
    """One that the database's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="rialto-test-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "run").mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def primary(data: Path) -> Iterator[PostgresAddress]:
    server = EmbeddedPostgres(data, durable=False)
    yield server.ensure_running()
    server.stop()


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with a_primary_with_replica() as pair:
        yield pair


def started(data: Path, primary: PostgresAddress) -> tuple[str, list[str], Supervisor]:
    load_or_make_secrets(data / "secrets.json", seeded_ids())
    said: list[str] = []
    supervisor = Supervisor(data, said.append)
    url = start_replica(data, primary, supervisor, secret_file=data / "secrets.json", log=said.append)
    return url, said, supervisor


def test_it_follows_and_is_looked_after(data: Path, primary: PostgresAddress) -> None:
    url, said, supervisor = started(data, primary)
    try:
        assert parse_database_url(url).host.startswith(str(data / "replica"))
        assert [line for line in said if "Copying the database" in line]
        assert [watched.part.name for watched in supervisor._watched] == ["replica"]
        assert supervisor._watched[0].part.is_running()
        assert not supervisor._watched[0].part.vital
    finally:
        supervisor.stop()
    assert not list((data / "replica" / "postgres").glob("postmaster.pid"))


def test_where_there_is_no_room_for_it_the_platform_goes_on(data: Path, primary: PostgresAddress) -> None:
    (data / "replica").write_text("in the way")
    url, said, supervisor = started(data, primary)
    supervisor.stop()
    assert url == ""
    assert [line for line in said if "goes on without it" in line]


def test_one_that_does_not_start_is_tried_again_by_the_supervisor(
    data: Path, primary: PostgresAddress
) -> None:
    nobody = PostgresAddress(primary.socket_folder, primary.user, "another password")
    url, said, supervisor = started(data, nobody)
    supervisor.stop()
    assert url
    assert [line for line in said if "goes on without it" in line]


@anyio
async def test_the_doctor_tells_how_far_behind_it_is(pair: Pair) -> None:
    pair.ask_primary("CREATE TABLE seen AS SELECT 1 AS id", "SELECT 1")
    pair.catch_up()
    [found] = await check_replicas(pair.primary, [pair.replica])
    assert (found.name, found.state) == ("replica", State.OK)
    with pair.paused():
        pair.ask_primary("CREATE TABLE unseen AS SELECT 1 AS id", "SELECT 1")
        lag = await look_at(pair.primary, pair.replica)
        assert (lag.is_replica, lag.streams) == (True, True)
        assert lag.bytes > 0
        assert lag.seconds is not None
        assert lag.seconds > 0


@anyio
async def test_the_doctor_knows_a_replica_that_is_none(pair: Pair) -> None:
    [found] = await check_replicas(pair.primary, [pair.primary])
    assert (found.state, "a database of its own" in found.text) == (State.FAIL, True)


@anyio
async def test_the_doctor_sees_one_that_follows_nobody_or_is_gone(pair: Pair) -> None:
    pair.catch_up()
    pair.server.stop()
    pair.server.ensure_running()
    pair.ask_primary("ALTER ROLE rialto_replication NOLOGIN", "SELECT 1")
    pair.ask_primary("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_replication")
    [found] = await check_replicas(pair.primary, [pair.replica])
    assert (found.state, "does not stream" in found.text) == (State.WARN, True)
    pair.stop()
    [found] = await check_replicas(pair.primary, [pair.replica])
    assert (found.state, "does not answer" in found.text) == (State.FAIL, True)
