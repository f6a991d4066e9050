"""The simulator itself: it repeats itself exactly, and it sees what is broken."""

from __future__ import annotations

import pytest

from tests.simulation.batches import failures, run_batch
from tests.simulation.histories import Report
from tests.simulation.parts import BROKEN


def test_a_seed_is_the_same_history_in_any_process_and_after_any_other() -> None:
    once = {report.seed: report.digest for report in run_batch([7, 8, 9])}
    again = {report.seed: report.digest for report in run_batch([9, 7])}
    assert len(set(once.values())) == 3
    assert again == {seed: once[seed] for seed in (9, 7)}


@pytest.fixture(scope="module")
def reports_of_broken_parts() -> list[Report]:
    options = [word for name in BROKEN for word in ("--broken", name)]
    return run_batch(range(1, 17), "--stop", *options)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_part_is_found(reports_of_broken_parts: list[Report], name: str) -> None:
    """The storm, the people and the checks are those of the hundred; only the named part is broken."""
    _, invariant = BROKEN[name]
    found = failures(report for report in reports_of_broken_parts if report.broken == name)
    assert any(f": {invariant}: " in finding for finding in found), found
