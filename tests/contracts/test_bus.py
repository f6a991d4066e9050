"""What every engine of the bus port promises. Another engine is one more entry in `ENGINES`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest

from rialto.engines.postgres_bus import PostgresBus, partitions_all
from rialto.engines.rabbitmq_bus import RabbitBus
from rialto.engines.rabbitmq_bus_address import parse_bus_url
from rialto.kernel.bus import Bus, Lease, LeaseLost, Logged, Subscription
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.events import Envelope
from rialto.kernel.ids import PARTITIONS, partition_of
from rialto.kernel.migrations import BUS_SCHEMA, role_of
from tests.support.databases import SECRETS, fresh_database
from tests.support.rabbit import Node
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


@dataclass
class Engine:
    """Two processes' views of one bus. `tells_others`: a publication wakes those who wait in another process."""

    bus: Bus
    other: Bus
    clock: ManualClock
    tells_others: bool


def postgres_engine(*, listening: bool) -> Callable[[DatabaseAddress], AbstractAsyncContextManager[Engine]]:
    @asynccontextmanager
    async def opened(postgres: DatabaseAddress) -> AsyncIterator[Engine]:
        async with fresh_database(postgres, []) as admin:
            role = role_of(BUS_SCHEMA)
            address = admin.as_user(role, SECRETS.database_password(role))
            dbs = [Database(address, connections=4) for _ in range(2)]
            clock = ManualClock()
            buses = [PostgresBus(db, clock, listen_on=address if listening else None) for db in dbs]
            yield Engine(buses[0], buses[1], clock, tells_others=listening)
            for bus, db in zip(buses, dbs, strict=True):
                await bus.close()
                await db.close()

    return opened


def rabbitmq_engine(node: Node) -> Callable[[DatabaseAddress], AbstractAsyncContextManager[Engine]]:
    @asynccontextmanager
    async def opened(postgres: DatabaseAddress) -> AsyncIterator[Engine]:
        async with postgres_engine(listening=True)(postgres) as below:
            address = parse_bus_url(node.url())
            one, other = (
                RabbitBus(address, log, below.clock, consumers=["mail", "figures"])
                for log in (below.bus, below.other)
                if isinstance(log, PostgresBus)
            )
            yield Engine(one, other, below.clock, tells_others=True)
            await one.close()
            await other.close()

    return opened


ENGINES: dict[
    str, Callable[[pytest.FixtureRequest], Callable[[DatabaseAddress], AbstractAsyncContextManager[Engine]]]
] = {
    "postgres, polling": lambda _: postgres_engine(listening=False),
    "postgres, listening": lambda _: postgres_engine(listening=True),
    "rabbitmq": lambda request: rabbitmq_engine(request.getfixturevalue("rabbit")),
}


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, postgres: DatabaseAddress) -> AsyncIterator[Engine]:
    async with ENGINES[request.param](request)(postgres) as opened:
        yield opened


IDS = seeded_ids(11)


def envelopes(stream: UUID, *versions: int, kind: str = "shop.opened") -> list[Envelope]:
    return [
        Envelope(
            service="shop",
            bucket=stream.int >> 64 & 0xFFF,
            stream=stream,
            version=version,
            type=kind,
            schema_version=1,
            body=b'{"text": "\xc3\xa4"}',
            meta=b"{}",
            at=ManualClock().now(),
        )
        for version in versions
    ]


def a_stream(partition: int) -> UUID:
    return IDS.uuid(partition)


def names(partitions: Sequence[int]) -> list[str]:
    return [f"partition/{partition}" for partition in partitions]


async def leases(bus: Bus, *partitions: int, owner: str = "a") -> list[Lease]:
    return await bus.acquire(names(partitions), owner=owner, ttl_s=10)


async def read_all(bus: Bus, after: dict[int, int] | None = None) -> list[tuple[UUID, int]]:
    found, _ = await bus.read(after or dict.fromkeys(partitions_all(), 0), types=None, limit=1000)
    return [(logged.envelope.stream, logged.envelope.version) for logged in found]


async def test_a_free_lease_is_got_and_a_held_one_is_not(engine: Engine) -> None:
    got = await leases(engine.bus, 1, 2, owner="a")
    assert sorted(lease.name for lease in got) == names([1, 2])
    assert {lease.owner for lease in got} == {"a"}
    assert [lease.name for lease in await leases(engine.other, 2, 3, owner="b")] == names([3])


