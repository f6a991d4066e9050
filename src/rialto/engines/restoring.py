"""Putting a backup in the place of a shop's database, as it was then or as it was at a given moment.

Everything is made ready in `<data>/restoring/`: copied, recovered there by a server of its own, promoted and shut
down. Only then the database changes places, by two renames; a shop that is started between them refuses (see
EmbeddedPostgres). What was there before stays in `<data>/replaced-…/`.

Only the database goes back in time. The secrets stay, and learn to open what the backup's sealed; the provider's books
stay: its money does not come back because a shop was restored. The backup's are taken where there are none. Pictures
are added, never removed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rialto.engines.backup_folder import (
    BOOKS,
    DATABASE_DUMP,
    DATABASE_FILES,
    MEDIA,
    SECRETS,
    WAL,
    Backup,
    backups_in,
    check_files,
    name_of,
)
from rialto.engines.embedded_postgres import RESTORING, EmbeddedPostgres, PostgresAddress
from rialto.engines.postgres_archive import quoted
from rialto.engines.postgres_backup import verify_files
from rialto.engines.postgres_files import ARCHIVE_FILE, MAJOR, reason
from rialto.engines.postgres_install import Installation, install, make_data_folder
from rialto.engines.processes import CannotStart, FolderLock
from rialto.kernel.clock import Clock

SEARCH_INDEX = "search"
_NOT_REACHED = "recovery ended before configured recovery target was reached"

_RECOVERY = """\
# Written by `rialto restore`, for as long as it takes.
archive_mode = off
hot_standby = off
restore_command = '{copy}'
recovery_target_timeline = 'current'
recovery_target_action = 'promote'
"""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a backup is restored to. `bring_back` settles which secrets the shop has from now on, given the backup's
    file, and answers the database owner's password."""

    data: Path
    bring_back: Callable[[Path], str]
    durable: bool = True


def restore(
    folder: Path,
    target: Target,
    *,
    at: datetime | None,
    replace: bool,
    clock: Clock,
    log: Callable[[str], None],
) -> Backup:
    """Put the database of a backup in place, as it was at `at`, or as late as the archive tells. Which one it was.

    Raises CannotStart, with nothing changed: when the shop runs, when there is a database and `replace` is not said,
    when there is no fitting backup, or it is damaged, of another version, or its archive does not reach to `at`.
    """
    backup = choose(folder, at)
    make_data_folder(target.data)
    with _owning(target.data):
        _check_empty(target.data, replace=replace)
        check_files(backup)
        stage = _fresh_stage(target.data)
        try:
            log(f"Restoring the backup of {backup.record.begun_at:%Y-%m-%d %H:%M:%S} UTC")
            _make_ready(backup, target, stage, at=at, log=log)
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
        _change_places(target.data, stage, name_of(clock.now()))
    return backup


def choose(folder: Path, at: datetime | None) -> Backup:
    """The youngest backup, or the youngest base backup that was whole at the given moment. Raises CannotStart."""
    found = backups_in(folder)
    if not found:
        raise CannotStart(f"There is no backup in {folder}.")
    if at is None:
        return found[-1]
    before = [backup for backup in found if not backup.record.logical and backup.record.finished_at <= at]
    if not before:
        raise CannotStart(
            f"No backup in {folder} was finished by {at.isoformat()}; a later moment can be restored."
        )
    return before[-1]


@contextmanager
def _owning(data: Path) -> Iterator[None]:
    lock = FolderLock(data / "run" / "lock")
    if not lock.acquire():
        raise CannotStart(
            f"Rialto runs with the data folder {data} (process {lock.holder()}); stop it first."
        )
    try:
        yield
    finally:
        lock.release()


def _check_empty(data: Path, *, replace: bool) -> None:
    if (data / DATABASE_FILES).exists() and not replace:
        raise CannotStart(
            f"There is a database in {data}; restore to an empty folder (RIALTO_DATA), or say --replace, "
            "which keeps the old one beside it."
        )


def _fresh_stage(data: Path) -> Path:
    stage = data / RESTORING
    if stage.exists():
        EmbeddedPostgres(stage).stop()  # of a restore that was killed
        shutil.rmtree(stage)
    make_data_folder(stage)
    return stage


def _make_ready(
    backup: Backup, target: Target, stage: Path, *, at: datetime | None, log: Callable[[str], None]
) -> None:
    password = target.bring_back(backup.place / SECRETS)
    server = EmbeddedPostgres(stage, log, password=password, durable=target.durable)
    if backup.record.logical:
        _load(backup, server)
    else:
        _recover(backup, server, at)
        server.change_password(password)
    _copy_the_rest(backup, target.data)


