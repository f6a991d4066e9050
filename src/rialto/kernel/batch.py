"""Group commit: requests that arrive while a commit is in flight share the next one.

No timer: a batch is whatever gathered while its predecessor was being written (a 2 ms linger measured
slower). The flush locks its rows in one order, admits members in arrival order against the values it read,
and writes with one set-based statement whose conditional update is the fence. Where that statement is all
there is to write it commits by itself: three round trips less.

What can happen to a member: a result; a refusal of its own; `Unavailable` when surely nothing was written;
`OutcomeUnknown` when nobody can tell. A caller past its deadline leaves, its member stays: unknown, not failed.
A lost COMMIT reply is resolved by reading the keys (`recover`), never by blind retry. An unexpected error
bisects the batch, so that one bad member harms only itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rialto.kernel import tracing
from rialto.kernel.db import AloneSession, Database, WriteSession
from rialto.kernel.errors import OutcomeUnknown, RialtoError, TooMany, Unavailable
from rialto.kernel.faults import Faults
from rialto.kernel.positions import note_write
from rialto.kernel.resilience import no_deadline
from rialto.kernel.saturation import LineState
from rialto.kernel.tracing import Span

M = TypeVar("M")
R = TypeVar("R")

Flush = Callable[[WriteSession, Sequence[M]], Awaitable[Sequence[R | RialtoError]]]
Recover = Callable[[Sequence[M]], Awaitable[Sequence[R | RialtoError]]]

SIZE_MAX = 400
QUEUE_MAX = 5000


@dataclass(frozen=True, kw_only=True)
class Alone(Generic[M, R]):
    """How to flush by one statement, which needs no transaction around it, and whether these members allow that."""

    suits: Callable[[Sequence[M]], bool]
    flush: Callable[[AloneSession, Sequence[M]], Awaitable[Sequence[R | RialtoError]]]


class Batcher(Generic[M, R]):
    """One queue, one commit in flight.

    `flush(session, members)` answers each member in order, a result or its refusal; raising fails the batch.
    `recover(members)` says after a lost commit what became of each: its result, or `Unavailable` if it was not written.
    """

    def __init__(
        self,
        db: Database,
        flush: Flush[M, R],
        recover: Recover[M, R],
        *,
        faults: Faults,
        alone: Alone[M, R] | None = None,
        size_max: int = SIZE_MAX,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        self._db = db
        self._flush = flush
        self._recover = recover
        self._faults = faults
        self._alone = alone
        self._size_max = size_max
        self._queue_max = queue_max
        self._waiting: deque[tuple[M, asyncio.Future[R]]] = deque()
        # Of the requests in the present or next batch, whose trace shows its statements.
        self._shown: Span | None = None
        self._runner: asyncio.Task[None] | None = None
        db.lines.append(self)

    @property
    def line(self) -> LineState:
        return LineState(waiting=len(self._waiting), limit=self._queue_max)

    async def submit(self, member: M, *, timeout_s: float = 10.0) -> R:
        """The member's result. Raises its refusal, TooMany when the queue is full, OutcomeUnknown after `timeout_s`."""
        if len(self._waiting) >= self._queue_max:
            raise TooMany("The shop is very busy.", retry_after_s=1)
        # The commit runs in whoever's context began the batch.
        note_write()
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((member, future))
        self._shown = _to_show(self._shown, tracing.current())
        if self._runner is None or self._runner.done():
            # Kept in a field and ended by `close`: it must outlive the caller that happened to start it.
            self._runner = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(future)
        except TimeoutError:
            future.add_done_callback(_retrieve)
            raise OutcomeUnknown from None
        except asyncio.CancelledError:
            future.add_done_callback(_retrieve)
            raise

    async def close(self) -> None:
        """Let what was accepted be written, then stop."""
        if self._runner is not None and not self._runner.done():
            await asyncio.wait({self._runner})

    async def _run(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), self._size_max)
            batch = [self._waiting.popleft() for _ in range(size)]
            try:
                shown, self._shown = self._shown, None
                with no_deadline(), tracing.within(shown):
                    await self._commit(batch)
            finally:
                # Only a cancelled runner leaves futures open; whoever waits must not wait for ever.
                for _, future in batch:
                    if not future.done():
                        future.set_exception(OutcomeUnknown())
                        future.add_done_callback(_retrieve)

    async def _commit(self, batch: Sequence[tuple[M, asyncio.Future[R]]]) -> None:
        members = [member for member, _ in batch]
        try:
            answers = await self._write(members)
            self._faults.reach("batch.after_commit")
        except OutcomeUnknown:
            answers = await self._ask(members)
        except Unavailable as error:
            answers = [error] * len(members)
        except Exception as error:  # noqa: BLE001 - bisected below until it stands alone
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._commit(batch[:middle])
                await self._commit(batch[middle:])
                return
            _settle(batch[0][1], error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            _settle(future, answer)

    async def _write(self, members: Sequence[M]) -> Sequence[R | RialtoError]:
        if self._alone is not None and self._alone.suits(members):
            self._faults.reach("batch.before_commit")
            async with self._db.alone() as statement:
                return await self._alone.flush(statement, members)
        async with self._db.write() as session:
            answers = await self._flush(session, members)
            assert len(answers) == len(members), "a flush answers every member"
            self._faults.reach("batch.before_commit")
        return answers

    async def _ask(self, members: Sequence[M]) -> Sequence[R | RialtoError]:
        try:
            return await self._recover(members)
        except Exception:  # noqa: BLE001 - nobody can tell what became of them, and the queue must go on
            return [OutcomeUnknown() for _ in members]


def _to_show(one: Span | None, other: Span | None) -> Span | None:
    """A sampled one, if there is any."""
    return other if one is None or (other is not None and other.part.sampled) else one


def _settle(future: asyncio.Future[R], answer: R | Exception) -> None:
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _retrieve(future: asyncio.Future[R]) -> None:
    """Nobody waits any more: take the exception out, so that the loop does not complain about it."""
    future.exception()
