"""`rialto events dead` and `rialto events replay`: what an operator reads, and the exit codes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from rialto.cli import events
from rialto.kernel.consumers import ATTEMPTS_MAX, Consumer, Delivery
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Conflict, Unavailable
from rialto.kernel.ids import ORDER, partition_of
from rialto.kernel.relay import lease_name
from tests.kernel.bakery import Baked, Town, open_town

pytestmark = pytest.mark.anyio


def arguments(*words: str) -> Namespace:
    parser = ArgumentParser()
    events.add_arguments(parser)
    return parser.parse_args(words)


async def said_by(consumers: Sequence[Consumer], *words: str) -> tuple[int, list[str]]:
    said: list[str] = []
    code = await events.run(arguments(*words), consumers, said.append)
    return code, said


async def park(town: Town, stream: UUID, *breads: str) -> None:
    """The first event is refused with a code, the others queue up behind it."""

    async def refuse(_handlers: Any, _event: Baked, _delivery: Delivery) -> None:
        raise Conflict(code="cellar_full")

    partition = partition_of(stream.int >> 64 & 0xFFF)
    await town.bake(stream, *breads)
    lease = await town.bus.acquire([lease_name(partition)], owner="worker", ttl_s=10)
    await town.relay.publish_once(lease, ["bakery"])
    broken = town.a_consumer(refuse)
    for _ in range(ATTEMPTS_MAX - 1):
        with pytest.raises(Unavailable):
            await broken.consume_once(town.bus, [partition])
    await broken.consume_once(town.bus, [partition])


async def test_a_shop_without_dead_letters_says_so(postgres: DatabaseAddress) -> None:
    async with open_town(postgres) as town:
        assert await said_by([town.a_consumer()], "dead") == (0, ["Nothing is parked."])
        nothing_to_do = (0, ["No event was taken in.", "Nothing is parked."])
        assert await said_by([town.a_consumer()], "replay", "--all") == nothing_to_do


async def test_dead_tells_who_stuck_where_and_why(postgres: DatabaseAddress) -> None:
    async with open_town(postgres) as town:
        stream = town.ids.uuid(1)
        await park(town, stream, "rye", "oat", "spelt")
        code, said = await said_by([town.a_consumer()], "dead")
        at = f"{town.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        assert code == 1
        assert said == [
            f"cellar  stream {stream} version 1  bakery.baked from bakery: cellar_full, {at}, 2 events behind it",
            "1 stream is parked.",
        ]


async def test_replay_takes_everything_in_once(postgres: DatabaseAddress) -> None:
    async with open_town(postgres) as town:
        for bucket in (1, 2):
            await park(town, town.ids.uuid(bucket), "rye", "oat")
        done = (0, ["4 events were taken in.", "Nothing is parked."])
        assert await said_by([town.a_consumer()], "replay", "--all") == done
        again = (0, ["No event was taken in.", "Nothing is parked."])
        assert await said_by([town.a_consumer()], "replay", "--all") == again
        assert await town.arrivals() == ["rye", "oat", "rye", "oat"]


async def test_replay_of_one_stream_leaves_the_others_and_reports_on_it_alone(
    postgres: DatabaseAddress,
) -> None:
    async with open_town(postgres) as town:
        mended, other = town.ids.uuid(1), town.ids.uuid(2)
        for stream in (mended, other):
            await park(town, stream, "rye")
        done = (0, ["1 event was taken in.", "Nothing is parked."])
        assert await said_by([town.a_consumer()], "replay", "--stream", str(mended)) == done
        code, said = await said_by([town.a_consumer()], "dead")
        assert code == 1
        assert str(other) in said[0]


async def test_what_still_fails_is_named_and_ends_with_one(postgres: DatabaseAddress) -> None:
    async def refuse(_handlers: Any, _event: Baked, _delivery: Delivery) -> None:
        raise Conflict(code="cellar_full")

    async with open_town(postgres) as town:
        await park(town, town.ids.uuid(1), "rye")
        code, said = await said_by([town.a_consumer(refuse)], "replay", "--all")
        assert code == 1
        assert [said[0], said[-1]] == ["No event was taken in.", "1 stream is still parked."]


async def test_a_named_service_is_the_only_one_looked_at(postgres: DatabaseAddress) -> None:
    async with open_town(postgres) as town:
        await park(town, town.ids.uuid(1), "rye")
        assert await said_by([town.a_consumer()], "dead", "--service", "orders") == (
            0,
            ["Nothing is parked."],
        )


@pytest.mark.fast
def test_a_stream_may_be_named_by_the_id_of_what_it_is_about() -> None:
    stream = UUID("018f3b1c-8c00-7001-8000-0000000000ff")
    assert events.stream_of(ORDER.of(stream)) == stream
    assert events.stream_of(str(stream)) == stream


@pytest.mark.fast
@pytest.mark.parametrize(
    "words",
    [
        ["replay"],
        ["replay", "--all", "--stream", "018f3b1c-8c00-7001-8000-0000000000ff"],
        ["replay", "--stream", "ord_nothing"],
        ["replay", "--stream", "everything"],
        ["dead", "--service", "kitchen"],
    ],
)
def test_usage_that_makes_no_sense_ends_with_two(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments(*words)
    assert ended.value.code == 2
