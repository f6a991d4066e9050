"""What the RabbitMQ engine promises beyond the port's contract (tests/contracts/test_bus.py), on a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import combinations

import aio_pika
import pytest

from rialto.engines.postgres_bus import PostgresBus, Read, partitions_all
from rialto.engines.rabbitmq_bus import RabbitBus
from rialto.engines.rabbitmq_bus_address import parse_bus_url
from rialto.engines.rabbitmq_bus_lane import PREFETCH
from rialto.engines.rabbitmq_bus_subscription import HELD_S_MAX
from rialto.kernel.bus import Lease
from rialto.kernel.consumers import Delivery
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Conflict, Unavailable
from rialto.kernel.events import Envelope
from rialto.kernel.faults import NoFaults
from rialto.kernel.relay import Relay, lease_name
from tests.kernel.bakery import Baked, Town, store_arrival
from tests.support.rabbit import Node, free_port
from tests.support.rabbit_town import LOOK_S, WITHIN_S, RabbitTown, open_rabbit_town, take_versions

pytestmark = pytest.mark.anyio

NOTHING_SKIPPED: frozenset[str] = frozenset()


@pytest.fixture
async def rabbit_town(postgres: DatabaseAddress, rabbit: Node) -> AsyncIterator[RabbitTown]:
    async with open_rabbit_town(postgres, rabbit.url()) as opened:
        yield opened


async def test_events_arrive_once_and_in_the_order_of_their_stream(rabbit_town: RabbitTown) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    streams = [town.ids.uuid(bucket) for bucket in (1, 2, 63, 1000)]
    for stream in streams:
        await town.bake(stream, *(f"{stream.hex[-4:]}-{number}" for number in range(5)))
    assert await rabbit_town.publish(bus) == 20
    assert await town.waiting() == 0
    arrived = await rabbit_town.consume(town.a_consumer(), bus, 20)
    for stream in streams:
        own = [bread for bread in arrived if bread.startswith(stream.hex[-4:])]
        assert own == [f"{stream.hex[-4:]}-{number}" for number in range(5)]
    assert len(arrived) == 20


async def test_what_a_process_held_goes_to_the_next_one_in_order(rabbit_town: RabbitTown) -> None:
    """More than Erlang keeps sorted by itself, handed on twice, and with new ones behind."""
    town = rabbit_town.town
    stream = town.ids.uuid(1)
    await town.bake(stream, *("rye" for _ in range(150)))
    bus = rabbit_town.a_bus()
    await rabbit_town.publish(bus)
    for done in (0, 10, 40):
        holder = bus.subscribe("cellar", skip=NOTHING_SKIPPED)
        left = 150 - done
        assert await take_versions(holder, bus, left) == list(range(done + 1, 151))
        gone = 10 if done == 0 else 30
        await holder.take(partitions_all(), limit=gone)
        await holder.done()
        await holder.keep_only([])
    await town.bake(stream, "oat", after=150)
    await rabbit_town.publish(bus)
    last = rabbit_town.a_bus()
    versions = await take_versions(last.subscribe("cellar", skip=NOTHING_SKIPPED), last, 81)
    assert versions == list(range(71, 152))


async def test_what_was_held_when_the_connection_broke_comes_again_in_order(rabbit_town: RabbitTown) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    await town.bake(town.ids.uuid(1), *("rye" for _ in range(100)))
    await rabbit_town.publish(bus)
    subscription = bus.subscribe("cellar", skip=NOTHING_SKIPPED)
    assert len(await take_versions(subscription, bus, 100)) == 100
    await bus._taking.close()
    await subscription.done()  # too late, and no harm
    assert await take_versions(subscription, bus, 100) == list(range(1, 101))


async def test_while_one_process_has_a_lane_another_gets_nothing_of_it(rabbit_town: RabbitTown) -> None:
    town, first, second = rabbit_town.town, rabbit_town.a_bus(), rabbit_town.a_bus()
    await town.bake(town.ids.uuid(1), "rye", "oat")
    await rabbit_town.publish(first)
    holder = first.subscribe("cellar", skip=NOTHING_SKIPPED)
    waiting = second.subscribe("cellar", skip=NOTHING_SKIPPED)
    assert await take_versions(holder, first, 2) == [1, 2]
    await waiting.take(partitions_all(), limit=10)
    await second.wait(LOOK_S)
    assert not (await waiting.take(partitions_all(), limit=10)).batch
    await first.close()
    assert await take_versions(waiting, second, 2) == [1, 2]


async def test_no_more_is_held_than_the_bound(rabbit_town: RabbitTown) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    await town.bake(town.ids.uuid(1), *("rye" for _ in range(PREFETCH + 50)))
    await rabbit_town.publish(bus)
    subscription = bus.subscribe("cellar", skip=NOTHING_SKIPPED)
    assert len(await take_versions(subscription, bus, PREFETCH)) == PREFETCH
    assert subscription.held() == PREFETCH
    assert (await subscription.take([1], limit=10)).more == {1}
    assert await bus.behind(["cellar"]) == {"cellar": PREFETCH + 50}


@pytest.mark.parametrize("first", [1, 2])
async def test_a_stale_relay_that_still_publishes_changes_no_order(
    rabbit_town: RabbitTown, first: int
) -> None:
    """Every interleaving of an old owner's batch with the new owner's, who publishes on while the old one is late.

    The old one read the pointers of 1 and 2, or of 2 alone: then 1 had been confirmed before.
    """
    town = rabbit_town.town
    old, new = rabbit_town.a_bus(), rabbit_town.a_bus()
    stale, fresh = list(range(first, 3)), [1, 2, 3]
    total = len(stale) + len(fresh)
    possible = [places for places in combinations(range(total), len(stale)) if first == 1 or places[0] > 0]
    streams = {places: town.ids.uuid(1) for places in possible}
    for stream in streams.values():
        await town.bake(stream, *(f"{stream.hex[-6:]}-{version}" for version in fresh))
    written = {(one.stream, one.version): one for one in await _published_elsewhere(town)}
    await new._queues.ensure()
    for places, stream in streams.items():
        late, on_time = iter(stale), iter(fresh)
        for place in range(total):
            version, bus = (next(late), old) if place in places else (next(on_time), new)
            await bus._pass_on([written[stream, version]])
    arrived = await rabbit_town.consume(town.a_consumer(), new, len(streams) * 3)
    for stream in streams.values():
        own = [bread for bread in arrived if bread.startswith(stream.hex[-6:])]
        assert own == [f"{stream.hex[-6:]}-{version}" for version in fresh]


async def _published_elsewhere(town: Town) -> list[Envelope]:
    """What stands in the bakery's outbox, as the relay publishes it; the log has nothing of it."""
    taken: list[Envelope] = []

    class Catching(PostgresBus):
        async def publish(self, leases: Sequence[Lease], batch: Sequence[Envelope]) -> None:
            taken.extend(batch)

    catching = Catching(town.bus_db, town.clock, listen_on=None)
    leases = await catching.acquire([lease_name(number) for number in partitions_all()], owner="x", ttl_s=10)
    await Relay({"bakery": town.bakery}, catching, NoFaults()).publish_once(leases, ["bakery"])
    return taken


