"""The simulated world of one history: processes that come and go, a provider behind a bad network, a storm of faults
that ends, and everybody's way to ask the shop for something."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from rialto.app import App
from rialto.kernel.clock import LoopClock
from rialto.kernel.errors import OutcomeUnknown, RialtoError, Unavailable
from rialto.kernel.faults import POINTS
from rialto.kernel.ids import OrderId, RandomIds
from rialto.kernel.service import Nothing
from rialto.payments.api import Payments, Webhook
from tests.simulation.parts import Parts
from tests.simulation.stage import Stage
from tests.support.databases import SECRETS
from tests.support.provider import Reply, make_sandbox, signed
from tests.support.simulator import CrashPlan, Process, ProcessDied, Trace, Turnstile
from tests.support.surroundings import START, RecordingMail, engines_of
from tests.support.values import settings_in

T = TypeVar("T")

PROVIDER_PATIENCE_S = 4.0
PATIENCE_S = 120.0  # a client's, from the end of the storm


class World:
    """`find` collects what must not be; an empty `findings` at the end is the proof."""

    def __init__(self, stage: Stage, seed: int, trace: Trace, *, parts: Parts) -> None:
        self.stage = stage
        self.parts = parts
        self.loop = loop = stage.loop
        self.seed = seed
        self.trace = trace
        self.clock = LoopClock(START + timedelta(hours=1))
        self.findings: list[str] = []
        self.counts: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()  # points of kernel.faults
        self.mail = RecordingMail()
        self.sandbox = make_sandbox(self.clock, self.draws("provider"))
        self.placed: dict[OrderId, str] = {}
        self.turnstile = Turnstile(loop, self.draws("turnstile"), trace)
        self.operator = Process("operator", self.turnstile, trace)
        self.processes: list[Process] = []
        self.stormy = True
        self.storm_ends = self.draws("storm").uniform(10.0, 25.0)
        self.outage: tuple[float, float] | None = None
        self._faults = self.draws("faults")
        self._net = self.draws("network")
        self._tasks: list[asyncio.Task[Any]] = []

    def draws(self, about: str) -> random.Random:
        """A source of its own, so that one more draw here changes nothing there."""
        return random.Random(f"{self.seed}/{about}")

    def find(self, invariant: str, text: str) -> None:
        self.findings.append(f"{invariant}: {text}")
        self.trace.note("FOUND", invariant, text)

    def begin(self, work: Any) -> asyncio.Task[Any]:
        task = self.loop.create_task(work)
        self._tasks.append(task)
        return task

    async def open(self) -> None:
        """Start the processes and what goes on around them."""
        draw = self.draws("plan")
        if draw.random() < 0.4:
            start = draw.uniform(0.0, self.storm_ends)
            # A third of the outages outlives the storm, up to where the payments' deadlines are.
            self.outage = (start, start + draw.choice([5.0, 60.0, 900.0]))
        for slot in range(draw.choice([1, 2])):
            self.begin(self._keep_alive(slot))
        self.begin(self._courier())
        self.begin(self._echo())

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                self.find("bug", f"somebody in the world met {result!r}")
        for process in self.processes:
            process.kill()
        await asyncio.sleep(0)

    async def weather_the_storm(self) -> None:
        await asyncio.sleep(max(self.storm_ends - self.loop.time(), 0.0))
        self.stormy = False
        self.trace.note("the storm is over")

    # Asking.

    async def ask(self, make: Callable[[App], Awaitable[T]]) -> T:
        """One request to some process, as a client sees it. Raises ProcessDied when no answer came, RialtoError."""
        process = await self._somebody()
        if self.stormy and self._net.random() < 0.05:
            self.counts["doubled requests"] += 1
            self.begin(self._forgotten(make, await self._somebody()))
        result = await process.run(_call(make, process))
        if self.stormy and self._net.random() < 0.05:
            self.counts["lost replies"] += 1
            raise ProcessDied
        return result

    async def insist(self, make: Callable[[App], Awaitable[T]]) -> T:
        """Ask until somebody answers. Raises RialtoError for a refusal."""
        until = max(self.loop.awake(), self.storm_ends) + PATIENCE_S
        last: Exception | None = None
        while True:
            try:
                return await self.ask(make)
            except ProcessDied as died:
                last = died
            except RialtoError as refusal:
                if not refusal.retryable:
                    raise
                last = refusal
            if self.loop.awake() > until:
                self.find("I17", f"no answer long after the faults ended, but {last!r}")
                raise asyncio.CancelledError
            await asyncio.sleep(0.5 + 2 * self._net.random())

    async def sql(self, statement: str, *values: Any) -> list[Any]:
        """As the administrator, in turn with everybody else."""
        async with self.turnstile.pass_through(self.operator):
            rows: list[Any] = await self.stage.admin.fetch(statement, *values)
        return rows

    async def _somebody(self) -> Process:
        for _ in range(10_000):
            alive = [process for process in self.processes if process.alive]
            if alive:
                return alive[self._net.randrange(len(alive))]
            await asyncio.sleep(0.25)
        raise AssertionError("no process comes back")

    async def _forgotten(self, make: Callable[[App], Awaitable[Any]], process: Process) -> None:
        """The same request once more, by a proxy that nobody waits for."""
        await asyncio.sleep(self._net.random() * 3)
        try:
            await process.run(_call(make, process))
        except (RialtoError, ProcessDied):
            return

    # Processes.

    async def _keep_alive(self, slot: int) -> None:
        for life in range(1000):
            process = self._start(f"{slot}.{life}")
            while process.alive:
                await asyncio.sleep(0.25)
            self.counts["kills"] += 1
            await asyncio.sleep(self._faults.uniform(0.3, 8.0))

    def _start(self, name: str) -> Process:
        process = Process(name, self.turnstile, self.trace)
        point, visit = None, 1
        if self.stormy and self._faults.random() < 0.8:
            if self._faults.random() < 0.7:
                point, visit = self._faults.choice(POINTS), self._faults.choice([1, 1, 2, 3, 5, 8])
            else:
                self.begin(self._kill_later(process, self._faults.uniform(1.0, 20.0)))
        wire = _Wire(self, process)
        engines = engines_of(
            self.stage.address,
            clock=self.clock,
            ids=RandomIds(self.clock, self.draws(f"ids {name}")),
            provider=self.parts.provider(self.sandbox, self.clock, SECRETS, network=wire),
            mail=self.mail,
            faults=CrashPlan(process, point, visit, reached=self.reached),
            gate=process.gate,
            open_connection=self.stage.connections.open,
            listen=False,
        )
        process.app = App(settings_in(), engines, self.parts.services)
        process.spawn(process.app.background.run())
        self.processes = [other for other in self.processes if other.alive] + [process]
        self.trace.note(name, "starts", point or "", visit)
        return process

    async def _kill_later(self, process: Process, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if self.stormy:
            process.kill()

    # The provider's side.

    def provider_is_down(self) -> bool:
        return self.outage is not None and self.outage[0] <= self.loop.time() < self.outage[1]

    async def _courier(self) -> None:
        """Webhooks: late, twice, in any order, to a process that may die of them."""
        draw = self.draws("courier")
        while True:
            await asyncio.sleep(draw.uniform(0.2, 1.5))
            if self.provider_is_down():
                continue
            self.sandbox.settle_due()
            for event in self.sandbox.outbox.due(self.clock.now(), 20):
                fate = draw.random() if self.stormy else 1.0
                if fate < 0.2:
                    self.counts["delayed webhooks"] += 1
                    self.sandbox.outbox.failed(event, self.clock.now())
                    continue
                message = signed(event, SECRETS, self.clock.now())
                copies = 2 if fate < 0.4 else 1
                self.counts["doubled webhooks"] += copies - 1
                calls = [self.ask(partial(_take_in, message)) for _ in range(copies)]
                results = await asyncio.gather(*calls, return_exceptions=True)
                if all(not isinstance(result, BaseException) for result in results):
                    self.sandbox.outbox.delivered(event)
                else:
                    self.sandbox.outbox.failed(event, self.clock.now())

    async def _echo(self) -> None:
        """Events that were published are published once more, and cursors fall back."""
        draw = self.draws("echo")
        while True:
            await asyncio.sleep(draw.uniform(4.0, 10.0))
            if not self.stormy:
                return
            self.counts["doubled events"] += 1
            schema = draw.choice(["orders", "payments", "inventory"])
            await self.sql(
                f"INSERT INTO {schema}.outbox (bucket, stream, version) SELECT bucket, stream, version"
                f" FROM {schema}.events ORDER BY at DESC, stream, version LIMIT 6 ON CONFLICT DO NOTHING"
            )
            await self.sql("UPDATE bus.cursors SET position = greatest(position - 3, 0)")


async def _call(make: Callable[[App], Awaitable[T]], process: Process) -> T:
    assert process.app is not None
    return await make(process.app)


class _Wire:
    """The network between one process and the provider."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process
        self._draw = world.draws(f"wire {process.name}")

    async def carry(self, act: Callable[[], Reply]) -> Reply:
        self._process.check()
        world, draw, counts = self._world, self._draw, self._world.counts
        fate = draw.random() if world.stormy else 1.0
        if world.provider_is_down():
            counts["outage of the provider"] += 1
            await asyncio.sleep(draw.choice([0.01, PROVIDER_PATIENCE_S]))
            raise Unavailable("The payment provider cannot be reached.")
        if fate < 0.05:
            raise Unavailable("The payment provider cannot be reached.")
        if fate < 0.12:
            counts["late at the provider"] += 1
            # On its way for longer than anybody waits; it arrives even if its sender is dead by then.
            world.begin(_arrive(act, draw.uniform(1.0, 40.0)))
            await asyncio.sleep(PROVIDER_PATIENCE_S)
            raise OutcomeUnknown("The payment provider's answer did not come.")
        await asyncio.sleep(draw.random() * 0.2)
        reply = act()
        world.trace.note(self._process.name, "provider", reply.refused or "answers")
        if fate < 0.22:
            counts["lost replies of the provider"] += 1
            await asyncio.sleep(PROVIDER_PATIENCE_S)
            raise OutcomeUnknown("The payment provider's answer did not come.")
        await asyncio.sleep(draw.random() * 0.2)
        return reply


async def _arrive(act: Callable[[], Reply], after_s: float) -> None:
    await asyncio.sleep(after_s)
    act()


async def _take_in(message: Webhook, app: App) -> Nothing:
    return await app[Payments].webhook(message)
