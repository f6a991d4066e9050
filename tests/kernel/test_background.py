from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rialto.engines.postgres_bus import PostgresBus
from rialto.kernel.background import LEASE_S, Background
from rialto.kernel.bus import Lease, LeaseLost, Logged
from rialto.kernel.errors import Unavailable
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import PARTITIONS
from rialto.kernel.relay import Relay, lease_name
from rialto.kernel.service import Feed, Job
from rialto.kernel.telemetry import Metrics
from tests.kernel.bakery import Baked, Town

pytestmark = pytest.mark.anyio


class Window:
    """A feed that remembers what it saw, and where it was."""

    types = frozenset({Baked.TYPE})

    def __init__(self, positions: dict[int, int] | None = None) -> None:
        self.seen: list[int] = []
        self._positions = positions

    async def start(self, tail: Mapping[int, int]) -> None:
        raise NotImplementedError

    def positions(self) -> dict[int, int] | None:
        return self._positions

    def set_back(self) -> None:
        self._positions = {}

    async def apply(self, batch: Sequence[Logged]) -> None:
        self.seen += [logged.envelope.version for logged in batch]
        self._positions = {**(self._positions or {}), **{logged.partition: logged.id for logged in batch}}


class Worker:
    """One process's background work in the town."""

    def __init__(
        self,
        town: Town,
        owner: str = "worker",
        *,
        jobs: Sequence[Job] = (),
        feeds: Sequence[Feed] = (),
        relay: Any = None,
    ) -> None:
        self.metrics = Metrics()
        self.handlers: list[str] = []
        self.background = Background(
            owner=owner,
            bus=town.another_bus(),
            relay=relay or Relay({"bakery": town.bakery}, town.bus, NoFaults()),
            consumers=[town.a_consumer()],
            jobs=[(job, self.handlers) for job in jobs],
            feeds=feeds,
            clock=town.clock,
            metrics=self.metrics,
        )

    @property
    def partitions(self) -> set[int]:
        return set(self.background._partitions)

    def failures(self, name: str) -> float:
        return self.metrics.registry.get_sample_value("rialto_failures_total", {"where": name}) or 0


