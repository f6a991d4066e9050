"""A hundred histories of a shop in a storm, first half: every invariant holds in each.

A failure names its seed and the command that plays it again, step by step the same.
"""

from __future__ import annotations

import pytest

from tests.simulation.batches import failures, run_batch, what_did_not_happen
from tests.simulation.histories import KEPT_SEEDS, Report


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return run_batch(range(1, 51))


def test_every_invariant_holds_in_the_first_fifty_histories(reports: list[Report]) -> None:
    assert failures(reports) == []
    assert [report.seed for report in reports] == list(range(1, 51))


def test_the_storm_brings_everything_that_can_go_wrong(reports: list[Report]) -> None:
    assert what_did_not_happen(reports) == []


def test_histories_that_once_found_a_bug_stay_sound() -> None:
    assert failures(run_batch(KEPT_SEEDS) if KEPT_SEEDS else []) == []
