"""A shop of its own for each test of carts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.cart.shop import Shop, open_shop


@pytest.fixture
async def shop(postgres: DatabaseAddress) -> AsyncIterator[Shop]:
    async with open_shop(postgres) as shop:
        yield shop
