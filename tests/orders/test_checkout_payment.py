"""What the provider says, says later, or never says; and what then becomes of the order, its stock and its cart."""

from __future__ import annotations

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.orders.api import OrderCancelledMeanwhile
from rialto.payments.api import OfPaidOrder
from rialto.sandbox.model import Decision
from tests.orders.counter import Wire, a_counter, deliver, sandbox, story, work
from tests.support.provider import provider_books
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio

DEADLINE_S = 13 * 60
CHALLENGE_S = 10 * 60


async def books(shop: Shop) -> list[str]:
    return [held.state for held in provider_books(shop.sandbox)]


async def assert_sold_nothing(shop: Shop) -> None:
    """Stock is free, no money is held, nobody has work with it and every invariant holds."""
    assert await shop.available("BOWL") == 1
    assert sum(held.open + held.captured for held in provider_books(shop.sandbox)) == 0
    assert await work(shop) == 0
    assert await shop.audit() == []


async def test_a_paid_order_is_placed_its_stock_used_up_and_its_total_authorised(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        answer = await shop.buy("LAMP", 2)
        order = answer.order
        assert (answer.outcome, order.status, order.payment_status) == ("placed", "placed", "authorised")
        assert (order.fulfilment_status, order.placed_at) == ("unfulfilled", shop.clock.now())
        assert await story(shop, answer) == ["started", "placed"]
        rows = await shop.sql(
            "SELECT sum(on_hand)::int AS left, sum(reserved)::int AS held FROM inventory.stock WHERE sku = 'LAMP'"
        )
        assert (rows[0]["left"], rows[0]["held"]) == (18, 0)
        assert [held.open for held in provider_books(shop.sandbox)] == [order.totals.total.amount]
        assert await work(shop) == 0
        assert await shop.audit() == []


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_nobody_made", "token_unknown"),
    ],
)
async def test_after_a_decline_the_stock_is_released_and_the_cart_open_again(
    postgres: DatabaseAddress, token: str, code: str
) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"BOWL": 1})
        declined = await shop.checkout(cart, token)
        assert (declined.outcome, declined.decline_code) == ("declined", code)
        assert (declined.order.status, declined.order.payment_status) == ("cancelled", "declined")
        assert await story(shop, declined) == ["started", "cancelled", "closed"]
        await assert_sold_nothing(shop)
        assert (await shop.checkout(cart)).outcome == "placed"


