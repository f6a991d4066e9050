"""A shop in several parts: bought in, looked after, broken between."""

from __future__ import annotations

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.sandbox.model import Decision
from tests.support.parts import a_shop_in_parts

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("topology", ["groups", "all"])
async def test_a_guest_buys_in_a_shop_of_parts(postgres: DatabaseAddress, topology: str) -> None:
    async with a_shop_in_parts(postgres, topology) as shop:
        answer = await shop.buy("LAMP", token="tok_3ds")
        assert answer.next_action_url is not None
        shop.answer_challenge(answer, Decision.ACCEPT)
        answer = await shop.resume(answer.order)
        assert answer.order.status == "placed"
        await shop.settle()
        assert [mail.subject for mail in shop.mail.sent]
        assert await shop.audit() == []
