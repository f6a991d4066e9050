"""Each thing the doctor looks at, well and ill, without a server of ours."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rialto.doctor.backups import check_backups
from rialto.doctor.configuration import check_secrets, check_settings
from rialto.doctor.machine import ClockCheck, check_disk, check_ports, check_python, check_search
from rialto.doctor.model import State, fail, has_failed, line, ok, warn
from rialto.doctor.reach import check_certificates, check_key_values, check_mail, check_providers
from rialto.engines.backup_folder import Record, finish
from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.engines.postgres_archive import archive_text, stopped_text
from rialto.engines.processes import CannotStart
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.secrets import load_or_make_secrets, replace_secrets, rotated
from rialto.kernel.settings import Settings
from rialto.kernel.settings_reader import SettingWrong
from tests.support.values import seeded_ids, settings_in

pytestmark = pytest.mark.fast


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def changed(settings: Settings, **changes: Any) -> Settings:
    return msgspec.structs.replace(settings, **changes)


def test_a_line_says_the_state_what_was_found_and_what_to_do() -> None:
    assert line(ok("disk", "10 MB.")).split() == ["ok", "disk", "10", "MB."]
    assert line(warn("disk", "Little.", "Free some.")).endswith("Little. Free some.")
    assert not has_failed([ok("a", ""), warn("a", "", "")])
    assert has_failed([ok("a", ""), fail("a", "", "")])


@pytest.mark.parametrize(
    ("changes", "environment", "state", "said"),
    [
        ({}, {"RIALTO_PORT": "8000", "HOME": "/"}, State.OK, "data folder"),
        ({}, {"RIALTO_PROT": "8000"}, State.WARN, "RIALTO_PROT is no setting"),
        ({"host": "0.0.0.0"}, {}, State.WARN, "Set RIALTO_PUBLIC_URL"),
        ({"public_url": "https://shop.example"}, {}, State.WARN, "RIALTO_TRUSTED_PROXIES"),
        ({"crash_at": "orders.placed"}, {}, State.FAIL, "RIALTO_CRASH_AT"),
    ],
)
def test_settings_that_do_not_fit_are_told(
    settings: Settings, changes: dict[str, Any], environment: Mapping[str, str], state: State, said: str
) -> None:
    [found] = check_settings(changed(settings, **changes), environment)
    assert found.state is state
    assert said in line(found)


def test_the_secrets_file_is_looked_at_and_never_made(settings: Settings) -> None:
    clock = ManualClock(datetime.now(UTC) + timedelta(minutes=1))
    assert check_secrets(settings, clock, is_new=True).state is State.OK
    lost = check_secrets(settings, clock, is_new=False)
    assert lost.state is State.FAIL
    assert "rialto secrets renew" in lost.advice
    assert not settings.secret_file.exists()
    secrets = load_or_make_secrets(settings.secret_file, seeded_ids())
    assert check_secrets(settings, clock, is_new=False).text.endswith("0600.")
    new = rotated(secrets, seeded_ids(2), now=clock.now(), accepted=timedelta(minutes=11))
    replace_secrets(settings.secret_file, new, seeded_ids())
    assert "1 former keys" in check_secrets(settings, clock, is_new=False).text
    set_back = ManualClock(datetime(2020, 1, 1, tzinfo=UTC))
    assert check_secrets(settings, set_back, is_new=False).state is State.WARN
    settings.secret_file.chmod(0o644)
    assert "chmod 600" in check_secrets(settings, clock, is_new=False).text


def test_the_machine_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    assert check_python("3.11.2", lambda: None).state is State.OK

    def missing() -> None:
        raise CannotStart("The Python module asyncpg is missing.")

    assert check_python("3.11.2", missing).state is State.FAIL
    assert "MB are free" in check_disk(tmp_path / "not" / "there" / "yet").text
    assert check_search(tmp_path).state is State.WARN
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "current").write_text("{}")
    assert check_search(tmp_path).state is State.OK


def test_a_clock_that_is_moved_is_told() -> None:
    class Moved(ManualClock):
        ahead = timedelta(0)

        def now(self) -> datetime:
            return super().now() + self.ahead

    clock = Moved()
    steady = ClockCheck(clock)
    clock.advance(30)
    assert steady.end().state is State.OK
    clock.ahead = timedelta(hours=-1)
    assert "moved by 3600 s" in steady.end().text


def test_a_port_is_free_or_ours_or_somebody_elses(settings: Settings) -> None:
    def taken(_host: str, port: int, setting: str) -> None:
        if port != settings.port:
            raise CannotStart(f"Port {port} is in use; set {setting}.")

    found = check_ports(settings, taken, is_ours=lambda port: port == settings.ops_port)
    assert [check.state for check in found] == [State.OK, State.OK, State.FAIL]
    assert "is free" in found[0].text
    assert "is the shop's" in found[1].text
    elsewhere = changed(settings, payment_providers=("other",))
    assert len(check_ports(elsewhere, taken, is_ours=lambda _: True)) == 2


def test_the_mail_server_is_only_called(settings: Settings) -> None:
    assert "viewer only" in check_mail(settings).text
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        there = changed(settings, smtp_url=f"smtp://127.0.0.1:{port}")
        assert check_mail(there).state is State.OK
    gone = check_mail(there)
    assert gone.state is State.FAIL
    assert f"127.0.0.1:{port} does not answer" in gone.text


@pytest.mark.parametrize(
    ("problem", "state"),
    [(None, State.OK), (Unavailable("It is away."), State.WARN), (SettingWrong("Wrong."), State.FAIL)],
)
def test_a_key_value_server_is_looked_at_where_there_is_one(problem: Exception | None, state: State) -> None:
    class Server(MemoryKeyValues):
        shared = True

        async def check(self) -> None:
            if problem is not None:
                raise problem

    assert asyncio.run(check_key_values(None)) == []
    assert asyncio.run(check_key_values(MemoryKeyValues(ManualClock()))) == []
    [found] = asyncio.run(check_key_values(Server(ManualClock())))
    assert found.state is state


def test_payment_providers_are_asked_for_their_statement() -> None:
    class Provider:
        def __init__(self, answers: bool) -> None:
            self.answers = answers

        async def statement(self, cursor: str | None) -> None:
            if not self.answers:
                raise Unavailable

    providers = {"card": Provider(False), "sandbox": Provider(False), "transfer": Provider(True)}
    stopped = asyncio.run(check_providers(providers, is_running=False))
    assert [check.state for check in stopped] == [State.FAIL, State.OK, State.OK]
    running = asyncio.run(check_providers(providers, is_running=True))
    assert [check.state for check in running] == [State.FAIL, State.FAIL, State.OK]


def test_addresses_with_tls_have_a_certificate_or_that_is_told(settings: Settings) -> None:
    clock = ManualClock()
    assert check_certificates(settings, clock) == []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        secure = changed(
            settings, public_url=f"https://127.0.0.1:{port}", smtp_url=f"smtps://127.0.0.1:{port}"
        )
        server.close()
    found = check_certificates(secure, clock)
    assert [check.state for check in found] == [State.WARN, State.WARN]
    assert "RIALTO_PUBLIC_URL" in found[0].text


def test_backups_are_none_young_old_or_no_longer_archived(tmp_path: Path) -> None:
    database, folder = tmp_path / "postgres", tmp_path / "backups"
    database.mkdir()
    clock = ManualClock()
    [none] = check_backups(database, folder, clock)
    assert "There is none" in none.text
    folder.mkdir()
    (folder / "x.new").mkdir()
    record = Record(logical=False, rialto="1", postgres="18.1", begun_at=clock.now(), finished_at=clock.now())
    made = finish(folder / "x.new", record)
    assert made.place.name == "2026-01-05T09-00-00Z"
    [unarchived] = check_backups(database, folder, clock)
    assert "Nothing is archived" in unarchived.advice
    (folder / "wal").mkdir()
    (database / "archive.conf").write_text(archive_text(folder / "wal"))
    [young] = check_backups(database, tmp_path / "elsewhere", clock)
    assert young.state is State.OK
    clock.advance(8 * 86400)
    [old] = check_backups(database, folder, clock)
    assert "8 days old" in old.text
    assert old.state is State.WARN
    (database / "archive.conf").write_text(stopped_text("it is full."))
    [stopped] = check_backups(database, folder, clock)
    assert "stopped at its limit" in stopped.text
    (database / "archive.conf").unlink()
    (made.place / "backup.json").write_text("{")
    [damaged] = check_backups(database, folder, clock)
    assert "cannot be read" in damaged.text
