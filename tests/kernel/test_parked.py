"""Looking after what could not be taken in, over all consumers; and read models that were made from the truth itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rialto.engines.postgres_bus import PostgresBus
from rialto.kernel.consumers import Consumer, has_taken_in
from rialto.kernel.errors import NotFound, Unavailable
from rialto.kernel.parked import ParkedEvents
from rialto.kernel.upkeep import AtMost, OneStream, ServiceUpkeep
from rialto.kernel.workings import Engineer
from tests.kernel.bakery import Town
from tests.kernel.test_dead_letters import deliver, park

pytestmark = pytest.mark.anyio


def upkeep_of(consumer: Consumer) -> ServiceUpkeep:
    async def none_waiting() -> int:
        return 0

    return ServiceUpkeep(lambda: consumer, waiting=none_waiting, ready=lambda: True)


async def test_parked_streams_are_listed_and_one_is_tried_again(town: Town) -> None:
    one, other = town.ids.uuid(1), town.ids.uuid(2)
    await park(town, one, "rye", "oat")
    town.clock.advance(1)
    await park(town, other, "wheat")
    mended = town.a_consumer()
    parked = ParkedEvents({"cellar": upkeep_of(mended)})
    assert [(found.stream, found.behind) for found in await parked.all(10)] == [(one, 1), (other, 0)]
    assert len(await parked.all(1)) == 1
    assert await parked.replay("cellar", one) == 2
    assert await town.arrivals() == ["rye", "oat"]
    assert [found.stream for found in await parked.all(10)] == [other]
    with pytest.raises(NotFound):
        await parked.replay("attic", other)


class SilentBus(PostgresBus):
    """Its broker is away."""

    async def behind(self, consumers: Sequence[str]) -> dict[str, int]:
        raise Unavailable


async def test_the_engineer_sees_workers_and_what_waits(town: Town) -> None:
    told: dict[str, Any] = {"database": "ok", "search_ready": True, "outbox_waiting": {"bakery": 1}}

    async def details() -> dict[str, Any]:
        return told

    cellar = town.a_consumer()
    engineer = Engineer(details, town.bus, ["cellar"], ParkedEvents({}))
    await town.bus.heartbeat("worker", ttl_s=10)
    await town.bake(town.ids.uuid(1), "rye", "oat")
    await deliver(town)
    seen = await engineer.look()
    assert (seen.database, seen.workers, seen.waiting, seen.behind) == ("ok", 1, {"bakery": 1}, {"cellar": 2})
    await deliver(town, cellar)
    await cellar.save(town.bus)
    assert (await engineer.look()).behind == {"cellar": 0}
    unknown = Engineer(
        details, SilentBus(town.bus_db, town.clock, listen_on=None), ["cellar"], ParkedEvents({})
    )
    assert ((await unknown.look()).database, (await unknown.look()).behind) == ("ok", {})
    told |= {"database": "it is away", "search_ready": False}
    away = await engineer.look()
    assert (away.database, away.search_ready, away.behind) == ("it is away", False, {})


async def test_what_was_read_from_the_truth_is_not_taken_in_again(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat", "spelt")
    place = (1, stream)
    async with town.cellar.write() as session:
        assert await has_taken_in(session, "cellar", [])
        assert await has_taken_in(session, "cellar", [(*place, 2)])
    await deliver(town, town.a_consumer())
    assert await town.arrivals() == ["spelt"]
    async with town.cellar.write() as session:
        assert not await has_taken_in(session, "cellar", [(*place, 2)])
        assert await has_taken_in(session, "cellar", [(*place, 3)])


async def test_what_services_elsewhere_hold_is_counted_as_well(town: Town) -> None:
    async def details() -> dict[str, Any]:
        return {"database": "ok", "search_ready": True, "outbox_waiting": {"bakery": 1}}

    async def two_waiting() -> int:
        return 2

    attic = ServiceUpkeep(lambda: None, waiting=two_waiting, ready=lambda: False)
    seen = await Engineer(details, town.bus, [], ParkedEvents({}), elsewhere={"attic": attic}).look()
    assert (seen.waiting, seen.search_ready) == ({"bakery": 1, "attic": 2}, False)


async def test_where_nothing_reacts_to_events_none_can_be_stuck(town: Town) -> None:
    async def none_waiting() -> int:
        return 0

    attic = ServiceUpkeep(lambda: None, waiting=none_waiting, ready=lambda: True)
    assert (await attic.stuck(AtMost(limit=5))).items == []
    with pytest.raises(NotFound):
        await attic.replay(OneStream(stream=town.ids.uuid(1)))
