"""Since when a feed has not been seen to have all there was."""

from __future__ import annotations

from typing import Any

import pytest

from rialto.kernel.background import _FeedTurn
from rialto.kernel.clock import ManualClock

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Busy(_FeedTurn):
    """Partitions that have more, turn by turn."""

    def __init__(self, turns: list[set[int]], clock: ManualClock) -> None:
        nothing: Any = None
        super().__init__(nothing, nothing, clock)
        self._turns = turns

    async def _take_in(self, news: set[int]) -> set[int]:
        return self._turns.pop(0)


async def test_a_feed_grows_old_until_it_has_all_there_was() -> None:
    clock = ManualClock()
    feed = Busy([{3}, {3}, set()], clock)
    for age in (1.0, 2.0):
        clock.advance(1)
        assert await feed({3}) == {3}
        assert feed.age_s == age
    clock.advance(1)
    assert await feed({3}) == set()
    assert feed.age_s == 0.0
