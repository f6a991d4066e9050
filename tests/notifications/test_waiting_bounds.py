"""Waiting for an article has bounds: what is refused, how often one may ask, and when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.notifications.api import (
    AvailableNow,
    SkuNotOffered,
    TooManyWishes,
    WaitingLimit,
    WaitingLinkRefused,
    WaitingToken,
)
from rialto.notifications.waiting import (
    ASKED_BURST,
    CONFIRMED_WITHIN,
    UNCONFIRMED_MAX,
    WAITING_MAX,
    WAITS,
)
from tests.notifications.desk import an_offer
from tests.notifications.waiting_desk import open_desk, token_in

pytestmark = pytest.mark.anyio


async def test_nobody_waits_for_what_can_be_bought_or_is_not_sold(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, an_offer(), an_offer("DEAR", price=None)) as desk:
        desk.shelf.available["BOWL"] = 1
        with pytest.raises(AvailableNow):
            await desk.wait()
        for sku in ("DEAR", "NONE", "", "x" * 65, "\x00", "\ud800"):
            with pytest.raises(SkuNotOffered):
                await desk.wait(sku=sku)
        with pytest.raises(SkuNotOffered):
            await desk.wait(channel="elsewhere")
        assert await desk.waiting() == 0


@pytest.mark.parametrize("email", ["", "anna", "a@b", "a b@example.com", "a@b.c\r\nBcc: x@y.z", "\x00@b.cd"])
async def test_what_is_no_address_is_refused_by_its_field(postgres: DatabaseAddress, email: str) -> None:
    async with open_desk(postgres) as desk:
        with pytest.raises(Invalid) as refused:
            await desk.wait(email, client="x")
        assert [field.path for field in refused.value.fields] == ["email"]


async def test_a_household_that_asks_too_often_has_to_wait(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        for number in range(ASKED_BURST):
            await desk.wait(f"a{number}@example.com", client=f"2001:db8:1:2::{number}")
        with pytest.raises(TooManyWishes) as refused:
            await desk.wait("b@example.com", client="2001:db8:1:2::ff")
        assert refused.value.retry_after_s
        desk.env.clock.advance(refused.value.retry_after_s)
        assert await desk.wait("b@example.com", client="2001:db8:1:2::ff") == "accepted"


async def test_an_address_is_not_flooded_with_questions(postgres: DatabaseAddress) -> None:
    offers = [an_offer(f"SKU-{number}") for number in range(UNCONFIRMED_MAX + 1)]
    async with open_desk(postgres, *offers) as desk:
        for offer in offers:
            assert await desk.wait(sku=offer.sku) == "accepted"
        questions = await desk.mails()
        assert len(questions) == UNCONFIRMED_MAX
        await desk.confirm(questions[0])
        await desk.wait(sku=offers[-1].sku)
        assert len(await desk.mails()) == UNCONFIRMED_MAX + 1


async def test_one_waits_for_a_hundred_articles_at_most(postgres: DatabaseAddress) -> None:
    offers = [an_offer(f"SKU-{number}") for number in range(WAITING_MAX + 1)]
    async with open_desk(postgres, *offers) as desk:
        for offer in offers[:WAITING_MAX]:
            await desk.own(sku=offer.sku)
        with pytest.raises(WaitingLimit):
            await desk.own(sku=offers[-1].sku)
        assert await desk.own(sku=offers[0].sku) == "waiting"
        assert await desk.wait(sku=offers[-1].sku) == "accepted"
        assert await desk.mails() == []


async def test_a_question_is_good_for_a_day_and_may_then_be_asked_again(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.wait()
        (question,) = await desk.mails()
        desk.env.clock.advance(CONFIRMED_WITHIN.total_seconds())
        with pytest.raises(WaitingLinkRefused):
            await desk.confirm(question)
        await desk.wait()
        (_, again) = await desk.mails()
        with pytest.raises(WaitingLinkRefused):
            await desk.confirm(question)
        await desk.confirm(again)
        assert await desk.waiting() == 1


async def test_a_link_that_is_not_ours_does_nothing(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.wait()
        (question,) = await desk.mails()
        confirm, end = (token_in(question, page) for page in ("confirm", "end"))
        for token in ("", ".", "x.y", end, f"{confirm}0", f"0{confirm}", "\ud800.\x00", "é" * 40):
            with pytest.raises(WaitingLinkRefused):
                await desk.handlers.confirm_waiting(WaitingToken(token=token))
        for token in ("", confirm, f"{'0' * 64}.{end.partition('.')[2]}"):
            with pytest.raises(WaitingLinkRefused):
                await desk.handlers.end_waiting(WaitingToken(token=token))
        assert await desk.waiting() == 1


async def test_rows_die_after_their_time(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.own()
        await desk.wait("bob@example.com")
        await desk.look()
        desk.env.clock.advance(CONFIRMED_WITHIN.total_seconds())
        assert await desk.handlers.forget_old() == 1
        assert await desk.waiting() == 1
        desk.env.clock.advance((WAITS - CONFIRMED_WITHIN - timedelta(seconds=2)).total_seconds())
        await desk.handlers.forget_old()
        assert await desk.waiting() == 1
        desk.env.clock.advance(1)
        await desk.handlers.forget_old()
        assert await desk.waiting() == 0
