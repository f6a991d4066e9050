from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from rialto.kernel.faults import CrashAt, NoFaults

pytestmark = pytest.mark.fast

VISITS = """
from rialto.kernel.faults import CrashAt
faults = CrashAt("{where}")
for number in range(1, 6):
    faults.reach("relay.before_publish")
    faults.reach("relay.after_publish")
    print(number, flush=True)
"""


@pytest.mark.parametrize(
    ("where", "survived"),
    [
        ("relay.after_publish", ""),
        ("relay.after_publish:3", "1\n2\n"),
        ("relay.after_publish:9", "1\n2\n3\n4\n5\n"),
    ],
)
def test_a_process_is_killed_at_the_visit_that_was_named(where: str, survived: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", VISITS.format(where=where)], capture_output=True, text=True, check=False
    )
    assert ended.stdout == survived
    assert ended.returncode == (0 if survived.endswith("5\n") else -signal.SIGKILL)


@pytest.mark.parametrize(("where", "visits"), [("consumer.after_commit", 1), ("consumer.after_commit:3", 3)])
def test_it_is_this_process_that_is_killed_once_and_beyond_recall(where: str, visits: int) -> None:
    killed: list[tuple[int, int]] = []
    faults = CrashAt(where, kill=lambda process, by: killed.append((process, by)))
    for visit in range(1, visits + 3):
        faults.reach("consumer.before_commit")
        faults.reach("consumer.after_commit")
        assert killed == ([(os.getpid(), signal.SIGKILL)] if visit >= visits else [])


def test_in_production_nothing_goes_wrong() -> None:
    NoFaults().reach("relay.after_publish")