async def test_renewing_keeps_the_fence_and_prolongs(engine: Engine) -> None:
    first = await leases(engine.bus, 1, owner="a")
    engine.clock.advance(6)
    assert await leases(engine.bus, 1, owner="a") == first
    engine.clock.advance(6)
    assert await leases(engine.other, 1, owner="b") == []


async def test_an_expired_lease_goes_to_another_with_a_higher_fence(engine: Engine) -> None:
    [old] = await leases(engine.bus, 1, owner="a")
    engine.clock.advance(10)
    [new] = await leases(engine.other, 1, owner="b")
    assert new.fence > old.fence
    assert await leases(engine.bus, 1, owner="a") == []


async def test_what_is_given_back_is_free_at_once_and_its_fence_rises(engine: Engine) -> None:
    [first, _] = sorted(await leases(engine.bus, 1, 2, owner="a"), key=lambda lease: lease.name)
    await engine.bus.give_back("a", names([1]))
    assert await leases(engine.other, 2, owner="b") == []
    [second] = await leases(engine.other, 1, owner="b")
    await engine.other.give_back("b")
    [third] = await leases(engine.bus, 1, owner="a")
    assert first.fence < second.fence < third.fence


async def test_giving_back_takes_nothing_from_others(engine: Engine) -> None:
    [held] = await leases(engine.bus, 1, owner="a")
    await engine.other.give_back("b", names([1]))
    await engine.other.give_back("b")
    await engine.bus.publish([held], envelopes(a_stream(1), 1))


async def test_living_workers_are_counted(engine: Engine) -> None:
    assert await engine.bus.heartbeat("a", ttl_s=10) == 1
    engine.clock.advance(5)
    assert await engine.other.heartbeat("b", ttl_s=10) == 2
    engine.clock.advance(6)
    assert await engine.other.heartbeat("b", ttl_s=10) == 1
    assert await engine.bus.heartbeat("a", ttl_s=10) == 2
    assert await engine.other.workers() == 2
    await engine.other.give_back("b")
    assert await engine.bus.heartbeat("a", ttl_s=10) == 1
    engine.clock.advance(11)
    assert await engine.bus.workers() == 0


async def test_what_is_published_is_read_as_it_was_in_order(engine: Engine) -> None:
    stream = a_stream(5)
    published = envelopes(stream, 1, 2, 3)
    await engine.bus.publish(await leases(engine.bus, 5), published[:2])
    await engine.bus.publish(await leases(engine.bus, 5), published[2:])
    found, positions = await engine.other.read({5: 0}, types=None, limit=10)
    assert [logged.envelope for logged in found] == published
    assert {logged.partition for logged in found} == {5}
    ids = [logged.id for logged in found]
    assert ids == sorted(set(ids))
    assert positions == {5: ids[-1]}
    assert (await engine.bus.tail())[5] == ids[-1]


async def test_reading_goes_on_after_a_position_and_looks_into_no_other_partition(engine: Engine) -> None:
    await engine.bus.publish(await leases(engine.bus, 5, 6), envelopes(a_stream(5), 1, 2))
    await engine.bus.publish(await leases(engine.bus, 6), envelopes(a_stream(6), 1))
    found, positions = await engine.bus.read({5: 0}, types=None, limit=1)
    assert len(found) == 1
    found, positions = await engine.bus.read(positions, types=None, limit=10)
    assert [logged.envelope.version for logged in found] == [2]
    assert await engine.bus.read(positions, types=None, limit=10) == ([], positions)


async def test_a_busy_partition_starves_no_other(engine: Engine) -> None:
    held = await leases(engine.bus, 5, 6)
    quiet = a_stream(6)
    await engine.bus.publish(held, [*envelopes(a_stream(5), *range(1, 21)), *envelopes(quiet, 1)])
    found, _ = await engine.bus.read({5: 0, 6: 0}, types=None, limit=3)
    assert quiet in {logged.envelope.stream for logged in found}


