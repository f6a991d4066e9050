"""Counting stock: what staff set, what of it is refused, what shoppers hear."""

from __future__ import annotations

import pytest

from rialto.inventory.api import LevelsOf, PutStock, PutStockMany, UnknownWarehouse
from rialto.inventory.model import LINES_MAX, QUANTITY_MAX
from rialto.inventory.service import SERVICE
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Conflict, Invalid
from tests.inventory.stockroom import assert_sound, available, counted, held, moves, of, shelf, stocked
from tests.support.env import TestEnv, open_service

pytestmark = pytest.mark.anyio


async def told(env: TestEnv) -> list[tuple[str, str, int]]:
    """What shoppers were told: SKU, band and what was available then."""
    async with env.db.read() as session:
        rows = await session.all(
            "SELECT body->>'sku' AS sku, body->>'band' AS band, (body->>'available')::int AS available"
            " FROM events ORDER BY at, stream, version"
        )
    return [(row["sku"], row["band"], row["available"]) for row in rows]


async def test_a_count_is_what_is_on_hand_and_the_difference_is_a_movement(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        for count in (5, 5, 3, 0, 7):
            await stocked(env, MUG=count)
            assert await shelf(env, "MUG") == (count, 0)
            env.clock.advance(1)
        assert await moves(env, "MUG") == [
            ("correction", 5, 0),
            ("correction", -2, 0),
            ("correction", -3, 0),
            ("correction", 7, 0),
        ]
        await assert_sound(env)


async def test_counts_of_several_are_set_together_or_not_at_all(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5, LAMP=5)
        await held(env, MUG=3)
        with pytest.raises(Conflict) as refused:
            await stocked(env, LAMP=9, MUG=2)
        assert refused.value.stable_code == "stock_below_reserved"
        assert (await shelf(env, "MUG"), await shelf(env, "LAMP")) == ((5, 3), (5, 0))
        await stocked(env, LAMP=9, MUG=3)
        assert (await shelf(env, "MUG"), await shelf(env, "LAMP")) == ((3, 3), (9, 0))
        await assert_sound(env)


async def test_what_is_held_in_one_warehouse_does_not_bind_another(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await counted(env, "MUG", berlin=2, rotterdam=2)
        await held(env, "NL", MUG=2)
        await counted(env, "MUG", berlin=0)
        with pytest.raises(Conflict):
            await counted(env, "MUG", rotterdam=1)
        assert await available(env, "MUG") == 0
        await assert_sound(env)


async def test_after_the_goods_have_gone_the_count_may_fall(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = await held(env, MUG=3)
        await env.handlers.consume(of(order_id))
        await stocked(env, MUG=0)
        assert await shelf(env, "MUG") == (0, 0)
        # Coming back they are on the shelf again, whatever was counted meanwhile.
        await env.handlers.release(of(order_id))
        assert await shelf(env, "MUG") == (3, 0)
        await assert_sound(env)


async def test_the_last_count_of_a_shelf_named_twice_stands(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        items = [PutStock(sku="MUG", warehouse="berlin", on_hand=count) for count in (5, 2)]
        levels = (await env.handlers.put_stock(PutStockMany(items=items))).items
        assert [(level.sku, level.on_hand, level.reserved) for level in levels] == [("MUG", 2, 0)]
        await assert_sound(env)


async def test_a_count_answers_every_warehouse_of_its_skus(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await counted(env, "MUG", rotterdam=1)
        item = PutStock(sku="MUG", warehouse="berlin", on_hand=2)
        levels = (await env.handlers.put_stock(PutStockMany(items=[item]))).items
        assert [(level.warehouse, level.on_hand) for level in levels] == [("berlin", 2), ("rotterdam", 1)]


async def test_a_warehouse_that_does_not_exist_and_a_count_beyond_reason_are_refused(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await counted(env, "MUG", berlin=QUANTITY_MAX)
        with pytest.raises(UnknownWarehouse):
            await counted(env, "MUG", mars=1)
        with pytest.raises(Invalid) as refused:
            await counted(env, "MUG", berlin=QUANTITY_MAX + 1)
        assert refused.value.stable_code == "count_not_valid"
        for sku in ("", "x" * 65, "a\nb"):
            with pytest.raises(Invalid) as refused:
                await counted(env, sku, berlin=1)
            assert refused.value.stable_code == "sku_not_valid"
        assert await shelf(env, "MUG") == (QUANTITY_MAX, 0)


async def test_levels_are_over_all_warehouses_and_unknown_skus_are_absent(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await counted(env, "MUG", berlin=2, rotterdam=3)
        await stocked(env, LAMP=0)
        await held(env, MUG=4)
        levels = await env.handlers.levels(LevelsOf(skus=["MUG", "LAMP", "GHOST", "MUG"]))
        assert levels.available == {"MUG": 1, "LAMP": 0}
        assert (await env.handlers.stock(LevelsOf(skus=["GHOST"]))).items == []
        assert (await env.handlers.levels(LevelsOf(skus=[]))).available == {}


async def test_two_hundred_skus_can_be_asked_at_a_time_and_no_more(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        most = [f"SKU-{number}" for number in range(LINES_MAX)]
        for ask in (env.handlers.levels, env.handlers.stock):
            await ask(LevelsOf(skus=most))
            for skus in ([*most, "ONE-MORE"], ["a\x00"]):
                with pytest.raises(Invalid):
                    await ask(LevelsOf(skus=skus))


async def test_shoppers_hear_of_a_new_sku_once_also_of_one_that_is_sold_out(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        for _ in range(2):
            await stocked(env, NONE=0)
            env.clock.advance(1)
        await stocked(env, SOME=2)
        assert await told(env) == [("NONE", "sold_out", 0), ("SOME", "few_left", 2)]


async def test_shoppers_hear_when_the_band_over_all_warehouses_changes(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        steps = (
            (counted, ({"berlin": 9},)),
            (counted, ({"rotterdam": 9},)),
            (counted, ({"berlin": 0},)),
            (counted, ({"rotterdam": 3},)),
            (counted, ({"berlin": 5},)),
        )
        for step, (counts,) in steps:
            await step(env, "MUG", **counts)
            env.clock.advance(1)
        assert await told(env) == [("MUG", "in_stock", 9), ("MUG", "few_left", 3), ("MUG", "in_stock", 8)]


async def test_goods_given_back_are_told_when_that_makes_a_difference(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=1)
        env.clock.advance(1)
        order_id = await held(env, MUG=1)
        env.clock.advance(1)
        await env.handlers.consume(of(order_id))  # still none: nothing to tell
        env.clock.advance(1)
        await env.handlers.release(of(order_id))
        assert await told(env) == [("MUG", "few_left", 1), ("MUG", "sold_out", 0), ("MUG", "few_left", 1)]
