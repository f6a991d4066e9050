"""The password port's engine: argon2id in a bounded pool of threads.

argon2-cffi releases the interpreter's lock while it works, so threads really run beside the event loop. One
hash takes some 20 ms of a core and 19 MiB of memory: threads bound the memory, the queue bounds the waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rialto.kernel.errors import TooMany
from rialto.kernel.saturation import LineState

T = TypeVar("T")

# OWASP's second choice for argon2id (Password Storage Cheat Sheet): half the memory of the first, same strength.
TIME_COST = 2
MEMORY_KIB = 19 * 1024
PARALLELISM = 1

THREADS = 2
QUEUE_MAX = 64  # about a second of work; who would wait longer is told to come again


class Argon2Passwords:
    """Implements `kernel.auth.Passwords`."""

    def __init__(
        self,
        *,
        time_cost: int = TIME_COST,
        memory_kib: int = MEMORY_KIB,
        threads: int = THREADS,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=PARALLELISM)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._open_max = threads + queue_max
        self._open = 0

    @property
    def line(self) -> LineState:
        """Those being worked on count as waiting: there are two at most."""
        return LineState(waiting=self._open, limit=self._open_max)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, hashed: str, password: str) -> bool:
        return await self._run(lambda: self._matches(hashed, password))

    def needs_rehash(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        """Let running work end, drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._open >= self._open_max:
            raise TooMany("Too many people sign in at the moment.", retry_after_s=1.0)
        loop = asyncio.get_running_loop()
        self._open += 1
        future = self._pool.submit(work)
        # Counted until the thread is done, not until the caller left: a leaving caller does not stop the work.
        future.add_done_callback(lambda _done: _in_loop(loop, self._one_less))
        return await asyncio.wrap_future(future)

    def _one_less(self) -> None:
        self._open -= 1


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return  # the loop is closed: nobody counts any more


def _bytes(password: str) -> bytes:
    # A lone surrogate can reach a password by JSON; it has bytes here and simply matches nothing.
    return password.encode("utf-8", "surrogatepass")
