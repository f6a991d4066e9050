"""Backups of the embedded server while it runs: base backups with an archive behind them, and logical dumps.

A base backup is the database's files, as `pg_basebackup` copies them; with the archive it can be brought to any moment
since. A logical dump is the database's content, as `pg_dump` writes it, and can be read by later major versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rialto.engines.backup_folder import (
    DATABASE_DUMP,
    DATABASE_FILES,
    WAL,
    Backup,
    Record,
    backups_in,
    copy_the_rest,
    finish,
    make_folder,
    name_of,
    remove,
    remove_leftovers,
)
from rialto.engines.embedded_postgres import PostgresAddress
from rialto.engines.postgres_archive import archive_folder, archive_text, forget_abandoned
from rialto.engines.postgres_files import ARCHIVE_FILE, reason
from rialto.engines.postgres_install import Installation, install, make_passable
from rialto.engines.postgres_programs import Programs
from rialto.engines.processes import CannotStart, FolderLock, wait_until
from rialto.kernel.clock import Clock

_ARCHIVED_WITHIN_S = 120.0
_RELOADED_WITHIN_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Source:
    """The shop that is backed up: its running database and its files. `durable=False` is for tests: what is copied is
    not waited for to be on the disk."""

    address: PostgresAddress
    data: Path
    secret_file: Path
    release: str
    durable: bool = True

    @property
    def waiting(self) -> tuple[str, ...]:
        return () if self.durable else ("--no-sync",)

    @property
    def database(self) -> Path:
        return self.data / "postgres"


def back_up(
    source: Source, folder: Path, *, clock: Clock, keep: int | None, log: Callable[[str], None]
) -> Backup:
    """Take a base backup and begin archiving to the folder, if it has not begun. Raises CannotStart.

    With `keep` only the youngest so many base backups stay. What no kept one needs of the archive goes in any case.
    """
    server = _Server(install(source.data), source.address, failed="The backup could not be made")
    with _alone_in(folder, server) as wal:
        begun_at = clock.now()
        place = _fresh_place(folder, name_of(begun_at), server.installation)
        target = place / DATABASE_FILES
        target.mkdir()
        server.installation.own(target, 0o700)
        with _archiving(source, server, wal):
            log("Copying the database")
            server.run(
                "pg_basebackup",
                f"--pgdata={target}",
                "--checkpoint=fast",
                *source.waiting,
                *server.connection(),
            )
            finished_at = clock.now()
            log("Verifying the copy")
            verify_files(server.installation, target)
            server.wait_until_archived(_last_position(target))
        copy_the_rest(place, data=source.data, secret_file=source.secret_file)
        record = Record(
            logical=False,
            rialto=source.release,
            postgres=server.ask("SHOW server_version"),
            begun_at=begun_at,
            finished_at=finished_at,
            first_wal=_first_wal(target),
        )
        made = finish(place, record)
        _forget_old(folder, keep, logical=False)
        _forget_wal(server.installation, folder)
        return made


def dump(
    source: Source, folder: Path, *, clock: Clock, keep: int | None, log: Callable[[str], None]
) -> Backup:
    """Take a logical backup: one moment of the database's content. Raises CannotStart."""
    server = _Server(install(source.data), source.address, failed="The backup could not be made")
    with _alone_in(folder, server):
        begun_at = clock.now()
        place = _fresh_place(folder, name_of(begun_at), server.installation)
        log("Dumping the database")
        target = place / DATABASE_DUMP
        target.touch()
        server.installation.own(target, 0o600)
        server.run("pg_dump", "--format=custom", f"--file={target}", *source.waiting, *server.connection())
        _check_dump(server.installation, target)
        copy_the_rest(place, data=source.data, secret_file=source.secret_file)
        record = Record(
            logical=True,
            rialto=source.release,
            postgres=server.ask("SHOW server_version"),
            begun_at=begun_at,
            finished_at=clock.now(),
            roles=tuple(server.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'rialto\\_%'").split()),
        )
        made = finish(place, record)
        _forget_old(folder, keep, logical=True)
        return made


def verify_files(installation: Installation, database: Path) -> None:
    """Every file against the manifest, and that the log it needs is there. Raises CannotStart."""
    checked = installation.run("pg_verifybackup", "--quiet", str(database))
    if checked.returncode != 0:
        raise CannotStart(f"The copy in {database} is not sound: {reason(checked.stderr)}")


def _check_dump(installation: Installation, file: Path) -> None:
    listed = installation.run("pg_restore", "--list", str(file))
    if listed.returncode != 0:
        raise CannotStart(f"The dump {file} is not sound: {reason(listed.stderr)}")


class _Server(Programs):
    """The running server, and its archive."""

    def take_up_archiving(self) -> None:
        """What was just written is what it goes by. Raises CannotStart."""
        self.ask("SELECT pg_reload_conf()")
        if not wait_until(lambda: self.ask("SHOW archive_library") == "basic_archive", _RELOADED_WITHIN_S):
            raise CannotStart("The database does not begin to archive; its reason stands in postgres.log.")

    def wait_until_archived(self, position: str) -> None:
        """That the archive works is known when it has what the copy ends with. Raises CannotStart."""
        segment = self.ask(f"SELECT pg_walfile_name('{position}'::pg_lsn - 1)")
        arrived = f"SELECT coalesce(last_archived_wal >= '{segment}', false) FROM pg_stat_archiver"
        if not wait_until(lambda: self.ask(arrived) == "t", _ARCHIVED_WITHIN_S):
            raise CannotStart(
                f"The archive of the backups' folder does not take the database's log after {_ARCHIVED_WITHIN_S:.0f} s; "
                "its reason stands in postgres.log of the data folder."
            )


@contextmanager
def _alone_in(folder: Path, server: _Server) -> Iterator[Path]:
    """One backup at a time in a folder; what is begun and fails leaves nothing. Gives the archive's place."""
    wal = make_folder(folder, server.installation.account)
    if not server.installation.may_work_in(wal):
        raise CannotStart(
            f"The folder {folder} is closed to the database's user; choose one it can reach, or open the folders above."
        )
    lock = FolderLock(folder / "lock")
    if not lock.acquire():
        raise CannotStart(f"Another backup to {folder} is being made (process {lock.holder()}).")
    try:
        remove_leftovers(folder)
        forget_abandoned(wal)
        yield wal
    except BaseException:
        remove_leftovers(folder)
        raise
    finally:
        lock.release()


def _fresh_place(folder: Path, name: str, installation: Installation) -> Path:
    if (folder / name).exists():
        raise CannotStart(f"There is a backup {folder / name} of this very second; try again.")
    place = folder / f"{name}.new"
    place.mkdir(mode=0o700)
    make_passable(place, installation.account.is_other)
    return place


@contextmanager
def _archiving(source: Source, server: _Server, wal: Path) -> Iterator[None]:
    """Begin archiving to the folder, or go on with it. Begun here and then failed, it is ended again."""
    if server.ask("SHOW archive_mode") != "on":
        raise CannotStart(
            "The database was started by an earlier release; restart the shop, then back it up."
        )
    if archive_folder(source.database) == wal:
        yield
        return
    file = source.database / ARCHIVE_FILE
    before = file.read_text() if file.exists() else ""
    file.touch(0o600)
    server.installation.own(file, 0o600)
    try:
        file.write_text(archive_text(wal))
        server.take_up_archiving()
        yield
    except BaseException:
        file.write_text(before)
        server.ask("SELECT pg_reload_conf()")
        raise


def _last_position(database: Path) -> str:
    """Where in the log the copy is consistent, from PostgreSQL's manifest of it."""
    ranges = json.loads((database / "backup_manifest").read_bytes())["WAL-Ranges"]
    return str(ranges[-1]["End-LSN"])


def _first_wal(database: Path) -> str:
    label = (database / "backup_label").read_text()
    found = re.search(r"^START WAL LOCATION: .*\(file ([0-9A-F]{24})\)$", label, re.MULTILINE)
    if found is None:
        raise CannotStart(f"The copy in {database} does not say where its log begins.")
    return found.group(1)


def _forget_old(folder: Path, keep: int | None, *, logical: bool) -> None:
    of_kind = [backup for backup in backups_in(folder) if backup.record.logical is logical]
    for backup in of_kind[:-keep] if keep else []:
        remove(backup)


def _forget_wal(installation: Installation, folder: Path) -> None:
    """Segments before the oldest base backup's first: no recovery begins there any more."""
    firsts = [backup.record.first_wal for backup in backups_in(folder) if not backup.record.logical]
    # Behind the timeline's eight digits stands the position, which is what pg_archivecleanup goes by.
    installation.run("pg_archivecleanup", str(folder / WAL), min(firsts, key=lambda name: name[8:]))
