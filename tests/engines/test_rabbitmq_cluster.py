"""A cluster of three RabbitMQ nodes loses the leader of a queue by kill -9 while events are published and taken in.

Takes minutes on a small machine: RIALTO_CLUSTER_TESTS=1 has it run.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from rialto.engines.postgres_bus import partitions_all
from rialto.engines.rabbitmq_bus import RabbitBus
from rialto.kernel.consumers import Consumer
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from tests.support.rabbit import Node, nodes
from tests.support.rabbit_town import LOOK_S, RabbitTown, open_rabbit_town

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not os.environ.get("RIALTO_CLUSTER_TESTS"),
        reason="takes minutes; RIALTO_CLUSTER_TESTS=1 has it run",
    ),
]

ROUNDS = 60
KILLED_IN_ROUND = 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[list[Node]]:
    with nodes(3) as three:
        yield three


async def test_the_leader_of_a_queue_is_killed_and_nothing_is_lost(
    postgres: DatabaseAddress, cluster: list[Node]
) -> None:
    query = cluster[0].url(lanes=1).partition("?")[2]
    url = ",".join(f"amqp://127.0.0.1:{node.port}?{query}" for node in cluster)
    async with open_rabbit_town(postgres, url) as rabbit_town:
        town, bus = rabbit_town.town, rabbit_town.a_bus()
        streams = [town.ids.uuid(bucket) for bucket in (1, 20, 40)]
        consumer, taking = town.a_consumer(), rabbit_town.a_bus()
        for number in range(ROUNDS):
            for stream in streams:
                await town.bake(stream, f"{stream.hex[-6:]}-{number}", after=number)
            if number == KILLED_IN_ROUND:
                queue = bus._names.queue("cellar", 0)
                leader = await asyncio.to_thread(leader_of, cluster, queue)
                leader.kill()
            await _try(rabbit_town, bus)
            await _take(rabbit_town, consumer, taking)
        await rabbit_town.publish_soon(bus)
        arrived = await rabbit_town.consume(consumer, taking, ROUNDS * len(streams))
        for stream in streams:
            own = [bread for bread in arrived if bread.startswith(stream.hex[-6:])]
            assert own == [f"{stream.hex[-6:]}-{number}" for number in range(ROUNDS)]
        assert len(arrived) == ROUNDS * len(streams)


def leader_of(cluster: list[Node], queue: str) -> Node:
    """Of the queue, which stands on all three."""
    said = cluster[0].control("list_queues", "name", "leader", "members", "--quiet")
    [line] = [line for line in said.splitlines() if line.startswith(queue)]
    _, leader, members = line.split("\t")
    assert all(node.name in members for node in cluster)
    return next(node for node in cluster if node.name == leader)


async def _try(rabbit_town: RabbitTown, bus: RabbitBus) -> None:
    """Publish what waits, or leave it for the next round, as the background does."""
    try:
        await rabbit_town.publish(bus)
    except Unavailable:
        rabbit_town.town.clock.advance(1)
        await bus.wait(LOOK_S)


async def _take(rabbit_town: RabbitTown, consumer: Consumer, bus: RabbitBus) -> None:
    try:
        await consumer.consume_once(bus, partitions_all())
    except Unavailable:
        rabbit_town.town.clock.advance(1)
