"""Authorising and giving up: whatever is lost on the way, there is one attempt and one truth."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.money import EUR, Money
from rialto.payments.api import (
    CardNumberRefused,
    HostedPage,
    OfPaidOrder,
    ProviderUnknown,
)
from tests.payments.builders import CHALLENGE, ORDER_ID, an_authorisation
from tests.payments.scripted import Crash, CrashesAt, Desk, a_desk

pytestmark = pytest.mark.anyio
ORDER = OfPaidOrder(order_id=ORDER_ID)


async def status(desk: Desk) -> str:
    return (await desk.handlers.of_order(ORDER)).items[0].status


async def test_authorising_again_changes_nothing(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        first = await desk.handlers.authorise(an_authorisation())
        again = await desk.after_restart().authorise(an_authorisation())
        assert first == again
        assert (first.status, first.label) == ("authorised", "Visa •••• 4242")
        assert desk.provider.calls == ["authorise"]
        assert await desk.events() == ["started", "authorised"]
        assert await desk.audit() == []


async def test_a_decline_is_a_status_and_stays_one(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        first = await desk.handlers.authorise(an_authorisation("tok_declined"))
        assert (first.status, first.decline_code) == ("declined", "card_declined")
        assert await desk.handlers.authorise(an_authorisation("tok_declined")) == first
        assert desk.provider.calls == ["authorise"]


async def test_a_token_the_provider_refuses_is_a_decline(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        payment = await desk.handlers.authorise(an_authorisation("tok_unknown"))
        assert (payment.status, payment.decline_code) == ("declined", "token_unknown")


async def test_what_looks_like_a_card_number_is_refused_before_anything_is_stored(
    postgres: DatabaseAddress,
) -> None:
    async with a_desk(postgres) as desk:
        for token in ("4242424242424242", "4242 4242 4242 4242", "3782-822463-10005"):
            with pytest.raises(CardNumberRefused):
                await desk.handlers.authorise(an_authorisation(token))
        assert (await desk.events(), desk.provider.calls) == ([], [])


async def test_an_unknown_provider_is_refused_before_anything_is_stored(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        unknown = msgspec.structs.replace(an_authorisation(), provider="cash")
        with pytest.raises(ProviderUnknown):
            await desk.handlers.authorise(unknown)
        with pytest.raises(ProviderUnknown):
            await desk.handlers.hosted_page(a_page("cash"))
        assert await desk.events() == []


async def test_the_providers_own_page_is_asked_of_the_provider(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        page = await desk.handlers.hosted_page(a_page("sandbox"))
        assert page.url == "http://provider.test/de/1000"


def a_page(provider: str) -> HostedPage:
    return HostedPage(
        provider=provider,
        amount=Money(1000, EUR),
        return_url="http://shop.test/a",
        cancel_url="http://shop.test/b",
        language="de",
    )


@pytest.mark.parametrize("trouble", ["down", "lost"])
async def test_without_an_answer_a_payment_is_pending_until_it_is_asked_again(
    postgres: DatabaseAddress, trouble: str
) -> None:
    async with a_desk(postgres) as desk:
        desk.provider.trouble = [trouble]
        assert (await desk.handlers.authorise(an_authorisation())).status == "pending"
        assert (await desk.handlers.refresh(ORDER)).items[0].status == "authorised"
        assert len(desk.provider.held) == 1
        assert await desk.events() == ["started", "authorised"]


async def test_a_lost_answer_comes_by_webhook(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        desk.provider.trouble = ["lost"]
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.webhook(desk.message("authorised"))
        assert await status(desk) == "authorised"
        assert (await desk.handlers.authorise(an_authorisation())).status == "authorised"
        assert desk.provider.calls == ["authorise"]


async def test_a_slow_provider_is_asked_until_it_knows(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        for _ in range(3):
            assert (await desk.handlers.authorise(an_authorisation("tok_slow"))).status == "pending"
        desk.provider.only().state = "authorised"
        assert (await desk.handlers.authorise(an_authorisation("tok_slow"))).status == "authorised"
        assert await desk.events() == ["started", "authorised"]


@pytest.mark.parametrize(("answer", "outcome"), [("authorised", "authorised"), ("declined", "declined")])
async def test_after_the_customer_acted_the_provider_is_asked(
    postgres: DatabaseAddress, answer: str, outcome: str
) -> None:
    async with a_desk(postgres) as desk:
        waiting = await desk.handlers.authorise(an_authorisation("tok_3ds"))
        assert (waiting.status, waiting.next_action_url) == ("action_required", CHALLENGE)
        assert await desk.handlers.authorise(an_authorisation("tok_3ds")) == waiting
        desk.provider.only().state = answer
        done = (await desk.handlers.refresh(ORDER)).items[0]
        assert (done.status, done.next_action_url) == (outcome, None)
        assert desk.provider.calls == ["authorise", "get", "get"]


@pytest.mark.parametrize("point", ["payments.before_provider", "payments.after_provider"])
async def test_a_crash_around_the_provider_leaves_one_payment(postgres: DatabaseAddress, point: str) -> None:
    async with a_desk(postgres) as desk:
        with pytest.raises(Crash):
            await desk.after_restart(CrashesAt(point)).authorise(an_authorisation())
        assert await desk.events() == ["started"]
        assert (await desk.after_restart().authorise(an_authorisation())).status == "authorised"
        assert len(desk.provider.held) == 1


async def test_many_at_once_are_one_attempt(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        other = desk.after_restart()
        handlers = [other, desk.after_restart()]
        answers = await asyncio.gather(
            *(handlers[number % 2].authorise(an_authorisation()) for number in range(10))
        )
        assert {answer.status for answer in answers} == {"authorised"}
        assert len(desk.provider.held) == 1
        assert await desk.events() == ["started", "authorised"]


async def test_a_void_lets_an_authorised_payment_go_once(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        for _ in range(2):
            assert [payment.status for payment in (await desk.handlers.void(ORDER)).items] == ["voided"]
        assert desk.provider.only().state == "voided"
        assert await desk.events() == ["started", "authorised", "void_asked", "voided"]
        assert await desk.audit() == []


async def test_a_void_pins_a_payment_whose_answer_was_lost(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        desk.provider.trouble = ["lost"]
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.void(ORDER)
        assert desk.provider.only().state == "voided"
        assert (await desk.handlers.authorise(an_authorisation())).status == "voided"
        await desk.handlers.webhook(desk.message("authorised"))
        assert await status(desk) == "voided"


@pytest.mark.parametrize("token", ["tok_declined", "tok_unknown"])
async def test_a_void_of_an_attempt_that_turns_out_declined_is_done(
    postgres: DatabaseAddress, token: str
) -> None:
    async with a_desk(postgres) as desk:
        desk.provider.trouble = ["down"]
        await desk.handlers.authorise(an_authorisation(token))
        await desk.handlers.void(ORDER)
        assert await status(desk) == "voided"
        assert "void" not in desk.provider.calls


async def test_a_void_that_is_not_answered_is_asked_for_again(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation("tok_3ds"))
        for trouble in ("down", "lost"):
            desk.provider.trouble = [trouble]
            with pytest.raises(Unavailable):
                await desk.handlers.void(ORDER)
            assert await status(desk) == "voiding"
        # From the first void on nothing succeeds any more.
        await desk.handlers.webhook(desk.message("authorised"))
        assert await status(desk) == "voiding"
        await desk.handlers.void(ORDER)
        assert await status(desk) == "voided"


@pytest.mark.parametrize("point", ["payments.before_provider", "payments.after_provider"])
async def test_a_crash_while_voiding_is_made_good_by_the_next_try(
    postgres: DatabaseAddress, point: str
) -> None:
    async with a_desk(postgres) as desk:
        desk.provider.trouble = ["lost"]
        await desk.handlers.authorise(an_authorisation())
        with pytest.raises(Crash):
            await desk.after_restart(CrashesAt(point)).void(ORDER)
        await desk.after_restart().void(ORDER)
        assert desk.provider.only().state == "voided"
        assert await desk.events() == ["started", "void_asked", "voided"]


async def test_a_payment_given_up_before_it_began_never_begins(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        assert (await desk.handlers.void(ORDER)).items == []
        late = await desk.handlers.authorise(an_authorisation())
        assert (late.status, late.amount, late.captured) == ("voided", Money(1000, EUR), Money(0, EUR))
        assert desk.provider.calls == []
        assert (await desk.handlers.of_order(ORDER)).items == []
        assert (await desk.handlers.void(ORDER)).items == []
        assert await desk.events() == ["void_asked", "voided"]
        assert await desk.audit() == []


async def test_of_beginning_and_giving_up_at_once_the_void_wins(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        first, second = desk.after_restart(), desk.after_restart()
        with suppress(Unavailable):
            await asyncio.gather(first.authorise(an_authorisation()), second.void(ORDER))
        await second.void(ORDER)
        assert (await first.authorise(an_authorisation())).status == "voided"
        assert all(held.state == "voided" for held in desk.provider.held.values())
        assert await desk.audit() == []


async def test_a_void_reaches_every_tender_also_those_that_never_began(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation(amount=300))
        both = OfPaidOrder(order_id=ORDER_ID, tenders=2)
        await desk.handlers.void(both)
        late = await desk.handlers.authorise(an_authorisation(tender=1, amount=700))
        assert late.status == "voided"
        assert [payment.status for payment in (await desk.handlers.of_order(both)).items] == ["voided"]
        assert await desk.audit() == []


async def test_a_void_of_a_captured_payment_gives_the_money_back(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        held = desk.provider.only()
        # The capture's answer never reached us: the provider has the money and our stream does not know.
        held.state, held.captured = "captured", 1000
        await desk.handlers.void(ORDER)
        assert (held.captured, held.refunded) == (1000, 1000)
        assert await desk.events() == ["started", "authorised", "void_asked", "captured", "refunded"]
        assert await desk.balances() == {"provider:sandbox": 0, "customers": 0}
        await desk.handlers.void(ORDER)
        assert held.refunded == 1000
        assert await desk.audit() == []


async def test_a_void_that_lets_nothing_go_is_not_taken_for_one(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        desk.provider.only().state = "something_new"
        with pytest.raises(Unavailable, match="not released"):
            await desk.handlers.void(ORDER)
        assert await status(desk) == "voiding"
