"""A connection to RabbitMQ that is opened when it is needed and again when it is gone, one attempt at a time.

Nothing here waits for a broker that is away: whoever asks gets `Unavailable` within a bounded time and comes again, as
every loop in the background does.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError, ProbableAuthenticationError
from aiormq.exceptions import InvalidFrameError

from rialto.engines.rabbitmq_bus_address import BrokerAddress, Node
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Unavailable

ASK_S = 5.0
CONNECT_S = 5.0
CLOSE_S = 2.0
# After a failure nobody tries again for this long: there are a dozen loops, and one attempt tells all of them.
PAUSE_S = 0.5

# What the client raises: protocol errors, sockets, and RuntimeError for what is closed already.
FAILURES = (AMQPError, OSError, RuntimeError, EOFError)


@asynccontextmanager
async def asking(within_s: float = ASK_S) -> AsyncIterator[None]:
    """Whatever is wrong with the broker meanwhile is `Unavailable`.

    A connection that goes away cancels what waits on it, and that must not look as if this task were cancelled: a loop
    of the background would end in silence.
    """
    try:
        async with asyncio.timeout(within_s):
            try:
                yield
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                raise Unavailable("The connection to RabbitMQ was lost.") from error
    except TimeoutError as error:
        raise Unavailable("RabbitMQ does not answer in time.") from error
    except FAILURES as error:
        raise Unavailable(f"RabbitMQ cannot do it: {error or type(error).__name__}.") from error


class Connection:
    """One connection and whoever opens channels on it."""

    def __init__(self, address: BrokerAddress, name: str, clock: Clock) -> None:
        """Raises SettingWrong when the certificates it is to trust cannot be read."""
        self._address = address
        self._name = name
        self._clock = clock
        self._tls = address.tls_context()
        self._opened: AbstractConnection | None = None
        self._opening = asyncio.Lock()
        self._failed: Unavailable | None = None
        self._failed_at = 0.0

    async def get(self) -> AbstractConnection:
        """The open connection; another object than before after it was lost. Raises Unavailable."""
        async with self._opening:
            if self._opened is not None and _is_open(self._opened):
                return self._opened
            if self._failed is not None and self._clock.monotonic() - self._failed_at < PAUSE_S:
                raise Unavailable(self._failed.text)
            self._opened = None
            try:
                self._opened = await self._open()
            except Unavailable as error:
                self._failed, self._failed_at = error, self._clock.monotonic()
                raise
            self._failed = None
            return self._opened

    async def channel(self, *, confirms: bool = False) -> AbstractChannel:
        """A fresh channel. With `confirms` a publication ends when the broker has it, and raises when it comes back."""
        connection = await self.get()
        async with asking():
            channel = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
            await channel.initialize()
        return channel

    def server_version(self) -> tuple[int, int]:
        """Of the server it is connected to; 0.0 when it does not tell."""
        transport = self._opened.transport if self._opened is not None else None
        told = transport.connection.server_properties.get("version") if transport is not None else None
        parts = [int(part) for part in str(told or "").split(".") if part.isdecimal()]
        return (parts[0], parts[1]) if len(parts) > 1 else (0, 0)

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(Unavailable):
                async with asking(CLOSE_S):
                    await opened.close()

    async def _open(self) -> AbstractConnection:
        problems = []
        for node in self._address.nodes:
            try:
                async with asking(CONNECT_S):
                    arguments = node.connect_arguments(self._name, self._address.heartbeat_s, self._tls)
                    opened: AbstractConnection = await aio_pika.connect(**arguments)
                    return opened
            except Unavailable as error:
                problems.append(_sentence(node, error.__cause__ or error))
        raise Unavailable(" ".join(dict.fromkeys(problems)))


async def let_go(channel: AbstractChannel) -> None:
    """Close it if that can be done; a channel whose connection is gone is closed already."""
    with suppress(Unavailable):
        async with asking(CLOSE_S):
            await channel.close()


def _is_open(connection: AbstractConnection) -> bool:
    transport = connection.transport
    return not connection.is_closed and transport is not None and not transport.connection.is_closed


def _sentence(node: Node, error: BaseException) -> str:
    """What whoever set it up can do something with."""
    if isinstance(error, ProbableAuthenticationError):
        return f"RabbitMQ at {node.place} refuses the user or the password of RIALTO_BUS_URL."
    if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            f"RabbitMQ at {node.place} shows a certificate that is not trusted here (RIALTO_BUS_CA): {error}."
        )
    if isinstance(error, InvalidFrameError) and "OpenOk" in str(error):
        # The client has read everything but the wish for this vhost, and hides the server's own words.
        return f"RabbitMQ at {node.place} has no vhost {node.vhost!r} for this user."
    if isinstance(error, TimeoutError):
        return f"RabbitMQ at {node.place} does not answer."
    return f"RabbitMQ at {node.place} cannot be reached: {error or type(error).__name__}."