@asynccontextmanager
async def working(*workers: Worker) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(worker.background.run()) for worker in workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition, by turns of the event loop."""
    async with asyncio.timeout(30):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0)


async def arrived(town: Town, *breads: str) -> bool:
    return await town.arrivals() == list(breads)


async def test_what_is_committed_arrives(town: Town) -> None:
    worker = Worker(town)
    async with working(worker):
        await until(lambda: worker.partitions)
        await town.bake(town.ids.uuid(1), "rye")
        worker.background.wake_relay("bakery")
        await until(lambda: arrived(town, "rye"))
    assert b'rialto_events_total{step="published"} 1.0' in worker.metrics.text()


async def test_what_was_committed_by_a_process_that_died_arrives_too(town: Town) -> None:
    await town.bake(town.ids.uuid(1), "rye")
    async with working(Worker(town)):
        await until(lambda: arrived(town, "rye"))


async def test_two_workers_share_the_partitions_and_one_takes_over_when_the_other_stops(town: Town) -> None:
    one, other = Worker(town, "one"), Worker(town, "other")
    async with working(one):
        await until(lambda: len(one.partitions) == PARTITIONS)
        async with working(other):
            await until(lambda: len(one.partitions) == len(other.partitions) == PARTITIONS // 2)
            assert one.partitions.isdisjoint(other.partitions)
            stream = town.ids.uuid(min(other.partitions))
            await town.bake(stream, "rye")
            one.background.wake_relay("bakery")
            other.background.wake_relay("bakery")
            await until(lambda: arrived(town, "rye"))
        await until(lambda: len(one.partitions) == PARTITIONS)


async def test_what_a_dead_worker_held_is_taken_over_when_its_leases_end(town: Town) -> None:
    await town.bus.heartbeat("dead", ttl_s=LEASE_S)
    await town.bus.acquire([lease_name(number) for number in range(32)], owner="dead", ttl_s=LEASE_S)
    worker = Worker(town)
    async with working(worker):
        await until(lambda: worker.partitions == set(range(32, PARTITIONS)))
        town.clock.advance(LEASE_S + 1)
        await until(lambda: len(worker.partitions) == PARTITIONS)


async def test_a_worker_that_stops_gives_everything_back(town: Town) -> None:
    worker = Worker(town)
    async with working(worker):
        await until(lambda: len(worker.partitions) == PARTITIONS)
    got = await town.bus.acquire([lease_name(number) for number in range(PARTITIONS)], owner="next", ttl_s=1)
    assert len(got) == PARTITIONS
    assert await town.bus.heartbeat("next", ttl_s=1) == 1


async def test_loops_survive_failing_turns(town: Town) -> None:
    outcomes: list[Exception | int] = [RuntimeError("a bug"), Unavailable(), 3, 0]

    async def run(done: list[str]) -> int:
        outcome = outcomes.pop(0) if outcomes else 0
        done.append(str(outcome))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    worker = Worker(town, jobs=[Job(name="shop.tidy", every_s=3600, run=run)])
    async with working(worker):
        await until(lambda: not outcomes)
        await town.bake(town.ids.uuid(1), "rye")
        worker.background.wake_relay("bakery")
        await until(lambda: arrived(town, "rye"))
    assert worker.failures("job shop.tidy") == 2
    assert worker.metrics.registry.get_sample_value("rialto_job_items_total", {"job": "shop.tidy"}) == 3


async def test_a_job_runs_when_woken_and_on_one_worker_only(town: Town) -> None:
    async def run(done: list[str]) -> int:
        done.append("turn")
        return 0

    job = Job(name="shop.tidy", every_s=3600, run=run)
    one, other = Worker(town, "one", jobs=[job]), Worker(town, "other", jobs=[job])
    async with working(one):
        await until(lambda: one.handlers)
        async with working(other):
            await until(lambda: other.partitions)
            other.background.wake("shop.tidy")
            other.background.wake("shop.unknown")
            seen = len(one.handlers)
            one.background.wake("shop.tidy")
            await until(lambda: len(one.handlers) > seen)
    assert other.handlers == []


async def test_a_job_runs_again_after_its_time_without_being_woken(town: Town) -> None:
    async def run(done: list[str]) -> int:
        done.append("turn")
        return 0

    worker = Worker(town, jobs=[Job(name="shop.tidy", every_s=0.001, run=run)])
    async with working(worker):
        await until(lambda: len(worker.handlers) > 2)


async def test_who_is_rung_for_looks_there_and_in_silence_everywhere(town: Town) -> None:
    class Bell:
        """Rings for some partitions, then is silent once, then nothing ever comes."""

        def __init__(self) -> None:
            self.rings: list[set[int]] = [{3, 5}, set()]

        async def wait(self, _timeout_s: float) -> set[int]:
            if not self.rings:
                raise asyncio.CancelledError
            if len(self.rings) == 1:
                heard.append(set(reader._news))
            return self.rings.pop(0)

    background = Worker(town).background
    (reader,) = background._readers
    heard: list[set[int]] = []
    background._bus = Bell()  # type: ignore[assignment]
    with pytest.raises(asyncio.CancelledError):
        await background._listen()
    assert heard == [{3, 5}]
    assert reader._news == set(range(PARTITIONS))
    assert background._relay_waker.is_set()


async def test_news_of_partitions_that_others_hold_are_left_to_them(town: Town) -> None:
    background = Worker(town).background
    (reader,) = background._readers
    reader.wake({3, 5})
    assert await reader.turn() == 0
    assert reader._news == set()


async def test_news_gather_before_a_turn_and_are_waited_for_only_then(town: Town) -> None:
    told: list[str] = []
    waker = asyncio.Event()

    class Clock:
        async def sleep(self, seconds: float) -> None:
            told.append(f"gathered {seconds}")

    async def turn() -> int:
        told.append("turn")
        return 0

    background = Worker(town).background
    background._clock = Clock()  # type: ignore[assignment]
    turning = asyncio.ensure_future(background._loop("reader", turn, waker, gathers_s=0.2))
    await until(lambda: told)
    waker.set()
    await until(lambda: len(told) == 3)
    turning.cancel()
    assert told == ["turn", "gathered 0.2", "turn"]


async def test_a_feed_gets_every_event_and_again_what_it_was_set_back_before(town: Town) -> None:
    window = Window({})
    worker = Worker(town, feeds=[window])
    async with working(worker):
        await until(lambda: worker.partitions)
        await town.bake(town.ids.uuid(1), "rye", "oat", "spelt", sold=["oat"])
        worker.background.wake_relay("bakery")
        await until(lambda: window.seen == [1, 3])
        window.set_back()
        await until(lambda: window.seen == [1, 3, 1, 3])


async def test_a_feed_that_cannot_read_grows_old_until_it_has_all_again(town: Town) -> None:
    class Closed(Window):
        closed = False

        async def apply(self, batch: Sequence[Logged]) -> None:
            if self.closed:
                raise Unavailable
            await super().apply(batch)

    worker = Worker(town, feeds=[window := Closed({})])
    assert Worker(town, "other").background.feed_age_s is None
    async with working(worker):
        await until(lambda: worker.partitions)
        window.closed = True
        await town.bake(town.ids.uuid(1), "rye")
        worker.background.wake_relay("bakery")
        await until(lambda: worker.failures("feed") >= 1)
        town.clock.advance(60)
        assert (worker.background.feed_age_s or 0) >= 60
        window.closed = False
        await until(lambda: window.seen == [1])
        await until(lambda: worker.background.feed_age_s == 0)


async def test_a_feed_that_keeps_nothing_begins_with_what_comes(town: Town) -> None:
    stream = town.ids.uuid(1)
    await town.bake(stream, "rye")
    worker, window = Worker(town), Window(None)
    async with working(worker):
        await until(lambda: arrived(town, "rye"))
    late = Worker(town, "late", feeds=[window])
    async with working(late):
        await until(lambda: late.partitions)
        reader = late.background._readers[-1]
        await until(lambda: not reader._news)
        await town.bake(stream, "oat", after=1)
        late.background.wake_relay("bakery")
        await until(lambda: window.seen == [2])


@pytest.mark.parametrize("error", [Unavailable(), LeaseLost(), RuntimeError("a bug")])
async def test_a_relay_whose_turn_failed_looks_again(town: Town, error: Exception) -> None:
    class Relayed:
        services = ("bakery",)

        def __init__(self) -> None:
            self.asked: list[list[str]] = []

        async def publish_once(self, _leases: Sequence[Lease], services: Sequence[str]) -> int:
            self.asked.append(list(services))
            if len(self.asked) == 1:
                raise error
            return 0

    relay = Relayed()
    background = Worker(town, relay=relay).background
    background._partitions = {1: Lease(name="partition/1", owner="worker", fence=1)}
    background.wake_relay("bakery")
    if isinstance(error, LeaseLost):
        assert await background._relay_turn() == 0
        assert background._partitions == {}
        assert await background._relay_turn() == 0
        background._partitions = {1: Lease(name="partition/1", owner="worker", fence=2)}
    else:
        with pytest.raises(type(error)):
            await background._relay_turn()
    await background._relay_turn()
    assert relay.asked == [["bakery"], ["bakery"]]


class Away:
    """A bus that cannot be reached."""

    def __getattr__(self, name: str) -> Any:
        async def call(*_values: Any, **_options: Any) -> Any:
            raise Unavailable

        return call


async def test_jobs_rest_when_their_lease_cannot_be_renewed(town: Town) -> None:
    async def run(done: list[str]) -> int:
        done.append("turn")
        return 0

    class GivesNothing(PostgresBus):
        async def acquire(self, *_names: Any, **_options: Any) -> list[Lease]:
            raise Unavailable

    worker = Worker(town, jobs=[Job(name="shop.tidy", every_s=3600, run=run)])
    async with working(worker):
        await until(lambda: worker.handlers == ["turn"])
        bus = worker.background._bus
        worker.background._bus = GivesNothing(town.bus_db, town.clock, listen_on=None)
        failed = worker.failures("leases")
        await until(lambda: worker.failures("leases") > failed)
        worker.background.wake("shop.tidy")
        await until(lambda: worker.handlers == ["turn", "turn"])
        town.clock.advance(LEASE_S)
        worker.background.wake("shop.tidy")
        await until(lambda: not worker.background._wakers["shop.tidy"].is_set())
        assert worker.handlers == ["turn", "turn"]
        worker.background._bus = bus
        await until(lambda: worker.handlers[2:])


async def test_whatever_goes_wrong_in_listening_ends_nothing(town: Town) -> None:
    troubles = [RuntimeError("a bug"), RuntimeError("another")]

    class Deaf(PostgresBus):
        async def wait(self, timeout_s: float) -> frozenset[int]:
            if troubles:
                raise troubles.pop()
            return await super().wait(timeout_s)

    worker = Worker(town)
    worker.background._bus = Deaf(town.bus_db, town.clock, listen_on=None)
    async with working(worker):
        await until(lambda: worker.failures("listen") == 2)
        await town.bake(town.ids.uuid(1), "rye")
        worker.background.wake_relay("bakery")
        await until(lambda: arrived(town, "rye"))


async def test_a_bus_that_is_away_does_not_keep_a_worker_from_stopping(town: Town) -> None:
    worker = Worker(town)
    away: Any = Away()
    worker.background._bus = away
    async with working(worker):
        await until(lambda: worker.failures("leases") > 1)