async def test_of_several_payments_the_first_decline_voids_the_others(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        cart = await shop.cart({"BOWL": 1})
        tenders = [sandbox("tok_success", 500), sandbox("tok_declined", 500), sandbox("tok_success")]
        assert (await shop.checkout(cart, tenders)).outcome == "declined"
        assert await books(shop) == ["voided", "declined"]
        await assert_sold_nothing(shop)


async def test_a_payment_that_needs_the_customer_waits_and_is_placed_once_they_agreed(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        waiting = await shop.buy("BOWL", token="tok_3ds")
        assert (waiting.outcome, waiting.order.payment_status) == ("action", "action_required")
        assert await shop.available("BOWL") == 0
        for _ in range(2):  # back without having answered: still the same page
            again = await shop.resume(waiting.order)
            assert (again.outcome, again.next_action_url) == ("action", waiting.next_action_url)
        shop.answer_challenge(waiting, Decision.ACCEPT)
        placed = await shop.resume(waiting.order)
        assert (placed.outcome, placed.order.payment_status) == ("placed", "authorised")
        assert await shop.resume(waiting.order) == placed
        assert await story(shop, placed) == ["started", "awaits_customer", "placed"]
        assert await shop.audit() == []


async def test_a_payment_that_the_customer_refuses_is_declined(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        waiting = await shop.buy("BOWL", token="tok_3ds")
        shop.answer_challenge(waiting, Decision.REFUSE)
        assert (await shop.resume(waiting.order)).outcome == "declined"
        await assert_sold_nothing(shop)


async def test_a_customer_who_agrees_and_never_comes_back_has_bought_all_the_same(
    postgres: DatabaseAddress,
) -> None:
    """The provider's message wakes the worker; without one the worker looks by itself."""
    async with a_counter(postgres) as shop:
        told, silent = await shop.buy("LAMP", token="tok_3ds"), await shop.buy("LAMP", token="tok_3ds")
        for waiting in (told, silent):
            shop.answer_challenge(waiting, Decision.ACCEPT)
            shop.sandbox.outbox.delivered(shop.sandbox.outbox.due(shop.clock.now(), 100)[-1])
        assert await work(shop) == 2
        assert (await shop.order(silent.order.id)).status == "placed"
        assert (await shop.order(told.order.id)).status == "placed"
        assert await shop.audit() == []


async def test_the_providers_message_makes_the_worker_look_at_once(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        waiting = await shop.buy("LAMP", token="tok_3ds")
        assert await work(shop) == 1  # looks for the first time and finds nothing new
        shop.answer_challenge(waiting, Decision.ACCEPT)
        assert await work(shop, after_s=0) == 0
        await shop.deliver_webhooks()
        await deliver(shop)
        assert await work(shop, after_s=0) == 1
        assert (await shop.order(waiting.order.id)).status == "placed"


@pytest.mark.parametrize("after_s", [CHALLENGE_S, DEADLINE_S])
async def test_a_customer_who_goes_away_loses_the_order_and_the_stock_is_free(
    postgres: DatabaseAddress, after_s: int
) -> None:
    """After ten minutes the provider ends it; at the payment's deadline we do, whatever the provider says."""
    async with a_counter(postgres) as shop:
        waiting = await shop.buy("BOWL", token="tok_3ds")
        assert await work(shop, after_s=after_s) == 1
        left = await shop.order(waiting.order.id)
        reason = "abandoned" if after_s == DEADLINE_S else "payment_declined"
        assert (left.status, left.cancel_reason) == ("cancelled", reason)
        await assert_sold_nothing(shop)
        assert (await shop.checkout(waiting.order.cart_id, key="another")).outcome == "placed"


async def test_whoever_comes_back_after_the_deadline_is_told_that_it_is_over(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        waiting = await shop.buy("BOWL", token="tok_3ds")
        shop.answer_challenge(waiting, Decision.ACCEPT)
        shop.clock.advance(DEADLINE_S)
        for _ in range(2):
            with pytest.raises(OrderCancelledMeanwhile) as refused:
                await shop.resume(waiting.order)
            assert refused.value.extra == {"reason": "abandoned"}
        await assert_sold_nothing(shop)


async def test_stock_is_held_two_minutes_longer_than_the_payment_may_take(postgres: DatabaseAddress) -> None:
    async with a_counter(postgres) as shop:
        await shop.buy("BOWL", token="tok_3ds")
        sweep = shop.app.handlers["inventory"].sweep
        shop.clock.advance(DEADLINE_S + 119)
        assert await sweep() == 0
        shop.clock.advance(1)
        assert await sweep() == 1


async def test_a_provider_that_takes_its_time_is_asked_again_until_it_answers(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, wire=(wire := Wire())) as shop:
        wire.mute = True
        pending = await shop.buy("BOWL", key="once")
        assert (pending.outcome, pending.order.payment_status) == ("pending", "pending")
        assert await shop.available("BOWL") == 0
        for _ in range(3):
            assert await work(shop) == 1
            assert (await shop.order(pending.order.id)).status == "pending"
        wire.mute = False
        assert await work(shop) == 1
        assert (await shop.order(pending.order.id)).payment_status == "authorised"
        assert await books(shop) == ["authorised"]
        assert await shop.checkout(pending.order.cart_id, key="once") == pending
        assert await shop.audit() == []


async def test_a_slow_provider_leaves_the_order_pending_and_the_worker_places_it(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        pending = await shop.buy("LAMP", token="tok_slow")
        assert (pending.outcome, pending.next_action_url) == ("pending", None)
        assert await work(shop) == 1
        assert (await shop.order(pending.order.id)).status == "placed"
        assert await books(shop) == ["authorised"]
        assert await shop.audit() == []


async def test_an_answer_that_was_lost_is_asked_for_and_nothing_is_authorised_twice(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres) as shop:
        pending = await shop.buy("LAMP", token="tok_lost_reply")
        assert pending.outcome == "pending"
        assert (await shop.resume(pending.order)).outcome == "placed"
        assert await books(shop) == ["authorised"]
        assert await shop.audit() == []


async def test_a_provider_that_is_away_keeps_the_order_pending_and_the_customer_may_ask(
    postgres: DatabaseAddress,
) -> None:
    async with a_counter(postgres, wire=(wire := Wire(down=True))) as shop:
        pending = await shop.buy("LAMP")
        assert pending.outcome == "pending"
        assert (await shop.resume(pending.order)).outcome == "pending"
        wire.down = False
        assert (await shop.resume(pending.order)).outcome == "placed"
        assert len(await books(shop)) == 1


async def test_a_provider_that_stays_away_until_the_deadline_ends_the_order_and_is_voided_when_it_is_back(
    postgres: DatabaseAddress,
) -> None:
    """What it may hold is let go first, the stock only then; until it answers the order is not closed."""
    async with a_counter(postgres, wire=(wire := Wire(mute=True))) as shop:
        pending = await shop.buy("BOWL")
        assert await books(shop) == ["authorised"]  # it was done there, and nobody here knows
        wire.mute, wire.down = False, True
        await work(shop, after_s=DEADLINE_S)
        assert await story(shop, pending) == ["started", "cancelled"]
        assert await shop.available("BOWL") == 0
        wire.down = False
        assert await work(shop) == 1
        assert await story(shop, pending) == ["started", "cancelled", "closed"]
        assert await books(shop) == ["voided"]
        payments = await shop.payments.of_order(OfPaidOrder(order_id=pending.order.id))
        assert [payment.status for payment in payments.items] == ["voided"]
        await assert_sold_nothing(shop)