async def test_only_wanted_types_come_back_and_positions_move_past_the_others(engine: Engine) -> None:
    stream = a_stream(5)
    batch = [*envelopes(stream, 1), *envelopes(stream, 2, kind="shop.closed"), *envelopes(stream, 3)]
    await engine.bus.publish(await leases(engine.bus, 5), batch)
    found, positions = await engine.bus.read({5: 0}, types=frozenset({"shop.closed"}), limit=10)
    assert [logged.envelope.version for logged in found] == [2]
    assert positions == {5: (await engine.bus.tail())[5]}


async def test_without_its_lease_nothing_is_published(engine: Engine) -> None:
    old = await leases(engine.bus, 1, 2, owner="a")
    engine.clock.advance(11)
    await leases(engine.other, 2, owner="b")
    with pytest.raises(LeaseLost):
        await engine.bus.publish(old, [*envelopes(a_stream(1), 1), *envelopes(a_stream(2), 1)])
    assert await read_all(engine.other) == []


async def test_a_lease_that_was_given_back_is_no_lease(engine: Engine) -> None:
    old = await leases(engine.bus, 1)
    await engine.bus.give_back("a", names([1]))
    with pytest.raises(LeaseLost):
        await engine.bus.publish(old, envelopes(a_stream(1), 1))
    await leases(engine.bus, 1)
    with pytest.raises(LeaseLost):
        await engine.bus.publish(old, envelopes(a_stream(1), 1))
    assert await read_all(engine.bus) == []


async def test_a_lease_that_expired_and_came_back_has_another_fence(engine: Engine) -> None:
    old = await leases(engine.bus, 1, owner="a")
    engine.clock.advance(11)
    await leases(engine.other, 1, owner="b")
    engine.clock.advance(11)
    new = await leases(engine.bus, 1, owner="a")
    with pytest.raises(LeaseLost):
        await engine.bus.publish(old, envelopes(a_stream(1), 1))
    await engine.bus.publish(new, envelopes(a_stream(1), 1))


async def taken(subscription: Subscription, *partitions: int, limit: int = 100) -> list[tuple[UUID, int]]:
    """What comes next, waiting for engines that deliver by themselves."""
    found: list[Logged] = []
    async with asyncio.timeout(10):
        while not found:
            found = (await subscription.take(partitions, limit=limit)).batch
    return [(logged.envelope.stream, logged.envelope.version) for logged in found]


async def is_empty(subscription: Subscription, *partitions: int) -> bool:
    return not (await subscription.take(partitions, limit=100)).batch


async def test_a_consumer_takes_in_order_what_was_published_and_goes_on_after_what_is_done(
    engine: Engine,
) -> None:
    held = await leases(engine.bus, 1, 2)
    stream, other = a_stream(1), a_stream(2)
    mails = engine.bus.subscribe("mail", skip=frozenset())
    await engine.bus.publish(held, [*envelopes(stream, 1, 2), *envelopes(other, 1)])
    seen: list[tuple[UUID, int]] = []
    while len(seen) < 3:
        seen += await taken(mails, 1, 2)
        await mails.done()
    assert sorted(seen) == sorted([(stream, 1), (stream, 2), (other, 1)])
    assert seen.index((stream, 1)) < seen.index((stream, 2))
    assert await is_empty(mails, 1, 2)
    await engine.bus.publish(held, envelopes(stream, 3))
    assert await taken(mails, 1, 2) == [(stream, 3)]


async def test_what_was_taken_and_not_done_comes_again(engine: Engine) -> None:
    held = await leases(engine.bus, 1)
    stream = a_stream(1)
    mails = engine.bus.subscribe("mail", skip=frozenset())
    await engine.bus.publish(held, envelopes(stream, 1, 2))
    first = await taken(mails, 1, limit=1)
    assert first[0] == (stream, 1)
    again = await taken(mails, 1, limit=1)
    assert again[0] == (stream, 1)


async def test_another_process_goes_on_after_what_was_done_and_saved(engine: Engine) -> None:
    held = await leases(engine.bus, 1)
    stream = a_stream(1)
    mails = engine.bus.subscribe("mail", skip=frozenset())
    await engine.bus.publish(held, envelopes(stream, 1))
    await taken(mails, 1)
    await mails.done()
    await mails.save()
    await mails.keep_only([])
    later = engine.other.subscribe("mail", skip=frozenset())
    await engine.bus.publish(held, envelopes(stream, 2))
    assert await taken(later, 1) == [(stream, 2)]


