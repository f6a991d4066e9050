"""`rialto audit`: what is printed, and the three exit codes."""

from __future__ import annotations

import pytest

from rialto.cli import audit
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from tests.support.provider import Reply
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio


class Cut:
    """A network on which nothing arrives."""

    async def carry(self, act: object) -> Reply:
        raise Unavailable("The payment provider cannot be reached.")


async def said_by(shop: Shop) -> tuple[int, list[str]]:
    said: list[str] = []
    return await audit.run(shop.app, said.append), said


async def test_a_sound_shop_ends_with_zero(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False) as shop:
        code, said = await said_by(shop)
        assert code == 0
        assert len(said) == 1
        assert said[0].endswith(" checks, no finding.")


async def test_a_shop_whose_provider_is_away_is_not_told_to_be_sound(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False, network=Cut()) as shop:
        code, said = await said_by(shop)
        assert code == 3
        assert said[0] == "I4  sandbox: not checked. The payment provider cannot be reached."
        assert said[1].endswith(" checks, no finding, 1 not checked.")


async def test_a_broken_invariant_ends_with_one(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False, network=Cut()) as shop:
        await shop.sql(
            "UPDATE inventory.stock SET on_hand = on_hand + 1 WHERE sku = 'LAMP' AND warehouse = 'berlin'"
        )
        code, said = await said_by(shop)
        assert code == 1
        assert said[0].startswith("I1  ")
        assert said[-1].endswith(" checks, 1 finding, 1 not checked.")