def _recover(backup: Backup, server: EmbeddedPostgres, at: datetime | None) -> None:
    installation = install(server.data)
    source, database = backup.place / DATABASE_FILES, server.data / DATABASE_FILES
    found = (source / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise CannotStart(
            f"The backup {backup.place} is of PostgreSQL {found} and this Rialto brings PostgreSQL {MAJOR}; "
            "only a logical backup goes from one to the other."
        )
    archive = backup.place.parent / WAL
    if at is not None and not archive.is_dir():
        raise CannotStart(
            f"There is no archive beside the backup, so that {at.isoformat()} cannot be reached."
        )
    shutil.copytree(source, database, symlinks=True)
    _own_all(installation, database)
    verify_files(installation, database)
    (database / ARCHIVE_FILE).unlink(missing_ok=True)  # the copied one would go on archiving
    if archive.is_dir():  # else the copy alone is recovered: it brings the log that it needs
        _write_recovery(installation, database, archive, at)
    try:
        server.ensure_running()
    except CannotStart as problem:
        if _NOT_REACHED in str(problem) and at is not None:
            raise CannotStart(
                f"The archive {archive} ends before {at.isoformat()}; choose an earlier moment, or none for the last."
            ) from None
        raise
    finally:
        server.stop()
    (database / ARCHIVE_FILE).unlink(missing_ok=True)
    if archive.is_dir():
        _note_timeline(installation, database, archive)


def _write_recovery(installation: Installation, database: Path, archive: Path, at: datetime | None) -> None:
    _own_all(installation, archive)
    if not installation.may_work_in(archive):
        raise CannotStart(
            f"The folder {archive} is closed to the database's user; open the folders above it."
        )
    place = shlex.quote(str(archive)).replace("%", "%%")
    text = _RECOVERY.format(copy=quoted(f'cp {place}/%f "%p"'))
    if at is not None:
        text += f"recovery_target_time = '{at.isoformat()}'\n"
    for name, content in ((ARCHIVE_FILE, text), ("recovery.signal", "")):
        (database / name).write_text(content)
        installation.own(database / name, 0o600)


def _note_timeline(installation: Installation, database: Path, archive: Path) -> None:
    """The recovered database goes on under a timeline's number of its own: the next recovery must not take the same."""
    for history in (database / "pg_wal").glob("*.history"):
        noted = archive / history.name
        if not noted.exists():
            shutil.copy2(history, noted)
            installation.own(noted, 0o600)


def _load(backup: Backup, server: EmbeddedPostgres) -> None:
    """Into a database of this version. Services' roles are made without passwords: migrations set those."""
    installation = install(server.data)
    address = server.ensure_running()
    try:
        for role in backup.record.roles:
            _run(
                installation,
                address,
                "psql",
                "--no-psqlrc",
                "--quiet",
                f'--command=CREATE ROLE "{role}" LOGIN',
            )
        readable = server.data / "run" / DATABASE_DUMP
        _copy_file(backup.place / DATABASE_DUMP, readable)
        installation.own(readable, 0o600)
        _run(installation, address, "pg_restore", "--exit-on-error", "--single-transaction", str(readable))
        readable.unlink()
    finally:
        server.stop()


def _run(installation: Installation, address: PostgresAddress, program: str, *arguments: str) -> None:
    place = [f"--host={address.socket_folder}", f"--port={address.port}", f"--username={address.user}"]
    place += ["--no-password", f"--dbname={address.database}"]
    done: subprocess.CompletedProcess[str] = installation.run(
        program, *arguments, *place, password=address.password
    )
    if done.returncode != 0:
        raise CannotStart(f"The dump cannot be loaded: {reason(done.stderr)}")


def _copy_the_rest(backup: Backup, data: Path) -> None:
    if (backup.place / BOOKS).is_file() and not (data / BOOKS).exists():
        (data / BOOKS).parent.mkdir(mode=0o700, exist_ok=True)
        _copy_file(backup.place / BOOKS, data / BOOKS)
    pictures = backup.place / MEDIA
    for path in sorted(pictures.rglob("*")) if pictures.is_dir() else []:
        here = data / MEDIA / path.relative_to(pictures)
        if path.is_file() and not here.exists():
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, here)


def _change_places(data: Path, stage: Path, name: str) -> None:
    # The index knows of what did not happen now; it is made anew from the truth.
    shutil.rmtree(data / SEARCH_INDEX, ignore_errors=True)
    if (data / DATABASE_FILES).exists():
        old = data / f"replaced-{name}"
        old.mkdir(mode=0o711)
        (data / DATABASE_FILES).rename(old / DATABASE_FILES)
    (stage / DATABASE_FILES).rename(data / DATABASE_FILES)
    shutil.rmtree(stage)


def _copy_file(source: Path, target: Path) -> None:
    """With rights 0600, whole or not there."""
    if not source.is_file():
        raise CannotStart(f"The backup has no {source.name}: {source} is missing.")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(0o600)
    with source.open("rb") as read, fresh.open("wb") as write:
        shutil.copyfileobj(read, write)
        write.flush()
        os.fsync(write.fileno())
    fresh.replace(target)


def _own_all(installation: Installation, folder: Path) -> None:
    """A copied database is the database user's again, also on another machine."""
    account = installation.account
    if account.is_other:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
