"""Histories in a process of their own, as `python -m tests.simulation` runs them, and what a whole batch must show."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from rialto.kernel.faults import POINTS
from tests.simulation.histories import Report

ROOT = Path(__file__).parents[2]

# What a storm is made of, as `Report.counts` names it. None may be missing from a batch: a simulator that does
# nothing finds nothing.
STORM = (
    *("kills", "lost replies", "doubled requests", "doubled webhooks", "delayed webhooks", "doubled events"),
    *("outage of the provider", "late at the provider", "lost replies of the provider"),
    *("placed", "declined", "action", "pending", "out_of_stock", "tok_3ds", "tok_slow", "tok_lost_reply"),
    "placed after 3-D Secure",
    *("cancelled by buyers", "cancelled by staff", "shipped", "refunded", "taken back"),
)


def run_batch(seeds: Iterable[int], *options: str) -> list[Report]:
    """One report per seed, in the order given, from a fresh process and a fresh server."""
    command = [sys.executable, "-m", "tests.simulation", "--json", *options, *map(str, seeds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return [msgspec.json.decode(line, type=Report) for line in done.stdout.splitlines()]


def failures(reports: Iterable[Report]) -> list[str]:
    """What was found, each with the command that plays it again."""
    return [
        f"python -m tests.simulation --trace {report.seed}: {finding}"
        for report in reports
        for finding in report.findings
    ]


def what_did_not_happen(reports: Sequence[Report]) -> list[str]:
    """Of the storm and of the points at which a process may die."""
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(report.counts)
        counts.update(report.reached)
    return [name for name in (*STORM, *POINTS) if not counts[name]]
