"""The second half of the hundred; a file of its own, so that two workers may share them."""

from __future__ import annotations

import pytest

from tests.simulation.batches import failures, run_batch, what_did_not_happen
from tests.simulation.histories import Report


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return run_batch(range(51, 101))


def test_every_invariant_holds_in_fifty_more_histories(reports: list[Report]) -> None:
    assert failures(reports) == []
    assert [report.seed for report in reports] == list(range(51, 101))


def test_the_storm_brings_everything_that_can_go_wrong(reports: list[Report]) -> None:
    assert what_did_not_happen(reports) == []
