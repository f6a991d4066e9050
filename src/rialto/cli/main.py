"""`rialto`: the commands. Each is a file of its own here; this one tells them apart and gives them a shop."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rialto import __version__
from rialto.app import ALL, App
from rialto.cart.service import SERVICE as CART
from rialto.catalog.api import Catalog
from rialto.catalog.service import SERVICE as CATALOG
from rialto.cli import (
    audit,
    backup,
    cluster,
    doctor,
    events,
    export,
    import_,
    keys,
    maintenance,
    plan,
    promotions,
    rebuild,
    render,
    restore,
    run,
    secrets_,
    seed,
    serve,
    status,
    top,
    traces,
    user,
)
from rialto.cli.first_start import hooks_of
from rialto.cli.preflight import meet_databases
from rialto.cli.progress import Bar, Progress
from rialto.engines.choice import choose_engines, database_address, documents_address
from rialto.engines.embedded_postgres import borrowed_postgres, default_data_folder
from rialto.engines.picture_files import PictureFiles
from rialto.engines.processes import CannotStart
from rialto.engines.public_web import make_public_web
from rialto.identity.api import Identity
from rialto.identity.service import SERVICE as IDENTITY
from rialto.inventory.api import Inventory
from rialto.inventory.service import SERVICE as INVENTORY
from rialto.kernel.clock import SystemClock
from rialto.kernel.db import DatabaseAddress, parse_database_url
from rialto.kernel.errors import RialtoError
from rialto.kernel.ids import RandomIds
from rialto.kernel.migrations import migrate
from rialto.kernel.secrets import Secrets
from rialto.kernel.service import Service
from rialto.kernel.settings import Settings, read_settings
from rialto.kernel.settings_reader import SettingWrong
from rialto.kernel.telemetry import configure_logs
from rialto.orders.api import Orders
from rialto.orders.service import SERVICE as ORDERS
from rialto.payments.service import SERVICE as PAYMENTS
from rialto.pricing.api import Pricing
from rialto.pricing.service import SERVICE as PRICING
from rialto.topology import place_of

Work = Callable[[App], Awaitable[int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 it could not be done, 2 wrong settings or usage. Never a traceback for those."""
    options = _parser().parse_args(arguments)
    try:
        return _dispatch(options)
    except SettingWrong as problem:
        return run.refuse(problem.text, 2)
    except CannotStart as problem:
        return run.refuse(str(problem), problem.exit_code)
    except RialtoError as problem:
        return run.refuse(problem.text)
    except KeyboardInterrupt:
        return run.refuse("Stopped.", 130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rialto", description="An e-commerce platform.")
    parser.add_argument("--version", action="version", version=f"rialto {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    plan.add_arguments(commands.add_parser("run", help="start the shop with everything it needs"))
    serve.add_arguments(
        commands.add_parser("serve", help="run one worker of the shop against a database that is there")
    )
    cluster.add_arguments(commands.add_parser("cluster", help="run a whole platform on this machine"))
    status.add_arguments(commands.add_parser("status", help="what runs of it, and how it is"))
    top.add_arguments(commands.add_parser("top", help="the live state of its processes, in a terminal"))
    rolling = commands.add_parser("restart", help="restart a group of it, one replica after the other")
    rolling.add_argument("group", metavar="GROUP")
    cluster.add_data(rolling)
    status.add_log_arguments(commands.add_parser("logs", help="what its processes said"))
    traces.add_arguments(commands.add_parser("traces", help="requests over all its processes"))
    commands.add_parser("migrate", help="bring the database up to this release")
    seed.add_arguments(commands.add_parser("seed", help="load the demo catalogue"))
    import_.add_arguments(commands.add_parser("import", help="load a catalogue from files"))
    export.add_arguments(commands.add_parser("export", help="write products, customers and orders to files"))
    audit.add_arguments(commands.add_parser("audit", help="prove the invariants on the live database"))
    rebuild.add_arguments(commands.add_parser("rebuild", help="make a read model anew from the truth"))
    events.add_arguments(
        commands.add_parser("events", help="what services could not take in, and trying it again")
    )
    secrets_.add_arguments(
        commands.add_parser("secrets", help="the keys and passwords the shop made for itself")
    )
    keys.add_arguments(commands.add_parser("keys", help="other keys in place of those that sign and seal"))
    backup.add_arguments(commands.add_parser("backup", help="back up the shop while it runs"))
    restore.add_arguments(commands.add_parser("restore", help="put a backup in place, as of a given moment"))
    render.add_arguments(
        commands.add_parser("render", help="write down the configuration of what stands in front")
    )
    doctor.add_arguments(
        commands.add_parser("doctor", help="look at everything the shop needs, and say what to do")
    )
    maintenance.add_arguments(
        commands.add_parser("maintenance", help="let customers look and change nothing for a while")
    )
    promotions.add_arguments(
        commands.add_parser("promotions", help="what is given to whom, and the codes for it")
    )
    user.add_arguments(commands.add_parser("user", help="staff's accounts"))
    return parser


def _dispatch(options: argparse.Namespace) -> int:
    progress = Progress(SystemClock().monotonic)
    # These make or look at what the others need.
    first: dict[str, Callable[[], int]] = {
        "run": lambda: run.run_command(options, os.environ, hooks_of, progress),
        "cluster": lambda: cluster.run_command(options, os.environ, hooks_of, progress),
        "status": lambda: status.run(options, print),
        "restart": lambda: cluster.restart(options, print),
        "logs": lambda: status.logs(options, print),
        "traces": lambda: traces.run(options, print),
        "doctor": lambda: doctor.run(options, os.environ, SystemClock(), print),
    }
    return first[options.command]() if options.command in first else _with_settings(options)


def _with_settings(options: argparse.Namespace) -> int:
    environment = serve.environment_with(options, os.environ) if options.command == "serve" else os.environ
    settings = read_settings(environment, data_default=default_data_folder(Path.cwd(), os.geteuid()))
    clock = SystemClock()
    ids = RandomIds(clock)
    alone: dict[str, Callable[[], int]] = {
        "render": lambda: render.run(options, settings, print),
        "top": lambda: top.run(options, settings, print),
        "secrets": lambda: secrets_.run(settings, ids, print),
        "restore": lambda: restore.run(options, settings, ids, clock=clock, out=print),
        "backup": lambda: backup.run(
            options, settings, lambda: secrets_.secrets_of(settings, ids), clock=clock, out=print
        ),
    }
    if options.command in alone:
        return alone[options.command]()
    secrets = secrets_.secrets_of(settings, ids)
    if options.command == "keys":
        secrets = keys.rotate(options, settings, ids, clock)
    configure_logs(settings.log, json=not sys.stderr.isatty())
    if options.command == "serve":
        address = _address_of(settings)
        place = place_of(settings, [service.name for service in ALL])
        metrics = serve.metrics_of(settings, options.worker)

        def make_app() -> App:
            return App(
                settings,
                choose_engines(settings, secrets, address, metrics),
                ALL,
                place=place,
            )

        return serve.run(settings, make_app)
    if settings.database_url:
        return _with_database(options, settings, secrets, database_address(settings, settings.database_url))
    with borrowed_postgres(settings.data, password=secrets.database_password("rialto")) as borrowed:
        return _with_database(options, settings, secrets, parse_database_url(borrowed.url))


def _address_of(settings: Settings) -> DatabaseAddress:
    if settings.database_url is None:
        raise SettingWrong("`rialto serve` needs RIALTO_DATABASE_URL; `rialto run` brings its own database.")
    return database_address(settings, settings.database_url)


def _with_database(
    options: argparse.Namespace, settings: Settings, secrets: Secrets, address: DatabaseAddress
) -> int:
    if options.command == "migrate":
        return asyncio.run(_migrate(address, settings, secrets))
    services, work = _shop_work(options)
    return asyncio.run(_in_shop(settings, secrets, address, services=services, work=work))


def _shop_work(options: argparse.Namespace) -> tuple[Sequence[Service], Work]:
    """Which services a command needs, and what it does with them."""
    goods, people = (CATALOG, INVENTORY), (IDENTITY,)
    works: dict[str, tuple[Sequence[Service], Work]] = {
        "seed": (goods, lambda app: _seed(options, app)),
        "import": (
            (IDENTITY, *goods, PRICING, CART, PAYMENTS, ORDERS),
            lambda app: _import(options, app),
        ),
        "export": (ALL, lambda app: _export(options, app)),
        "promotions": (
            (IDENTITY, CATALOG, PRICING),
            lambda app: promotions.run(options, app[Pricing], print),
        ),
        "user": (people, lambda app: user.run(options, app[Identity], print, getpass.getpass)),
        "keys": (people, lambda app: keys.reseal(app, print)),
        "maintenance": ((), lambda app: maintenance.run(options, app, print)),
        "audit": (ALL, lambda app: audit.run(app, print)),
        "events": (ALL, lambda app: events.run(options, app.consumers, print)),
        "rebuild": (ALL, lambda app: rebuild.run(options, app, print)),
    }
    return works[options.command]


async def _seed(options: argparse.Namespace, app: App) -> int:
    catalog, inventory, clock = app[Catalog], app[Inventory], app.engines.clock
    if options.remove:
        return await seed.remove(catalog, inventory, print)
    if options.products is None:
        return await seed.run(options, catalog, inventory, print)
    bar = Bar("Products", options.products, clock.monotonic)
    return await seed.make_up(
        options, catalog, inventory, today=clock.now().date(), out=print, advance=bar.advance
    )


async def _import(options: argparse.Namespace, app: App) -> int:
    return await import_.run(
        options,
        app[Catalog],
        app[Inventory],
        print,
        pricing=app[Pricing],
        identity=app[Identity],
        orders=app[Orders],
        files=PictureFiles(app.settings.data / "media"),
        web=make_public_web(),
    )


async def _export(options: argparse.Namespace, app: App) -> int:
    return await export.run(
        options, app[Catalog], app[Inventory], print, identity=app[Identity], orders=app[Orders]
    )


async def _migrate(address: DatabaseAddress, settings: Settings, secrets: Secrets) -> int:
    applied = await migrate(address, ALL, secrets, SystemClock(), documents=documents_address(settings))
    print("\n".join(applied) if applied else "The database is up to date.")
    return 0


async def _in_shop(
    settings: Settings, secrets: Secrets, address: DatabaseAddress, *, services: Sequence[Service], work: Work
) -> int:
    app = App(settings, choose_engines(settings, secrets, address), services)
    try:
        await meet_databases(app.engines.database_addresses)
        return await work(app)
    finally:
        await app.close()
