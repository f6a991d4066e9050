"""A world in one thread: virtual time, a seeded order of everything, processes that can be killed.

The event loop's time stands still while something is being done and jumps to the next timer when nobody can go
on; so twenty minutes of a shop's life take as long as its work. The one thing that is real is PostgreSQL. Its
answers would arrive in an order of their own, so one database session runs at a time (`Turnstile`), who goes
next is drawn from the seed, and the loop looks at sockets only when there is nothing else to do. Hence one
seed is one history: `Trace` hashes it, and the same seed gives the same hash.

A `Process` is an app with its tasks. `kill` is `kill -9`: from that moment on nothing of it runs against the
database or the network; what it had committed stays, what it had not is gone, and its callers hear nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
import selectors
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar
from weakref import WeakSet

from rialto.app import App

T = TypeVar("T")

REAL_WAIT_S = 120.0  # for one answer of PostgreSQL, however busy the machine is
SPINS_MAX = 1_000_000


class SimulationStuck(AssertionError):
    """Nothing will ever happen again, or something happens for ever."""


class ProcessDied(Exception):
    """The caller's connection broke: what the process had done by then is not known."""


class _VirtualSelector(selectors.DefaultSelector):
    """Sockets are looked at when nothing else can go on and a session is open; otherwise time moves."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.sessions = 0
        self._spins = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout <= 0:
            self._spins += 1
            if self._spins > SPINS_MAX:
                raise SimulationStuck("tasks keep each other busy without time going by")
            return []
        self._spins = 0
        if self.sessions:
            ready = super().select(REAL_WAIT_S)
            if not ready:
                raise SimulationStuck("an open session waits, but not for the database")
            return ready
        if timeout is None:
            raise SimulationStuck("everybody waits for somebody")
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is virtual. `sessions` open sessions keep time from moving."""

    def __init__(self) -> None:
        self.virtual = _VirtualSelector()
        self._timers = 0
        self._slept = 0.0
        self._set: WeakSet[asyncio.TimerHandle] = WeakSet()
        super().__init__(self.virtual)
        self.set_task_factory(_make_task)

    def time(self) -> float:
        return self.virtual.now

    def call_at(  # type: ignore[override]  # the type of *args is of no concern here
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """Timers of one instant go off in the order they were set.

        A heap keeps no order among equals.
        """
        self._timers += 1
        timer = super().call_at(when + self._timers * 1e-10, callback, *args, context=context)
        self._set.add(timer)
        return timer

    def rewind(self) -> None:
        """Begin at zero again, with nothing left of what was to happen."""
        assert not asyncio.all_tasks(self), "somebody still acts"
        for timer in self._set:
            timer.cancel()
        self._set.clear()
        self._timers = 0
        self._slept = self.virtual.now = 0.0

    def leap(self, seconds: float) -> None:
        """The machine was asleep: every timer in between is late and goes off now."""
        self.virtual.now += seconds
        self._slept += seconds

    def awake(self) -> float:
        """The time without what was slept: by it people lose their patience."""
        return self.virtual.now - self._slept

    @asynccontextmanager
    async def reality(self) -> AsyncIterator[None]:
        """Something real is waited for inside; use it where no `Turnstile` does."""
        self.virtual.sessions += 1
        try:
            yield
        finally:
            self.virtual.sessions -= 1


class Trace:
    """What happened, in order. `lines` keeps it readable, `digest` makes two runs comparable."""

    def __init__(self, loop: VirtualLoop, *, keep: bool = False) -> None:
        self.lines: list[str] = []
        self._hash = hashlib.sha256()
        self._loop = loop
        self._keep = keep

    def note(self, *words: object) -> None:
        line = f"{self._loop.time():10.4f} " + " ".join(map(str, words))
        self._hash.update(line.encode() + b"\n")
        if self._keep:
            self.lines.append(line)

    def digest(self) -> str:
        return self._hash.hexdigest()


_process: ContextVar[Process | None] = ContextVar("simulated_process", default=None)
_hold: ContextVar[object | None] = ContextVar("simulated_hold", default=None)


class Process:
    """One worker process: whatever runs in it, and its end."""

    def __init__(self, name: str, turnstile: Turnstile, trace: Trace) -> None:
        self.name = name
        self.alive = True
        self.app: App | None = None
        self._turnstile = turnstile
        self._trace = trace
        # Insertion order, so that a kill ends tasks in the same order each time.
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._callers: dict[asyncio.Future[Any], None] = {}
        self._dying = False

    @asynccontextmanager
    async def gate(self) -> AsyncIterator[None]:
        """The engines' database gate of this process."""
        async with self._turnstile.pass_through(self):
            yield

    def check(self) -> None:
        """Raises CancelledError in a process that is dead: nothing of it may reach the outside any more."""
        if not self.alive or self._dying:
            raise asyncio.CancelledError

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """A request from outside. Raises ProcessDied when the process ends before it has answered."""
        if not self.alive:
            work.close()
            raise ProcessDied
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._callers[answer] = None
        task = self.spawn(work)
        task.add_done_callback(lambda done: _pass_on(done, answer))
        try:
            return await answer
        finally:
            self._callers.pop(answer, None)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Background work of this process."""
        context = copy_context()
        context.run(_process.set, self)
        context.run(_hold.set, None)
        return asyncio.get_running_loop().create_task(work, context=context)

    def adopt(self, task: asyncio.Task[Any]) -> None:
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        if not self.alive:
            task.cancel()

    def kill(self) -> None:
        """kill -9. Inside an open session: nothing more is committed, and the end follows at once."""
        if not self.alive or self._dying:
            return
        self._trace.note(self.name, "is killed")
        self._dying = True
        for caller in list(self._callers):
            if not caller.done():
                caller.set_exception(ProcessDied())
        if self._turnstile.holder is not self:
            self.finish_dying()

    def finish_dying(self) -> None:
        """Called when no session of this process is open any more."""
        if not self._dying or not self.alive:
            return
        self.alive = False
        for task in list(self._tasks):
            task.cancel()
        if self.app is not None:
            for database in self.app.databases.values():
                database.terminate()


class Turnstile:
    """Lets one database session through at a time; the seed says who is next and how slow the way there is."""

    def __init__(self, loop: VirtualLoop, source: random.Random, trace: Trace) -> None:
        self.holder: Process | None = None
        self._loop = loop
        self._source = source
        self._trace = trace
        self._hold: object | None = None
        self._taken = False
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def pass_through(self, process: Process) -> AsyncIterator[None]:
        if self._hold is not None and _hold.get() is self._hold:
            yield  # a call inside a session, on another connection
            return
        process.check()
        await self._travel()
        await self._take()
        hold = object()
        self._hold, self.holder = hold, process
        token = _hold.set(hold)
        self._loop.virtual.sessions += 1
        try:
            process.check()
            self._trace.note(process.name, "session of", _what_runs())
            yield
            process.check()
        finally:
            self._loop.virtual.sessions -= 1
            _hold.reset(token)
            self._hold, self.holder = None, None
            self._let_next()
            process.finish_dying()
        await self._travel()
        process.check()

    async def _travel(self) -> None:
        """The way to the database and back: mostly quick, now and then not."""
        draw = self._source.random()
        if draw < 0.4:
            return
        await asyncio.sleep(self._source.uniform(0.2, 3.0) if draw > 0.995 else self._source.random() * 0.01)

    async def _take(self) -> None:
        if not self._taken:
            self._taken = True
            return
        turn: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not turn.cancelled():
                self._let_next()  # it was this one's turn already
            raise

    def _let_next(self) -> None:
        self._waiting = [turn for turn in self._waiting if not turn.done()]
        if self._waiting:
            self._waiting.pop(self._source.randrange(len(self._waiting))).set_result(None)
        else:
            self._taken = False


class CrashPlan:
    """A process's faults (`kernel.faults.Faults`): it dies at the n-th visit of a point, if it gets there.

    `reached` counts every point that anybody passed.
    """

    def __init__(self, process: Process, point: str | None, visit: int, *, reached: Counter[str]) -> None:
        self._process = process
        self._point = point
        self._left = visit
        self._reached = reached

    def reach(self, point: str) -> None:
        self._process.check()
        self._reached[point] += 1
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            self._process.kill()
            raise asyncio.CancelledError


def _make_task(loop: asyncio.AbstractEventLoop, work: Any, context: Any = None) -> asyncio.Task[Any]:
    process: Process | None = context.get(_process) if context is not None else _process.get()
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context, name=f"sim-{next(_names)}")
    if process is not None:
        process.adopt(task)
    return task


def _what_runs() -> str:
    task = asyncio.current_task()
    return getattr(task.get_coro(), "__qualname__", "") if task is not None else ""


_names = itertools.count(1)


def _pass_on(done: asyncio.Task[T], answer: asyncio.Future[T]) -> None:
    if answer.done():
        if not done.cancelled():
            done.exception()
        return
    if done.cancelled():
        answer.set_exception(ProcessDied())
    elif (error := done.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(done.result())


def run_virtual(loop: VirtualLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, from the instant zero. Nothing goes on in the loop afterwards, and it can be used again."""
    loop.rewind()
    try:
        return loop.run_until_complete(work)
    finally:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
