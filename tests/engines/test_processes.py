"""Who a process is, that it ends, and that a folder has one owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rialto.engines.processes import (
    FolderLock,
    PidFile,
    bound_file,
    end_all,
    identify,
    is_alive,
    start_child,
    wait_until,
)

WAITS = "import sys; print('up', flush=True); sys.stdin.read()"
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
)


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[bytes]]:
    yield from _python(WAITS)


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[bytes]]:
    yield from _python(STUBBORN)


def _python(code: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()


def test_process_number_alone_is_no_identity(waiting: subprocess.Popen[bytes]) -> None:
    found = identify(waiting.pid)
    assert found is not None
    assert is_alive(found)
    assert not is_alive(replace(found, started=found.started + 1))
    assert not is_alive(replace(found, boot="another"))


def test_ended_process_that_nobody_reaped_is_gone(waiting: subprocess.Popen[bytes]) -> None:
    found = identify(waiting.pid)
    assert found is not None
    assert end_all([found], grace_s=5)
    assert identify(waiting.pid) is None


def test_process_that_ignores_the_polite_signal_is_killed(stubborn: subprocess.Popen[bytes]) -> None:
    found = identify(stubborn.pid)
    assert found is not None
    assert end_all([found], grace_s=0.2)
    assert stubborn.wait() == -signal.SIGKILL


def test_other_process_with_a_noted_number_is_not_signalled(waiting: subprocess.Popen[bytes]) -> None:
    found = identify(waiting.pid)
    assert found is not None
    assert end_all([replace(found, started=found.started - 1)], grace_s=0.1)
    assert is_alive(found)


def test_note_of_a_process_is_read_back(tmp_path: Path) -> None:
    me = identify(os.getpid())
    assert me is not None
    note = PidFile(tmp_path / "worker-1.pid")
    note.write(me)
    assert note.load_alive() == me
    note.write(replace(me, started=1))
    assert note.load_alive() is None
    note.remove()
    assert note.load() is None


@pytest.mark.parametrize("text", ["", "12", "{}", '{"pid": "x"}', "\x00"])
def test_damaged_note_is_no_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.pid").write_text(text)
    assert PidFile(tmp_path / "x.pid").load() is None


def test_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    assert second.holder() == str(os.getpid())
    first.release()
    assert second.acquire()
    second.release()


def test_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, sys
from pathlib import Path
from rialto.engines.processes import start_child
child = start_child([sys.executable, "-c", "import signal; signal.pause()"], env=os.environ, output=Path({str(tmp_path / "log")!r}))
print(child.pid, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = identify(int(parent.stdout.readline()))
        assert child is not None
        parent.kill()
    assert wait_until(lambda: not is_alive(child), 5)


def test_child_leaves_its_words_in_its_log(tmp_path: Path) -> None:
    child = start_child([sys.executable, "-c", "print('hello')"], env=os.environ, output=tmp_path / "log")
    assert child.wait() == 0
    assert (tmp_path / "log").read_text() == "hello\n"


def test_log_past_its_limit_starts_again_and_keeps_its_end(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old" * 10 + b"new" * 10)
        bound_file(log, 30)
        writer.write(b"fresh")
    assert log.read_bytes() == b"fresh"
    assert (tmp_path / "a.log.1").read_bytes() == b"new" * 10
    bound_file(log, 30)
    assert log.read_bytes() == b"fresh"
    bound_file(tmp_path / "missing.log", 30)
