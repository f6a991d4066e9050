"""Background work of one process: relay, consumers, jobs, feeds; each where it holds the lease.

A keeper renews leases and shares partitions between the workers that live. Every loop survives failures: it
logs, counts, waits a little longer each time, and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

import structlog

from rialto.kernel.bus import Bus, Lease, LeaseLost
from rialto.kernel.clock import Clock
from rialto.kernel.consumers import Consumer
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import PARTITIONS
from rialto.kernel.relay import Relay, lease_name, partition_number
from rialto.kernel.service import Feed, Job
from rialto.kernel.telemetry import Metrics
from rialto.kernel.tracing import NO_TRACER, Kind, Tracer

LEASE_S = 10.0
RENEW_S = 2.0
POLL_S = 1.0
ALL_PARTITIONS = range(PARTITIONS)
BACKOFF_MAX_S = 5.0
# Between two batches of the relay. The first event goes out at once; what a busy shop writes meanwhile goes together,
# and all consumers read it together.
RELAY_PAUSE_S = 0.02
FEED_BATCH_MAX = 500

log = structlog.get_logger("rialto.background")


class Background:
    """Runs until cancelled. `jobs` come with the handlers they are called with."""

    def __init__(
        self,
        *,
        owner: str,
        bus: Bus,
        relay: Relay,
        consumers: Sequence[Consumer],
        jobs: Sequence[tuple[Job, Any]],
        feeds: Sequence[Feed],
        clock: Clock,
        metrics: Metrics,
        scope: str = "",
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """`scope` names what this process is made of: only processes of one scope share work, since each has the same
        services. It stands in the names of leases and before the owner's, with a slash between.
        """
        self._scope = f"{scope}/" if scope else ""
        self._owner = f"{self._scope}{owner}"
        self._bus = bus
        self._relay = relay
        self._consumers = consumers
        self._jobs = jobs
        self._feeds = feeds
        self._clock = clock
        self._metrics = metrics
        self._tracer = tracer
        self._partitions: dict[int, Lease] = {}
        self._job_leases: set[str] = set()
        self._jobs_until = 0.0
        self._wakers: dict[str, asyncio.Event] = {job.name: asyncio.Event() for job, _ in jobs}
        self._relay_waker = asyncio.Event()
        self._news: set[str] = set()
        self._feed_turns = [_FeedTurn(feed, bus, clock) for feed in feeds]
        self._readers = [
            *(
                _Reader(
                    f"consumer {c.name}",
                    _ConsumerTurn(c, bus, self._owned),
                    gathers_s=c.gathers_s,
                )
                for c in consumers
            ),
            *(_Reader("feed", turn) for turn in self._feed_turns),
        ]

    @property
    def feed_age_s(self) -> float | None:
        """How long ago the feed that is furthest behind had taken in all there was; None where there are no feeds."""
        return max((turn.age_s for turn in self._feed_turns), default=None)

    def wake_relay(self, service: str) -> None:
        """This service has committed events in this process."""
        self._news.add(service)
        self._relay_waker.set()

    def wake(self, job: str) -> None:
        if job in self._wakers:
            self._wakers[job].set()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forever("leases", self._keep_leases, RENEW_S))
                group.create_task(self._listen())
                group.create_task(
                    self._loop("relay", self._relay_turn, self._relay_waker, pause_s=RELAY_PAUSE_S)
                )
                for reader in self._readers:
                    group.create_task(
                        self._loop(reader.name, reader.turn, reader.waker, gathers_s=reader.gathers_s)
                    )
                for job, handlers in self._jobs:
                    group.create_task(self._job_loop(job, handlers))
        finally:
            await self._leave()

    def _lease(self, partition: int) -> str:
        return lease_name(partition, self._scope)

    def _owned(self) -> set[int]:
        return set(self._partitions)

    async def _leave(self) -> None:
        # Where the bus is away the leases expire by themselves.
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(2):
                for consumer in self._consumers:
                    await consumer.save(self._bus)
                await self._bus.give_back(self._owner)

    async def _keep_leases(self) -> int:
        workers = await self._bus.heartbeat(self._owner, ttl_s=LEASE_S)
        share = -(-PARTITIONS // max(workers, 1))
        mine = sorted(self._partitions)
        surplus = mine[share:]
        if surplus:
            await self._bus.give_back(self._owner, [self._lease(partition) for partition in surplus])
        wanted = mine[:share]
        # Try for more only up to the fair share; whoever was first keeps it until it gives back.
        missing = share - len(wanted)
        others = [partition for partition in range(PARTITIONS) if partition not in self._partitions]
        got = (
            await self._bus.acquire([self._lease(p) for p in wanted], owner=self._owner, ttl_s=LEASE_S)
            if wanted
            else []
        )
        for start in range(0, len(others), max(missing, 1)):
            if missing <= 0:
                break
            names = [self._lease(p) for p in others[start : start + missing]]
            more = await self._bus.acquire(names, owner=self._owner, ttl_s=LEASE_S)
            got = [*got, *more]
            missing -= len(more)
        gained = {partition_number(lease.name) for lease in got} - set(self._partitions)
        self._partitions = {partition_number(lease.name): lease for lease in got}
        for consumer in self._consumers:
            await consumer.keep_only(self._partitions)
        if gained:
            self._poll_all()
        names_wanted = [f"job/{self._scope}{job.name}" for job, _ in self._jobs]
        asked_at = self._clock.monotonic()
        held = await self._bus.acquire(names_wanted, owner=self._owner, ttl_s=LEASE_S) if names_wanted else []
        kept = self._job_leases if asked_at < self._jobs_until else set()
        self._jobs_until = asked_at + LEASE_S
        leased = {lease.name.removeprefix(f"job/{self._scope}") for lease in held}
        for name in leased - kept:
            self._wakers[name].set()
        self._job_leases = leased
        return 0

    async def _listen(self) -> None:
        while True:
            failed, _ = await self._survive("listen", self._hear)
            if failed:
                self._poll_all()
                await self._clock.sleep(POLL_S)

    async def _hear(self) -> int:
        news = await self._bus.wait(POLL_S)
        if not news:
            self._poll_all()
        for reader in self._readers:
            reader.wake(news)
        return len(news)

    def _poll_all(self) -> None:
        """Look everywhere, also for what another process committed and did not live to announce."""
        self._news.update(self._relay.services)
        self._relay_waker.set()
        for reader in self._readers:
            reader.wake(ALL_PARTITIONS)

    async def _relay_turn(self) -> int:
        if not self._partitions:
            return 0
        news = sorted(self._news)
        self._news.clear()
        try:
            count = await self._relay.publish_once(list(self._partitions.values()), news)
        except LeaseLost:
            self._partitions = {}
            self._news.update(news)
            return 0
        except BaseException:
            self._news.update(news)  # what was to be looked into still is
            raise
        if count:
            self._news.update(news)
        self._metrics.events.labels("published").inc(count)
        return count

    async def _job_loop(self, job: Job, handlers: Any) -> None:
        async def turn() -> int:
            # While leases cannot be renewed (the bus is away) they run out here as they do for the others. A turn
            # that has begun goes on: jobs are safe twice (see `Job`).
            if job.name not in self._job_leases or self._clock.monotonic() >= self._jobs_until:
                return 0
            # Never by chance: most turns find nothing to do.
            with self._tracer.entry(f"job {job.name}", Kind.INTERNAL, sampled=False):
                count = await job.run(handlers)
            self._metrics.jobs.labels(job.name).inc(count)
            return count

        await self._loop(f"job {job.name}", turn, self._wakers[job.name], idle_s=job.every_s)

    async def _loop(
        self,
        name: str,
        turn: Callable[[], Awaitable[int]],
        waker: asyncio.Event,
        *,
        idle_s: float = POLL_S,
        pause_s: float = 0,
        gathers_s: float = 0,
    ) -> None:
        """Turn while there is work, `pause_s` after each; then wait to be woken, and `gathers_s` more, or for `idle_s`."""
        failures = 0
        while True:
            waker.clear()
            failed, count = await self._survive(name, turn)
            failures = failures + 1 if failed else 0
            if failed:
                await self._clock.sleep(min(0.1 * 2**failures, BACKOFF_MAX_S))
            elif count == 0:
                await _wait(waker, idle_s)
                if gathers_s and waker.is_set():
                    await self._clock.sleep(gathers_s)
            elif pause_s:
                await self._clock.sleep(pause_s)

    async def _forever(self, name: str, turn: Callable[[], Awaitable[int]], every_s: float) -> None:
        while True:
            await self._survive(name, turn)
            await self._clock.sleep(every_s)

    async def _survive(self, name: str, turn: Callable[[], Awaitable[int]]) -> tuple[bool, int]:
        try:
            return False, await turn()
        except Unavailable as error:
            log.info("waiting for a dependency", loop=name, error=error.text)
        except Exception:  # one of the three loops that must survive
            log.exception("a background loop failed", loop=name)
        self._metrics.failures.labels(name).inc()
        return True, 0


class _Reader:
    """One consumer's or feed's turns: reads only the partitions in which there is news."""

    def __init__(
        self, name: str, read: Callable[[set[int]], Awaitable[set[int]]], *, gathers_s: float = 0.0
    ) -> None:
        self.name = name
        self.gathers_s = gathers_s
        self.waker = asyncio.Event()
        self._read = read
        self._news: set[int] = set()

    def wake(self, partitions: Collection[int]) -> None:
        self._news.update(partitions)
        self.waker.set()

    async def turn(self) -> int:
        news, self._news = self._news, set()
        if not news:
            return 0
        try:
            more = await self._read(news)
        except BaseException:
            self._news |= news
            raise
        self._news |= more
        return len(more)


class _ConsumerTurn:
    """Competing consumers read the partitions this process holds."""

    def __init__(self, consumer: Consumer, bus: Bus, owned: Callable[[], set[int]]) -> None:
        self._consumer = consumer
        self._bus = bus
        self._owned = owned

    async def __call__(self, news: set[int]) -> set[int]:
        mine = news & self._owned()
        if not mine:
            return set()
        return await self._consumer.consume_once(self._bus, mine)


class _FeedTurn:
    """Every process's feeds read every partition.

    The feed remembers what it took in; how far the log was read past events that are nothing to it is remembered
    here, unless the feed was set back (rebuilt) and wants to see older ones again.
    """

    def __init__(self, feed: Feed, bus: Bus, clock: Clock) -> None:
        self._feed = feed
        self._bus = bus
        self._clock = clock
        self._caught_up_at = clock.monotonic()
        self._read: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._start: dict[int, int] | None = None

    @property
    def age_s(self) -> float:
        """Since when it has not been seen to have all there was."""
        return self._clock.monotonic() - self._caught_up_at

    async def __call__(self, news: set[int]) -> set[int]:
        looked_at = self._clock.monotonic()
        more = await self._take_in(news)
        if not more:
            self._caught_up_at = looked_at
        return more

    async def _take_in(self, news: set[int]) -> set[int]:
        kept = self._feed.positions()
        if kept is None:
            self._start = self._start or await self._bus.tail()
            kept = self._start
        if any(kept.get(partition, 0) < position for partition, position in self._seen.items()):
            self._read = {}
            news = set(ALL_PARTITIONS)
        self._seen = dict(kept)
        before = {p: max(kept.get(p, 0), self._read.get(p, 0)) for p in news}
        batch, moved = await self._bus.read(before, types=self._feed.types, limit=FEED_BATCH_MAX)
        if batch:
            await self._feed.apply(batch)
            # Looked at after the effect: a rebuild that slips in later shows as a step back.
            self._seen = dict(self._feed.positions() or {})
        self._read.update(moved)
        return {p for p, position in moved.items() if position - before[p] >= FEED_BATCH_MAX}


async def _wait(waker: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await waker.wait()
    except TimeoutError:
        return
