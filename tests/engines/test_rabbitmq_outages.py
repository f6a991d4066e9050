"""RabbitMQ goes away in the middle: nothing is lost, nothing has its effect twice, order holds per stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from rialto.kernel.consumers import Consumer
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.workings import Engineer
from tests.support.rabbit import Node
from tests.support.rabbit_town import RabbitTown, open_rabbit_town
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio

ORDERS = 50


@pytest.fixture
async def rabbit_town(postgres: DatabaseAddress, rabbit: Node) -> AsyncIterator[RabbitTown]:
    async with open_rabbit_town(postgres, rabbit.url()) as opened:
        yield opened


class Killed(BaseException):
    """Stands for the consuming process's end."""


class KillAfterCommit:
    """Ends the process between an effect and its acknowledgement."""

    def reach(self, point: str) -> None:
        if point == "consumer.after_commit":
            raise Killed


async def test_killed_between_publishing_and_its_confirmation_and_between_effect_and_acknowledgement(
    rabbit_town: RabbitTown, rabbit: Node
) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye")
    await rabbit_town.publish(bus)
    dying = town.a_consumer(faults=KillAfterCommit())
    with pytest.raises(Killed):
        await rabbit_town.consume(dying, bus, 2)
    assert await town.arrivals() == ["rye"]
    await town.bake(stream, "oat", "spelt", after=1)
    rabbit.freeze()  # it gets what is published and confirms nothing
    with pytest.raises(Unavailable, match="does not answer in time"):
        await rabbit_town.publish(bus)
    rabbit.thaw()  # and takes it in after all
    await rabbit_town.publish_soon(bus)
    await town.bake(stream, "wheat", after=3)
    await rabbit.be_ready_to_be_killed()
    rabbit.freeze()
    publishing = asyncio.ensure_future(rabbit_town.publish(bus))
    await bus.wait(0.5)
    assert not publishing.done()
    await asyncio.to_thread(rabbit.kill)
    with pytest.raises(Unavailable):
        await publishing
    with pytest.raises(Unavailable):
        await rabbit_town.publish(bus)
    assert await town.waiting() == 1
    rabbit.start()
    await rabbit_town.publish_soon(bus)
    later = rabbit_town.a_bus()
    assert await rabbit_town.consume(town.a_consumer(), later, 4) == ["rye", "oat", "spelt", "wheat"]
    await _until_nothing_is_left(town.a_consumer(), rabbit_town)
    assert await town.arrivals() == ["rye", "oat", "spelt", "wheat"]


async def _until_nothing_is_left(consumer: Consumer, rabbit_town: RabbitTown) -> None:
    """What came twice is passed over as well."""
    bus = rabbit_town.a_bus()
    async with asyncio.timeout(30):
        while any((await bus.behind(["cellar"])).values()):
            await consumer.consume_once(bus, range(64))
            await bus.wait(0.05)


async def test_while_it_is_down_orders_go_on_and_events_drain_afterwards(
    postgres: DatabaseAddress, rabbit: Node
) -> None:
    async with a_shop(postgres, bus_url=rabbit.url()) as shop:
        before = await shop.buy("PENCIL")
        await shop.settle()
        await rabbit.be_ready_to_be_killed()
        rabbit.kill()
        try:
            bought = [await shop.buy("PENCIL") for _ in range(ORDERS)]
            assert {answer.order.status for answer in bought} == {before.order.status}
            waiting = await shop.sql("SELECT count(*) AS n FROM orders.outbox")
            assert waiting[0]["n"] >= ORDERS
            workings = await _engineer(shop).look()  # who looks because of this sees the rest
            assert (workings.database, workings.behind) == ("ok", {})
        finally:
            rabbit.start()
        async with asyncio.timeout(120):
            while not await _settled(shop):
                """Its own bound is shorter than what the broker may take to come up on a busy machine."""
        assert await shop.audit() == []
        mails = await shop.sql("SELECT cause, count(*) AS n FROM notifications.mails GROUP BY cause")
        assert len(mails) >= ORDERS + 1
        assert {row["n"] for row in mails} == {1}


async def _settled(shop: Shop) -> bool:
    with suppress(TimeoutError, Unavailable):
        await shop.settle()
        return True
    return False


def _engineer(shop: Shop) -> Engineer:
    engineer: Engineer = shop.app.dependencies()["engineer"]
    return engineer
