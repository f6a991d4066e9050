from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.kernel.bakery import Town, open_town


@pytest.fixture
async def town(postgres: DatabaseAddress) -> AsyncIterator[Town]:
    async with open_town(postgres) as opened:
        yield opened
