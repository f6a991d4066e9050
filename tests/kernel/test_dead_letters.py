"""What happens to events of a later release, and to streams that wait for nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from rialto.engines.postgres_bus import partitions_all
from rialto.kernel.background import Background
from rialto.kernel.consumers import ATTEMPTS_MAX, GO_ON, Consumer, Delivery
from rialto.kernel.dead_letters import BEHIND, TYPE_UNKNOWN
from rialto.kernel.errors import InvariantBroken, Unavailable
from rialto.kernel.faults import NoFaults
from rialto.kernel.relay import Relay, lease_name
from rialto.kernel.telemetry import Metrics
from tests.kernel.bakery import Baked, Sold, Town, store_arrival

pytestmark = pytest.mark.anyio


async def deliver(town: Town, *consumers: Consumer) -> None:
    """Everything that was told, to all of them."""
    leases = await town.bus.acquire(
        [lease_name(number) for number in partitions_all()], owner="worker", ttl_s=10
    )
    await town.relay.publish_once(leases, ["bakery"])
    for consumer in consumers:
        while await consumer.consume_once(town.bus, partitions_all()):
            pass


async def reasons(consumer: Consumer) -> list[tuple[int, str, int]]:
    """Per stuck stream: the first parked version, why, and how many wait behind it."""
    return [(one.version, one.reason, one.behind) for one in await consumer.letters.stuck(100)]


async def park(town: Town, stream: UUID, *breads: str) -> None:
    """Events of which the first is poison."""

    async def fail(_handlers: Any, _event: Baked, _delivery: Delivery) -> None:
        raise InvariantBroken

    await town.bake(stream, *breads)
    broken = town.a_consumer(fail)
    for _ in range(ATTEMPTS_MAX - 1):
        with pytest.raises(Unavailable):
            await deliver(town, broken)
    await deliver(town, broken)


async def test_an_event_of_a_later_release_waits_with_its_stream_and_nothing_else_does(town: Town) -> None:
    old = town.a_consumer(known=[Baked])
    newer, other = town.ids.uuid(1), town.ids.uuid(1)
    await town.bake(newer, "rye", "oat", "spelt", sold=["oat"])
    await town.bake(other, "wheat")
    await deliver(town, old)
    assert sorted(await town.arrivals()) == ["rye", "wheat"]
    assert await reasons(old) == [(2, TYPE_UNKNOWN, 1)]
    assert await old.go_on() == 0
    assert await old.replay() == 0
    assert await reasons(old) == [(2, TYPE_UNKNOWN, 1)]


async def test_the_release_that_knows_the_type_takes_the_stream_in_by_itself(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat", "spelt", sold=["oat"])
    await deliver(town, town.a_consumer(known=[Baked]))
    upgraded = town.a_consumer(known=[Baked, Sold])
    assert await upgraded.go_on() == 2
    assert await reasons(upgraded) == []
    await town.bake(stream, "wheat", after=3)
    await deliver(town, upgraded)
    assert await town.arrivals() == ["rye", "spelt", "wheat"]


async def test_the_release_that_reacts_to_the_type_has_the_effect_once_and_in_order(town: Town) -> None:
    """Parked by a release that knew nothing of baking, taken in by this one."""
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat")
    old = Consumer("cellar", town.cellar, None, [], clock=town.clock, faults=NoFaults(), known=[])
    await deliver(town, old)
    assert await reasons(old) == [(1, TYPE_UNKNOWN, 1)]
    await asyncio.gather(*(town.a_consumer().go_on() for _ in range(3)))
    assert await town.arrivals() == ["rye", "oat"]


async def test_background_work_looks_for_streams_that_can_go_on(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye", "oat", sold=["rye"])
    await deliver(town, town.a_consumer(known=[Baked]))
    upgraded = [town.a_consumer()]
    background = Background(
        owner="worker",
        bus=town.bus,
        relay=Relay({"bakery": town.bakery}, town.bus, NoFaults()),
        consumers=upgraded,
        jobs=[(GO_ON, upgraded)],
        feeds=[],
        clock=town.clock,
        metrics=Metrics(),
    )
    working = asyncio.ensure_future(background.run())
    async with asyncio.timeout(30):
        while await town.arrivals() != ["oat"]:
            await asyncio.sleep(0)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_what_failed_is_left_to_a_person(town: Town) -> None:
    await park(town, town.ids.uuid(1), "rye", "oat")
    mended = town.a_consumer()
    assert await mended.go_on() == 0
    assert await reasons(mended) == [(1, "InvariantBroken", 1)]


async def test_one_that_came_behind_a_replayed_event_goes_on_by_itself(town: Town) -> None:
    """It was parked while somebody replayed what stood before it."""
    stream = town.ids.uuid(1)
    await park(town, stream, "rye", "oat")
    async with town.cellar.write() as session:
        await session.run("DELETE FROM dead_letters WHERE version = 1")
    mended = town.a_consumer()
    assert await reasons(mended) == [(2, BEHIND, 0)]
    assert await mended.go_on() == 1
    assert await town.arrivals() == ["oat"]


async def test_a_waiting_event_that_fails_when_its_time_comes_is_tried_no_more(town: Town) -> None:
    calls: list[str] = []

    async def fail(_handlers: Any, event: Baked, _delivery: Delivery) -> None:
        calls.append(event.bread)
        raise InvariantBroken

    await town.bake(town.ids.uuid(1), "rye")
    await deliver(
        town, Consumer("cellar", town.cellar, None, [], clock=town.clock, faults=NoFaults(), known=[])
    )
    broken = town.a_consumer(fail)
    assert await broken.go_on() == 0
    assert await broken.go_on() == 0
    assert calls == ["rye"]
    assert await reasons(broken) == [(1, "InvariantBroken", 0)]


async def test_one_stream_is_replayed_and_the_others_stay(town: Town) -> None:
    streams: Sequence[UUID] = [town.ids.uuid(1), town.ids.uuid(2)]
    for number, stream in enumerate(streams):
        await park(town, stream, f"rye {number}", f"oat {number}")
    mended = town.a_consumer(store_arrival)
    assert await mended.replay(stream=streams[1]) == 2
    assert await mended.replay(stream=streams[1]) == 0
    assert await town.arrivals() == ["rye 1", "oat 1"]
    assert [one.stream for one in await mended.letters.stuck(10)] == [streams[0]]
    assert await mended.letters.stuck(10, stream=streams[1]) == []
