from __future__ import annotations

import asyncio
import json

import pytest

from rialto.sandbox.outbox import RETRY_MAX_S, retry_wait_s
from rialto.sandbox.signatures import verify
from tests.sandbox.client import KEYS, a_client

pytestmark = pytest.mark.fast


def test_an_event_is_signed_and_tells_the_intent() -> None:
    async def test() -> None:
        async with a_client() as client:
            intent = (await client.authorise()).json
            assert await client.parts.courier.deliver_due() == 1
            [(body, headers)] = client.posted
            event_id = verify(KEYS.webhook_secret, headers, body, client.shop.clock.now())
            event = json.loads(body)
            assert event == {
                "id": event_id,
                "type": "payment_intent.authorised",
                "created_at": "2026-01-05T09:00:00Z",
                "data": {"intent": intent},
            }
            assert await client.parts.courier.deliver_due() == 0

    asyncio.run(test())


def test_an_event_is_sent_until_the_shop_answers_2xx() -> None:
    async def test() -> None:
        async with a_client(answers=[500, 0, 302, 204]) as client:
            await client.authorise()
            for _ in range(4):
                assert await client.parts.courier.deliver_due() == 1
                client.shop.clock.advance(RETRY_MAX_S)
            assert await client.parts.courier.deliver_due() == 0
            assert len({body for body, _ in client.posted}) == 1
            assert (await client.call("GET", "/health")).json["webhooks_waiting"] == 0

    asyncio.run(test())


def test_a_failed_event_waits_before_the_next_attempt() -> None:
    async def test() -> None:
        async with a_client(answers=[500]) as client:
            await client.authorise()
            assert await client.parts.courier.deliver_due() == 1
            assert await client.parts.courier.deliver_due() == 0
            client.shop.clock.advance(1)
            assert await client.parts.courier.deliver_due() == 1

    asyncio.run(test())


def test_waits_double_up_to_five_minutes_and_are_jittered() -> None:
    assert [retry_wait_s(attempts, 1.0) for attempts in (0, 1, 2, 8, 9, 10**6)] == [1, 2, 4, 256, 300, 300]
    assert retry_wait_s(0, 0.0) == 0.5


def test_a_delivered_event_can_be_asked_for_again() -> None:
    async def test() -> None:
        async with a_client() as client:
            await client.authorise()
            await client.parts.courier.deliver_due()
            event_id = json.loads(client.posted[0][0])["id"]
            assert (await client.call("POST", f"/v1/test/redeliver/{event_id}")).status == 202
            assert await client.parts.courier.deliver_due() == 1
            assert client.posted[0] == client.posted[1]

    asyncio.run(test())


def test_every_change_is_told_with_a_growing_version() -> None:
    async def test() -> None:
        async with a_client() as client:
            path = f"/v1/payment_intents/{(await client.authorise()).json['id']}"
            money = {"amount": 500, "currency": "EUR"}
            await client.call("POST", f"{path}/capture", money, key="c")
            await client.call("POST", f"{path}/refunds", money, key="r")
            await client.call("POST", f"{path}/void", key="v")
            await client.parts.courier.deliver_due()
            events = sorted(
                (json.loads(body) for body, _ in client.posted),
                key=lambda event: event["data"]["intent"]["version"],
            )
            kinds = [event["type"].removeprefix("payment_intent.") for event in events]
            assert kinds == ["authorised", "captured", "refunded", "voided"]

    asyncio.run(test())
