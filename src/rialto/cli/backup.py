"""`rialto backup [FOLDER]`: the built-in database while it runs, and what else the shop keeps."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from rialto import __version__
from rialto.engines.backup_folder import Backup, backups_in
from rialto.engines.embedded_postgres import borrowed_postgres, has_database
from rialto.engines.postgres_backup import Source, back_up, dump
from rialto.engines.processes import CannotStart
from rialto.kernel.clock import Clock, rfc3339
from rialto.kernel.secrets import Secrets
from rialto.kernel.settings import Settings

FOLDER = "backups"  # below the data folder, where no other is said


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="where backups go; best on another disk")
    parser.add_argument("--keep", type=_count, metavar="N", help="remove all but the N youngest of this kind")
    parser.add_argument(
        "--logical", action="store_true", help="the database's content, which a later PostgreSQL can read"
    )
    parser.add_argument("--list", action="store_true", dest="only_list", help="show what backups there are")


def run(
    options: argparse.Namespace,
    settings: Settings,
    secrets: Callable[[], Secrets],
    *,
    clock: Clock,
    out: Callable[[str], None],
) -> int:
    """Beside a running shop or without one. Raises CannotStart."""
    folder = folder_of(options, settings)
    if options.only_list:
        out("\n".join(map(_line, backups_in(folder))) or f"There is no backup in {folder}.")
        return 0
    refuse_other_database(settings)
    if not has_database(settings.data):
        raise CannotStart(f"There is no database in {settings.data} to back up.")
    take = dump if options.logical else back_up
    with borrowed_postgres(settings.data, out, password=secrets().database_password("rialto")) as address:
        source = Source(
            address=address,
            data=settings.data.resolve(),
            secret_file=settings.secret_file,
            release=__version__,
        )
        made = take(source, folder, clock=clock, keep=options.keep, log=out)
    out(_line(made))
    return 0


def folder_of(options: argparse.Namespace, settings: Settings) -> Path:
    folder: Path = options.folder or settings.data / FOLDER
    return folder.expanduser().resolve()


def refuse_other_database(settings: Settings) -> None:
    if settings.database_url is not None:
        raise CannotStart(
            "RIALTO_DATABASE_URL is set, and this is for the built-in database; back yours up with PostgreSQL's own "
            "tools, and the secrets file with it (docs/operations.md)."
        )


def _line(backup: Backup) -> str:
    record = backup.record
    kind = "logical" if record.logical else "base   "
    return f"{backup.place}  {kind}  {rfc3339(record.begun_at)}  PostgreSQL {record.postgres}"


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number from 1")
    return int(text)
