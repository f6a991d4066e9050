"""The publishing side: one channel, whole batches, and an end only when the broker has confirmed all of them.

Messages of one batch are written one after the other without waiting and confirmed in bulk. A confirmed message is on
the disks of a majority of the queue's nodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aio_pika import Message
from aio_pika.abc import AbstractChannel
from pamqp.commands import Basic

from rialto.engines.rabbitmq_bus_connection import Connection, asking
from rialto.kernel.errors import Unavailable

SEND_S = 8.0


class Publisher:
    """See above. Several may send at once; each batch keeps its order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()

    async def send(self, messages: Sequence[tuple[str, Message]], *, exchange: str) -> None:
        """Messages with their routing keys, in order. Raises Unavailable when any of them is not certain.

        Then some may have arrived: always the first ones, never a later one without an earlier one of the same queue.
        """
        channel = await self._opened()
        try:
            await _write(channel, messages, exchange)
        except Unavailable:
            await self._drop(channel)
            raise

    async def _opened(self) -> AbstractChannel:
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._channel = await self._connection.channel(confirms=True)
            return self._channel

    async def _drop(self, channel: AbstractChannel) -> None:
        """Nothing of a batch that failed may still be on its way; and a connection that hangs is not tried again."""
        if self._channel is channel:
            self._channel = None
            await self._connection.close()


async def _write(channel: AbstractChannel, messages: Sequence[tuple[str, Message]], exchange: str) -> None:
    async with asking(SEND_S):
        where = await channel.get_exchange(exchange, ensure=False)
        # Tasks begin in this order and queue for the channel's lock in this order. `return_exceptions`: one that was
        # cancelled because the connection went away would count as well done in a TaskGroup.
        told = await asyncio.gather(
            *(where.publish(message, key, mandatory=True) for key, message in messages),
            return_exceptions=True,
        )
    failed = next((one for one in told if not isinstance(one, Basic.Ack)), None)
    if failed is not None:
        raise Unavailable(f"RabbitMQ did not take what was published: {failed!r}.")
