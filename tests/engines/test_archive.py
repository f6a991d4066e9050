"""The archive's bounds, told from files alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rialto.engines.postgres_archive import (
    SEGMENT_BYTES,
    WAITING_BYTES_MAX,
    archive_bytes,
    archive_folder,
    archive_text,
    forget_abandoned,
    overflow,
    stop_archiving,
    was_stopped,
)

pytestmark = pytest.mark.fast


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database's folder that archives to a folder with an odd name."""
    wal = tmp_path / "Ada's backups" / "wal"
    wal.mkdir(parents=True)
    folder = tmp_path / "postgres"
    (folder / "pg_wal" / "archive_status").mkdir(parents=True)
    (folder / "archive.conf").write_text(archive_text(wal))
    return folder


def test_who_does_not_archive_overflows_nowhere(tmp_path: Path) -> None:
    assert archive_folder(tmp_path) is None
    assert overflow(tmp_path, 0) == ""
    assert archive_bytes(tmp_path / "nowhere") == 0


def test_what_the_archive_may_hold_is_bounded(database: Path) -> None:
    wal = archive_folder(database)
    assert wal is not None
    assert wal.parent.name == "Ada's backups"
    (wal / f"{1:024X}").write_bytes(b"x" * 1000)
    assert archive_bytes(wal) == 1000
    assert overflow(database, 1000) == ""
    assert "holds more than" in overflow(database, 999)


def test_what_waits_for_a_folder_that_cannot_be_written_is_bounded(database: Path) -> None:
    status = database / "pg_wal" / "archive_status"
    for number in range(WAITING_BYTES_MAX // SEGMENT_BYTES):
        (status / f"{number:024X}.ready").touch()
    assert overflow(database, 2**40) == ""
    (status / f"{1 << 20:024X}.ready").touch()
    assert "cannot be written" in overflow(database, 2**40)


def test_the_server_is_told_to_stop_archiving(database: Path) -> None:
    code = """import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
print("ready", flush=True)
signal.sigwait({signal.SIGHUP})
print("told")"""
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    server.stdout.readline()
    assert not was_stopped(database)
    stop_archiving(database, "it is full.", server.pid)
    assert server.communicate(timeout=30)[0].strip() == "told"
    assert was_stopped(database)
    assert archive_folder(database) is None
    stop_archiving(database, "it is full.", server.pid)  # the server is gone: no error


def test_copies_of_a_killed_server_are_removed_when_they_are_old(database: Path) -> None:
    wal = archive_folder(database)
    assert wal is not None
    for name, age in (("archtemp.1", 7200), ("archtemp.2", 0), (f"{1:024X}", 7200)):
        (wal / name).touch()
        stamp = (wal / name).stat().st_mtime - age
        os.utime(wal / name, (stamp, stamp))
    forget_abandoned(wal)
    assert {path.name for path in wal.iterdir()} == {"archtemp.2", f"{1:024X}"}
