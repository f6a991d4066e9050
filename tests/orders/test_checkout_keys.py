"""The client's Idempotency-Key: one order, one answer, for thirty days; and one order of a cart."""

from __future__ import annotations

import pytest

from rialto.cart.api import AddLine, CartOrdered, CartRef, Carts
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.orders.api import (
    CancelOrder,
    CheckoutInProgress,
    KeyMissing,
    KeyReused,
    OrderCancelledMeanwhile,
    RefundOrder,
    RequestInProgress,
    ShipOrder,
)
from rialto.orders.routes.shared import required_key
from rialto.sandbox.model import Decision
from tests.orders.counter import Dies, PassingClock, Wire, a_counter, deliver, dying, orders_stored, work
from tests.support.provider import provider_books

pytestmark = pytest.mark.anyio

DAY_S = 24 * 3600


async def test_the_same_request_again_is_answered_alike_whatever_became_of_the_order(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 2})
        first = await shop.checkout(cart, key="once")
        order = first.order
        assert (first.outcome, order.version) == ("placed", 2)
        assert await shop.checkout(cart, key="once") == first
        await shop.orders.ship(ShipOrder(order_id=order.id, step="one", lines={order.lines[0].id: 1}))
        assert await shop.checkout(cart, key="once") == first
        await shop.orders.ship(ShipOrder(order_id=order.id, step="two"))
        await shop.orders.refund(
            RefundOrder(order_id=order.id, amount=order.totals.total, reason="back", step="back")
        )
        await shop.set_price("LAMP", 1)
        await deliver(shop)
        assert await shop.checkout(cart, key="once") == first
        assert len(provider_books(shop.sandbox)) == 1
        assert await shop.audit() == []


async def test_a_placed_order_that_is_cancelled_later_was_placed_all_the_same(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        first = await shop.checkout(cart, key="once")
        await shop.orders.cancel(CancelOrder(order_id=first.order.id, key=first.order.key))
        assert await shop.checkout(cart, key="once") == first
        assert await shop.audit() == []


async def test_a_declined_request_again_is_declined_again_also_after_another_one_succeeded(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        declined = await shop.checkout(cart, "tok_declined", key="first")
        assert declined.outcome == "declined"
        assert (await shop.checkout(cart, key="second")).outcome == "placed"
        assert await shop.checkout(cart, "tok_declined", key="first") == declined
        assert len(provider_books(shop.sandbox)) == 2


async def test_where_the_customer_has_to_go_is_told_again(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        waiting = await shop.checkout(cart, "tok_3ds", key="once")
        assert waiting.next_action_url
        shop.answer_challenge(waiting, Decision.ACCEPT)
        assert (await shop.resume(waiting.order)).outcome == "placed"
        again = await shop.checkout(cart, "tok_3ds", key="once")
        assert again.next_action_url == waiting.next_action_url
        assert again.order.status == "pending"


async def test_another_request_under_the_key_is_refused_while_the_first_runs_and_after_it(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, faults=Dies("orders.saga.after_start")) as shop:
        cart = await shop.cart({"LAMP": 1})
        await dying(shop, cart)
        with pytest.raises(KeyReused):
            await shop.checkout(cart, "tok_declined", key="once")
        await work(shop)
        with pytest.raises(KeyReused):
            await shop.checkout(cart, "tok_declined", key="once")
        assert (await shop.checkout(cart, key="once")).outcome == "placed"


async def test_a_key_still_running_is_waited_for_two_seconds_and_then_refused_with_when_to_come_back(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, faults=Dies("orders.saga.after_start")) as shop:
        cart = await shop.cart({"LAMP": 1})
        await dying(shop, cart)
        began = shop.clock.now()
        with pytest.raises(RequestInProgress) as refused:
            await shop.checkout(cart, key="once")
        waited_s = (shop.clock.now() - began).total_seconds()
        assert 2.0 <= waited_s < 2.1
        assert (refused.value.retryable, refused.value.retry_after_s) == (True, 2)


async def test_a_key_whose_answer_comes_while_it_is_waited_for_is_answered(postgres: DatabaseAddress) -> None:
    clock = PassingClock()
    async with a_counter(postgres, faults=Dies("orders.saga.after_start"), clock=clock) as shop:
        cart = await shop.cart({"LAMP": 1})
        await dying(shop, cart)
        clock.meanwhile = lambda: work(shop)
        answer = await shop.checkout(cart, key="once")
        assert answer.outcome == "placed"
        assert await shop.checkout(cart, key="once") == answer


async def test_a_key_belongs_to_its_cart(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        orders = [(await shop.checkout(await shop.cart({"LAMP": 1}), key="once")).order for _ in range(2)]
        assert orders[0].id != orders[1].id


async def test_a_cart_that_became_an_order_is_refused_under_any_other_key(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        order = (await shop.checkout(cart, key="first")).order
        for _ in range(2):  # before and after the cart itself has heard of it
            with pytest.raises(CartOrdered) as refused:
                await shop.checkout(cart, key="second")
            assert refused.value.extra["order_id"] == order.id
            await deliver(shop)
        with pytest.raises(CartOrdered):
            await shop.app[Carts].add_line(AddLine(cart_id=cart, sku="LAMP"))
        assert await orders_stored(shop) == 1


async def test_a_cart_that_is_being_ordered_is_refused_under_another_key_and_open_after_a_decline(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        waiting = await shop.checkout(cart, "tok_3ds", key="first")
        with pytest.raises(CheckoutInProgress) as refused:
            await shop.checkout(cart, key="second")
        assert refused.value.retryable
        shop.answer_challenge(waiting, Decision.REFUSE)
        assert (await shop.resume(waiting.order)).outcome == "declined"
        # The refused key was not used up.
        assert (await shop.checkout(cart, key="second")).outcome == "placed"


async def test_a_checkout_whose_order_ended_meanwhile_is_told_so(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres, wire=Wire(down=True)) as shop:
        cart = await shop.cart({"LAMP": 1})
        pending = await shop.checkout(cart, key="once")
        assert pending.outcome == "pending"
        await shop.orders.cancel(CancelOrder(order_id=pending.order.id, key=pending.order.key))
        with pytest.raises(OrderCancelledMeanwhile) as refused:
            await shop.resume(pending.order)
        assert refused.value.extra == {"reason": "customer"}
        assert (await shop.carts.get(CartRef(cart_id=cart))).status == "open"


async def test_keys_are_kept_for_thirty_days(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        purge = shop.app.handlers["orders"].purge
        cart = await shop.cart({"LAMP": 1})
        first = await shop.checkout(cart, key="once")
        await deliver(shop)
        shop.clock.advance(30 * DAY_S - 1)
        later = await shop.cart({"LAMP": 1})
        answer = await shop.checkout(later, key="once")
        assert await purge() == 0
        assert await shop.checkout(cart, key="once") == first
        shop.clock.advance(2)
        assert await purge() == 1
        assert await purge() == 0
        # The cart still knows that it was ordered: forgetting the key opens no way to a second order.
        with pytest.raises(CartOrdered):
            await shop.checkout(cart, key="once")
        assert await shop.checkout(later, key="once") == answer
        assert await shop.audit() == []


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_request_without_a_key_is_refused(key: str | None) -> None:
    with pytest.raises(KeyMissing):
        required_key(key)


@pytest.mark.parametrize("key", ["x" * 256, "tab\there", "a b", "ключ"])
def test_a_key_that_is_too_long_or_not_plain_is_refused(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        required_key(key)
    assert refused.value.stable_code == "idempotency_key_not_valid"
    assert required_key("x" * 255) == "x" * 255
