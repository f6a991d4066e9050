"""The worker: resumes every order that a crash, a slow provider or a customer left in the middle."""

from __future__ import annotations

from datetime import timedelta

import structlog

from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import ORDER, OrderId
from rialto.orders import store
from rialto.orders.handlers.shared import OrderUseCase
from rialto.orders.saga import Progress

DUE_MAX = 50
CLAIM_S = 30.0
WAIT_MAX_S = 30.0
FAILURES_MAX = 20

log = structlog.get_logger("rialto.orders")


class Worker(OrderUseCase):
    async def work(self) -> int:
        """Drive the orders that are due; how many were claimed."""
        now = self.env.clock.now()
        async with self.env.db.read() as session:
            rows = await session.all(store.DUE, now, DUE_MAX)
        claimed = 0
        for row in rows:
            until = now + timedelta(seconds=CLAIM_S)
            async with self.env.db.write() as session:
                attempts = await session.value(
                    store.CLAIM_DUE, row["bucket"], row["order_id"], row["due_at"], until
                )
            if attempts is not None:
                claimed += 1
                await self._resume(ORDER.of(row["order_id"]), attempts)
        return claimed

    async def purge(self) -> int:
        """Forget idempotency keys that are kept no longer; how many."""
        async with self.env.db.write() as session:
            return await session.run(
                store.PURGE_KEYS, self.env.clock.now() - self.env.settings.keep.keys, 1000
            )

    async def _resume(self, order_id: OrderId, attempts: int) -> None:
        progress: Progress | None = None
        try:
            progress = await self.drive(order_id)
        except Unavailable as error:
            log.info("an order waits for a dependency", order=order_id, attempts=attempts, error=error.text)
        except (
            Exception
        ):  # one of the loops that must survive: the order is tried again, then given to a person
            log.exception("an order could not be driven", order=order_id, attempts=attempts)
            if attempts >= FAILURES_MAX:
                await self.saga.give_up(order_id, "the saga failed repeatedly")
                return
        if progress is None:
            progress = Progress(state=await self.saga.load(order_id), waiting=True)
        if progress.waiting:
            await self.leave_to_worker(progress, min(2.0 ** min(attempts, 10), WAIT_MAX_S))
