"""Making the read model from orders' own streams: those from before reporting was there, or all of them anew.

Beside a running shop. Each page of orders is folded from its events and written together with the inbox's
positions, so that an event which was read here is not taken in a second time; an order that moved on meanwhile makes the
page start over. Rows and sums of a former filling stay readable until this one is done.
"""

from __future__ import annotations

from collections.abc import Sequence

from rialto.kernel.consumers import has_taken_in
from rialto.kernel.db import WriteSession
from rialto.kernel.errors import Unavailable
from rialto.kernel.events import EventTypes
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.orders.api import Orders, OrderStream, StreamsAfter
from rialto.orders.events import EVENTS
from rialto.reporting import store
from rialto.reporting.handlers.shared import ReportingUseCase
from rialto.reporting.model import Count, Line, Place, fold
from rialto.reporting.store import KeptLine

CONSUMER = "reporting"
PAGE = 200
# Nobody else writes this slot, so the filling waits for no consumer and none for it.
SLOT = -1

TYPES = EventTypes(EVENTS)


class Filling(ReportingUseCase):
    async def fill(self) -> int:
        """Take in the next page of orders; how many it had. 0 when nothing is left to do. Raises Unavailable."""
        async with self.db.read() as session:
            filling = await store.load_filling(session)
        if filling.done:
            return 0
        page = await self.env[Orders].streams(StreamsAfter(cursor=filling.cursor, limit=PAGE))
        async with self.db.write() as session:
            held = await store.load_filling(session, hold=True)
            if held != filling:
                return len(page.items)  # another worker was quicker, or it was begun anew
            known = await store.load_lines(session, [stream.order_id for stream in page.items])
            fresh = [
                stream
                for stream in page.items
                if stream.order_id not in known or known[stream.order_id].generation < held.generation
            ]
            await self._write(session, held.generation, fresh)
            await store.save_filling(session, held.generation, page.next_cursor)
        if page.next_cursor is None:
            await self._sweep(held.generation)
        return len(page.items)

    async def fill_anew(self) -> int:
        """From zero; how many orders were taken in. Raises Unavailable, and can simply be called again."""
        async with self.db.write() as session:
            await store.begin_anew(session)
        count = 0
        while taken := await self.fill():
            count += taken
        return count

    async def _write(self, session: WriteSession, generation: int, streams: Sequence[OrderStream]) -> None:
        folded = [(stream, found) for stream in streams if (found := fold_stream(stream)) is not None]
        positions = [
            (bucket_of(stream.order_id), to_uuid(stream.order_id), stream.version) for stream, _ in folded
        ]
        if not await has_taken_in(session, CONSUMER, positions):
            raise Unavailable("Orders went on while they were read.")
        counts: dict[tuple[Place, int], Count] = {}
        for _, (_, added) in folded:
            for place, count in added.items():
                counts[place, SLOT] = counts.get((place, SLOT), Count()).plus(count)
        lines = [KeptLine(line=line, generation=generation) for _, (line, _) in folded]
        await store.save_lines(session, lines)
        await store.add_counts(session, generation, counts)

    async def _sweep(self, generation: int) -> None:
        removed = 1
        while removed:
            async with self.db.write() as session:
                removed = await store.sweep_former(session, generation)


def fold_stream(stream: OrderStream) -> tuple[Line, dict[Place, Count]] | None:
    """What its events make of an order. Raises KeyError for an event of a later release."""
    return fold(TYPES.decode(event.type, event.schema_version, event.body) for event in stream.events)
