"""Giving captured money back: in parts, once per step, and never more than was taken."""

from __future__ import annotations

import msgspec
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import ORDER, OrderId
from rialto.kernel.money import EUR, USD, Money
from rialto.orders.api import KeyReused, OrderNotFound, RefundOrder, ShipOrder
from rialto.payments.api import PaymentStateWrong
from tests.orders.counter import Wire, a_counter, deliver, sandbox, shipped, story
from tests.support.provider import provider_books
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio


def a_refund(order_id: OrderId, cents: int, step: str = "one") -> RefundOrder:
    return RefundOrder(order_id=order_id, amount=Money(cents, EUR), reason="scratched", step=step)


def refunded(shop: Shop) -> list[int]:
    return [held.refunded for held in provider_books(shop.sandbox)]


async def test_a_part_is_given_back_and_then_the_rest(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop)
        whole = order.totals.total.amount
        part = await shop.orders.refund(a_refund(order.id, 1000))
        assert (part.payment_status, part.refunded) == ("partially_refunded", Money(1000, EUR))
        rest = await shop.orders.refund(a_refund(order.id, whole - 1000, "two"))
        assert (rest.status, rest.payment_status, rest.refunded) == (
            "completed",
            "refunded",
            Money(whole, EUR),
        )
        assert refunded(shop) == [whole]
        assert await story(shop, order) == [
            *("started", "placed", "shipped", "captured"),
            *("refunded", "refunded"),
        ]
        await deliver(shop)
        assert await shop.audit() == []


async def test_the_same_step_again_gives_nothing_more(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop)
        first = await shop.orders.refund(a_refund(order.id, 1000))
        assert await shop.orders.refund(a_refund(order.id, 1000)) == first
        assert refunded(shop) == [1000]
        with pytest.raises(KeyReused):
            await shop.orders.refund(a_refund(order.id, 1001))
        assert refunded(shop) == [1000]


@pytest.mark.parametrize("already", [0, 1000])
async def test_more_than_was_taken_is_refused_and_nothing_given(
    postgres: DatabaseAddress, already: int
) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop)
        if already:
            await shop.orders.refund(a_refund(order.id, already))
        left = order.totals.total.amount - already
        with pytest.raises(PaymentStateWrong):
            await shop.orders.refund(a_refund(order.id, left + 1, "two"))
        assert refunded(shop) == [already]
        # The refused step may still be used for what is possible.
        assert (await shop.orders.refund(a_refund(order.id, left, "two"))).payment_status == "refunded"


async def test_of_a_part_that_was_shipped_only_its_money_can_be_given_back(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP", 2)).order
        with pytest.raises(PaymentStateWrong):
            await shop.orders.refund(a_refund(order.id, 1))
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel", lines={order.lines[0].id: 1}))
        taken = 4900 + order.totals.delivery.amount
        with pytest.raises(PaymentStateWrong):
            await shop.orders.refund(a_refund(order.id, taken + 1))
        await shop.orders.refund(a_refund(order.id, taken))
        # What comes later is still captured, and can be given back in turn.
        await shop.orders.ship(ShipOrder(order_id=order.id, step="rest"))
        seen = await shop.orders.refund(a_refund(order.id, 4900, "two"))
        assert (seen.payment_status, seen.status) == ("refunded", "completed")
        assert await shop.audit() == []


@pytest.mark.parametrize("amount", [Money(0, EUR), Money(-5, EUR), Money(100, USD)])
async def test_an_amount_that_is_none_or_of_another_currency_is_refused(
    postgres: DatabaseAddress, amount: Money
) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop)
        refund = msgspec.structs.replace(a_refund(order.id, 1), amount=amount)
        with pytest.raises(PaymentStateWrong):
            await shop.orders.refund(refund)
        assert refunded(shop) == [0]


async def test_an_order_that_does_not_exist_is_not_found(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        with pytest.raises(OrderNotFound):
            await shop.orders.refund(a_refund(ORDER.new(shop.app.engines.ids, 5), 1))


async def test_a_refund_whose_answer_was_lost_is_repeated_without_giving_twice(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = await shipped(shop)
        wire.mute = True
        with pytest.raises(Unavailable):
            await shop.orders.refund(a_refund(order.id, 1000))
        assert refunded(shop) == [1000]  # it was done there
        assert (await shop.order(order.id)).refunded == Money(0, EUR)
        wire.mute = False
        assert (await shop.orders.refund(a_refund(order.id, 1000))).refunded == Money(1000, EUR)
        assert refunded(shop) == [1000]
        await deliver(shop)
        assert await shop.audit() == []


async def test_a_refund_is_spread_over_the_payments_that_were_taken(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        order = (await shop.checkout(cart, [sandbox("tok_success", 1000), sandbox("tok_success")])).order
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        await shop.orders.refund(a_refund(order.id, 1500))
        assert refunded(shop) == [1000, 500]
        await deliver(shop)
        assert await shop.audit() == []
