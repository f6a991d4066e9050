"""Backups: is there one, how old is it, and does the archive behind it go on?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from rialto.doctor.model import Check, ok, warn
from rialto.engines.backup_folder import backups_in
from rialto.engines.postgres_archive import archive_bytes, archive_folder, was_stopped
from rialto.engines.processes import CannotStart
from rialto.kernel.clock import Clock

AGE_MAX = timedelta(days=7)


def check_backups(database: Path, folder: Path, clock: Clock) -> list[Check]:
    """Of the built-in database. `folder` is where backups go that were not sent elsewhere."""
    wal = archive_folder(database)
    if was_stopped(database):
        text = "The archive of the database's log was stopped at its limit."
        return [warn("backups", text, "Make a new backup with `rialto backup --keep N`.")]
    try:
        found = backups_in(wal.parent if wal is not None else folder)
    except CannotStart as problem:
        return [warn("backups", str(problem), "Is the disk there?")]
    if not found:
        where = wal.parent if wal is not None else folder
        return [warn("backups", f"There is none in {where}.", "Make one with `rialto backup`.")]
    youngest = found[-1]
    age = clock.now() - youngest.record.finished_at
    text = f"The youngest of {len(found)} is {youngest.place}, {age.days} days old"
    text += f"; the archive behind it holds {archive_bytes(wal) // 2**20:,} MB." if wal is not None else "."
    if age > AGE_MAX:
        return [warn("backups", text, "Make a new one with `rialto backup`.")]
    if wal is None:
        return [warn("backups", text, "Nothing is archived since; `rialto backup` begins it.")]
    return [ok("backups", text)]
