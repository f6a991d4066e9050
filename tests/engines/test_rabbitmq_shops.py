"""A shop cut into groups, two processes of each, with RabbitMQ between: who has what is the leases' and the broker's matter."""

from __future__ import annotations

import asyncio

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from tests.support.parts import a_shop_in_parts
from tests.support.rabbit import Node
from tests.support.shop import Shop

pytestmark = pytest.mark.anyio

ORDERS = 20
WITHIN_S = 90


async def test_processes_that_share_the_work_have_each_effect_once(
    postgres: DatabaseAddress, rabbit: Node
) -> None:
    async with a_shop_in_parts(postgres, "groups", replicas=2, bus_url=rabbit.url(lanes=3)) as shop:
        await asyncio.gather(*(shop.buy("PENCIL") for _ in range(ORDERS)))
        async with asyncio.timeout(WITHIN_S):
            while not await _is_quiet(shop):
                """What other processes hold is not known to a bus, so the effects are looked at."""
        mails = await shop.sql("SELECT cause, count(*) AS n FROM notifications.mails GROUP BY cause")
        assert len(mails) == ORDERS
        assert {row["n"] for row in mails} == {1}
        letters = await shop.sql("SELECT count(*) AS n FROM notifications.dead_letters")
        assert letters[0]["n"] == 0


async def _is_quiet(shop: Shop) -> bool:
    try:
        await shop.settle()
    except (TimeoutError, Unavailable):
        return False
    mails = await shop.sql("SELECT count(*) AS n FROM notifications.mails")
    return mails[0]["n"] >= ORDERS and await shop.audit() == []
