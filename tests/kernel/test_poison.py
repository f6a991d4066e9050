"""Events that cannot be taken in: parked with their own stream, replayed in order, and never lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from rialto.kernel.consumers import ATTEMPTS_MAX, Delivery
from rialto.kernel.errors import Conflict, Unavailable
from rialto.kernel.events import Envelope
from tests.kernel.bakery import Baked, Town
from tests.kernel.delivering import consume, parked, poison, publish, until_parked

pytestmark = pytest.mark.anyio


async def test_a_poison_event_parks_its_own_stream_and_nothing_else(town: Town) -> None:
    sick, sound = town.ids.uuid(1), town.ids.uuid(1)
    await town.bake(sick, "rye", "poison", "oat")
    await town.bake(sound, "spelt")
    await publish(town)
    consumer = town.a_consumer(poison("poison", error=lambda: Conflict(code="mouldy")))
    await until_parked(town, consumer)
    assert sorted(await town.arrivals()) == ["rye", "spelt"]
    await town.bake(sick, "wheat", after=3)
    await town.bake(sound, "barley", after=1)
    await publish(town)
    await consume(town, consumer)
    assert sorted(await town.arrivals()) == ["barley", "rye", "spelt"]
    later = "an earlier event of this stream is parked"
    assert await parked(town) == [(2, "mouldy"), (3, later), (4, later)]


async def test_replaying_takes_in_what_was_parked_in_order_and_the_stream_goes_on(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "poison", "oat")
    await publish(town)
    consumer = town.a_consumer(poison("poison"))
    await until_parked(town, consumer)
    assert await parked(town) == [
        (2, "InvariantBroken"),
        (3, "an earlier event of this stream is parked"),
    ]
    assert await consumer.replay() == 0
    mended = town.a_consumer()
    assert await mended.replay() == 2
    assert await mended.replay() == 0
    assert await parked(town) == []
    await town.bake(stream, "spelt", after=3)
    await publish(town)
    await consume(town, mended)
    assert await town.arrivals() == ["rye", "poison", "oat", "spelt"]


async def test_replaying_one_stream_is_not_held_up_by_another_that_still_fails(town: Town) -> None:
    streams = sorted(town.ids.uuid(1) for _ in range(2))
    await town.bake(streams[0], "poison", "oat")
    await town.bake(streams[1], "stale", "rye")
    await publish(town)
    consumer = town.a_consumer(poison("poison", "stale"))
    for _ in range(2 * ATTEMPTS_MAX - 2):
        with pytest.raises(Unavailable):
            await consume(town, consumer)
    await consume(town, consumer)
    assert len(await parked(town)) == 4
    assert await town.a_consumer(poison("poison")).replay() == 2
    assert await town.arrivals() == ["stale", "rye"]
    assert [version for version, _ in await parked(town)] == [1, 2]


async def test_of_two_who_replay_at_once_one_has_the_effect(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye", "oat")
    await publish(town)
    await until_parked(town, town.a_consumer(poison("rye")))
    await asyncio.gather(*(town.a_consumer().replay() for _ in range(3)))
    assert await town.arrivals() == ["rye", "oat"]
    assert await parked(town) == []


async def test_what_another_has_replayed_meanwhile_is_left_alone(town: Town) -> None:
    letters: list[Envelope] = []

    async def refuse(_handlers: Any, _event: Baked, delivery: Delivery) -> None:
        letters.append(delivery.envelope)
        raise Conflict

    await town.bake(town.ids.uuid(1), "rye")
    await publish(town)
    await until_parked(town, town.a_consumer(refuse))
    consumer = town.a_consumer()
    assert await consumer.replay() == 1
    assert await consumer.letters._replay_one(
        letters[0], consumer._take_in_parked
    )  # as one who had read it before it was gone
    assert await town.arrivals() == ["rye"]


async def test_replaying_takes_no_more_than_it_may(town: Town) -> None:
    for _ in range(3):
        await town.bake(town.ids.uuid(1), "rye")
    await publish(town)
    consumer = town.a_consumer(poison("rye"))
    for _ in range(3 * ATTEMPTS_MAX):
        with suppress(Unavailable):
            await consume(town, consumer)
    assert len(await parked(town)) == 3
    mended = town.a_consumer()
    assert [await mended.replay(limit=2) for _ in range(3)] == [2, 1, 0]
    assert await town.arrivals() == ["rye"] * 3


async def test_replaying_waits_for_a_dependency(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye")
    await publish(town)
    await until_parked(town, town.a_consumer(poison("rye")))
    with pytest.raises(Unavailable):
        await town.a_consumer(poison("rye", error=Unavailable)).replay()
    assert await town.a_consumer().replay() == 1


async def test_while_a_dependency_is_away_nothing_is_parked(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye")
    await publish(town)
    consumer = town.a_consumer(poison("rye", error=Unavailable))
    for _ in range(3 * ATTEMPTS_MAX):
        with pytest.raises(Unavailable):
            await consume(town, consumer)
    assert await parked(town) == []
    await consume(town, town.a_consumer())
    assert await town.arrivals() == ["rye"]


async def test_an_event_that_cannot_be_read_is_parked_as_it_came(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye")
    async with town.bakery.write() as session:
        await session.run("""UPDATE events SET body = '{"bread": 1}'""")
    await publish(town)
    await until_parked(town, town.a_consumer())
    assert await parked(town) == [(1, "ValidationError")]
    async with town.cellar.read() as session:
        assert await session.value("SELECT body::text FROM dead_letters") == '{"bread": 1}'
