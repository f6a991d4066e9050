"""Connections that outlive the simulated processes that use them.

A process that is killed and started again opens some fifteen connections, and each has to be let in, to read the
catalogue and to plan every statement anew: that was two thirds of what a history cost. None of it can be seen from
within, since time stands still while a session is open. So a connection which a process lets go of in a clean state
goes to the next who asks for that role; one in the middle of something is cut, as the death of its process cuts it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from rialto.kernel.db import DatabaseAddress, connect


class ConnectionStock:
    """Hands out connections of one event loop. `open` stands where `kernel.db.connect` does."""

    def __init__(self) -> None:
        self._free: dict[DatabaseAddress, list[Any]] = {}

    async def open(self, address: DatabaseAddress) -> Loan:
        free = self._free.setdefault(address, [])
        real = free.pop() if free else await _connect(address)
        return Loan(real, lambda: free.append(real))

    def close(self) -> None:
        """End those that nobody uses."""
        for free in self._free.values():
            while free:
                free.pop().terminate()


class Loan:
    """A connection until it is closed or terminated; after that it is dead for its holder, whoever has it next."""

    def __init__(self, real: Any, give_back: Callable[[], None]) -> None:
        self._real = real
        self._give_back = give_back
        self._ended = False
        self._is_settled = True

    def is_closed(self) -> bool:
        return self._ended or bool(self._real.is_closed())

    def is_in_transaction(self) -> bool:
        return bool(self._real.is_in_transaction())

    async def fetch(self, sql: str, *values: Any) -> Any:
        return await self._ask(self._real.fetch, sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        return await self._ask(self._real.fetchrow, sql, *values)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        return await self._ask(self._real.fetchval, sql, *values)

    async def execute(self, sql: str, *values: Any) -> Any:
        return await self._ask(self._real.execute, sql, *values)

    async def close(self, *, timeout: float | None = None) -> None:
        self.terminate()

    def terminate(self) -> None:
        if self._ended:
            return
        self._ended = True
        if self._is_settled and not self._real.is_closed() and not self._real.is_in_transaction():
            self._give_back()
        else:
            self._real.terminate()

    async def _ask(self, act: Callable[..., Awaitable[Any]], sql: str, *values: Any) -> Any:
        if self._ended:
            raise asyncpg.InterfaceError("connection is closed")
        self._is_settled = False
        try:
            answer = await act(sql, *values)
        except asyncpg.PostgresError:
            self._is_settled = True
            raise
        self._is_settled = True
        return answer


async def _connect(address: DatabaseAddress) -> Any:
    """Without any time limit: asyncpg's are timers on virtual time, which stands still while they run."""
    return await connect(
        address,
        timeout=None,
        command_timeout=None,
        max_cached_statement_lifetime=0,
        statement_cache_size=1000,
    )
