"""Real concurrency on a real database: many at once, and exactly what should happen happens."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
import pytest

from rialto.cart.api import CartOrdered, CartRef, ChangeLine
from rialto.inventory.api import OutOfStock
from rialto.kernel.db import DatabaseAddress
from rialto.orders.api import CheckoutAnswer, CheckoutInProgress, KeyReused, PriceChanged
from rialto.sandbox.model import Decision
from tests.races.networks import Died, DiesOnce, HeldNetwork
from tests.support.shop import a_shop, outcome_of

pytestmark = pytest.mark.anyio


async def test_two_hundred_buyers_of_twenty_units_buy_exactly_twenty(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        carts = await asyncio.gather(*(shop.cart({"LAMP": 1}) for _ in range(200)))
        results = await asyncio.gather(*(shop.checkout(cart) for cart in carts), return_exceptions=True)
        assert Counter(map(outcome_of, results)) == {"placed": 20, "out_of_stock": 180}
        assert await shop.available("LAMP") == 0
        await shop.settle()
        assert len({mail.message_id for mail in shop.mail.sent}) == len(shop.mail.sent) == 20
        assert await shop.audit() == []


async def test_nobody_is_refused_while_units_are_left_in_two_processes(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        carts = [await first.cart({"LAMP": 1}) for _ in range(20)]
        shops = [first, second]
        results = await asyncio.gather(*(shops[n % 2].checkout(cart) for n, cart in enumerate(carts)))
        assert {answer.outcome for answer in results} == {"placed"}
        with pytest.raises(OutOfStock):
            await first.buy("LAMP")
        await first.settle()
        assert await second.audit() == []


async def test_one_key_sent_fifty_times_at_once_makes_one_order_and_fifty_equal_answers(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        cart = await first.cart({"LAMP": 2})
        shops = [first, second]
        answers = await asyncio.gather(*(shops[n % 2].checkout(cart, key="once") for n in range(50)))
        assert len({msgspec.json.encode(answer) for answer in answers}) == 1
        assert answers[0].outcome == "placed"
        assert await first.available("LAMP") == 18
        rows = await first.sql("SELECT count(*) AS count FROM orders.orders")
        assert rows[0]["count"] == 1
        await first.settle()
        assert await first.audit() == []


async def test_a_key_used_for_another_request_is_refused(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        await shop.checkout(cart, "tok_declined", key="once")
        with pytest.raises(KeyReused):
            await shop.checkout(cart, "tok_success", key="once")


async def test_a_cart_checked_out_twice_at_once_becomes_one_order(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        for _ in range(5):
            cart = await first.cart({"PENCIL": 1})
            results = await asyncio.gather(
                first.checkout(cart, key="left tab"),
                second.checkout(cart, key="right tab"),
                return_exceptions=True,
            )
            placed = [result for result in results if isinstance(result, CheckoutAnswer)]
            refused = [result for result in results if isinstance(result, CheckoutInProgress | CartOrdered)]
            assert (len(placed), len(refused)) == (1, 1), results
        await first.settle()
        assert await first.audit() == []


async def test_a_cart_changed_during_checkout_does_not_change_the_order(postgres: DatabaseAddress) -> None:
    network = HeldNetwork()
    async with a_shop(postgres, network=network) as shop:
        cart = await shop.cart({"LAMP": 2})
        line = (await shop.carts.get(CartRef(cart_id=cart))).lines[0]
        checkout = asyncio.create_task(shop.checkout(cart))
        await network.arrived.wait()
        await shop.carts.change_line(ChangeLine(cart_id=cart, line_id=line.id, quantity=7))
        await shop.set_price("LAMP", 100)
        network.release()
        order = (await checkout).order
        assert [(bought.sku, bought.quantity) for bought in order.lines] == [("LAMP", 2)]
        assert order.totals.items.amount == 2 * 4900
        await shop.settle()
        assert await shop.available("LAMP") == 18
        assert await shop.audit() == []
        with pytest.raises(CartOrdered):
            await shop.checkout(cart)


async def test_a_changed_price_is_told_once_and_accepted_by_asking_again(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        await shop.set_price("LAMP", 7777)
        with pytest.raises(PriceChanged) as refusal:
            await shop.checkout(cart, key="once")
        answer = await shop.checkout(cart, key="once")
        assert answer.outcome == "placed"
        assert refusal.value.extra["totals"] == msgspec.to_builtins(answer.order.totals)
        assert answer.order.lines[0].unit_price.amount == 7777


async def test_out_of_stock_names_what_is_short_and_holds_nothing(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        cart = await shop.cart({"LAMP": 1, "BOWL": 2})
        with pytest.raises(OutOfStock) as refusal:
            await shop.checkout(cart)
        assert refusal.value.extra["items"] == [{"sku": "BOWL", "requested": 2, "available": 1}]
        assert await shop.available("LAMP") == 20
        assert await shop.available("BOWL") == 1


async def test_who_loses_the_last_unit_at_the_reservation_gets_it_named_and_may_try_again(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop(postgres) as shop:
        carts = [await shop.cart({"BOWL": 1, "LAMP": 1}) for _ in range(8)]
        results = await asyncio.gather(*(shop.checkout(cart) for cart in carts), return_exceptions=True)
        assert Counter(map(outcome_of, results)) == {"placed": 1, "out_of_stock": 7}
        assert all(
            result.extra["items"] == [{"sku": "BOWL", "requested": 1, "available": 0}]
            for result in results
            if isinstance(result, OutOfStock)
        )
        loser = next(n for n, result in enumerate(results) if isinstance(result, OutOfStock))
        await shop.put_stock("BOWL", 1)
        assert (await shop.checkout(carts[loser])).outcome == "placed"
        await shop.settle()
        assert await shop.audit() == []


async def test_after_a_decline_the_stock_is_free_and_the_cart_can_be_paid_otherwise(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop(postgres) as shop:
        cart = await shop.cart({"BOWL": 1})
        declined = await shop.checkout(cart, "tok_declined", key="first")
        assert (declined.outcome, declined.decline_code) == ("declined", "card_declined")
        assert await shop.available("BOWL") == 1
        assert (await shop.checkout(cart, "tok_success", key="second")).outcome == "placed"
        assert (await shop.checkout(cart, "tok_declined", key="first")).outcome == "declined"
        await shop.settle()
        assert await shop.audit() == []


async def test_the_last_unit_asked_for_many_times_under_one_key_is_one_order(
    postgres: DatabaseAddress,
) -> None:
    """Whoever comes second finds the unit gone or the cart ordered, by the same request: that is no refusal."""
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        for number in range(10):
            await first.put_stock("PRINT", 1)
            cart = await first.cart({"PRINT": 1})
            calls = []
            for n in range(6):
                calls.append(asyncio.create_task((first, second)[n % 2].checkout(cart, key=f"once-{number}")))
                await asyncio.sleep(0.004 * (n % 3))
            answers = await asyncio.gather(*calls)
            assert len({msgspec.json.encode(answer) for answer in answers}) == 1
            assert answers[0].outcome == "placed"


async def test_a_client_whose_checkout_died_is_told_where_to_go_by_the_worker(
    postgres: DatabaseAddress,
) -> None:
    """A process dies between the start and the answer of a 3-D Secure payment; the repeat gets the address."""
    async with a_shop(postgres, background=False, faults=DiesOnce("orders.saga.after_start")) as shop:
        cart = await shop.cart({"LAMP": 1})
        with pytest.raises(Died):
            await shop.checkout(cart, "tok_3ds", key="once")
        shop.clock.advance(25)
        assert await shop.app.handlers["orders"].work() == 1
        answer = await shop.checkout(cart, "tok_3ds", key="once")
        assert (answer.outcome, answer.order.payment_status) == ("action", "action_required")
        shop.answer_challenge(answer, Decision.ACCEPT)
        assert (await shop.resume(answer.order)).outcome == "placed"
        assert await shop.audit() == []
