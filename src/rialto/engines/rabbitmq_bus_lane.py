"""One queue that this process takes in: a channel of its own and what was delivered and is not acknowledged yet.

A channel per queue, because order depends on it. Cancelling a consumer of a quorum queue lets the next one get messages
while this one still holds earlier ones. Closing the channel instead gives back all of them and lets the next one begin,
in one step, and it gets them first and in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import structlog
from aio_pika.abc import AbstractChannel
from aiormq.abc import DeliveredMessage

from rialto.engines.rabbitmq_bus_connection import Connection, asking, let_go
from rialto.engines.rabbitmq_bus_message import Mark, read_message
from rialto.kernel.events import Envelope

# Bounds what this process holds of a queue. It must be the same for all who consume it and must never become less:
# a quorum queue keeps what came back in a row of its own, and only who may hold all of it gets it in order again.
PREFETCH = 200

log = structlog.get_logger("rialto.bus")


class Delivered(NamedTuple):
    tag: int
    content: Envelope | Mark | None  # None: to be passed over


class Lane:
    """Open from `open` until `close`; `is_open` says whether the broker sees it so, too."""

    def __init__(
        self, number: int, queue: str, told: Callable[[int], None], *, skip: frozenset[str], at: float
    ) -> None:
        """`told` is called with the lane's number whenever something has come. `at`: when something last went on."""
        self.number = number
        self.queue = queue
        self.held: deque[Delivered] = deque()
        self.moved_at = at
        self._told = told
        self._skip = skip
        self._channel: AbstractChannel | None = None
        self._cancelled = False

    @property
    def is_open(self) -> bool:
        return self._channel is not None and not self._channel.is_closed and not self._cancelled

    async def open(self, connection: Connection) -> None:
        """Raises Unavailable, with what the client raised as its cause."""
        channel = self._channel = await connection.channel()
        try:
            async with asking():
                beneath = await channel.get_underlay_channel()
                beneath.on_consumer_cancel_callbacks.add(self._on_cancel)
                await beneath.basic_qos(prefetch_count=PREFETCH)
                await beneath.basic_consume(self.queue, self._on_delivery)
        except BaseException:
            await self.close()
            raise

    async def acknowledge(self, tag: int, at: float) -> None:
        """Everything up to this delivery. Raises Unavailable; then it may come again."""
        assert self._channel is not None
        async with asking():
            beneath = await self._channel.get_underlay_channel()
            await beneath.basic_ack(tag, multiple=True)
        self.moved_at = at
        while self.held and self.held[0].tag <= tag:
            self.held.popleft()

    async def close(self) -> None:
        """What is held goes back to the queue, in one step with the right to consume it."""
        channel, self._channel = self._channel, None
        self.held.clear()
        if channel is not None and not channel.is_closed:
            await let_go(channel)

    async def _on_delivery(self, message: DeliveredMessage) -> None:
        if self._channel is None or message.delivery_tag is None:
            return
        try:
            content: Envelope | Mark | None = read_message(
                message.header.properties.message_type, message.body
            )
        except ValueError as error:  # msgspec's errors are of this kind
            log.warning("a message that is not ours is passed over", queue=self.queue, error=str(error))
            content = None
        if isinstance(content, Envelope) and content.type in self._skip:
            content = None  # a catalogue's documents are large, and most consumers pass over them
        self.held.append(Delivered(message.delivery_tag, content))
        self._told(self.number)

    async def _on_cancel(self, _frame: object) -> None:
        """The queue is gone, or moves."""
        self._cancelled = True
