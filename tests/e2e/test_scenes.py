"""Every page in every state, in English on a wide window."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Windows
from tests.e2e.running_shop import RunningShop
from tests.e2e.scenes import WALKS, Walk
from tests.e2e.walking import walk_through


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_a_walk_through_every_scene(shop: RunningShop, window: Windows, walk: Walk) -> None:
    found = walk_through(shop, window, walk, "en")
    assert not found, "\n".join(found)
