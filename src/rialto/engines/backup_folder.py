"""A folder of backups: how they are named, what is written down about each, which are whole, which go.

    <folder>/wal/                       the archive of the write-ahead log (postgres_archive.py)
    <folder>/2026-11-24T09-00-00Z/      one backup; the name is when it was begun
        postgres/ or database.dump      the database: its files, or its content (logical)
        secrets.json                    mode 0600
        sandbox/books.sqlite, media/    what else the shop keeps
        backup.json                     written last: version, times, checksums

A name that ends in `.new` or `.old` is a backup that is being made or removed, and is never restored from.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rialto.engines.postgres_install import Account, make_passable
from rialto.engines.processes import CannotStart
from rialto.kernel.service import Frozen

FORMAT = 1
RECORD = "backup.json"
DATABASE_FILES = "postgres"
DATABASE_DUMP = "database.dump"
SECRETS = "secrets.json"
BOOKS = Path("sandbox") / "books.sqlite"
MEDIA = "media"
WAL = "wal"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")


class Record(Frozen):
    """What is known of a backup. `files` are SHA-256 by path of all but the database's own files, which have a
    manifest of PostgreSQL's. `first_wal` is the segment its recovery begins with, empty for a logical one."""

    format: int = FORMAT
    logical: bool
    rialto: str
    postgres: str
    begun_at: datetime
    finished_at: datetime
    first_wal: str = ""
    roles: tuple[str, ...] = ()
    files: dict[str, str] = {}


class Backup(Frozen):
    """A whole backup and where it is."""

    place: Path
    record: Record


def name_of(begun_at: datetime) -> str:
    return begun_at.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")


def backups_in(folder: Path) -> list[Backup]:
    """All whole ones, the oldest first; a backup's own folder has itself. Raises CannotStart for an unreadable record."""
    places = sorted(folder.iterdir()) if folder.is_dir() else []
    whole = [
        place for place in (folder, *places) if _NAME.fullmatch(place.name) and (place / RECORD).is_file()
    ]
    return [Backup(place=place, record=_read(place / RECORD)) for place in whole]


def make_folder(folder: Path, account: Account) -> Path:
    """The folder and the archive in it, which the database's user writes to; where the archive is."""
    wal = folder / WAL
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_passable(folder, account.is_other)
        wal.mkdir(mode=0o700, exist_ok=True)
        os.chown(wal, account.uid, account.gid)
    except OSError as problem:
        raise CannotStart(
            f"The folder {folder} cannot be written ({problem.strerror}); choose another."
        ) from problem
    return wal


def remove_leftovers(folder: Path) -> None:
    """What an interrupted backup or removal left."""
    for place in folder.iterdir():
        if _NAME.fullmatch(place.stem) and place.suffix in {".new", ".old"}:
            shutil.rmtree(place)


def remove(backup: Backup) -> None:
    """Under another name first: half of a backup is not to be taken for a whole one."""
    doomed = backup.place.with_name(f"{backup.place.name}.old")
    backup.place.rename(doomed)
    shutil.rmtree(doomed)


def copy_the_rest(place: Path, *, data: Path, secret_file: Path) -> None:
    """Everything of a shop that is not in its database: secrets, the sandbox provider's books, pictures."""
    if secret_file.is_file():
        target = place / SECRETS
        target.touch(0o600)
        target.write_bytes(secret_file.read_bytes())
    if (data / BOOKS).is_file():
        (place / BOOKS).parent.mkdir(mode=0o700)
        copy_books(data / BOOKS, place / BOOKS)
    if (data / MEDIA).is_dir():
        shutil.copytree(data / MEDIA, place / MEDIA)


def copy_books(source: Path, target: Path) -> None:
    """One moment of books that are being written to."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as living,
        closing(sqlite3.connect(target)) as copy,
    ):
        living.backup(copy)


def finish(place: Path, record: Record) -> Backup:
    """Write down what the place holds, bring it to the disk and give it its name."""
    whole = msgspec.structs.replace(record, files=_checksums(place))
    (place / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(whole)) + b"\n")
    for path in (*_files(place), place / RECORD):
        _to_disk(path)
    for path in (place, *(path for path in place.iterdir() if path.is_dir())):
        _to_disk(path)
    final = place.with_name(name_of(record.begun_at))
    place.rename(final)
    _to_disk(final.parent)
    return Backup(place=final, record=whole)


def check_files(backup: Backup) -> None:
    """That the files are those that were written. Raises CannotStart; see also `pg_verifybackup`."""
    if backup.record.format > FORMAT:
        raise CannotStart(f"The backup {backup.place} was made by a newer Rialto ({backup.record.rialto}).")
    found = _checksums(backup.place)
    wrong = sorted(name for name, digest in backup.record.files.items() if found.get(name) != digest)
    if wrong:
        raise CannotStart(
            f"The backup {backup.place} is damaged: {', '.join(wrong[:5])} is not what was written."
        )


def _read(path: Path) -> Record:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError) as problem:
        raise CannotStart(f"{path} cannot be read: {problem}.") from None


def _checksums(place: Path) -> dict[str, str]:
    return {path.relative_to(place).as_posix(): _digest(path) for path in _files(place)}


def _files(place: Path) -> Iterator[Path]:
    for path in sorted(place.rglob("*")):
        inside = path.relative_to(place)
        if inside.parts[0] not in {DATABASE_FILES, RECORD} and path.is_file():
            yield path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
