"""Giving captured money back: in parts, once per step, and never more than was taken."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import ORDER, OrderId
from rialto.kernel.money import EUR, USD, Money
from rialto.orders.api import KeyReused, OrderNotFound, OrderNotRefundable, RefundOrder, ShipOrder
from tests.orders.counter import Died, Dies, Wire, a_counter, deliver, sandbox, shipped, story, work
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
            *("refund_decided", "refunded", "refund_decided", "refunded"),
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
        with pytest.raises(OrderNotRefundable):
            await shop.orders.refund(a_refund(order.id, left + 1, "two"))
        assert refunded(shop) == [already]
        # The refused step may still be used for what is possible.
        assert (await shop.orders.refund(a_refund(order.id, left, "two"))).payment_status == "refunded"


async def test_of_a_part_that_was_shipped_only_its_money_can_be_given_back(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("LAMP", 2)).order
        with pytest.raises(OrderNotRefundable):
            await shop.orders.refund(a_refund(order.id, 1))
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel", lines={order.lines[0].id: 1}))
        taken = 4900 + order.totals.delivery.amount
        with pytest.raises(OrderNotRefundable):
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
        with pytest.raises(Invalid):
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
        seen = await shop.orders.refund(a_refund(order.id, 1000))
        assert refunded(shop) == [1000]  # it was done there
        assert ([back.done for back in seen.refunds], seen.refunded) == ([False], Money(0, EUR))
        wire.mute = False
        seen = await shop.orders.refund(a_refund(order.id, 1000))
        assert ([back.done for back in seen.refunds], seen.refunded) == ([True], Money(1000, EUR))
        assert refunded(shop) == [1000]
        await deliver(shop)
        assert await shop.audit() == []


async def test_a_refund_nobody_repeats_is_brought_to_its_end_by_the_worker(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = await shipped(shop)
        wire.down = True
        await shop.orders.refund(a_refund(order.id, 1000))
        assert await work(shop) == 1
        assert refunded(shop) == [0]
        wire.down = False
        await work(shop)
        assert refunded(shop) == [1000]
        assert (await shop.order(order.id)).payment_status == "partially_refunded"
        await deliver(shop)
        assert await shop.audit() == []


@pytest.mark.parametrize("point", ["orders.refund.after_decision", "orders.refund.after_payment"])
async def test_a_process_that_dies_while_giving_back_gives_once(
    postgres: DatabaseAddress, point: str
) -> None:
    async with a_counter(postgres, faults=Dies(point)) as shop:
        order = await shipped(shop)
        with pytest.raises(Died):
            await shop.orders.refund(a_refund(order.id, 1000))
        await work(shop)
        assert refunded(shop) == [1000]
        assert (await shop.order(order.id)).refunded == Money(1000, EUR)
        await deliver(shop)
        assert await shop.audit() == []


async def test_units_are_given_back_once_with_what_they_were_paid_with(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 3)
        [line] = order.lines
        one = RefundOrder(order_id=order.id, lines={line.id: 1}, reason="bent", step="one")
        seen = await shop.orders.refund(one)
        assert (seen.refunded, seen.lines[0].refunded) == (Money(4900, EUR), 1)
        rest = msgspec.structs.replace(one, lines={line.id: 3}, step="rest")
        with pytest.raises(OrderNotRefundable):
            await shop.orders.refund(rest)
        rest = msgspec.structs.replace(rest, lines={line.id: 2}, delivery=True)
        seen = await shop.orders.refund(rest)
        assert (seen.payment_status, seen.refunded) == ("refunded", order.totals.total)
        with pytest.raises(OrderNotRefundable):
            await shop.orders.refund(msgspec.structs.replace(rest, lines={}, step="again"))
        await deliver(shop)
        assert await shop.audit() == []


async def test_two_who_give_the_same_unit_back_at_once_give_it_once(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = await shipped(shop, "LAMP", 2)
        commands = [
            RefundOrder(order_id=order.id, lines={order.lines[0].id: 2}, reason="bent", step=step)
            for step in ("anna", "ben")
        ]
        answers = await asyncio.gather(
            *(shop.orders.refund(command) for command in commands), return_exceptions=True
        )
        assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [OrderNotRefundable]
        assert refunded(shop) == [9800]


async def test_a_refund_is_spread_over_the_payments_that_were_taken(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        order = (await shop.checkout(cart, [sandbox("tok_success", 1000), sandbox("tok_success")])).order
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        await shop.orders.refund(a_refund(order.id, 1500))
        assert refunded(shop) == [1000, 500]
        await deliver(shop)
        assert await shop.audit() == []
