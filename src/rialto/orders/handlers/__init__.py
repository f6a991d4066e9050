"""What happens when orders are asked: one file per use case, put together here."""

from __future__ import annotations

from rialto.kernel.service import Env
from rialto.orders.handlers.attaching import Attaching
from rialto.orders.handlers.checkout import Checkout
from rialto.orders.handlers.fulfilment import Fulfilment
from rialto.orders.handlers.importing import Importing
from rialto.orders.handlers.personal import Personal
from rialto.orders.handlers.reading import Reading
from rialto.orders.handlers.recounting import Recounting
from rialto.orders.handlers.reordering import Reordering
from rialto.orders.handlers.surveying import Surveying
from rialto.orders.handlers.worker import Worker
from rialto.orders.saga import Saga
from rialto.orders.starting import Starter


class OrderHandlers(
    Checkout, Fulfilment, Worker, Reading, Recounting, Reordering, Attaching, Personal, Surveying, Importing
):
    """Implements `Orders`: placing, following, fulfilling, and the worker that resumes what was interrupted."""

    def __init__(self, e: Env, saga: Saga, starter: Starter) -> None:
        self.env = e
        self.saga = saga
        self.starter = starter

    async def finish(self) -> None:
        """Let what was accepted be written before the process ends."""
        await self.starter.close()
        await self.saga.close()