@pytest.mark.parametrize("consumers", [["cellar"], ["cellar", "attic"]])
async def test_a_deleted_queue_is_made_anew_and_nothing_is_missing(
    rabbit_town: RabbitTown, rabbit: Node, consumers: list[str]
) -> None:
    """With another consumer's queue beside it the broker takes a publication, and only the log knows that it is missing."""
    town, bus = rabbit_town.town, rabbit_town.a_bus(consumers=consumers)
    stream = town.ids.uuid(1)
    consumer = town.a_consumer()
    await town.bake(stream, "rye")
    await rabbit_town.publish(bus)
    await rabbit_town.consume(consumer, bus, 1)
    connection = await aio_pika.connect(f"amqp://127.0.0.1:{rabbit.port}/")
    channel = await connection.channel()
    await town.bake(stream, "oat", after=1)
    for lane in range(2):
        await channel.queue_delete(bus._names.queue("cellar", lane))
    await connection.close()
    await rabbit_town.publish_soon(bus)
    await town.bake(stream, "spelt", after=2)
    await rabbit_town.publish_soon(bus)
    assert await rabbit_town.consume(consumer, bus, 3) == ["rye", "oat", "spelt"]


async def test_what_the_log_still_has_is_taken_over_when_a_broker_is_set_up(rabbit_town: RabbitTown) -> None:
    town = rabbit_town.town
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat")
    await rabbit_town.publish(town.bus)
    before = town.a_consumer()
    await before.consume_once(town.bus, [1])
    await before.save(town.bus)
    await town.bake(stream, "spelt", after=2)
    await rabbit_town.publish(town.bus)
    bus = rabbit_town.a_bus()
    await town.bake(stream, "wheat", after=3)
    await rabbit_town.publish(bus)
    assert await rabbit_town.consume(town.a_consumer(), bus, 4) == ["rye", "oat", "spelt", "wheat"]


