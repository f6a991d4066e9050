"""A lost secrets file is told as what it is, and `rialto secrets renew` opens the database again. On a real folder."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from rialto.cli import secrets_
from rialto.engines.embedded_postgres import EmbeddedPostgres, PostgresAddress
from rialto.engines.processes import CannotStart, FolderLock
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import parse_database_url
from rialto.kernel.migrations import PasswordRefused, migrate
from rialto.kernel.secrets import Secrets
from rialto.kernel.settings import Settings
from tests.support.values import seeded_ids, settings_in


@pytest.fixture
def settings() -> Iterator[Settings]:
    folder = Path(tempfile.mkdtemp(prefix="rialto-test-", dir="/tmp"))
    folder.chmod(0o755)  # the database's user must get in when root runs the tests
    yield settings_in(folder)
    shutil.rmtree(folder)


def ask(address: PostgresAddress, statement: str) -> object:
    async def talk() -> object:
        connection = await asyncpg.connect(address.url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(talk())


def server_of(settings: Settings, secrets: Secrets) -> EmbeddedPostgres:
    return EmbeddedPostgres(settings.data, password=secrets.database_password("rialto"), durable=False)


def a_shop_with_a_database(settings: Settings) -> Secrets:
    """Made, filled, and shut down."""
    secrets = secrets_.secrets_of(settings, seeded_ids())
    server = server_of(settings, secrets)
    ask(server.ensure_running(), "CREATE TABLE orders AS SELECT 4711 AS number")
    server.stop()
    return secrets


def test_a_lost_file_is_told_and_nothing_is_made_in_its_place(settings: Settings) -> None:
    a_shop_with_a_database(settings)
    settings.secret_file.unlink()
    with pytest.raises(CannotStart) as refused:
        secrets_.secrets_of(settings, seeded_ids(2))
    assert str(settings.secret_file) in str(refused.value)
    assert "restore the file from your backup" in str(refused.value)
    assert "rialto secrets renew" in str(refused.value)
    assert not settings.secret_file.exists()


def test_new_secrets_open_the_database_and_keep_what_is_in_it(settings: Settings) -> None:
    lost = a_shop_with_a_database(settings)
    settings.secret_file.unlink()
    said: list[str] = []
    assert secrets_.run(settings, seeded_ids(2), said.append) == 0
    assert str(settings.secret_file) in said[0]
    assert settings.secret_file.stat().st_mode & 0o777 == 0o600
    renewed = secrets_.secrets_of(settings, seeded_ids(3))
    assert renewed != lost
    server = server_of(settings, renewed)
    try:
        address = server.ensure_running()
        assert ask(address, "SELECT number FROM orders") == 4711
        wrong = server_of(settings, lost).adopt()
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(wrong, "SELECT 1")
        with pytest.raises(PasswordRefused) as refused:
            asyncio.run(migrate(parse_database_url(wrong.url), [], lost, ManualClock()))
        assert "rialto secrets renew" in refused.value.text
    finally:
        server.stop()


def test_a_server_that_outlived_a_killed_shop_is_stopped_for_it(settings: Settings) -> None:
    secrets = a_shop_with_a_database(settings)
    server = server_of(settings, secrets)
    server.ensure_running()
    assert secrets_.run(settings, seeded_ids(2), lambda _: None) == 0
    assert not server.is_running()
    renewed = server_of(settings, secrets_.secrets_of(settings, seeded_ids(3)))
    try:
        assert ask(renewed.ensure_running(), "SELECT number FROM orders") == 4711
    finally:
        renewed.stop()


def test_beside_a_running_shop_it_is_refused(settings: Settings) -> None:
    before = a_shop_with_a_database(settings)
    lock = FolderLock(settings.data / "run" / "lock")
    assert lock.acquire()
    with pytest.raises(CannotStart, match="stop it first"):
        secrets_.run(settings, seeded_ids(2), lambda _: None)
    lock.release()
    assert secrets_.secrets_of(settings, seeded_ids(3)) == before


def test_with_a_database_of_your_own_only_the_file_is_made_anew(settings: Settings) -> None:
    elsewhere = msgspec.structs.replace(settings, database_url="postgresql://shop@db.example/shop")
    before = secrets_.secrets_of(elsewhere, seeded_ids())
    assert secrets_.run(elsewhere, seeded_ids(2), lambda _: None) == 0
    assert secrets_.secrets_of(elsewhere, seeded_ids(3)) != before
    assert not (settings.data / "postgres").exists()
