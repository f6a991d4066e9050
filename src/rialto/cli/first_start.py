"""The shop's part of `rialto run`: secrets, migrations, the demo catalogue and the first account."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from rialto.app import ALL, App
from rialto.catalog.api import Catalog, ListProducts
from rialto.catalog.service import SERVICE as CATALOG
from rialto.cli import seed
from rialto.cli.plan import write_sandbox_keys
from rialto.cli.preflight import meet_key_values
from rialto.cli.run import Hooks
from rialto.cli.secrets_ import secrets_of
from rialto.engines.choice import choose_engines, choose_key_values, database_address, documents_address
from rialto.engines.processes import CannotStart
from rialto.identity.api import Identity, PutStaff
from rialto.identity.service import SERVICE as IDENTITY
from rialto.inventory.api import Inventory
from rialto.inventory.service import SERVICE as INVENTORY
from rialto.kernel.clock import SystemClock
from rialto.kernel.extensions import Surroundings
from rialto.kernel.ids import RandomIds
from rialto.kernel.migrations import migrate
from rialto.kernel.secrets import Secrets
from rialto.kernel.service import Nothing
from rialto.kernel.settings import Settings
from rialto.kernel.settings_reader import SettingWrong

ADMIN = "admin@rialto.test"


def hooks_of(settings: Settings) -> Hooks:
    """The steps, sharing what the first of them made."""
    first = _FirstStart(settings)
    return Hooks(prepare=first.prepare, migrate=first.migrate, seed=first.seed, greeting=first.greeting)


class _FirstStart:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._secrets: Secrets | None = None
        self._new_password: str | None = None

    def prepare(self) -> str:
        secrets = secrets_of(self._settings, RandomIds(SystemClock()))
        asyncio.run(_meet(self._settings, secrets))
        write_sandbox_keys(self._settings, secrets)
        self._secrets = secrets
        return secrets.database_password("rialto")

    def migrate(self, url: str) -> None:
        address, documents = database_address(self._settings, url), documents_address(self._settings)
        asyncio.run(migrate(address, ALL, self._made(), SystemClock(), documents=documents))

    def seed(self, url: str) -> None:
        asyncio.run(self._seed(url))

    def greeting(self) -> Sequence[str]:
        settings = self._settings
        lines = [
            f"Shop         {settings.public_url}",
            f"Back office  {settings.public_url}/admin",
            f"API          {settings.public_url}/docs",
            f"Mail viewer  {'https' if settings.internal else 'http'}://127.0.0.1:{settings.ops_port}/mail",
        ]
        if self._new_password is not None:
            lines.append(f"Staff        {ADMIN} / {self._new_password}   (shown this once)")
        else:
            lines.append(f"Staff        {ADMIN} (rialto user password {ADMIN} sets another password)")
        lines.append("Card         4242 4242 4242 4242, any date to come, any CVC (sandbox: no money moves)")
        return lines

    def _made(self) -> Secrets:
        if self._secrets is None:
            raise CannotStart("The secrets were not made; this is a bug.")
        return self._secrets

    async def _seed(self, url: str) -> None:
        engines = choose_engines(self._settings, self._made(), database_address(self._settings, url))
        app = App(self._settings, engines, (CATALOG, INVENTORY, IDENTITY))
        try:
            await self._make_admin(app)
            await _load_demo(app)
        finally:
            await app.close()

    async def _make_admin(self, app: App) -> None:
        if (await app[Identity].list_staff(Nothing())).items:
            return
        password = self._settings.admin_password or RandomIds(SystemClock()).token(100)
        await app[Identity].put_staff(PutStaff(email=ADMIN, name="Admin", password=password, roles=["owner"]))
        self._new_password = password


async def _meet(settings: Settings, secrets: Secrets) -> None:
    """Once, before anything is started: workers would each say it into their log."""
    around = Surroundings(settings=settings, secrets=secrets, clock=SystemClock())
    try:
        key_values = choose_key_values(around)
        try:
            await meet_key_values(key_values)
        finally:
            await key_values.close()
    except SettingWrong as problem:
        raise CannotStart(problem.text, exit_code=2) from problem


async def _load_demo(app: App) -> None:
    """Only into a shop without products: whoever removed the demo does not want it back."""
    if (await app[Catalog].list_products(ListProducts(limit=1))).items:
        return
    told: list[str] = []
    if await seed.run(argparse.Namespace(reset_stock=False), app[Catalog], app[Inventory], told.append):
        raise CannotStart(" ".join(told))
