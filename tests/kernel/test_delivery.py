"""From a service's outbox to another's effect: the relay, the bus and consumers together."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from rialto.engines.postgres_bus import PostgresBus
from rialto.kernel.bus import LeaseLost
from rialto.kernel.consumers import BATCH_MAX, Delivery
from rialto.kernel.cursors import SAVE_S
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.faults import NoFaults
from rialto.kernel.relay import LAG, Relay, lease_name, partition_number
from tests.kernel.bakery import Baked, Town, store_arrival
from tests.kernel.delivering import KillAt, Killed, all_leases, consume, publish

pytestmark = pytest.mark.anyio


def test_a_lease_is_named_after_its_partition() -> None:
    assert partition_number(lease_name(17)) == 17


async def test_events_arrive_once_and_in_the_order_of_their_stream(town: Town) -> None:
    streams = [town.ids.uuid(bucket) for bucket in (1, 2, 65, 1000)]
    for stream in streams:
        await town.bake(stream, *(f"{stream.hex[-4:]}-{number}" for number in range(5)))
    assert await publish(town) == 20
    assert await publish(town) == 0
    assert await town.waiting() == 0
    consumer = town.a_consumer()
    await consume(town, consumer)
    await consume(town, consumer)
    arrived = await town.arrivals()
    for stream in streams:
        own = [bread for bread in arrived if bread.startswith(stream.hex[-4:])]
        assert own == [f"{stream.hex[-4:]}-{number}" for number in range(5)]
    assert len(arrived) == 20


async def test_events_that_nobody_here_reacts_to_are_passed_over(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat", "spelt", sold=["oat"])
    await publish(town)
    await consume(town, town.a_consumer())
    assert await town.arrivals() == ["rye", "spelt"]


async def test_more_than_a_batch_is_taken_in_turns(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, *(str(number) for number in range(BATCH_MAX + 50)))
    while await publish(town):
        pass
    await consume(town, town.a_consumer())
    assert await town.arrivals() == [str(number) for number in range(BATCH_MAX + 50)]


@pytest.mark.parametrize("point", ["relay.before_publish", "relay.after_publish", "relay.after_delete"])
async def test_a_relay_that_dies_anywhere_loses_nothing_and_the_effect_happens_once(
    town: Town, point: str
) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat")
    with pytest.raises(Killed):
        await publish(town, Relay({"bakery": town.bakery}, town.bus, KillAt(point)))
    consumer = town.a_consumer()
    await consume(town, consumer)
    await town.bake(stream, "spelt", after=2)
    await publish(town)
    await consume(town, consumer)
    assert await town.arrivals() == ["rye", "oat", "spelt"]
    assert await town.waiting() == 0


@pytest.mark.parametrize("point", ["consumer.before_commit", "consumer.after_commit"])
async def test_a_consumer_that_dies_anywhere_has_its_effect_once(town: Town, point: str) -> None:
    await town.bake(town.ids.uuid(1), "rye", "oat")
    await publish(town)
    with pytest.raises(Killed):
        await consume(town, town.a_consumer(faults=KillAt(point)))
    await consume(town, town.a_consumer())
    assert await town.arrivals() == ["rye", "oat"]


async def test_a_consumer_that_starts_again_goes_on_from_what_it_saved(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye")
    await publish(town)
    first = town.a_consumer()
    await consume(town, first)
    assert await town.bus.cursors("cellar", [1]) == {1: 0}
    town.clock.advance(SAVE_S)
    await town.bake(town.ids.uuid(1), "oat")
    await publish(town)
    await consume(town, first)
    assert await town.bus.cursors("cellar", [1]) == {1: 2}
    await consume(town, town.a_consumer())
    assert await town.arrivals() == ["rye", "oat"]


async def test_a_partition_that_went_and_came_back_is_read_from_where_the_other_left_it(town: Town) -> None:
    one, other = town.a_consumer(), town.a_consumer()
    await town.bake(town.ids.uuid(1), "rye")
    await publish(town)
    await consume(town, one)
    await one.save(town.bus)
    await one.keep_only([])
    await consume(town, other)
    await town.bake(town.ids.uuid(1), "oat")
    await publish(town)
    await consume(town, other)
    await other.save(town.bus)
    await consume(town, one)
    assert await town.arrivals() == ["rye", "oat"]


async def test_two_processes_that_hold_the_same_event_have_one_effect(town: Town) -> None:
    """A suspended process wakes up in the middle of a batch whose partition somebody else owns by now."""
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye")
    await publish(town)
    inside, go = asyncio.Event(), asyncio.Event()

    async def slowly(handlers: Any, event: Baked, delivery: Delivery) -> None:
        await store_arrival(handlers, event, delivery)
        inside.set()
        await go.wait()

    suspended = town.a_consumer(slowly)
    task = asyncio.ensure_future(suspended.consume_once(town.bus, [1]))
    await inside.wait()
    await consume(town, town.a_consumer())
    go.set()
    with pytest.raises(Unavailable):
        await task
    assert await town.arrivals() == ["rye"]
    await town.bake(stream, "oat", after=1)
    await publish(town)
    await consume(town, suspended)
    assert await town.arrivals() == ["rye", "oat"]


async def test_a_relay_takes_from_every_service_that_has_news(town: Town) -> None:
    relay = Relay({"bakery": town.bakery, "cellar": town.cellar}, town.bus, NoFaults())
    await town.bake(town.ids.uuid(1), "rye")
    assert await relay.publish_once(await all_leases(town), relay.services) == 1
    assert await relay.publish_once(await all_leases(town), relay.services) == 0


async def test_a_second_owner_fences_the_first_out(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye")
    old = await all_leases(town, owner="first")
    town.clock.advance(11)
    new = await all_leases(town, owner="second")
    with pytest.raises(LeaseLost):
        await town.relay.publish_once(old, ["bakery"])
    assert await town.waiting() == 1
    assert await town.relay.publish_once(new, ["bakery"]) == 1
    consumer = town.a_consumer()
    await consume(town, consumer)
    assert await town.arrivals() == ["rye"]


async def test_a_relay_leaves_what_is_in_others_partitions(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "mine")
    await town.bake(town.ids.uuid(2), "theirs")
    mine = await town.bus.acquire([lease_name(1)], owner="worker", ttl_s=10)
    assert await town.relay.publish_once(mine, ["bakery"]) == 1
    async with town.bakery.read() as session:
        assert await session.value("SELECT bucket FROM outbox") == 2
        assert await session.value(LAG) == 1


async def test_what_commits_late_is_still_carried(town: Town) -> None:
    """A transaction that began early and commits late must not be skipped by a relay that looked in between."""
    early, late = town.ids.uuid(1), UUID(int=town.ids.uuid(1).int)
    async with town.bakery.write() as slow:
        await slow.value("SELECT txid_current()")
        await town.bake(late, "oat")
        await publish(town)
        await slow.run(
            "INSERT INTO events (bucket, stream, version, type, schema_version, body, meta, at) "
            "VALUES (1, $1, 1, $2, 1, $3::jsonb, '{}', $4)",
            early,
            Baked.TYPE,
            '{"bread": "rye"}',
            town.clock.now(),
        )
        await slow.run("INSERT INTO outbox (bucket, stream, version) VALUES (1, $1, 1)", early)
    assert await publish(town) == 1
    await consume(town, town.a_consumer())
    assert sorted(await town.arrivals()) == ["oat", "rye"]


async def test_old_news_is_pruned_and_what_is_new_stays(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat")
    await publish(town)
    town.clock.advance(3600)
    await town.bake(stream, "spelt", after=2)
    await publish(town)
    consumer = town.a_consumer()
    await consume(town, consumer)
    await consumer.save(town.bus)
    half_an_hour = timedelta(minutes=30)
    assert await town.bus.prune(["cellar"], keep=half_an_hour, limit=1) == 1
    assert await town.bus.prune(["cellar"], keep=half_an_hour) == 1
    assert await town.bus.prune(["cellar"], keep=half_an_hour) == 0
    found, _ = await town.bus.read({1: 0}, types=None, limit=10)
    assert [logged.envelope.version for logged in found] == [3]


async def test_what_a_consumer_has_not_read_is_never_too_old(town: Town) -> None:
    """The shop was off for weeks, and something was published just before."""
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye")
    await publish(town)
    consumer = town.a_consumer()
    await consume(town, consumer)
    await consumer.save(town.bus)
    await town.bake(stream, "oat", after=1)
    await publish(town)
    town.clock.advance(30 * 24 * 3600)
    assert await town.bus.prune(["cellar", "attic"], keep=timedelta(days=7)) == 0
    assert await town.bus.prune(["cellar"], keep=timedelta(days=7)) == 1
    await consume(town, town.a_consumer())
    assert await town.arrivals() == ["rye", "oat"]


async def test_a_bus_whose_listener_cannot_connect_polls_and_tries_again_later(town: Town) -> None:
    nowhere = DatabaseAddress(host="127.0.0.1", port=1, user="nobody")
    bus = PostgresBus(town.bus_db, town.clock, listen_on=nowhere)
    assert await bus.wait(0) == frozenset()
    assert await bus.wait(0) == frozenset()
    await town.bake(town.ids.uuid(1), "rye")
    await town.relay.publish_once(await all_leases(town), ["bakery"])
    found, _ = await bus.read({1: 0}, types=None, limit=10)
    assert len(found) == 1
    await bus.close()
