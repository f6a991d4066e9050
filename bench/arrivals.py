"""Load that does not wait: requests come when they come, however slow the answers are.

A closed loop of users slows down with the shop and hides what overload does (Schroeder, Wierman and Harchol-Balter, "Open
Versus Closed: A Cautionary Tale", NSDI 2006). Connections are kept and taken as there are free ones; more are opened as
needed. The client is as lean as it can be: on two cores measuring must not cost what is measured.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

GIVEN_UP_S = 30.0


class Answer:
    """`status` 0: none came."""

    __slots__ = ("body", "retry_after", "seconds", "status")

    def __init__(self, status: int, seconds: float, body: bytes, *, retry_after: bool) -> None:
        self.status = status
        self.seconds = seconds
        self.body = body
        self.retry_after = retry_after

    def json(self) -> Any:
        return json.loads(self.body)


class _Line(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted: asyncio.Future[tuple[int, bytes, bytes]] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_exception(ConnectionError())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._wanted is None:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(self._buffer) < end + 4 + length:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        if not self._wanted.done():
            self._wanted.set_result((int(head[9:12]), head, body))

    async def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        if self.transport is None:
            raise ConnectionError
        self._wanted = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._wanted


class Client:
    """Asks one shop over as many connections as it takes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._free: list[_Line] = []
        self.opened = 0

    async def ask(self, method: str, path: str, body: Any = None, headers: str = "") -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        kind = "Content-Type: application/json\r\n" if content else ""
        request = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Content-Length: {len(content)}\r\n{kind}{headers}\r\n"
        ).encode() + content
        begun = time.monotonic()
        try:
            async with asyncio.timeout(GIVEN_UP_S):
                line = await self._line()
                status, head, answer = await line.ask(request)
        except (OSError, TimeoutError):
            return Answer(0, time.monotonic() - begun, b"", retry_after=False)
        self._free.append(line)
        return Answer(status, time.monotonic() - begun, answer, retry_after=b"\r\nretry-after:" in head)

    async def _line(self) -> _Line:
        while self._free:
            line = self._free.pop()
            if line.transport is not None:
                return line
        self.opened += 1
        _, line = await asyncio.get_running_loop().create_connection(_Line, self._host, self._port)
        return line

    def close(self) -> None:
        for line in self._free:
            if line.transport is not None:
                line.transport.close()


@dataclass
class Told:
    """What came of some load. `good` counts what was wanted and done, whatever a visit does; seconds are of single requests."""

    seconds: float = 0.0
    good: int = 0
    pages: int = 0
    served: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    silent: int = 0
    wrong: list[int] = field(default_factory=list)

    def note(self, answer: Answer) -> bool:
        """Whether it is an answer to go on with."""
        if 200 <= answer.status < 300:
            self.served.append(answer.seconds)
            return True
        if answer.status == 503 and answer.retry_after:
            self.refused.append(answer.seconds)
        elif answer.status:
            self.wrong.append(answer.status)
        else:
            self.silent += 1
        return False


Visit = Callable[[Client, Told, int], Awaitable[None]]


async def closed(client: Client, visit: Visit, *, users: int, seconds: float) -> Told:
    """So many users, each without a pause: what the shop can do at most."""
    told, begun, number = Told(), time.monotonic(), iter(range(10**9))

    async def user() -> None:
        while time.monotonic() - begun < seconds:
            await visit(client, told, next(number))

    await asyncio.gather(*(user() for _ in range(users)))
    told.seconds = time.monotonic() - begun
    return told


async def opened(client: Client, visit: Visit, *, per_s: float, seconds: float) -> Told:
    """Visits that begin `per_s` on the mean, at random (Poisson), for so long. What is under way at the end is waited for, and
    counts in the time until the last began."""
    told, chance, begun = Told(), random.Random(7), time.monotonic()
    running: set[asyncio.Future[None]] = set()
    due, number = begun, 0
    while due < begun + seconds:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        one = asyncio.ensure_future(visit(client, told, number))
        running.add(one)
        one.add_done_callback(running.discard)
        number += 1
        due += chance.expovariate(per_s)
    told.seconds = time.monotonic() - begun
    if running:
        await asyncio.wait(running)
    return told
