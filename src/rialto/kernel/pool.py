"""Connections of one database role, kept for the next one who needs one.

Small on purpose: last in, first out; opened when needed, closed when idle; nothing is sent when a connection
is given back. A session is opened some seventy times in a purchase, and asyncpg's own pool spent more on each
(proxies, timeouts, a reset) than a short statement costs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from rialto.kernel.saturation import PoolState

Open = Callable[[], Awaitable[Any]]


class Pool:
    """At most `size` connections; who finds none free waits in line."""

    def __init__(self, open_one: Open, *, size: int, idle_close_s: float) -> None:
        self._open_one = open_one
        self._size = size
        self._idle_close_s = idle_close_s
        self._free: list[Any] = []
        self._all: set[Any] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ended = False
        self._closer: asyncio.TimerHandle | None = None
        self._used_since = False
        self._waited = 0
        self._waited_s = 0.0

    @property
    def state(self) -> PoolState:
        """How full it is now. A connection that is being opened is in use."""
        opened = len(self._all) + self._opening
        return PoolState(
            limit=self._size,
            open=opened,
            in_use=opened - len(self._free),
            waiting=sum(not turn.done() for turn in self._waiting),
            waited=self._waited,
            waited_s=self._waited_s,
        )

    async def acquire(self) -> Any:
        """A connection that was alive when it was given back. Raises what opening one raises."""
        while True:
            while self._free:
                connection = self._free.pop()
                if not connection.is_closed():
                    return connection
                self._all.discard(connection)
            if len(self._all) + self._opening < self._size:
                return await self._open_another()
            await self._wait_in_line()

    def release(self, connection: Any, *, sound: bool) -> None:
        """Give it back. One in the middle of something (`sound` is False) is dropped, not reused."""
        if not sound or self._ended or connection.is_closed() or connection.is_in_transaction():
            self._all.discard(connection)
            connection.terminate()
        else:
            self._free.append(connection)
            self._used_since = True
            self._watch_idleness()
        self._let_next_in()

    async def close(self) -> None:
        """End all connections politely. Those in use are ended when they come back."""
        self._end()
        free, self._free = self._free, []
        for connection in free:
            self._all.discard(connection)
            await connection.close(timeout=5)

    def let_go(self) -> None:
        """Drop the connections that nobody uses and refuse who waits in line: the server does not answer."""
        free, self._free = self._free, []
        for connection in free:
            self._all.discard(connection)
            connection.terminate()
        self._refuse_waiting("the server does not answer")

    def terminate(self) -> None:
        """Drop all connections at once, also those in use, as a killed process does."""
        self._end()
        self._free.clear()
        for connection in list(self._all):
            connection.terminate()
        self._all.clear()

    async def _open_another(self) -> Any:
        self._opening += 1
        try:
            connection = await self._open_one()
        finally:
            self._opening -= 1
            self._let_next_in()
        if self._ended:
            connection.terminate()
            raise ConnectionError("the pool was closed")
        self._all.add(connection)
        return connection

    async def _wait_in_line(self) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        began = loop.time()
        try:
            await turn
        except BaseException:
            # Whoever was called and does not come must call the next one.
            if turn.done() and not turn.cancelled():
                self._let_next_in()
            raise
        finally:
            self._waited += 1
            self._waited_s += loop.time() - began

    def _let_next_in(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _end(self) -> None:
        self._ended = True
        if self._closer is not None:
            self._closer.cancel()
        self._refuse_waiting("the pool was closed")

    def _refuse_waiting(self, why: str) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(ConnectionError(why))

    def _watch_idleness(self) -> None:
        if self._closer is None:
            self._closer = asyncio.get_running_loop().call_later(self._idle_close_s, self._close_idle)

    def _close_idle(self) -> None:
        """After a quiet interval nothing is kept open."""
        self._closer = None
        if self._used_since:
            self._used_since = False
            if self._free:
                self._watch_idleness()
            return
        while self._free:
            connection = self._free.pop()
            self._all.discard(connection)
            connection.terminate()
