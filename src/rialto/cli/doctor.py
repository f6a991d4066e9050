"""`rialto doctor`: looks at everything the shop needs, and says what to do. Exit code 1 when something fails."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from rialto.app import ALL
from rialto.cli import preflight
from rialto.cli.backup import FOLDER
from rialto.doctor.backups import check_backups
from rialto.doctor.configuration import check_secrets, check_settings
from rialto.doctor.database import check_database
from rialto.doctor.machine import ClockCheck, check_disk, check_ports, check_python, check_search
from rialto.doctor.model import Check, fail, has_failed, line, ok
from rialto.doctor.reach import check_certificates, check_key_values, check_mail, check_providers
from rialto.doctor.replicas import check_replicas
from rialto.engines.choice import choose_engines, database_address, documents_address, replica_addresses
from rialto.engines.embedded_postgres import borrowed_postgres, default_data_folder, has_database
from rialto.engines.processes import CannotStart, FolderLock
from rialto.kernel.clock import Clock
from rialto.kernel.db import DatabaseAddress, parse_database_url
from rialto.kernel.migrations import DOCUMENTS_SCHEMA, document_migrations, migrations_of
from rialto.kernel.secrets import Secrets, read_secrets
from rialto.kernel.settings import Settings, read_settings
from rialto.kernel.settings_reader import SettingWrong

# Where shop, operations port and sandbox say that they live.
HEALTH = ("/health/live", "/health/details", "/health")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs: one list of what was found")


def run(
    options: argparse.Namespace, environment: Mapping[str, str], clock: Clock, out: Callable[[str], None]
) -> int:
    """Changes nothing. A built-in database that does not run is started for as long as the look takes."""
    steadiness = ClockCheck(clock)
    try:
        settings = read_settings(environment, data_default=default_data_folder(Path.cwd(), os.geteuid()))
    except SettingWrong as problem:
        found = [fail("settings", problem.text, "")]
    else:
        found = [*check_settings(settings, environment), *_look(settings, clock), steadiness.end()]
    if options.json:
        out(msgspec.json.encode(found).decode())
    else:
        out("\n".join(map(line, found)))
    return 1 if has_failed(found) else 0


def _look(settings: Settings, clock: Clock) -> Iterator[Check]:
    data = settings.data
    is_new = settings.database_url is None and not has_database(data)
    is_running = _is_running(data)
    yield check_python(platform.python_version(), preflight.check_python)
    yield check_disk(data)
    secrets_check = check_secrets(settings, clock, is_new=is_new)
    yield secrets_check
    yield from check_ports(
        settings,
        lambda host, port, setting: preflight.check_ports(host, {setting: port}),
        is_ours=lambda port: (
            is_running and any(preflight.answers_ready(settings.host, port, path) for path in HEALTH)
        ),
    )
    yield check_mail(settings)
    yield from check_certificates(settings, clock)
    if is_new:
        yield ok("database", "It is made at the first start.")
        return
    yield check_search(data)
    if settings.database_url is None:
        yield from check_backups(data / "postgres", data / FOLDER, clock)
    if settings.secret_file.exists() and not has_failed([secrets_check]):
        secrets = read_secrets(settings.secret_file)
        try:
            with _database(settings, secrets) as address:
                yield from asyncio.run(_ask(settings, secrets, address, clock, is_running=is_running))
        except CannotStart as problem:
            yield fail("database", str(problem), "")


async def _ask(
    settings: Settings, secrets: Secrets, address: DatabaseAddress, clock: Clock, *, is_running: bool
) -> list[Check]:
    wanted = migrations_of(ALL)
    found = []
    if elsewhere := documents_address(settings):
        found += await check_database(elsewhere, document_migrations(), secrets, clock, name="documents")
        wanted = [migration for migration in wanted if migration.schema != DOCUMENTS_SCHEMA]
    found += await check_database(address, wanted, secrets, clock)
    found += await check_replicas(address, replica_addresses(settings))
    engines = choose_engines(settings, secrets, address)
    try:
        found += await check_key_values(engines.key_values)
        found += await check_providers(engines.by_port["payments"], is_running=is_running)
    finally:
        for engine in engines.closers:
            await engine.close()
    return found


@contextmanager
def _database(settings: Settings, secrets: Secrets) -> Iterator[DatabaseAddress]:
    if settings.database_url is not None:
        yield database_address(settings, settings.database_url)
        return
    with borrowed_postgres(settings.data, password=secrets.database_password("rialto")) as borrowed:
        yield parse_database_url(borrowed.url)


def _is_running(data: Path) -> bool:
    """Whether somebody owns the data folder now."""
    if not (data / "run" / "lock").exists():
        return False
    lock = FolderLock(data / "run" / "lock")
    if not lock.acquire():
        return True
    lock.release()
    return False
