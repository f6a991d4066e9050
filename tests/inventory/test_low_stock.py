"""From how many on a SKU is low: one number per SKU, told to whoever lists what runs out."""

from __future__ import annotations

from typing import Any

import pytest

from rialto.inventory.api import LOW_AT, LevelsOf, ListStock, PutStock, PutStockMany, UnknownSku
from rialto.inventory.events import AvailabilityChanged
from rialto.inventory.service import SERVICE
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from tests.inventory.stockroom import assert_sound, counted, held, of, stocked
from tests.support.env import TestEnv, open_service

pytestmark = pytest.mark.anyio


async def set_low(env: TestEnv, **low_at: int) -> None:
    await env.handlers.put_stock(PutStockMany(items=[], low_at=low_at))


async def told(env: TestEnv, sku: str) -> list[tuple[str, bool]]:
    """Band and whether it is low, in the order of the stream."""
    async with env.db.read() as session:
        rows: Any = await session.all(
            "SELECT body->>'band' AS band, (body->>'low')::boolean AS low FROM events"
            " WHERE body->>'sku' = $1 ORDER BY version",
            sku,
        )
    return [(row["band"], row["low"]) for row in rows]


async def low_of(env: TestEnv, sku: str) -> set[int]:
    return {level.low_at for level in (await env.handlers.stock(LevelsOf(skus=[sku]))).items}


async def low(env: TestEnv) -> list[str]:
    return [level.sku for level in (await env.handlers.list_stock(ListStock(low=True))).items]


async def test_without_a_number_of_its_own_a_sku_is_low_with_the_band(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        for count in (9, LOW_AT + 1, LOW_AT, 1, 0):
            await stocked(env, MUG=count)
        assert await told(env, "MUG") == [("in_stock", False), ("few_left", True), ("sold_out", True)]
        assert await low_of(env, "MUG") == {LOW_AT}


async def test_a_number_of_its_own_is_told_by_itself_and_moves_no_band(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=20, LAMP=20)
        await set_low(env, MUG=25)
        await set_low(env, MUG=25)
        assert await told(env, "MUG") == [("in_stock", False), ("in_stock", True)]
        assert await low(env) == ["MUG"]
        await set_low(env, MUG=19)
        assert (await told(env, "MUG"))[2:] == [("in_stock", False)]
        await set_low(env, MUG=0)
        await stocked(env, MUG=2)
        assert (await told(env, "MUG"))[3:] == [("few_left", False)]
        await stocked(env, MUG=0)
        assert (await told(env, "MUG"))[4:] == [("sold_out", True)]
        assert await told(env, "LAMP") == [("in_stock", False)]
        await assert_sound(env)


async def test_an_order_that_takes_the_last_above_it_is_told_of(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await counted(env, "MUG", berlin=6, rotterdam=6)
        await set_low(env, MUG=10)
        order = await held(env, MUG=1)
        assert await told(env, "MUG") == [("in_stock", False)]
        other = await held(env, MUG=1)
        await held(env, MUG=1)
        assert (await told(env, "MUG"))[1:] == [("in_stock", True)]
        await env.handlers.release(of(order))
        assert len(await told(env, "MUG")) == 2
        await env.handlers.release(of(other))
        assert (await told(env, "MUG"))[2:] == [("in_stock", False)]


async def test_it_holds_for_all_shelves_also_for_one_that_comes_later(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await counted(env, "MUG", berlin=6)
        await set_low(env, MUG=10)
        await counted(env, "MUG", rotterdam=1)
        assert await low_of(env, "MUG") == {10}
        items = [PutStock(sku="MUG", warehouse="berlin", on_hand=40)]
        await env.handlers.put_stock(PutStockMany(items=items, low_at={"MUG": 12}))
        assert (await low_of(env, "MUG"), await low(env)) == ({12}, [])


async def test_what_is_no_number_or_no_sku_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        items = [PutStock(sku="MUG", warehouse="berlin", on_hand=9)]
        for low_at, refusal in (
            ({"MUG": -1}, Invalid),
            ({"MUG": 1_000_001}, Invalid),
            ({"MUG": 4, "NONE": 4}, UnknownSku),
            ({"\x00": 4}, UnknownSku),
        ):
            with pytest.raises(refusal):
                await env.handlers.put_stock(PutStockMany(items=items, low_at=low_at))
        levels = (await env.handlers.stock(LevelsOf(skus=["MUG"]))).items
        assert [(level.on_hand, level.low_at) for level in levels] == [(5, LOW_AT)]


def test_what_was_told_before_there_were_numbers_is_read_by_its_band() -> None:
    for band, is_low in (("in_stock", False), ("few_left", True), ("sold_out", True)):
        assert AvailabilityChanged(sku="MUG", band=band, available=1).is_low is is_low
        assert AvailabilityChanged(sku="MUG", band=band, available=1, low=not is_low).is_low is not is_low
