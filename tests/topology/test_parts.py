"""A shop in several parts: bought in, looked after, and with something broken between them."""

from __future__ import annotations

from typing import cast

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.sandbox.model import Decision
from tests.support.parts import Between, Parts, a_shop_in_parts
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio


def between(shop: Shop) -> Between:
    return cast("Parts", shop.app).between


@pytest.mark.parametrize("topology", ["groups", "all"])
async def test_a_guest_buys_in_a_shop_of_parts(postgres: DatabaseAddress, topology: str) -> None:
    async with a_shop_in_parts(postgres, topology) as shop:
        answer = await shop.buy("LAMP", token="tok_3ds")
        assert answer.next_action_url is not None
        shop.answer_challenge(answer, Decision.ACCEPT)
        answer = await shop.resume(answer.order)
        assert answer.order.status == "placed"
        await shop.settle()
        assert [mail.to for mail in shop.mail.sent] == ["ada@example.org"]
        assert await shop.audit() == []


async def test_a_shop_of_two_replicas_each_does_everything_once(postgres: DatabaseAddress) -> None:
    async with a_shop_in_parts(postgres, "groups", replicas=2) as shop:
        orders = [(await shop.buy("LAMP")).order for _ in range(8)]
        assert {order.status for order in orders} == {"placed"}
        await shop.settle()
        assert len(shop.mail.sent) == 8
        assert await shop.available("LAMP") == 12
        assert await shop.audit() == []
        asked = {address for address in between(shop).doors if address.startswith("sell")}
        assert asked == {"sell-1:8001", "sell-2:8001"}


async def test_while_what_sells_is_away_the_shop_is_browsed_and_sells_nothing(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_in_parts(postgres, "groups") as shop:
        await shop.settle()
        cart = await shop.cart({"LAMP": 1})
        between(shop).down.add("sell-1:8001")
        for path in ("/de/", "/de/p/lamp", "/de/search?q=lamp", "/v1/products"):
            assert (await shop.web.get(path)).status_code == 200
        with pytest.raises(Unavailable):
            await shop.checkout(cart)
        between(shop).down.clear()
        shop.clock.advance(60)
        assert (await shop.checkout(cart)).order.status == "placed"
        await shop.settle()
        assert await shop.audit() == []


async def test_an_answer_that_was_lost_between_parts_is_asked_for_by_its_key(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop_in_parts(postgres, "groups") as shop:
        await shop.settle()
        cart = await shop.cart({"LAMP": 1})
        between(shop).mute.add("sell-1:8001")
        with pytest.raises(Unavailable):
            await shop.checkout(cart, key="once-only")
        between(shop).mute.clear()
        shop.clock.advance(60)
        answer = await shop.checkout(cart, key="once-only")
        assert answer.order.status == "placed"
        await shop.settle()
        assert await shop.available("LAMP") == 19
        assert len(shop.mail.sent) == 1
        assert await shop.audit() == []


async def test_one_of_two_replicas_may_be_away(postgres: DatabaseAddress) -> None:
    async with a_shop_in_parts(postgres, "groups", replicas=2) as shop:
        await shop.settle()
        between(shop).down.add("sell-2:8001")
        placed = [(await shop.buy("LAMP")).order.status for _ in range(6)]
        assert placed == ["placed"] * 6
