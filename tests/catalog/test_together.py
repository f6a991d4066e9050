"""What is bought together: counted from placed orders, chosen by a job, told when it changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rialto.catalog.api import Catalog, Companions, CompanionsAfter, ProductRef, PutProducts
from rialto.catalog.events import EVENTS, CompanionsFound
from rialto.catalog.model.together import (
    COMPANIONS_MAX,
    EPOCH,
    HALF_LIFE_DAYS,
    KEPT_MAX,
    PRODUCTS_OF_ORDER_MAX,
    pairs_of,
    weight_of,
)
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.events import Event, EventTypes, load
from rialto.kernel.ids import CART, ORDER, ProductId, bucket_of, derived_uuid, to_uuid
from rialto.kernel.money import EUR, Money
from rialto.orders.events import OrderPlaced
from tests.catalog.builders import a_draft, a_variant, open_catalog
from tests.support.env import TestEnv

pytestmark = pytest.mark.anyio


def an_order(env: TestEnv, *numbers: int, days: int = 0) -> OrderPlaced:
    return OrderPlaced(
        order_id=ORDER.new(env.ids, 1),
        number="R-1",
        cart_id=CART.new(env.ids, 1),
        language="en",
        total=Money(100, EUR),
        skus={f"SKU-{number}": 1 for number in numbers},
        placed_at=env.clock.now() + timedelta(days=days),
    )


async def products(catalog: Catalog, count: int) -> list[ProductId]:
    drafts = [a_draft(f"p-{number}", variants=[a_variant(f"SKU-{number}")]) for number in range(1, count + 1)]
    await catalog.put_products(PutProducts(drafts=drafts))
    return [(await catalog.get_product(ProductRef(ref=draft.slug))).id for draft in drafts]


async def buy(env: TestEnv, *orders: OrderPlaced) -> None:
    async with env.db.write() as session:
        await env.handlers.count_within(session, orders)


async def settle(env: TestEnv) -> None:
    while await env.handlers.choose_companions():
        pass


async def told(env: TestEnv, product_id: ProductId) -> list[Event]:
    stream = derived_uuid(to_uuid(product_id), "companions")
    async with env.db.read() as session:
        return await load(session, EventTypes(EVENTS), bucket_of(product_id), stream)


async def companions(catalog: Catalog, limit: int = 200) -> dict[ProductId, list[ProductId]]:
    found: dict[ProductId, list[ProductId]] = {}
    command = CompanionsAfter(limit=limit)
    while True:
        page = await catalog.companions(command)
        found |= {each.product_id: each.others for each in page.items}
        if page.next_cursor is None:
            return found
        command = CompanionsAfter(limit=limit, cursor=page.next_cursor)


async def test_products_of_two_orders_are_companions_and_change_is_told_once(
    postgres: DatabaseAddress,
) -> None:
    async with open_catalog(postgres) as (catalog, env):
        one, two, three = await products(catalog, 3)
        await buy(env, an_order(env, 1, 2, 3), an_order(env, 2), an_order(env, 1, 9))
        await settle(env)
        assert await companions(catalog) == {}
        assert await told(env, one) == []
        await buy(env, an_order(env, 1, 2), an_order(env, 2, 1))
        await settle(env)
        assert await companions(catalog) == {one: [two], two: [one]}
        await buy(env, an_order(env, 3, 1, days=400))
        await settle(env)
        await settle(env)
        assert await companions(catalog, limit=1) == {one: [three, two], two: [one], three: [one]}, (
            "late orders count more"
        )
        assert await told(env, one) == [
            CompanionsFound(companions=Companions(product_id=one, others=[two])),
            CompanionsFound(companions=Companions(product_id=one, others=[three, two])),
        ]
        assert len(await told(env, two)) == 1
        with pytest.raises(Invalid):
            await catalog.companions(CompanionsAfter(limit=201))


async def test_what_is_kept_and_told_is_bounded(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        count = PRODUCTS_OF_ORDER_MAX + 1
        first, *_ = await products(catalog, count)
        orders: list[Any] = [an_order(env, 1, number) for number in range(2, count + 1)]
        await buy(env, *orders, *orders)
        await buy(env, an_order(env, *range(1, PRODUCTS_OF_ORDER_MAX + 2)))
        await settle(env)
        assert len((await companions(catalog))[first]) == COMPANIONS_MAX
        async with env.db.read() as session:
            rows = await session.value("SELECT max(orders) FROM bought_together")
        assert rows == 2, "an order of many products counts for none"
        assert KEPT_MAX > COMPANIONS_MAX


@pytest.mark.fast
async def test_a_pair_stands_both_ways_and_old_orders_count_half() -> None:
    products_of_order = [derived_uuid(to_uuid("prod_06bqk3v1m5g7r0z2x4c6n8p0qs"), str(n)) for n in range(3)]
    assert len(list(pairs_of(products_of_order))) == 6
    assert list(pairs_of([products_of_order[0], products_of_order[0]])) == []
    assert weight_of(EPOCH) == 1
    assert weight_of(EPOCH + timedelta(days=HALF_LIFE_DAYS)) == 2
