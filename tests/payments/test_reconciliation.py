"""I4: what the provider's books say and ours do not, the other way round, and what is only on its way."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from rialto.kernel.audit import Audit, Finding
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import PAYMENT
from rialto.kernel.money import EUR, USD, Money
from rialto.payments.api import Capture, Refund
from rialto.payments.provider import Movement
from rialto.payments.reconciliation import SETTLED_WITHIN, providers_agree
from tests.payments.builders import ORDER_ID, an_authorisation, euros
from tests.payments.scripted import Desk, a_desk

pytestmark = pytest.mark.anyio

AUDIT: Audit = providers_agree


async def a_payment(desk: Desk) -> None:
    """Captured in two parts, refunded in one."""
    await desk.handlers.authorise(an_authorisation())
    await desk.handlers.capture(Capture(order_id=ORDER_ID, amount=euros(400), step="one"))
    await desk.handlers.capture(Capture(order_id=ORDER_ID, amount=euros(500), step="two"))
    await desk.handlers.refund(Refund(order_id=ORDER_ID, amount=euros(100), step="back"))


async def texts(desk: Desk) -> list[str]:
    found = await AUDIT(desk.env)
    assert {finding.invariant for finding in found} <= {"I4"}
    assert all(finding.checked for finding in found)
    return [finding.text for finding in found]


async def test_books_that_agree_are_no_finding(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        assert await texts(desk) == []
        await a_payment(desk)
        assert len(desk.provider.movements) == 3
        assert await texts(desk) == []


async def test_a_provider_that_cannot_be_asked_is_not_checked_and_not_clean(
    postgres: DatabaseAddress,
) -> None:
    async with a_desk(postgres) as desk:
        await a_payment(desk)
        desk.provider.trouble = ["down"]
        (found,) = await AUDIT(desk.env)
        assert found == Finding(invariant="I4", subject="sandbox", text=found.text, checked=False)


async def test_money_that_moved_without_us_is_found_once_nobody_can_be_settling_it(
    postgres: DatabaseAddress,
) -> None:
    async with a_desk(postgres) as desk:
        await a_payment(desk)
        desk.provider.move(desk.provider.only(), -50)
        assert await texts(desk) == []
        desk.env.clock.advance(SETTLED_WITHIN.total_seconds())
        assert await texts(desk) == [
            "900 captured and 150 refunded at sandbox, 900 captured and 100 refunded with us"
        ]


async def test_what_only_we_believe_is_found_at_once(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await a_payment(desk)
        desk.provider.movements.pop()
        desk.provider.only().refunded = 0
        assert await texts(desk) == [
            "900 captured and 0 refunded at sandbox, 900 captured and 100 refunded with us"
        ]


async def test_a_statement_that_lags_behind_the_payment_itself_is_no_finding(
    postgres: DatabaseAddress,
) -> None:
    async with a_desk(postgres) as desk:
        await a_payment(desk)
        desk.provider.movements.pop()
        assert await texts(desk) == []


async def test_a_payment_that_is_none_of_ours_is_found(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        stranger = Movement(
            payment_id=None, reference="pi_stranger", amount=euros(70), at=desk.env.clock.now()
        )
        lost = msgspec.structs.replace(stranger, payment_id=PAYMENT.new(desk.env.ids, 3))
        desk.provider.movements = [stranger, lost]
        found = await AUDIT(desk.env)
        assert [finding.subject for finding in found] == ["pi_stranger", lost.payment_id]
        assert found[0].text == "70 captured and 0 refunded EUR at sandbox, not known to us"


async def test_the_same_number_in_another_currency_is_not_the_same(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.capture(Capture(order_id=ORDER_ID, amount=euros(400), step="one"))
        (euro,) = desk.provider.movements
        assert euro.amount == Money(400, EUR)
        desk.provider.movements = [msgspec.structs.replace(euro, amount=Money(400, USD))]
        assert await texts(desk) == ["400 captured and 0 refunded USD at sandbox, not known to us"]


async def test_a_lost_answer_is_no_finding_while_it_is_asked_for_again(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        held = desk.provider.only()
        desk.provider.move(held, 400)
        desk.env.clock.advance((SETTLED_WITHIN - timedelta(seconds=1)).total_seconds())
        assert await texts(desk) == []
