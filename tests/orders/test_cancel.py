"""Cancelling before anything is shipped: the payment is voided and the stock is back."""

from __future__ import annotations

import asyncio

import pytest

from rialto.cart.api import CartOrdered
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import NotFound
from rialto.kernel.ids import ORDER
from rialto.orders.api import CancelOrder, Order, OrderNotCancellable, OrderNotFound, ShipOrder
from rialto.sandbox.model import Decision
from tests.orders.counter import Wire, a_counter, deliver, sandbox, shipped, story, work
from tests.support.provider import provider_books
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio


def by_customer(order: Order) -> CancelOrder:
    return CancelOrder(order_id=order.id, key=order.key)


async def assert_all_given_back(shop: Shop, order: Order) -> None:
    seen = await shop.order(order.id)
    assert (seen.status, seen.payment_status, seen.fulfilment_status) == ("cancelled", "voided", "cancelled")
    assert {held.state for held in provider_books(shop.sandbox)} <= {"voided", "declined"}
    assert await shop.available("BOWL") == 1
    assert await work(shop) == 0
    assert await shop.audit() == []


async def test_a_customer_cancels_with_the_orders_key(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("BOWL")).order
        cancelled = await shop.orders.cancel(by_customer(order))
        assert (cancelled.status, cancelled.cancel_reason) == ("cancelled", "customer")
        assert await story(shop, order) == ["started", "placed", "cancelled", "closed"]
        await assert_all_given_back(shop, order)


async def test_staff_cancel_without_a_key_and_it_is_said_that_they_did(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("BOWL")).order
        cancelled = await shop.orders.cancel(CancelOrder(order_id=order.id, staff=True, reason="staff"))
        assert cancelled.cancel_reason == "staff"
        await assert_all_given_back(shop, order)


async def test_cancelling_again_changes_nothing(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("BOWL")).order
        first = await shop.orders.cancel(by_customer(order))
        assert await shop.orders.cancel(by_customer(order)) == first
        by_staff = await shop.orders.cancel(CancelOrder(order_id=order.id, staff=True, reason="staff"))
        assert by_staff == first
        assert await shop.available("BOWL") == 1


async def test_cancelling_many_times_at_once_is_cancelling_once(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("BOWL")).order
        answers = await asyncio.gather(*(shop.orders.cancel(by_customer(order)) for _ in range(5)))
        assert {answer.status for answer in answers} == {"cancelled"}
        assert await story(shop, order) == ["started", "placed", "cancelled", "closed"]
        await assert_all_given_back(shop, order)


@pytest.mark.parametrize("key", [None, "", "wrong", "ключ"])
async def test_whoever_has_not_the_key_finds_no_order_to_cancel(
    postgres: DatabaseAddress, key: str | None
) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("BOWL")).order
        with pytest.raises(OrderNotFound):
            await shop.orders.cancel(CancelOrder(order_id=order.id, key=key))
        with pytest.raises(NotFound):
            await shop.orders.cancel(
                CancelOrder(order_id=ORDER.new(shop.app.engines.ids, 5), key=order.key, staff=True)
            )
        assert (await shop.order(order.id)).status == "placed"


async def test_after_shipping_it_is_refused_also_when_only_a_part_has_left(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        part = (await shop.buy("LAMP", 2)).order
        await shop.orders.ship(ShipOrder(order_id=part.id, step="one", lines={part.lines[0].id: 1}))
        for order in (part, await shipped(shop)):
            before = await shop.order(order.id)
            for _ in range(2):
                with pytest.raises(OrderNotCancellable):
                    await shop.orders.cancel(by_customer(order))
            assert await shop.order(order.id) == before
        assert await shop.audit() == []


async def test_a_checkout_that_waits_for_its_customer_can_be_cancelled(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        waiting = await shop.buy("BOWL", token="tok_3ds")
        await shop.orders.cancel(by_customer(waiting.order))
        shop.answer_challenge(waiting, Decision.ACCEPT)  # too late
        await shop.deliver_webhooks()
        await deliver(shop)
        await assert_all_given_back(shop, waiting.order)
        assert (await shop.checkout(waiting.order.cart_id, key="another")).outcome == "placed"


async def test_a_cart_whose_order_was_placed_stays_ordered_when_it_is_cancelled(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        order = (await shop.buy("BOWL")).order
        await deliver(shop)
        await shop.orders.cancel(by_customer(order))
        with pytest.raises(CartOrdered):
            await shop.checkout(order.cart_id, key="another")


async def test_every_payment_of_the_order_is_voided(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"BOWL": 1})
        order = (await shop.checkout(cart, [sandbox("tok_success", 500), sandbox("tok_success")])).order
        await shop.orders.cancel(by_customer(order))
        assert [held.state for held in provider_books(shop.sandbox)] == ["voided", "voided"]
        await assert_all_given_back(shop, order)


async def test_while_the_provider_is_away_the_order_is_cancelled_and_the_rest_is_done_later(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = (await shop.buy("BOWL")).order
        wire.down = True
        assert (await shop.orders.cancel(by_customer(order))).status == "cancelled"
        assert await shop.available("BOWL") == 0
        assert await work(shop) == 1
        wire.down = False
        assert await work(shop) == 1
        await assert_all_given_back(shop, order)


async def test_a_void_whose_answer_was_lost_is_asked_for_again(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        order = (await shop.buy("BOWL")).order
        wire.mute = True
        assert (await shop.orders.cancel(by_customer(order))).status == "cancelled"
        wire.mute = False
        assert await work(shop) == 1
        await assert_all_given_back(shop, order)
