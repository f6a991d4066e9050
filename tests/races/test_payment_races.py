"""Money under concurrency: one settlement, one capture, one refund, and nothing taken for what is not shipped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import OutcomeUnknown
from rialto.kernel.money import EUR, Money
from rialto.orders.api import (
    CancelOrder,
    CheckoutAnswer,
    KeyReused,
    Order,
    OrderCancelledMeanwhile,
    OrderNotCancellable,
    OrderNotRefundable,
    OrderNotShippable,
    RefundOrder,
    ShipOrder,
    Tender,
)
from rialto.payments.api import Capture, OfPaidOrder, PaymentStateWrong
from rialto.sandbox.model import Decision
from tests.support.provider import Reply, provider_books
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio


async def test_the_browser_and_two_webhooks_racing_settle_one_payment(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        for _ in range(5):
            waiting = await first.buy("PENCIL", token="tok_3ds")
            assert waiting.outcome == "action"
            first.answer_challenge(waiting, Decision.ACCEPT)
            answers = await asyncio.gather(
                first.resume(waiting.order),
                second.resume(waiting.order),
                first.deliver_webhooks(times=2),
                second.deliver_webhooks(times=2),
            )
            assert {answer.outcome for answer in answers if isinstance(answer, CheckoutAnswer)} == {"placed"}
            payments = await first.payments.of_order(OfPaidOrder(order_id=waiting.order.id))
            assert [payment.status for payment in payments.items] == ["authorised"]
        await first.settle()
        assert [(held.open, held.captured) for held in provider_books(first.sandbox)] == [(689, 0)] * 5
        assert len(first.mail.sent) == 5
        assert await first.audit() == []


@pytest.mark.parametrize("decision", [Decision.REFUSE, None])
async def test_a_challenge_refused_or_left_frees_the_stock(
    postgres: DatabaseAddress, decision: Decision | None
) -> None:
    async with a_shop(postgres) as shop:
        waiting = await shop.buy("BOWL", token="tok_3ds")
        assert await shop.available("BOWL") == 0
        if decision is None:
            shop.clock.advance(11 * 60)
        else:
            shop.answer_challenge(waiting, decision)
        answer = await shop.resume(waiting.order)
        assert answer.outcome == "declined"
        assert await shop.available("BOWL") == 1
        await shop.settle()
        assert await shop.audit() == []


async def test_of_cancelling_and_shipping_at_once_one_happens(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        outcomes = set()
        for number in range(12):
            order = (await first.buy("PENCIL")).order
            cancel = CancelOrder(order_id=order.id, staff=True)
            ship = ShipOrder(order_id=order.id, step="parcel")
            calls = [first.orders.cancel(cancel), second.orders.ship(ship)]
            if number % 2:
                calls.reverse()
            results = await asyncio.gather(*calls, return_exceptions=True)
            done = [result for result in results if isinstance(result, Order)]
            refused = [r for r in results if isinstance(r, OrderNotCancellable | OrderNotShippable)]
            assert (len(done), len(refused)) == (1, 1), results
            outcomes.add(done[0].status)
        await first.settle()
        assert outcomes <= {"cancelled", "completed"}
        assert all(held.open == 0 for held in provider_books(first.sandbox))
        assert await first.audit() == []


async def test_one_parcel_told_many_times_at_once_is_captured_once(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        order = (await first.buy("LAMP", 2)).order
        half = {order.lines[0].id: 1}
        told = [ShipOrder(order_id=order.id, step="parcel", lines=half)] * 10
        await asyncio.gather(*((first, second)[n % 2].orders.ship(ship) for n, ship in enumerate(told)))
        await first.settle()
        held = provider_books(first.sandbox)[0]
        assert 0 < held.captured < held.amount
        assert held.captured == 4900 + order.totals.delivery.amount
        await first.orders.ship(ShipOrder(order_id=order.id, step="rest"))
        await first.settle()
        held = provider_books(first.sandbox)[0]
        assert (held.captured, held.open) == (order.totals.total.amount, 0)
        assert await first.audit() == []


async def test_one_refund_sent_twice_gives_the_money_back_once(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        order = await _shipped(first)
        refund = RefundOrder(order_id=order.id, amount=Money(1000, EUR), reason="scratched", step="one")
        await asyncio.gather(*((first, second)[n % 2].orders.refund(refund) for n in range(6)))
        await first.settle()
        assert [held.refunded for held in provider_books(first.sandbox)] == [1000]
        assert (await first.order(order.id)).refunded == Money(1000, EUR)
        assert await first.audit() == []


async def test_refunds_at_once_never_give_back_more_than_was_taken(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as first, a_shop(postgres, beside=first, seed=8) as second:
        order = await _shipped(first)
        part = Money(order.totals.total.amount // 2 - 1, EUR)
        refunds = [
            RefundOrder(order_id=order.id, amount=part, reason="late", step=f"step-{n}") for n in range(6)
        ]
        results = await asyncio.gather(
            *((first, second)[n % 2].orders.refund(refund) for n, refund in enumerate(refunds)),
            return_exceptions=True,
        )
        assert sum(isinstance(result, Order) for result in results) == 2, results
        assert sum(isinstance(result, OrderNotRefundable) for result in results) == 4, results
        await first.settle()
        assert [held.refunded for held in provider_books(first.sandbox)] == [2 * part.amount]
        assert await first.audit() == []


async def test_nothing_is_captured_after_the_void(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        order = (await shop.buy("LAMP")).order
        await shop.orders.cancel(CancelOrder(order_id=order.id, key=order.key))
        with pytest.raises(PaymentStateWrong):
            await shop.payments.capture(Capture(order_id=order.id, amount=order.totals.total, step="late"))
        with pytest.raises(OrderNotShippable):
            await shop.orders.ship(ShipOrder(order_id=order.id, step="late"))
        assert [(held.state, held.captured) for held in provider_books(shop.sandbox)] == [("voided", 0)]
        await shop.settle()
        assert await shop.audit() == []


@pytest.mark.parametrize("heard_by", ["webhook", "resume"])
@pytest.mark.parametrize("deadline_is_over", [True, False])
async def test_a_success_that_arrives_after_the_stock_went_back_is_voided(
    postgres: DatabaseAddress, heard_by: str, *, deadline_is_over: bool
) -> None:
    async with a_shop(postgres, background=False) as shop:
        waiting = await shop.buy("BOWL", token="tok_3ds")
        shop.clock.advance(9 * 60)
        shop.answer_challenge(waiting, Decision.ACCEPT)
        if deadline_is_over:
            shop.clock.advance(7 * 60)
        else:
            await shop.sql(
                "UPDATE inventory.reservations SET expires_at = expires_at - interval '10 minutes'"
            )
        await shop.app.handlers["inventory"].sweep()
        assert (await shop.buy("BOWL")).outcome == "placed"
        if heard_by == "webhook":
            await shop.deliver_webhooks()
        with pytest.raises(OrderCancelledMeanwhile):
            await shop.resume(waiting.order)
        late = await shop.order(waiting.order.id)
        assert (late.status, late.payment_status) == ("cancelled", "voided")
        with pytest.raises(OrderNotShippable):
            await shop.orders.ship(ShipOrder(order_id=late.id, step="no"))
        assert [held.state for held in provider_books(shop.sandbox)] == ["voided", "authorised"]
        assert await shop.audit() == []


async def test_two_ways_to_pay_are_both_authorised_captured_and_refunded(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        order = await _paid_twice(shop)
        await shop.orders.ship(ShipOrder(order_id=order.id, step="all"))
        await shop.orders.refund(
            RefundOrder(order_id=order.id, amount=order.totals.total, reason="back", step="all")
        )
        await shop.settle()
        assert [(h.amount, h.captured, h.refunded) for h in provider_books(shop.sandbox)] == [
            (1000, 1000, 1000),
            (order.totals.total.amount - 1000,) * 3,
        ]
        assert await shop.audit() == []


async def test_of_two_ways_to_pay_one_declined_voids_the_other(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        cart = await shop.cart({"LAMP": 1})
        tenders = [
            Tender(provider="sandbox", token="tok_success", amount=Money(1000, EUR)),
            Tender(provider="sandbox", token="tok_declined"),
        ]
        assert (await shop.checkout(cart, tenders)).outcome == "declined"
        assert [held.state for held in provider_books(shop.sandbox)] == ["voided", "declined"]
        await shop.settle()
        assert await shop.audit() == []


async def _shipped(shop: Shop) -> Order:
    order = (await shop.buy("LAMP")).order
    await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
    return order


async def _paid_twice(shop: Shop) -> Order:
    cart = await shop.cart({"LAMP": 1})
    tenders = [
        Tender(provider="sandbox", token="tok_success", amount=Money(1000, EUR)),
        Tender(provider="sandbox", token="tok_success"),
    ]
    answer = await shop.checkout(cart, tenders)
    assert answer.outcome == "placed"
    return answer.order


class LosesReplies:
    """A network on which the n-th and later replies are lost while `broken`."""

    def __init__(self) -> None:
        self.broken = False
        self._left = 0

    def break_after(self, replies: int) -> None:
        self.broken, self._left = True, replies

    async def carry(self, act: Callable[[], Reply]) -> Reply:
        reply = act()
        self._left -= 1
        if self.broken and self._left < 0:
            raise OutcomeUnknown
        return reply


@pytest.mark.parametrize("reached", [0, 1])
async def test_a_capture_and_a_refund_cut_off_between_two_payments_are_finished(
    postgres: DatabaseAddress, reached: int
) -> None:
    network = LosesReplies()
    async with a_shop(postgres, background=False, network=network) as shop:
        order = await _paid_twice(shop)
        total = order.totals.total
        network.break_after(reached)
        cut_off = await shop.orders.ship(ShipOrder(order_id=order.id, step="all"))
        assert cut_off.payment_status == "authorised"
        network.broken = False
        shop.clock.advance(60)
        assert await shop.app.handlers["orders"].work() == 1
        assert (await shop.order(order.id)).payment_status == "captured"
        refund = RefundOrder(order_id=order.id, amount=total, reason="back", step="all")
        network.break_after(reached)
        assert not (await shop.orders.refund(refund)).refunds[0].done
        network.broken = False
        assert (await shop.orders.refund(refund)).payment_status == "refunded"
        assert sum(held.captured for held in provider_books(shop.sandbox)) == total.amount
        assert sum(held.refunded for held in provider_books(shop.sandbox)) == total.amount
        assert await shop.audit() == []


async def test_a_refunds_key_with_another_amount_is_refused(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False) as shop:
        order = await _shipped(shop)
        refund = RefundOrder(order_id=order.id, amount=Money(100, EUR), reason="late", step="one")
        await shop.orders.refund(refund)
        with pytest.raises(KeyReused):
            await shop.orders.refund(msgspec.structs.replace(refund, amount=Money(200, EUR)))
        assert [held.refunded for held in provider_books(shop.sandbox)] == [100]
        assert await shop.audit() == []
