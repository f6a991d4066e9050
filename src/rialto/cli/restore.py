"""`rialto restore FOLDER [--at TIME]`: a backup in the place of the shop's database, as late as wished."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from rialto.cli.backup import folder_of, refuse_other_database
from rialto.engines.restoring import Target, restore
from rialto.kernel.clock import Clock, rfc3339
from rialto.kernel.ids import Ids
from rialto.kernel.secrets import bring_back
from rialto.kernel.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the folder of the backups, or one of them")
    parser.add_argument(
        "--at",
        type=_moment,
        metavar="TIME",
        help="the moment to go back to, such as 2026-11-24T09:30:00Z; without it, as late as the archive tells",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="also where there is a database, which is then kept beside the new one",
    )


def run(
    options: argparse.Namespace, settings: Settings, ids: Ids, *, clock: Clock, out: Callable[[str], None]
) -> int:
    """Only while the shop is stopped. Safe to repeat: cut off, it is simply run again. Raises CannotStart."""
    refuse_other_database(settings)
    target = Target(
        data=settings.data.resolve(),
        bring_back=lambda kept: bring_back(settings.secret_file, kept, ids).database_password("rialto"),
    )
    done = restore(
        folder_of(options, settings), target, at=options.at, replace=options.replace, clock=clock, log=out
    )
    when = f"as of {rfc3339(options.at)}" if options.at else "as late as the archive tells"
    kept = "the dump's content" if done.record.logical else when
    out(
        f"Restored from {done.place}: {kept}. Start the shop, run `rialto audit`, and make a new backup: "
        "until then nothing is archived."
    )
    return 0


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError("a time with its offset, such as 2026-11-24T09:30:00Z")
    return moment
