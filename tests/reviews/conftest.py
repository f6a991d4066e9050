from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.reviews.builders import Desk, open_desk


@pytest.fixture
async def desk(postgres: DatabaseAddress) -> AsyncIterator[Desk]:
    async with open_desk(postgres) as opened:
        yield opened
