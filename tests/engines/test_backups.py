"""Backups of a real server: taken while it runs, kept, brought to a moment, refused. One server's life, told in order."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from rialto.app import ALL
from rialto.engines.backup_folder import Backup, backups_in
from rialto.engines.embedded_postgres import EmbeddedPostgres, PostgresAddress
from rialto.engines.postgres_archive import archive_folder
from rialto.engines.postgres_backup import Source, back_up, dump
from rialto.engines.processes import CannotStart, FolderLock
from rialto.engines.restoring import Target, restore
from rialto.kernel.clock import ManualClock, SystemClock
from rialto.kernel.db import parse_database_url
from rialto.kernel.migrations import migrate
from rialto.kernel.secrets import bring_back, load_or_make_secrets, read_secrets
from tests.support.values import seeded_ids

CLOCK = SystemClock()


def quiet(_: str) -> None:
    """Nobody listens."""


class Till:
    """A data folder with a server in it and a table of what was sold."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.secret_file = data / "secrets.json"
        self.server = self.a_server()
        self.address: PostgresAddress | None = None

    def bring_back(self, kept: Path) -> str:
        return bring_back(self.secret_file, kept, seeded_ids()).database_password("rialto")

    def a_server(self) -> EmbeddedPostgres:
        password = load_or_make_secrets(self.secret_file, seeded_ids()).database_password("rialto")
        return EmbeddedPostgres(self.data, password=password, durable=False)

    def start(self) -> None:
        self.server = self.a_server()
        self.address = self.server.ensure_running()

    def stop(self) -> None:
        self.server.stop()

    def ask(self, *statements: str) -> object:
        address = self.address
        assert address is not None

        async def talk() -> object:
            connection = await asyncpg.connect(address.url)
            try:
                for statement in statements[:-1]:
                    await connection.execute(statement)
                return await connection.fetchval(statements[-1])
            finally:
                await connection.close()

        return asyncio.run(talk())

    def sold(self) -> object:
        return self.ask("SELECT string_agg(number::text, ' ' ORDER BY number) FROM orders")

    def sell(self, number: int) -> None:
        self.ask(f"INSERT INTO orders VALUES ({number}) RETURNING 1")

    def moment(self) -> datetime:
        found = self.ask("SELECT clock_timestamp()")
        assert isinstance(found, datetime)
        return found

    @property
    def source(self) -> Source:
        assert self.address is not None
        return Source(
            address=self.address, data=self.data, secret_file=self.secret_file, release="1", durable=False
        )

    def restored(self, folder: Path, *, at: datetime | None = None, replace: bool = True) -> Backup:
        target = Target(data=self.data, bring_back=self.bring_back, durable=False)
        return restore(folder, target, at=at, replace=replace, clock=CLOCK, log=quiet)


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the database's user gets in, also when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="rialto-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def till(place: Path) -> Iterator[Till]:
    till = Till(place / "data")
    till.start()
    till.ask("CREATE TABLE orders (number int)", "SELECT 1")
    yield till
    till.stop()


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(CannotStart) as refused:
        attempt()
    return str(refused.value)


def books_in(data: Path) -> Path:
    file = data / "sandbox" / "books.sqlite"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as books:
        books.execute("PRAGMA journal_mode = WAL")
        books.execute("CREATE TABLE movements (amount int)")
        books.execute("INSERT INTO movements VALUES (4900)")
        books.commit()
    return file


def test_a_shop_goes_back_to_a_moment_and_on_from_there(till: Till, place: Path) -> None:
    folder = place / "backups"
    books_in(till.data)
    (till.data / "media").mkdir()
    (till.data / "media" / "vase.webp").write_bytes(b"a vase")
    assert till.ask("SHOW archive_mode") == "on"
    assert till.ask("SHOW archive_library") == ""  # nobody makes backups yet: what is full is forgotten

    till.sell(1)
    first = back_up(till.source, folder, clock=CLOCK, keep=None, log=quiet)
    assert backups_in(folder) == [first]
    assert archive_folder(till.data / "postgres") == folder / "wal"
    assert stat.S_IMODE((first.place / "secrets.json").stat().st_mode) == 0o600
    with closing(sqlite3.connect(first.place / "sandbox" / "books.sqlite")) as copied:
        assert copied.execute("SELECT amount FROM movements").fetchall() == [(4900,)]
    assert set(first.record.files) == {"secrets.json", "sandbox/books.sqlite", "media/vase.webp"}

    till.sell(2)
    moment = till.moment()
    till.sell(3)
    assert "stop it first" in refusal(lambda: beside_a_running_shop(till, folder))
    till.stop()
    assert "--replace" in refusal(lambda: till.restored(folder, replace=False))
    early = moment - timedelta(days=1)
    assert "a later moment can be restored" in refusal(lambda: till.restored(folder, at=early))
    late = moment + timedelta(days=1)
    assert "ends before" in refusal(lambda: till.restored(folder, at=late))
    assert not (till.data / "restoring").exists()
    till.start()
    assert till.sold() == "1 2 3"  # every refusal changed nothing
    till.stop()

    (till.data / "search").mkdir()
    (till.data / "media" / "vase.webp").unlink()
    till.restored(folder, at=moment)
    till.start()
    assert till.sold() == "1 2"
    [kept] = till.data.glob("replaced-*")
    assert (kept / "postgres" / "PG_VERSION").exists()
    assert not (till.data / "search").exists()
    assert (till.data / "media" / "vase.webp").read_bytes() == b"a vase"
    assert till.ask("SHOW archive_library") == ""  # the next backup begins the archive anew

    till.sell(4)
    second = back_up(till.source, folder, clock=CLOCK, keep=1, log=quiet)
    assert backups_in(folder) == [second]
    assert second.record.first_wal.startswith("00000002")
    positions = [name[8:] for name in names(folder / "wal") if len(name) == 24]
    assert min(positions) >= second.record.first_wal[8:]
    till.sell(5)
    till.stop()
    till.restored(folder)
    till.start()
    assert till.sold() == "1 2 4 5"
    # A third life has a number of its own, though it begins where the second did.
    assert till.ask("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)") == "00000003"


