"""A whole shop that goes back to a moment: its orders of then, and books that agree."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from rialto.app import ALL
from rialto.cli import backup, doctor, restore
from rialto.engines.embedded_postgres import EmbeddedPostgres
from rialto.engines.postgres_install import make_data_folder
from rialto.engines.processes import CannotStart, FolderLock
from rialto.kernel.clock import SystemClock, rfc3339
from rialto.kernel.db import DatabaseAddress, parse_database_url
from rialto.kernel.secrets import replace_secrets
from rialto.kernel.settings import Settings
from rialto.orders.api import ListOrders, Orders
from tests.support.databases import SECRETS, in_database
from tests.support.goods import goods_template
from tests.support.provider import make_sandbox
from tests.support.shop import Shop, a_shop
from tests.support.surroundings import RecordingMail, ShopClock
from tests.support.values import seeded_ids, settings_in

CLOCK = SystemClock()


@pytest.fixture
def settings() -> Iterator[Settings]:
    folder = Path(tempfile.mkdtemp(prefix="rialto-test-", dir="/tmp"))
    folder.chmod(0o755)  # the database's user must get in when root runs the tests
    settings = settings_in(folder / "data")
    replace_secrets(settings.secret_file, SECRETS, seeded_ids())
    yield settings
    server_of(settings).stop()
    shutil.rmtree(folder)


def server_of(settings: Settings) -> EmbeddedPostgres:
    return EmbeddedPostgres(settings.data, password=SECRETS.database_password("rialto"), durable=False)


def options(command: Any, *arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


class Street:
    """What a shop's database does not hold and a restore does not touch: time, the provider, letterboxes."""

    def __init__(self) -> None:
        self.clock = ShopClock()
        self.sandbox = make_sandbox(self.clock, random.Random(7))
        self.mail = RecordingMail()

    def at(self, address: DatabaseAddress) -> Shop:
        return Shop(
            cast("Any", None), clock=self.clock, sandbox=self.sandbox, mail=self.mail, address=address
        )


async def bought(server: DatabaseAddress, street: Street) -> tuple[DatabaseAddress, list[str], datetime]:
    """Two orders, a moment, and an order more: where, the first two and the moment."""
    address = in_database(server, await goods_template(server, ALL))
    async with a_shop(server, beside=street.at(address)) as shop:
        known = [(await shop.buy("LAMP")).order.id, (await shop.buy("VASE")).order.id]
        await shop.settle()
        [row] = await shop.sql("SELECT clock_timestamp() AS at")
        await shop.buy("PRINT")
        await shop.settle()
        assert len(await orders_of(shop)) == 3
    return address, sorted(known), row["at"]


async def orders_of(shop: Shop) -> list[str]:
    return sorted(row.id for row in (await shop.app[Orders].list(ListOrders(limit=100))).items)


def test_a_shop_has_exactly_the_orders_of_the_moment_and_its_audit_is_clean(settings: Settings) -> None:
    said: list[str] = []
    make_data_folder(settings.data)
    running = FolderLock(settings.data / "run" / "lock")
    assert running.acquire()  # as `rialto run` does: the backup uses its server and does not stop it
    server = server_of(settings)
    address = parse_database_url(server.ensure_running().url)
    folder = str(settings.data.parent / "backups")
    take = options(backup, folder, "--keep", "2")
    assert backup.run(take, settings, lambda: SECRETS, clock=CLOCK, out=said.append) == 0
    street = Street()

    async def before() -> tuple[DatabaseAddress, list[str], datetime]:
        return await bought(address, street)

    place, known, moment = asyncio.run(before())
    server.stop()
    running.release()
    back = options(restore, folder, "--at", rfc3339_exact(moment))
    with pytest.raises(CannotStart, match="--replace"):
        restore.run(back, settings, seeded_ids(), clock=CLOCK, out=said.append)
    back = options(restore, folder, "--at", rfc3339_exact(moment), "--replace")
    assert restore.run(back, settings, seeded_ids(), clock=CLOCK, out=said.append) == 0
    assert "rialto audit" in said[-1]
    server = server_of(settings)
    server.ensure_running()

    async def after() -> None:
        async with a_shop(address, beside=street.at(place)) as shop:
            assert await orders_of(shop) == known
            await shop.settle()
            assert await shop.audit() == []
            assert (await shop.buy("PRINT")).outcome == "placed"  # and it sells on

    asyncio.run(after())
    said.clear()
    listed = options(backup, folder, "--list")
    assert backup.run(listed, settings, lambda: SECRETS, clock=CLOCK, out=said.append) == 0
    assert said[0].startswith(f"{folder}/2")
    doctors_view(settings)


def rfc3339_exact(at: datetime) -> str:
    """Microseconds count here: orders are milliseconds apart."""
    return at.isoformat()


def doctors_view(settings: Settings) -> None:
    """Of a database without a shop in it: everything is looked at, and what is missing is named."""
    said: list[str] = []
    environment = {
        "RIALTO_DATA": str(settings.data),
        "RIALTO_PORT": "58123",
        "RIALTO_OPS_PORT": "58124",
        "RIALTO_SANDBOX_PORT": "58125",
    }
    code = doctor.run(options(doctor, "--json"), environment, CLOCK, said.append)
    found = json.loads(said[0])
    states = {check["name"]: check["state"] for check in found}
    assert {"settings", "python", "disk", "secrets", "port", "mail", "backups", "database"} <= states.keys()
    assert {"migrations", "roles", "payments", "clock", "search"} <= states.keys()
    assert states["database"] == "ok"
    assert states["migrations"] == "warn"  # the shop of this test is in a database beside it
    assert code == (1 if "fail" in states.values() else 0)
    assert doctor.run(options(doctor), {"RIALTO_PORT": "none"}, CLOCK, said.append) == 1
    assert "RIALTO_PORT" in said[-1]


def test_with_a_database_of_your_own_both_are_refused(settings: Settings) -> None:
    elsewhere = msgspec.structs.replace(settings, database_url="postgresql://shop@db.example/shop")
    with pytest.raises(CannotStart, match="PostgreSQL's own"):
        backup.run(options(backup), elsewhere, lambda: SECRETS, clock=CLOCK, out=print)
    with pytest.raises(CannotStart, match="PostgreSQL's own"):
        restore.run(options(restore, "/x"), elsewhere, seeded_ids(), clock=CLOCK, out=print)
    with pytest.raises(CannotStart, match="no database"):
        backup.run(options(backup), settings, lambda: SECRETS, clock=CLOCK, out=print)


@pytest.mark.parametrize("at", ["yesterday", "2026-11-24T09:30:00", "2026-13-01T00:00:00Z"])
def test_a_moment_needs_its_offset(at: str) -> None:
    with pytest.raises(SystemExit):
        options(restore, "/x", "--at", at)
    assert rfc3339(options(restore, "/x", "--at", "2026-11-24T10:30:00+01:00").at) == "2026-11-24T09:30:00Z"


@pytest.mark.parametrize("keep", ["0", "-1", "many"])
def test_at_least_one_backup_is_kept(keep: str) -> None:
    with pytest.raises(SystemExit):
        options(backup, f"--keep={keep}")
