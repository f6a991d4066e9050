"""What a provider tells by itself: verified, taken in once, and never believed against what is known better."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.payments.api import OfPaidOrder, ProviderUnknown, SignatureWrong
from rialto.payments.store import payment_id
from tests.payments.builders import ORDER_ID, an_authorisation
from tests.payments.scripted import Desk, a_desk

pytestmark = pytest.mark.anyio


async def status(desk: Desk) -> str:
    return (await desk.handlers.of_order(OfPaidOrder(order_id=ORDER_ID))).items[0].status


async def seen(desk: Desk) -> list[str]:
    return [
        row["message_id"] for row in await desk.sql("SELECT message_id FROM payments.webhooks ORDER BY 1")
    ]


async def test_a_message_settles_a_payment_and_is_remembered(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation("tok_3ds"))
        await desk.handlers.webhook(desk.message("authorised"))
        assert await status(desk) == "authorised"
        assert await seen(desk) == ["evt_1"]


async def test_a_message_without_the_right_signature_changes_nothing(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation("tok_3ds"))
        message = desk.message("authorised")
        for headers in ({}, {"signature": "wrong"}):
            with pytest.raises(SignatureWrong):
                await desk.handlers.webhook(msgspec.structs.replace(message, headers=headers))
        assert await status(desk) == "action_required"


async def test_a_message_of_an_unknown_provider_is_refused(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation("tok_3ds"))
        with pytest.raises(ProviderUnknown):
            await desk.handlers.webhook(msgspec.structs.replace(desk.message("authorised"), provider="cash"))


async def test_a_repeated_message_changes_nothing(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation("tok_3ds"))
        for _ in range(2):
            await desk.handlers.webhook(desk.message("authorised"))
        await asyncio.gather(*(desk.handlers.webhook(desk.message("authorised")) for _ in range(5)))
        assert await desk.events() == ["started", "action_required", "authorised"]


async def test_one_message_brought_many_times_at_once_is_taken_in_once(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation("tok_3ds"))
        desks = [desk.after_restart(), desk.after_restart()]
        await asyncio.gather(*(desks[number % 2].webhook(desk.message("authorised")) for number in range(6)))
        assert await desk.events() == ["started", "action_required", "authorised"]
        assert await seen(desk) == ["evt_1"]


async def test_outdated_messages_change_nothing(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.void(OfPaidOrder(order_id=ORDER_ID))
        before = await desk.events()
        for number, state in enumerate(
            ["requires_action", "authorised", "captured", "declined", "unheard_of"]
        ):
            await desk.handlers.webhook(desk.message(state, number=number))
        assert await desk.events() == before
        assert await status(desk) == "voided"


async def test_a_message_about_a_payment_that_never_was_changes_nothing(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        stranger = payment_id(desk.order_id(), 0)
        await desk.handlers.webhook(desk.message("authorised", payment=stranger))
        assert await desk.events() == []
        # The order may still come: nothing of the message stands in its way.
        await desk.handlers.authorise(an_authorisation())
        assert await status(desk) == "authorised"


async def test_a_message_about_a_payment_given_up_before_it_began_changes_nothing(
    postgres: DatabaseAddress,
) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.void(OfPaidOrder(order_id=ORDER_ID))
        await desk.handlers.webhook(desk.message("authorised", payment=payment_id(ORDER_ID, 0)))
        assert await desk.events() == ["void_asked", "voided"]


async def test_a_message_of_another_kind_is_taken_and_means_nothing(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation("tok_3ds"))
        await desk.handlers.webhook(desk.message("authorised", kind="payout"))
        assert await status(desk) == "action_required"


async def test_a_lapsed_authorisation_is_heard_of(postgres: DatabaseAddress) -> None:
    async with a_desk(postgres) as desk:
        await desk.handlers.authorise(an_authorisation())
        await desk.handlers.webhook(desk.message("voided"))
        assert await status(desk) == "voided"
        assert await desk.audit() == []