def beside_a_running_shop(till: Till, folder: Path) -> None:
    lock = FolderLock(till.data / "run" / "lock")
    assert lock.acquire()
    try:
        till.restored(folder)
    finally:
        lock.release()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_what_is_not_sound_is_not_restored(till: Till, place: Path) -> None:
    folder = place / "backups"
    till.sell(1)
    assert "There is no backup" in refusal(lambda: till.restored(folder))
    made = back_up(till.source, folder, clock=CLOCK, keep=None, log=quiet)
    till.stop()
    elsewhere = Till(place / "elsewhere")
    version = made.place / "postgres" / "PG_VERSION"
    before = version.read_bytes()
    version.write_bytes(b"17\n")
    assert "only a logical backup goes" in refusal(lambda: elsewhere.restored(folder))
    version.write_bytes(before + b" ")
    assert "is not sound" in refusal(lambda: elsewhere.restored(folder))
    version.write_bytes(before)
    secrets = made.place / "secrets.json"
    whole = secrets.read_bytes()
    secrets.write_bytes(whole.replace(b"a", b"b"))
    assert "secrets.json is not what was written" in refusal(lambda: elsewhere.restored(folder))
    secrets.write_bytes(whole)
    assert not (elsewhere.data / "postgres").exists()

    # Without the archive the copy is restored alone, to the moment it was made; here on a machine without secrets.
    shutil.rmtree(folder / "wal")
    assert "cannot be reached" in refusal(lambda: elsewhere.restored(folder, at=CLOCK.now()))
    elsewhere.secret_file.unlink()
    elsewhere.restored(made.place)
    assert read_secrets(elsewhere.secret_file) == read_secrets(secrets)
    elsewhere.start()
    try:
        assert elsewhere.sold() == "1"
    finally:
        elsewhere.stop()


def test_a_backup_that_fails_leaves_nothing_and_archives_nothing(till: Till, place: Path) -> None:
    folder = place / "backups"
    folder.mkdir(mode=0o755)
    (folder / "2026-01-01T00-00-00Z.new").mkdir()
    lock = FolderLock(folder / "lock")
    assert lock.acquire()
    assert "Another backup" in refusal(
        lambda: back_up(till.source, folder, clock=CLOCK, keep=None, log=quiet)
    )
    lock.release()

    class Stopped(Exception):
        pass

    def stop_at_verifying(said: str) -> None:
        if "Verifying" in said:
            raise Stopped

    with pytest.raises(Stopped):
        back_up(till.source, folder, clock=CLOCK, keep=None, log=stop_at_verifying)
    assert sorted(names(folder)) == ["lock", "wal"]
    assert archive_folder(till.data / "postgres") is None
    same_second = ManualClock(datetime(2026, 11, 24, 9, tzinfo=UTC))
    back_up(till.source, folder, clock=same_second, keep=None, log=quiet)
    again = refusal(lambda: back_up(till.source, folder, clock=same_second, keep=None, log=quiet))
    assert "this very second" in again


def test_a_dump_is_loaded_into_a_database_of_its_own(till: Till, place: Path) -> None:
    folder = place / "backups"
    secrets = load_or_make_secrets(till.secret_file, seeded_ids())
    assert till.address is not None
    asyncio.run(migrate(parse_database_url(till.address.url), ALL, secrets, CLOCK))
    till.sell(1)
    made = dump(till.source, folder, clock=CLOCK, keep=None, log=quiet)
    assert made.record.logical
    assert "rialto_orders" in made.record.roles
    assert archive_folder(till.data / "postgres") is None  # a dump needs no archive
    till.stop()
    other = Till(place / "other")
    shutil.copy2(till.secret_file, other.secret_file)
    assert "No backup" in refusal(lambda: other.restored(folder, at=CLOCK.now()))  # a dump is of one moment
    other.restored(folder)
    other.start()
    try:
        assert other.sold() == "1"
        assert other.address is not None
        address = parse_database_url(other.address.url)
        assert asyncio.run(migrate(address, ALL, secrets, CLOCK)) == []
        reached = address.as_user("rialto_orders", secrets.database_password("rialto_orders"))

        async def count() -> object:
            connection = await asyncpg.connect(
                host=reached.host, user=reached.user, password=reached.password, database=reached.database
            )
            try:
                return await connection.fetchval("SELECT count(*) FROM orders.events")
            finally:
                await connection.close()

        assert asyncio.run(count()) == 0
    finally:
        other.stop()
