"""Reactions that take in events of many streams with one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rialto.engines.postgres_bus import partitions_all
from rialto.kernel.bus import Bus
from rialto.kernel.consumers import ATTEMPTS_MAX, Consumer
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import InvariantBroken, Unavailable
from rialto.kernel.faults import NoFaults
from rialto.kernel.relay import lease_name
from rialto.kernel.service import Reaction
from tests.kernel.bakery import Baked, Sold, Town, store_arrival

pytestmark = pytest.mark.anyio

STORE = "INSERT INTO arrivals (stream, version, bread) SELECT gen_random_uuid(), 1, bread FROM unnest($1::text[]) AS t(bread)"


class Pantry:
    """Remembers what came together, and spoils a batch that holds poison."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    async def take_in(self, _handlers: Any, events: Sequence[Baked | Sold], session: WriteSession) -> None:
        breads = [event.bread for event in events]
        await session.run(STORE, breads)
        if "poison" in breads:
            raise InvariantBroken
        self.batches.append(breads)


def a_consumer(town: Town, pantry: Pantry) -> Consumer:
    reactions = [Reaction(event=event, run_many=pantry.take_in) for event in (Baked, Sold)]
    return Consumer("cellar", town.cellar, None, reactions, clock=town.clock, faults=NoFaults(), known=())


async def take_in_all(town: Town, consumer: Consumer) -> None:
    bus: Bus = town.bus
    leases = await town.bus.acquire([lease_name(n) for n in partitions_all()], owner="worker", ttl_s=10)
    await town.relay.publish_once(leases, ["bakery"])
    for _ in range(ATTEMPTS_MAX):
        try:
            await consumer.consume_once(bus, set(partitions_all()))
        except Unavailable:
            continue
        return


async def test_events_of_different_streams_come_together(town: Town) -> None:
    for bread in ("rye", "oat", "spelt"):
        await town.bake(town.ids.uuid(1), bread)
    pantry = Pantry()
    await take_in_all(town, a_consumer(town, pantry))
    assert [sorted(batch) for batch in pantry.batches] == [["oat", "rye", "spelt"]]
    assert sorted(await town.arrivals()) == ["oat", "rye", "spelt"]


async def test_a_streams_second_event_waits_for_the_second_round_also_when_it_is_of_another_type(
    town: Town,
) -> None:
    first, second = town.ids.uuid(1), town.ids.uuid(1)
    await town.bake(first, "rye", "rye crumbs", "rye again", sold=["rye crumbs"])
    await town.bake(second, "oat", "oat again")
    pantry = Pantry()
    await take_in_all(town, a_consumer(town, pantry))
    flat = [bread for batch in pantry.batches for bread in batch]
    assert sorted(flat[:2]) == ["oat", "rye"]
    assert flat.index("rye") < flat.index("rye crumbs") < flat.index("rye again")
    assert flat.index("oat") < flat.index("oat again")


async def test_one_that_fails_harms_only_itself(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye")
    await town.bake(town.ids.uuid(1), "poison")
    await town.bake(town.ids.uuid(1), "oat")
    pantry = Pantry()
    await take_in_all(town, a_consumer(town, pantry))
    assert sorted(await town.arrivals()) == ["oat", "rye"]
    async with town.cellar.read() as session:
        assert await session.value("SELECT count(*) FROM dead_letters") == 1


async def test_what_was_parked_is_replayed_alone(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "poison")
    await take_in_all(town, a_consumer(town, Pantry()))
    mended: list[str] = []

    async def take_in(_handlers: Any, events: Sequence[Baked], _session: WriteSession) -> None:
        mended.extend(event.bread for event in events)

    reactions = [Reaction(event=Baked, run_many=take_in)]
    consumer = Consumer("cellar", town.cellar, None, reactions, clock=town.clock, faults=NoFaults(), known=())
    assert await consumer.replay() == 1
    assert mended == ["poison"]


@pytest.mark.fast
async def test_a_reaction_is_for_one_or_for_many() -> None:
    with pytest.raises(TypeError, match=r"bakery\.baked is either for one or for many"):
        Reaction(event=Baked)
    with pytest.raises(TypeError):
        Reaction(event=Baked, run=store_arrival, run_many=Pantry().take_in)
