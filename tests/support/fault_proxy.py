"""A TCP proxy in the test's own loop, between the shop and a real server, that a test may make as bad as it likes.

    async with fault_proxy(port) as proxy:
        await proxy.be("swallow")       # the shop is given `proxy.port`

`pass` hands on; `refuse` takes no connection and ends those there are; `swallow` takes everything and says nothing;
`slow` answers ten times as late as the server did; `half` cuts the connection instead of every second answer.
Nothing is chosen by chance: a test finds the same trouble at each run.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

Mode = Literal["pass", "refuse", "swallow", "slow", "half"]
TIMES = 10
CHUNK = 65_536


class FaultProxy:
    """`answers` counts what the server sent back, chunk by chunk."""

    def __init__(self, behind: int | str, *, least_s: float) -> None:
        self.port = 0
        self.answers = 0
        self._least_s = least_s
        self._behind = behind
        self._mode: Mode = "pass"
        self._turn = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.WriteTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def mode(self) -> Mode:
        return self._mode

    async def be(self, mode: Mode) -> None:
        """From now on."""
        self._mode = mode
        if mode == "refuse":
            await self._stop_listening()
            self._cut()
        elif self._server is None:
            await self.listen()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        await self._stop_listening()
        self._cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _cut(self) -> None:
        for transport in list(self._open):
            transport.abort()
        self._open.clear()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open.add(writer.transport)
        try:
            if isinstance(self._behind, str):
                away, back = await asyncio.open_unix_connection(self._behind)
            else:
                away, back = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:
            writer.transport.abort()
            return
        self._open.add(back.transport)
        asked = _Since(asyncio.get_running_loop().time())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ask(reader, back, asked))
                group.create_task(self._answer(away, writer, asked))
        except* (OSError, ConnectionError):
            pass
        finally:
            for one in (writer, back):
                one.transport.abort()
                self._open.discard(one.transport)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: _Since) -> None:
        while data := await reader.read(CHUNK):
            asked.at = asyncio.get_running_loop().time()
            if self._mode != "swallow":
                writer.write(data)
                await writer.drain()
        raise ConnectionResetError

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: _Since
    ) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(CHUNK):
            self.answers += 1
            if self._mode == "slow":
                took_s = max(loop.time() - asked.at, self._least_s)
                later: asyncio.Future[None] = loop.create_future()
                loop.call_later(took_s * (TIMES - 1), _set, later)
                await later
            if self._mode == "half" and next(self._turn) % 2 == 0:
                raise ConnectionResetError
            if self._mode != "swallow":
                writer.write(data)
                await writer.drain()
        raise ConnectionResetError


class _Since:
    def __init__(self, at: float) -> None:
        self.at = at


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


@asynccontextmanager
async def fault_proxy(behind: int | str, *, least_s: float = 0.0) -> AsyncIterator[FaultProxy]:
    """In front of the server at this port of the machine, or at this socket. `least_s`: what an answer counts as having taken at least."""
    proxy = FaultProxy(behind, least_s=least_s)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.close()
