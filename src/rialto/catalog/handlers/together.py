"""What is bought together: placed orders are counted as they come, companions are chosen and told by a job."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rialto.catalog.api.together import Companions, CompanionsAfter, CompanionsPage
from rialto.catalog.events import CompanionsFound
from rialto.catalog.handlers.saving import uuid_of
from rialto.catalog.model.together import COMPANIONS_MAX, KEPT_MAX, ORDERS_MIN, pairs_of, weight_of
from rialto.catalog.store import as_json, together
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.errors import field_problem
from rialto.kernel.events import NewEvent, append
from rialto.kernel.ids import PRODUCT, bucket_of, derived_uuid
from rialto.orders.events import OrderPlaced

AT_ONCE = 200
PAGE_MAX = 200


class TogetherCases:
    _db: Database
    _clock: Clock

    async def count_within(self, session: WriteSession, orders: Sequence[OrderPlaced]) -> None:
        """For the reaction to placed orders."""
        several = [order for order in orders if len(order.skus) > 1]
        if not several:
            return
        skus = sorted({sku for order in several for sku in order.skus})
        products = await together.products_of(session, skus)
        pairs = [
            (product, other, weight_of(order.placed_at))
            for order in several
            for product, other in pairs_of(products[sku] for sku in order.skus if sku in products)
        ]
        if pairs:
            await together.count(session, pairs)

    async def choose_companions(self) -> int:
        """A job: for products in new orders, tell whom they are bought with if that has changed; how many."""
        async with self._db.write() as session:
            claimed = await together.claim(session, AT_ONCE)
            if not claimed:
                return 0
            products = [product for product, _, _ in claimed]
            await together.prune(session, products, KEPT_MAX)
            best = await together.best(session, products, orders_min=ORDERS_MIN, limit=COMPANIONS_MAX)
            told, news = [], []
            for product, version, before in claimed:
                others = best.get(product, [])
                if others != before:
                    news.append(self._news(product, version + 1, others))
                told.append(
                    (product, version + (others != before), as_json([str(other) for other in others]))
                )
            await together.settle(session, told)
            if news:
                await append(session, news)
        return len(claimed)

    async def companions(self, command: CompanionsAfter) -> CompanionsPage:
        if not 1 <= command.limit <= PAGE_MAX:
            raise field_problem("limit", "out_of_range", f"Between 1 and {PAGE_MAX}.")
        after = None if command.cursor is None else uuid_of(command.cursor)
        async with self._db.read() as session:
            found = await together.page(session, after, command.limit + 1)
        items = found[: command.limit]
        more = len(found) > command.limit
        return CompanionsPage(items=items, next_cursor=items[-1].product_id if more else None)

    def _news(self, product: UUID, version: int, others: Sequence[UUID]) -> NewEvent:
        product_id = PRODUCT.of(product)
        companions = Companions(product_id=product_id, others=[PRODUCT.of(other) for other in others])
        return NewEvent(
            bucket=bucket_of(product_id),
            stream=derived_uuid(product, "companions"),
            version=version,
            event=CompanionsFound(companions=companions),
            at=self._clock.now(),
        )
