"""What is given with a customer's first order: to accounts that never bought, and of orders at once to one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import ACCOUNT, CART, ORDER, AccountId, OrderId, to_uuid
from rialto.kernel.money import EUR, Money
from rialto.orders.events import OrderAttached, OrderCancelled, OrderPlaced
from rialto.pricing.api import CodesOf, Conditions, HoldCodes, NotFirstOrder, PutPromotion, QuoteFor
from rialto.pricing.audit import codes_keep_their_limits
from rialto.pricing.handlers import PricingHandlers
from rialto.pricing.reactions import orders_attached, orders_cancelled, orders_placed
from rialto.pricing.service import SERVICE
from tests.pricing.peers import ChannelsOnly, a_request, an_item
from tests.pricing.promotions import a_promotion
from tests.support.env import open_service

pytestmark = pytest.mark.anyio

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Welcome:
    """Pricing that gives 10 % with the first order."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.pricing: PricingHandlers = env.handlers
        self.ada: AccountId = ACCOUNT.new(env.ids, 5)

    def an_order(self) -> OrderId:
        return ORDER.new(self.env.ids, 5)

    async def discount(self, account_id: AccountId | None) -> int:
        asked = QuoteFor(items=a_request(an_item(10_000)).items, currency=EUR, account_id=account_id)
        return (await self.pricing.quote(asked)).totals.discount.amount

    async def hold(self, order_id: OrderId) -> None:
        await self.pricing.hold_codes(
            HoldCodes(order_id=order_id, codes=[], customer=self.ada, first_order=True)
        )

    async def tell(self, reaction: Any, event: Any) -> None:
        async with self.env.db.write() as session:
            await reaction(self.pricing, [event], session)

    async def placed(self, order_id: OrderId, account_id: AccountId | None) -> None:
        event = OrderPlaced(
            order_id=order_id,
            number="R-1",
            cart_id=CART.new(self.env.ids, 5),
            language="en",
            total=Money(1, EUR),
            skus={},
            placed_at=AT,
            account_id=account_id,
        )
        await self.tell(orders_placed, event)

    async def cancelled(self, order_id: OrderId) -> None:
        await self.tell(
            orders_cancelled,
            OrderCancelled(order_id=order_id, reason="customer", was_placed=True, cancelled_at=AT),
        )


@pytest.fixture
async def welcome(postgres: DatabaseAddress) -> AsyncIterator[Welcome]:
    async with open_service(SERVICE, postgres, peers=dict.fromkeys(SERVICE.needs, ChannelsOnly())) as env:
        promotion = a_promotion("welcome", conditions=Conditions(first_order=True))
        await env.handlers.put_promotion(PutPromotion(promotion=promotion))
        yield Welcome(env)


async def test_it_is_given_to_an_account_until_an_order_of_it_was_placed(welcome: Welcome) -> None:
    assert await welcome.discount(None) == 0
    assert await welcome.discount(welcome.ada) == 1000
    first = welcome.an_order()
    for _ in range(2):
        await welcome.placed(first, welcome.ada)
    await welcome.placed(welcome.an_order(), None)
    assert await welcome.discount(welcome.ada) == 0
    assert await welcome.discount(ACCOUNT.new(welcome.env.ids, 5)) == 1000
    await welcome.cancelled(first)
    assert await welcome.discount(welcome.ada) == 1000


async def test_an_order_as_a_guest_counts_once_it_is_known_whose_it_was(welcome: Welcome) -> None:
    event = OrderAttached(order_id=welcome.an_order(), account_id=welcome.ada, attached_at=AT)
    await welcome.tell(orders_attached, event)
    assert await welcome.discount(welcome.ada) == 0


async def test_of_twenty_orders_at_once_one_is_the_first(welcome: Welcome) -> None:
    orders = [welcome.an_order() for _ in range(20)]
    results = await asyncio.gather(*map(welcome.hold, orders), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert all(isinstance(result, NotFirstOrder) for result in results if result is not None)
    winner = orders[results.index(None)]
    await welcome.hold(winner)
    await welcome.pricing.free_codes(CodesOf(order_id=winner))
    assert await welcome.discount(welcome.ada) == 1000
    await welcome.hold(welcome.an_order())
    assert await codes_keep_their_limits(welcome.env) == []


async def test_who_has_ordered_meanwhile_is_told(welcome: Welcome) -> None:
    await welcome.placed(welcome.an_order(), welcome.ada)
    late = welcome.an_order()
    with pytest.raises(NotFirstOrder):
        await welcome.hold(late)
    # Nothing is left of it: neither the hold nor the row.
    async with welcome.env.db.read() as session:
        assert await session.value("SELECT count(*) FROM voucher_holds") == 0
        assert await session.value("SELECT count(*) FROM customer_orders") == 1


async def test_one_that_nothing_holds_is_found(welcome: Welcome) -> None:
    stray = to_uuid(welcome.an_order())
    async with welcome.env.db.write() as session:
        await session.run("INSERT INTO customer_orders VALUES ($1, $2, true)", b"x", stray)
    [finding] = await codes_keep_their_limits(welcome.env)
    assert (finding.invariant, finding.subject) == ("I12", str(stray))