async def test_each_consumer_takes_in_everything_for_itself(engine: Engine) -> None:
    held = await leases(engine.bus, 1)
    stream = a_stream(1)
    mails = engine.bus.subscribe("mail", skip=frozenset())
    figures = engine.other.subscribe("figures", skip=frozenset())
    for subscription in (mails, figures):
        assert await is_empty(subscription, 1)
    await engine.bus.publish(held, envelopes(stream, 1))
    assert await taken(mails, 1) == [(stream, 1)]
    assert await taken(figures, 1) == [(stream, 1)]


async def test_a_consumer_passes_over_types_that_are_nothing_to_it(engine: Engine) -> None:
    held = await leases(engine.bus, 1)
    stream = a_stream(1)
    mails = engine.bus.subscribe("mail", skip=frozenset({"shop.opened"}))
    await engine.bus.publish(held, [*envelopes(stream, 1, 2), *envelopes(stream, 3, kind="shop.closed")])
    assert await taken(mails, 1) == [(stream, 3)]


async def test_how_far_consumers_are_behind_is_told(engine: Engine) -> None:
    held = await leases(engine.bus, 1)
    mails = engine.bus.subscribe("mail", skip=frozenset())
    await engine.bus.publish(held, envelopes(a_stream(1), 1, 2))
    assert await engine.other.behind(["mail"]) == {"mail": 2}
    async with asyncio.timeout(10):
        while len(await taken(mails, 1)) < 2:
            """What is not done comes again, with what has come since."""
    assert await engine.bus.behind(["mail"]) == {"mail": 2}
    await mails.done()
    await mails.save()
    for bus in (engine.bus, engine.other):
        assert await bus.behind(["mail"]) == {"mail": 0}


async def test_a_reader_that_follows_misses_nothing_of_many_who_publish_at_once(engine: Engine) -> None:
    held = await leases(engine.bus, 7, 8)
    streams = [a_stream(partition) for partition in (7, 8) for _ in range(5)]
    seen: list[tuple[UUID, int]] = []
    positions = {7: 0, 8: 0}

    async def publish(stream: UUID) -> None:
        for version in (1, 2, 3):
            await engine.bus.publish(held, envelopes(stream, version))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(publish(stream)) for stream in streams]
        done = False
        while not done:
            done = all(task.done() for task in tasks)
            found, positions = await engine.other.read(positions, types=None, limit=4)
            done = done and not found
            seen += [(logged.envelope.stream, logged.envelope.version) for logged in found]
    assert sorted(seen) == sorted((stream, version) for stream in streams for version in (1, 2, 3))
    for stream in streams:
        assert [version for found, version in seen if found == stream] == [1, 2, 3]


async def test_whoever_waits_in_the_publishing_process_is_told_where_the_news_is(engine: Engine) -> None:
    held = await leases(engine.bus, 5, 6)
    await engine.bus.wait(0)
    waiting = asyncio.ensure_future(engine.bus.wait(30))
    await asyncio.sleep(0)
    await engine.bus.publish(held, [*envelopes(a_stream(5), 1), *envelopes(a_stream(6), 1)])
    assert await waiting == {5, 6}
    assert await engine.bus.wait(0) == frozenset()


async def test_whoever_waits_elsewhere_is_told_or_finds_out_by_polling(engine: Engine) -> None:
    await engine.other.wait(0)
    await engine.bus.publish(await leases(engine.bus, 5), envelopes(a_stream(5), 1))
    told = await engine.other.wait(30 if engine.tells_others else 0)
    assert told == ({5} if engine.tells_others else frozenset())
    assert len(await read_all(engine.other)) == 1


async def test_all_partitions_are_there(engine: Engine) -> None:
    assert await engine.bus.tail() == dict.fromkeys(range(PARTITIONS), 0)
    held = await leases(engine.bus, *range(PARTITIONS))
    streams = [a_stream(bucket) for bucket in range(0, 1024, 15)]
    await engine.bus.publish(held, [envelope for stream in streams for envelope in envelopes(stream, 1)])
    found, _ = await engine.bus.read(dict.fromkeys(partitions_all(), 0), types=None, limit=100)
    assert {logged.envelope.stream for logged in found} == set(streams)
    assert all(logged.partition == partition_of(logged.envelope.bucket) for logged in found)
