"""Plans are followed by a job: what is due is published or hidden, and told as if somebody had done it by hand."""

from __future__ import annotations

from rialto.catalog import store
from rialto.catalog.handlers.saving import Saving, documents_of
from rialto.catalog.model.planning import as_planned
from rialto.catalog.store import plans
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database

AT_ONCE = 50


class PlanCases:
    _db: Database
    _clock: Clock
    _saving: Saving

    async def follow_plans(self) -> int:
        """A job: how many products were due. Their rows are locked, so of two at once each does its own."""
        async with self._db.write() as session:
            now = self._clock.now()
            due = await plans.claim(session, now, AT_ONCE)
            if not due:
                return 0
            products = [self._saving.next(one, as_planned(one.draft, now)) for one in due]
            for product in products:
                await store.update_product(session, product)
            for document in await documents_of(session, products):
                await self._saving.publish_product(session, document)
        return len(due)
