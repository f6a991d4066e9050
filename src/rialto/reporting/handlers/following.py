"""Taking in what orders and stock say, in the transaction in which the inbox remembers it."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.inventory.events import AvailabilityChanged
from rialto.kernel.db import WriteSession
from rialto.kernel.events import Event
from rialto.kernel.ids import OrderId, bucket_of, partition_of
from rialto.orders.events import OrderImported, OrderStarted
from rialto.reporting import store
from rialto.reporting.api import LowStock
from rialto.reporting.handlers.shared import ReportingUseCase
from rialto.reporting.model import Count, Place, begin, follow
from rialto.reporting.store import KeptLine

IN_STOCK = "in_stock"
FEW_LEFT = "few_left"


class Following(ReportingUseCase):
    async def take_in(self, session: WriteSession, events: Sequence[tuple[OrderId, Event]]) -> None:
        """Events of different orders. Those of an order whose row is still missing come with the filling."""
        filling = await store.load_filling(session)
        known = await store.load_lines(session, [order_id for order_id, _ in events])
        saved: list[KeptLine] = []
        counts: dict[tuple[Place, int], Count] = {}
        for order_id, event in events:
            kept = known.get(order_id)
            if isinstance(event, OrderStarted | OrderImported):
                taken, generation = begin(event), filling.generation
            elif kept is not None:
                taken, generation = follow(kept.line, event), kept.generation
            else:
                continue
            saved.append(KeptLine(line=taken.line, generation=generation))
            # What a former filling counted is counted again by the present one.
            if generation == filling.generation and any(taken.adds):
                place = (taken.place, partition_of(bucket_of(order_id)))
                counts[place] = counts.get(place, Count()).plus(taken.adds)
        await store.save_lines(session, saved)
        await store.add_counts(session, filling.generation, counts)

    async def take_in_stock(self, session: WriteSession, events: Sequence[AvailabilityChanged]) -> None:
        """Of different SKUs."""
        low = [
            LowStock(
                sku=event.sku,
                # Shoppers are not told yet; staff are.
                band=FEW_LEFT if event.band == IN_STOCK else event.band,
                available=event.available,
            )
            for event in events
            if event.is_low
        ]
        await store.save_stock(session, low, [event.sku for event in events if not event.is_low])
