"""Goods that came back: on the shelf once, and no more than the order has used up."""

from __future__ import annotations

import asyncio

import pytest

from rialto.inventory.api import (
    Allocation,
    ReturnedLine,
    ReturnRefused,
    TakeBack,
    UnknownWarehouse,
)
from rialto.inventory.service import SERVICE
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import OrderId
from tests.inventory.stockroom import (
    an_order,
    assert_sound,
    available,
    found,
    held,
    moves,
    of,
    shelf,
    stocked,
)
from tests.inventory.test_audit import plant
from tests.support.env import TestEnv, open_service

pytestmark = pytest.mark.anyio


async def sold(env: TestEnv, **quantities: int) -> OrderId:
    order_id = await held(env, None, **quantities)
    await env.handlers.consume(of(order_id))
    return order_id


def back(
    order_id: OrderId, *lines: tuple[str, str, int], step: str = "one", warehouse: str = "berlin"
) -> TakeBack:
    returned = [ReturnedLine(line_id=line, sku=sku, quantity=count) for line, sku, count in lines]
    return TakeBack(order_id=order_id, step=step, warehouse=warehouse, lines=returned)


async def test_what_comes_back_is_on_the_shelf_once_however_often_it_is_told(
    postgres: DatabaseAddress,
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = await sold(env, MUG=4)
        command = back(order_id, ("a", "MUG", 1), ("b", "MUG", 1))
        for _ in range(3):
            taken = await env.handlers.take_back(command)
            assert taken.items == [Allocation(sku="MUG", warehouse="berlin", quantity=2)]
        assert await shelf(env, "MUG") == (3, 0)
        assert (await moves(env, "MUG"))[-2:] == [("return", 1, 0), ("return", 1, 0)]
        await env.handlers.take_back(
            back(order_id, ("a", "MUG", 2), step="two", warehouse="rotterdam")
        )  # a shelf that was not there
        assert await shelf(env, "MUG", "rotterdam") == (2, 0)
        assert await available(env, "MUG") == 5
        assert (await env.handlers.taken_back(of(order_id))).items == [
            Allocation(sku="MUG", warehouse="berlin", quantity=2),
            Allocation(sku="MUG", warehouse="rotterdam", quantity=2),
        ]
        await assert_sound(env)


async def test_the_same_return_told_by_several_at_once_moves_once(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = await sold(env, MUG=2)
        command = back(order_id, ("a", "MUG", 2))
        await asyncio.gather(*(env.handlers.take_back(command) for _ in range(4)))
        assert await shelf(env, "MUG") == (5, 0)
        others = [back(order_id, ("a", "MUG", 1), step=step) for step in ("two", "three")]
        outcomes = await asyncio.gather(
            *(env.handlers.take_back(one) for one in others), return_exceptions=True
        )
        assert [type(one) for one in outcomes] == [ReturnRefused, ReturnRefused]
        await assert_sound(env)


async def test_what_an_order_has_not_used_up_cannot_come_back(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5, LAMP=5)
        order_id, only_held = await sold(env, MUG=2), await held(env, MUG=1)
        for command in (
            back(order_id, ("a", "MUG", 3)),
            back(order_id, ("a", "MUG", 1), ("b", "MUG", 2)),
            back(order_id, ("a", "MUG", 1), ("b", "LAMP", 1)),
            back(only_held, ("a", "MUG", 1)),
            back(an_order(env), ("a", "MUG", 1)),
        ):
            with pytest.raises(ReturnRefused):
                await env.handlers.take_back(command)
        assert await shelf(env, "MUG") == (3, 1)
        await env.handlers.take_back(back(order_id, ("a", "MUG", 1)))
        for changed in (
            back(order_id, ("a", "MUG", 2)),
            back(order_id, ("a", "MUG", 1), warehouse="rotterdam"),
            back(order_id, ("a", "LAMP", 1)),
        ):
            with pytest.raises(ReturnRefused):  # the same step brought something else
                await env.handlers.take_back(changed)
        assert await shelf(env, "MUG") == (4, 1)
        await assert_sound(env)


async def test_what_is_no_return_is_refused(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = await sold(env, MUG=2)
        with pytest.raises(UnknownWarehouse):
            await env.handlers.take_back(back(order_id, ("a", "MUG", 1), warehouse="atlantis"))
        for command in (
            back(order_id),
            back(order_id, ("a", "MUG", 0)),
            back(order_id, ("a", "MUG", 1), ("a", "MUG", 1)),
            back(order_id, ("a", "M\x00G", 1)),
        ):
            with pytest.raises(Invalid):
                await env.handlers.take_back(command)
        assert await shelf(env, "MUG") == (3, 0)


async def test_shoppers_hear_that_it_is_there_again(postgres: DatabaseAddress) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=1)
        order_id = await sold(env, MUG=1)
        await env.handlers.take_back(back(order_id, ("a", "MUG", 1)))
        async with env.db.read() as session:
            band = await session.value("SELECT band FROM announced WHERE sku = 'MUG'")
        assert band == "few_left"


@pytest.mark.parametrize(
    ("planted", "text"),
    [
        (
            "UPDATE movements SET on_hand = 3 WHERE kind = 'return'; UPDATE stock SET on_hand = 6",
            "3 of MUG came back, used up were 2",
        ),
        (
            "UPDATE reservations SET state = 'released'; DELETE FROM movements WHERE kind = 'consume'",
            "1 of MUG came back, used up were 0",
        ),
    ],
)
async def test_more_back_than_was_used_up_is_found(
    postgres: DatabaseAddress, planted: str, text: str
) -> None:
    async with open_service(SERVICE, postgres) as env:
        await stocked(env, MUG=5)
        order_id = await sold(env, MUG=2)
        await env.handlers.take_back(back(order_id, ("a", "MUG", 1)))
        await plant(env, postgres, planted)
        assert (order_id, text) in [(f.subject, f.text) for f in await found(env) if f.invariant == "I1"]
