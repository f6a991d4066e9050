"""Capturing and refunding: once per step, never more than there is, booked with the event or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import ORDER as ORDERS
from rialto.kernel.money import USD, Money
from rialto.payments.api import Capture, OfPaidOrder, PaymentNotFound, PaymentStateWrong, Refund
from tests.payments.builders import ORDER_ID, an_authorisation, euros
from tests.payments.scripted import Crash, CrashesAt, Desk, a_desk

pytestmark = pytest.mark.anyio

Move = Callable[[], Awaitable[object]]


def a_capture(cents: int, step: str = "parcel") -> Capture:
    return Capture(order_id=ORDER_ID, amount=euros(cents), step=step)


def a_refund(cents: int, step: str = "back") -> Refund:
    return Refund(order_id=ORDER_ID, amount=euros(cents), step=step)


async def moved(desk: Desk) -> list[tuple[int, int]]:
    """What each payment says was captured and refunded; the provider agrees."""
    items = (await desk.handlers.of_order(OfPaidOrder(order_id=ORDER_ID))).items
    found = [(payment.captured.amount, payment.refunded.amount) for payment in items]
    assert found == [(held.captured, held.refunded) for held in desk.provider.held.values()]
    return found


async def test_a_capture_is_taken_and_booked_once_per_step(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        for _ in range(2):
            (payment,) = (await desk.handlers.capture(a_capture(400))).items
            assert (payment.status, payment.captured) == ("captured", euros(400))
        await desk.handlers.capture(a_capture(600, "rest"))
        assert await moved(desk) == [(1000, 0)]
        assert await desk.balances() == {"provider:sandbox": 1000, "customers": -1000}
        assert await desk.audit() == []


async def test_a_refund_gives_back_a_part_once_per_step(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.capture(a_capture(1000))
        for step in ("one", "one", "two"):
            await desk.handlers.refund(a_refund(300, step))
        assert await moved(desk) == [(1000, 600)]
        assert await desk.balances() == {"provider:sandbox": 400, "customers": -400}
        assert await desk.audit() == []


async def test_more_than_is_authorised_cannot_be_captured(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.capture(a_capture(700))
        with pytest.raises(PaymentStateWrong):
            await desk.handlers.capture(a_capture(301, "too much"))
        assert await moved(desk) == [(700, 0)]


async def test_more_than_is_captured_cannot_be_refunded(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        with pytest.raises(PaymentStateWrong):
            await desk.handlers.refund(a_refund(1, "too early"))
        await desk.handlers.capture(a_capture(700))
        with pytest.raises(PaymentStateWrong):
            await desk.handlers.refund(a_refund(701, "too much"))
        assert await moved(desk) == [(700, 0)]


@pytest.mark.parametrize("amount", [euros(0), euros(-5), Money(100, USD)])
async def test_an_amount_that_does_not_fit_is_refused(postgres: DatabaseAddress, amount: Money) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.capture(a_capture(500))
        for call in (
            desk.handlers.capture(Capture(order_id=ORDER_ID, amount=amount, step="odd")),
            desk.handlers.refund(Refund(order_id=ORDER_ID, amount=amount, step="odd")),
        ):
            with pytest.raises(PaymentStateWrong):
                await call
        assert await moved(desk) == [(500, 0)]


async def test_a_step_that_moved_more_than_is_asked_now_is_refused(postgres: DatabaseAddress) -> None:
    """Whoever asks would note the smaller amount, and their books would differ from ours for ever."""
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.capture(a_capture(900))
        await desk.handlers.refund(a_refund(300))
        for again in (desk.handlers.capture(a_capture(899)), desk.handlers.refund(a_refund(299))):
            with pytest.raises(PaymentStateWrong):
                await again
        assert await moved(desk) == [(900, 300)]


async def test_what_was_never_paid_cannot_be_moved(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        other = ORDERS.new(desk.env.ids, 3)
        with pytest.raises(PaymentNotFound):
            await desk.handlers.capture(Capture(order_id=other, amount=euros(1), step="a"))
        await desk.handlers.authorise(an_authorisation("tok_declined"))
        with pytest.raises(PaymentStateWrong):
            await desk.handlers.capture(a_capture(1))


async def test_several_payments_give_in_their_order(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation(amount=300))
        await desk.handlers.authorise(an_authorisation(tender=1, amount=700))
        await desk.handlers.capture(a_capture(500))
        assert await moved(desk) == [(300, 0), (200, 0)]
        await desk.handlers.refund(a_refund(400))
        assert await moved(desk) == [(300, 300), (200, 100)]
        assert await desk.audit() == []


@pytest.mark.parametrize("trouble", [["", "down"], ["", "lost"]])
async def test_a_step_cut_off_between_two_payments_goes_on_where_it_stopped(
    postgres: DatabaseAddress, trouble: list[str]
) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation(amount=300))
        await desk.handlers.authorise(an_authorisation(tender=1, amount=700))
        moves: tuple[Move, ...] = (
            lambda: desk.handlers.capture(a_capture(900)),
            lambda: desk.handlers.refund(a_refund(800)),
        )
        for move in moves:
            desk.provider.trouble = list(trouble)
            with pytest.raises(Unavailable):
                await move()
            for _ in range(2):
                await move()
        assert await moved(desk) == [(300, 300), (600, 500)]
        assert await desk.balances() == {"provider:sandbox": 100, "customers": -100}
        assert await desk.audit() == []


@pytest.mark.parametrize("trouble", ["down", "lost"])
async def test_an_answer_that_did_not_come_moves_nothing_twice(
    postgres: DatabaseAddress, trouble: str
) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        moves: tuple[Move, ...] = (
            lambda: desk.handlers.capture(a_capture(900)),
            lambda: desk.handlers.refund(a_refund(100)),
        )
        for move in moves:
            desk.provider.trouble = [trouble]
            with pytest.raises(Unavailable):
                await move()
            await move()
        assert await moved(desk) == [(900, 100)]


async def test_a_crash_between_provider_and_event_is_booked_once_by_the_repeat(
    postgres: DatabaseAddress,
) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        dying = desk.after_restart(CrashesAt("payments.after_provider"))
        with pytest.raises(Crash):
            await dying.capture(a_capture(900))
        assert await desk.balances() == {}
        dying = desk.after_restart(CrashesAt("payments.after_provider"))
        await dying.of_order(OfPaidOrder(order_id=ORDER_ID))
        await desk.after_restart().capture(a_capture(900))
        with pytest.raises(Crash):
            await dying.refund(a_refund(200))
        await desk.after_restart().refund(a_refund(200))
        assert await moved(desk) == [(900, 200)]
        assert await desk.balances() == {"provider:sandbox": 700, "customers": -700}
        assert await desk.audit() == []
