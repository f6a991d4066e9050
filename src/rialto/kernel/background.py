"""Background work of one process: relay, consumers, jobs, feeds; each where it holds the lease.

A keeper renews leases and shares partitions between the workers that live. Every loop survives failures: it
logs, counts, waits a little longer each time, and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
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

LEASE_S = 10.0
RENEW_S = 2.0
POLL_S = 1.0
BACKOFF_MAX_S = 5.0

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
    ) -> None:
        self._owner = owner
        self._bus = bus
        self._relay = relay
        self._consumers = consumers
        self._jobs = jobs
        self._feeds = feeds
        self._clock = clock
        self._metrics = metrics
        self._partitions: dict[int, Lease] = {}
        self._job_leases: set[str] = set()
        self._wakers: dict[str, asyncio.Event] = {job.name: asyncio.Event() for job, _ in jobs}
        self._relay_waker = asyncio.Event()
        self._news: set[str] = set()
        self._consumer_wakers = [asyncio.Event() for _ in consumers]
        self._feed_wakers = [asyncio.Event() for _ in feeds]

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
                group.create_task(self._loop("relay", self._relay_turn, self._relay_waker))
                for consumer, waker in zip(self._consumers, self._consumer_wakers, strict=True):
                    group.create_task(
                        self._loop(f"consumer {consumer.name}", self._consumer_turn(consumer), waker)
                    )
                for feed, waker in zip(self._feeds, self._feed_wakers, strict=True):
                    group.create_task(self._loop("feed", _FeedTurn(feed, self._bus), waker))
                for job, handlers in self._jobs:
                    group.create_task(self._job_loop(job, handlers))
        finally:
            await self._leave()

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(2):
                await self._bus.give_back(self._owner)
        except (Unavailable, TimeoutError):
            return  # the leases expire by themselves

    async def _keep_leases(self) -> int:
        workers = await self._bus.heartbeat(self._owner, ttl_s=LEASE_S)
        share = -(-PARTITIONS // max(workers, 1))
        mine = sorted(self._partitions)
        surplus = mine[share:]
        if surplus:
            await self._bus.give_back(self._owner, [lease_name(partition) for partition in surplus])
        wanted = mine[:share]
        # Try for more only up to the fair share; whoever was first keeps it until it gives back.
        missing = share - len(wanted)
        others = [partition for partition in range(PARTITIONS) if partition not in self._partitions]
        got = (
            await self._bus.acquire([lease_name(p) for p in wanted], owner=self._owner, ttl_s=LEASE_S)
            if wanted
            else []
        )
        for start in range(0, len(others), max(missing, 1)):
            if missing <= 0:
                break
            names = [lease_name(p) for p in others[start : start + missing]]
            more = await self._bus.acquire(names, owner=self._owner, ttl_s=LEASE_S)
            got = [*got, *more]
            missing -= len(more)
        if not {partition_number(lease.name) for lease in got} <= set(self._partitions):
            self._poll_all()
        self._partitions = {partition_number(lease.name): lease for lease in got}
        names_wanted = [f"job/{job.name}" for job, _ in self._jobs]
        held = await self._bus.acquire(names_wanted, owner=self._owner, ttl_s=LEASE_S) if names_wanted else []
        leased = {lease.name.removeprefix("job/") for lease in held}
        for name in leased - self._job_leases:
            self._wakers[name].set()
        self._job_leases = leased
        return 0

    async def _listen(self) -> None:
        while True:
            heard = await self._bus.wait(POLL_S)
            for waker in (*self._consumer_wakers, *self._feed_wakers):
                waker.set()
            if not heard:
                self._poll_all()

    def _poll_all(self) -> None:
        """Look into every outbox, also for what another process committed and did not live to announce."""
        self._news.update(self._relay.services)
        for waker in (self._relay_waker, *self._consumer_wakers, *self._feed_wakers):
            waker.set()

    async def _relay_turn(self) -> int:
        if not self._partitions:
            return 0
        news = sorted(self._news)
        self._news.clear()
        try:
            count = await self._relay.publish_once(list(self._partitions.values()), news)
        except LeaseLost:
            self._partitions = {}
            return 0
        if count:
            self._news.update(news)
        self._metrics.events.labels("published").inc(count)
        return count

    def _consumer_turn(self, consumer: Consumer) -> Callable[[], Awaitable[int]]:
        async def turn() -> int:
            if not self._partitions:
                return 0
            count = await consumer.consume_once(self._bus, list(self._partitions))
            self._metrics.events.labels("consumed").inc(count)
            return count

        return turn

    async def _job_loop(self, job: Job, handlers: Any) -> None:
        async def turn() -> int:
            if job.name not in self._job_leases:
                return 0
            count = await job.run(handlers)
            self._metrics.jobs.labels(job.name).inc(count)
            return count

        await self._loop(f"job {job.name}", turn, self._wakers[job.name], idle_s=job.every_s)

    async def _loop(
        self, name: str, turn: Callable[[], Awaitable[int]], waker: asyncio.Event, idle_s: float = POLL_S
    ) -> None:
        """Turn while there is work; then wait to be woken or for `idle_s`."""
        failures = 0
        while True:
            waker.clear()
            failed, count = await self._survive(name, turn)
            failures = failures + 1 if failed else 0
            if failed:
                await self._clock.sleep(min(0.1 * 2**failures, BACKOFF_MAX_S))
            elif count == 0:
                await _wait(waker, idle_s)

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


class _FeedTurn:
    """One feed's turn: read what came after its position, hand it over.

    The feed remembers what it took in; how far the log was read past events that are nothing to it is remembered
    here, unless the feed was set back (rebuilt) and wants to see older ones again.
    """

    def __init__(self, feed: Feed, bus: Bus) -> None:
        self._feed = feed
        self._bus = bus
        self._read: dict[int, int] = {}
        self._seen: dict[int, int] = {}

    async def __call__(self) -> int:
        kept = self._feed.positions()
        if kept is None:
            kept = self._read or await self._bus.tail()
        if any(kept.get(partition, 0) < position for partition, position in self._seen.items()):
            self._read = {}
        self._seen = dict(kept)
        before = {p: max(kept.get(p, 0), self._read.get(p, 0)) for p in range(PARTITIONS)}
        batch, moved = await self._bus.read(before, types=self._feed.types, limit=500)
        if batch:
            await self._feed.apply(batch)
            # Looked at after the effect: a rebuild that slips in later shows as a step back.
            self._seen = dict(self._feed.positions() or {})
        self._read = moved
        return len(batch) or int(moved != before)


async def _wait(waker: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await waker.wait()
    except TimeoutError:
        return
