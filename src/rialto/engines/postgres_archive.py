"""The archive of the embedded server's write-ahead log: what happened between two backups, and after the last one.

PostgreSQL's own module `basic_archive` writes it: each full segment is copied under another name, brought to the disk
and renamed; one that is there already with the same content is a success, with another it is an error. Before the
first backup nothing is archived. What says so is one file in the database's folder, read again without a restart.
"""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

from rialto.engines.postgres_files import ARCHIVE_FILE

SEGMENT_BYTES = 16 * 1024 * 1024
# A quiet shop's last minutes are on the archive's disk no later than this.
ARCHIVE_TIMEOUT_S = 600
# A folder that cannot be written must not fill the database's own disk.
WAITING_BYTES_MAX = 1024 * 1024 * 1024
_ABANDONED_S = 3600

_ON = """\
# Written by `rialto backup`.
archive_command = ''
archive_library = 'basic_archive'
basic_archive.archive_directory = '{folder}'
archive_timeout = '{timeout_s}s'
"""
_STOPPED = """\
# Archiving was stopped by Rialto: {why}
# The next `rialto backup` begins it anew.
archive_command = 'true'
"""
_FOLDER = re.compile(r"^basic_archive\.archive_directory = '(.*)'$", re.MULTILINE)


def archive_text(folder: Path) -> str:
    """What the file says while segments go to the folder."""
    return _ON.format(folder=quoted(folder), timeout_s=ARCHIVE_TIMEOUT_S)


def stopped_text(why: str) -> str:
    return _STOPPED.format(why=why)


def quoted(value: object) -> str:
    """As it stands between quotes in a configuration file."""
    return str(value).replace("'", "''")


def archive_folder(database: Path) -> Path | None:
    """Where the server in this folder archives to; None: it does not."""
    found = _FOLDER.search(_said(database))
    return Path(found.group(1).replace("''", "'")) if found else None


def was_stopped(database: Path) -> bool:
    """Whether archiving had begun and was stopped at its limit."""
    return "Archiving was stopped" in _said(database)


def overflow(database: Path, bytes_max: int) -> str:
    """Why archiving has to stop, for people; empty while it may go on."""
    folder = archive_folder(database)
    if folder is None:
        return ""
    waiting = sum(name.endswith(".ready") for name in _names(database / "pg_wal" / "archive_status"))
    if waiting * SEGMENT_BYTES > WAITING_BYTES_MAX:
        return f"{folder} cannot be written, and {waiting} segments wait for it."
    if archive_bytes(folder) > bytes_max:
        return f"{folder} holds more than {bytes_max // 2**30} GB since the oldest backup that is kept."
    return ""


def archive_bytes(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat().st_size for entry in entries)
    except OSError:
        return 0


def stop_archiving(database: Path, why: str, server: int) -> None:
    """What is full is forgotten again, from now on. `server` is the number of the running process."""
    file = database / ARCHIVE_FILE
    # Written in place: the file keeps its owner, and is read whole since nothing follows the last line.
    file.write_text(stopped_text(why))
    with suppress(ProcessLookupError):
        os.kill(server, signal.SIGHUP)


def forget_abandoned(folder: Path) -> None:
    """Copies that a killed server did not finish."""
    for name in _names(folder):
        path = folder / name
        with suppress(OSError):
            if name.startswith("archtemp") and path.stat().st_mtime < time.time() - _ABANDONED_S:
                path.unlink()


def _said(database: Path) -> str:
    try:
        return (database / ARCHIVE_FILE).read_text()
    except OSError:
        return ""


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - thousands of names, of which no path is needed
    except OSError:
        return []