async def test_a_consumer_of_a_new_release_gets_what_was_published_before(rabbit_town: RabbitTown) -> None:
    town = rabbit_town.town
    await town.bake(town.ids.uuid(1), "rye", "oat")
    await rabbit_town.publish(rabbit_town.a_bus())
    later = rabbit_town.a_bus(consumers=["cellar", "attic"])
    attic = later.subscribe("attic", skip=NOTHING_SKIPPED)
    assert await take_versions(attic, later, 2) == [1, 2]


async def test_what_is_published_while_a_queue_is_filled_comes_behind_what_was_before(
    rabbit_town: RabbitTown,
) -> None:
    """Another process publishes when the queue is filled and not connected yet, and then while it is being connected."""
    town, first = rabbit_town.town, rabbit_town.a_bus()
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye")
    await rabbit_town.publish(first)
    waiting: list[asyncio.Task[int]] = []

    class Slow(PostgresBus):
        @asynccontextmanager
        async def nobody_publishes_after(self) -> AsyncIterator[Read]:
            await town.bake(stream, "oat", after=1)
            await rabbit_town.publish(first)
            async with super().nobody_publishes_after() as read:
                await town.bake(stream, "spelt", after=2)
                waiting.append(asyncio.ensure_future(rabbit_town.publish(first)))
                done, _ = await asyncio.wait(waiting, timeout=1)
                assert not done
                yield read

    slow = Slow(town.bus_db, town.clock, listen_on=None)
    later = RabbitBus(parse_bus_url(rabbit_town.url), slow, town.clock, consumers=["cellar", "attic"])
    attic = later.subscribe("attic", skip=NOTHING_SKIPPED)
    versions = await take_versions(attic, later, 3)
    assert list(dict.fromkeys(versions)) == [1, 2, 3]
    assert await waiting[0] == 1
    await later.close()


async def test_a_consumer_that_was_never_up_misses_nothing(rabbit_town: RabbitTown) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    await town.bake(town.ids.uuid(1), "rye")
    await rabbit_town.publish(bus)
    assert await bus.behind(["cellar"]) == {"cellar": 1}
    assert await rabbit_town.consume(town.a_consumer(), rabbit_town.a_bus(), 1) == ["rye"]


async def test_another_number_of_lanes_loses_nothing(rabbit_town: RabbitTown) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat")
    await rabbit_town.publish(bus)
    await bus.close()
    other = rabbit_town.a_bus(url=rabbit_town.url.replace("lanes=2", "lanes=3"))
    await town.bake(stream, "spelt", after=2)
    await rabbit_town.publish(other)
    assert await rabbit_town.consume(town.a_consumer(), other, 3) == ["rye", "oat", "spelt"]


async def test_an_event_that_cannot_be_taken_in_is_parked_and_holds_up_no_other_stream(
    rabbit_town: RabbitTown,
) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    sick, sound = town.ids.uuid(1), town.ids.uuid(1)
    await town.bake(sick, "rye", "poison", "oat")
    await town.bake(sound, "spelt", "wheat")
    await rabbit_town.publish(bus)

    async def refuse_poison(handlers: None, event: Baked, delivery: Delivery) -> None:
        if event.bread == "poison":
            raise Conflict(code="mouldy")
        await store_arrival(handlers, event, delivery)

    consumer = town.a_consumer(refuse_poison)
    assert sorted(await rabbit_town.consume(consumer, bus, 3)) == ["rye", "spelt", "wheat"]
    async with asyncio.timeout(WITHIN_S):
        while (await bus.behind(["cellar"]))["cellar"]:
            with suppress(Unavailable):
                await consumer.consume_once(bus, partitions_all())
    assert await town.a_consumer().replay() == 2
    assert sorted(await town.arrivals()) == ["oat", "poison", "rye", "spelt", "wheat"]


