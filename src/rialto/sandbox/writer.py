"""Group commit: one thread owns the books, and one disk write serves everybody who is waiting.

While a commit is in flight the next jobs gather; they then run one after the
other inside one durable unit. A caller hears its result only after the commit.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from rialto.sandbox.books import Books
from rialto.sandbox.errors import Unavailable

T = TypeVar("T")
Job = tuple[Callable[[], object], "asyncio.Future[Any]"]

BATCH_MAX = 256
WAITING_MAX = 2000


class Writer:
    """Runs plain functions on the books, in arrival order, off the event loop."""

    def __init__(self, books: Books, *, waiting_max: int = WAITING_MAX) -> None:
        """Start the thread; must be called on the running loop. `close()` ends it."""
        self._books = books
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.Queue[Job | None] = queue.Queue(waiting_max)
        self._thread = threading.Thread(target=self._work, name="sandbox-books", daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[], T]) -> T:
        """Run `job` and answer its result once it is durable.

        Raises what the job raised, or `Unavailable` when too many are waiting or
        the commit failed. A caller that is cancelled leaves; its job still runs.
        """
        future: asyncio.Future[Any] = self._loop.create_future()
        try:
            self._jobs.put_nowait((job, future))
        except queue.Full:
            raise Unavailable("Too many requests are waiting for the books.") from None
        return cast("T", await future)

    async def close(self) -> None:
        """Finish what is queued, then end the thread."""
        await asyncio.to_thread(self._jobs.put, None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        ended = False
        while not ended:
            batch: list[Job] = []
            item = self._jobs.get()
            while True:
                if item is None:
                    ended = True
                    break
                batch.append(item)
                if len(batch) >= BATCH_MAX or self._jobs.empty():
                    break
                item = self._jobs.get()
            if batch:
                results = self._commit(batch)
                self._loop.call_soon_threadsafe(_deliver, batch, results)

    def _commit(self, batch: list[Job]) -> list[object]:
        try:
            with self._books.unit():
                return [self._result(job) for job, _ in batch]
        except Exception as error:  # noqa: BLE001 - the loop must survive; every caller gets the error
            return [error] * len(batch)

    def _result(self, job: Callable[[], object]) -> object:
        try:
            return job()
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - belongs to this caller only; its own unit is undone
            return error


def _deliver(batch: list[Job], results: list[object]) -> None:
    for (_, future), result in zip(batch, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
