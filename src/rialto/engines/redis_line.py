"""One connection to a server of the Redis protocol that many callers share.

The protocol answers in the order of the questions, so nobody needs a connection alone. A caller who leaves harms nobody:
the answer comes and is dropped. When the connection breaks, all who wait are told at once.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Any

from redis.asyncio import Connection
from redis.exceptions import RedisError, ResponseError

from rialto.kernel.clock import Clock
from rialto.kernel.errors import Unavailable

WAITING_MAX = 1000


class Line:
    """An open connection with whoever waits at it."""

    def __init__(self, wire: Connection, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()  # and since when
        self._open = True
        self._reading = asyncio.ensure_future(self._read())

    @property
    def is_open(self) -> bool:
        return self._open

    def unanswered_s(self) -> float:
        """For how long the oldest question has had no answer."""
        return self._clock.monotonic() - self._waiting[0][1] if self._waiting else 0.0

    async def ask(self, *question: Any) -> Any:
        """The answer. Raises ResponseError for a refusal, Unavailable when there will be none."""
        if not self._open or len(self._waiting) >= WAITING_MAX:
            raise Unavailable("The key-value server does not answer.")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((answer, self._clock.monotonic()))
        try:
            # Written before anything is waited for, so questions stand on the wire as they stand in line.
            await self._wire.send_packed_command(self._wire.pack_command(*question), check_health=False)
        except BaseException as error:
            # The library closes what it could not write to the end.
            answer.cancel()
            self.end()
            if isinstance(error, RedisError | OSError):
                raise Unavailable("The key-value server is away.") from error
            raise
        return await answer

    def end(self) -> None:
        """Let go of the connection; who waits is told. Idempotent."""
        self._open = False
        self._reading.cancel()
        self._tell_all()

    async def close(self) -> None:
        self.end()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while True:
                try:
                    reply = await self._wire.read_response(timeout=math.inf, disconnect_on_error=False)
                except ResponseError as refusal:
                    reply = refusal
                answer, _ = self._waiting.popleft()
                if answer.done():
                    continue
                if isinstance(reply, ResponseError):
                    answer.set_exception(reply)
                else:
                    answer.set_result(reply)
        except (RedisError, OSError) as broken:
            self._tell_all(broken)
        finally:
            self._open = False
            self._tell_all()
            await self._wire.disconnect(nowait=True)

    def _tell_all(self, cause: BaseException | None = None) -> None:
        while self._waiting:
            answer, _ = self._waiting.popleft()
            if not answer.done():
                error = Unavailable("The key-value server is away.")
                error.__cause__ = cause
                answer.set_exception(error)