async def test_news_is_forgotten_once_all_have_taken_it_in(rabbit_town: RabbitTown) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye", "oat")
    await rabbit_town.publish(bus)
    town.clock.advance(3600)
    keep = timedelta(minutes=30)
    assert await bus.prune(["cellar"], keep=keep) == 0  # its mark waits behind what nobody has taken in
    consumer = town.a_consumer()
    await rabbit_town.consume(consumer, bus, 2)
    async with asyncio.timeout(WITHIN_S):
        while (await town.bus.cursors("cellar", [1]))[1] < 2:
            await consumer.consume_once(bus, partitions_all())
            await bus.wait(LOOK_S)
    assert await bus.prune(["cellar"], keep=keep) == 2


async def test_what_is_not_ours_in_a_queue_is_passed_over(rabbit_town: RabbitTown, rabbit: Node) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    await bus._queues.ensure()
    connection = await aio_pika.connect(f"amqp://127.0.0.1:{rabbit.port}/")
    channel = await connection.channel()
    for kind in ("event", "letter", None):
        strange = aio_pika.Message(b"[hello", type=kind)
        await channel.default_exchange.publish(strange, bus._names.queue("cellar", 0))
    await connection.close()
    await town.bake(town.ids.uuid(1), "rye")
    await rabbit_town.publish(bus)
    assert await rabbit_town.consume(town.a_consumer(), bus, 1) == ["rye"]
    assert await bus.behind(["cellar"]) == {"cellar": 0}


async def test_what_is_held_for_long_is_given_back_and_taken_again(rabbit_town: RabbitTown) -> None:
    """Before the broker takes it away itself."""
    town, bus = rabbit_town.town, rabbit_town.a_bus()
    await town.bake(town.ids.uuid(1), "rye", "oat")
    await rabbit_town.publish(bus)
    subscription = bus.subscribe("cellar", skip=NOTHING_SKIPPED)
    assert await take_versions(subscription, bus, 2) == [1, 2]
    lane = subscription._lanes[0]
    town.clock.advance(HELD_S_MAX + 1)
    assert await take_versions(subscription, bus, 2) == [1, 2]
    assert subscription._lanes[0] is not lane


async def test_a_broker_that_is_away_is_told_at_once(rabbit_town: RabbitTown) -> None:
    town, bus = rabbit_town.town, rabbit_town.a_bus(url=f"amqp://127.0.0.1:{free_port()}")
    await town.bake(town.ids.uuid(1), "rye")
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await rabbit_town.publish(bus)
        with pytest.raises(Unavailable, match="cannot be reached"):
            await bus.subscribe("cellar", skip=NOTHING_SKIPPED).take([1], limit=10)
    assert time.monotonic() - began < 5
    assert await town.waiting() == 1


async def test_what_is_wrong_with_the_address_is_told_in_a_sentence(
    rabbit_town: RabbitTown, rabbit: Node
) -> None:
    for url, sentence in [
        (rabbit.url(user="guest:wrong-password"), "refuses the user or the password of RIALTO_BUS_URL"),
        (rabbit.url(vhost="nowhere"), "has no vhost 'nowhere'"),
    ]:
        with pytest.raises(Unavailable, match=sentence) as told:
            await rabbit_town.a_bus(url=url).behind(["cellar"])
        assert "wrong-password" not in told.value.text


async def test_the_next_node_is_asked_when_one_is_away(rabbit_town: RabbitTown, rabbit: Node) -> None:
    url = f"amqp://127.0.0.1:{free_port()}?{rabbit_town.url.partition('?')[2]},{rabbit.url()}"
    assert await rabbit_town.a_bus(url=url).behind(["cellar"]) == {"cellar": 0}


async def test_by_tls_only_a_trusted_server_is_spoken_to(rabbit_town: RabbitTown, rabbit: Node) -> None:
    town = rabbit_town.town
    url = rabbit.url().replace("amqp:", "amqps:").replace(str(rabbit.port), str(rabbit.tls_port))
    with pytest.raises(Unavailable, match="certificate that is not trusted"):
        await rabbit_town.a_bus(url=url).behind(["cellar"])
    assert rabbit.certificates is not None
    log = PostgresBus(town.bus_db, town.clock, listen_on=None)
    trusting = RabbitBus(
        parse_bus_url(url, ca=rabbit.certificates / "ca.pem"), log, town.clock, consumers=["cellar"]
    )
    await town.bake(town.ids.uuid(1), "rye")
    await rabbit_town.publish(trusting)
    assert await rabbit_town.consume(town.a_consumer(), trusting, 1) == ["rye"]
    await trusting.close()
