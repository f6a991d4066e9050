"""What follows from a change of a review: its product's summary, and the event that tells of it.

Reviews may live in another database than the outbox, so no transaction holds both. The document is written
first; from the store's feed of changes follows everything else, each step harmless when it is done twice. The
event is appended in the transaction that moves the position in the feed, so none is lost and none is told twice.
"""

from __future__ import annotations

from rialto.kernel.documents import Changes
from rialto.kernel.ids import ProductId, ReviewId
from rialto.reviews.events import ProductRated
from rialto.reviews.handlers.shared import ReviewUseCase
from rialto.reviews.model.summaries import SummaryDocument, rated
from rialto.reviews.store import REVIEWS, SUMMARIES, load_position, move_position, publish
from rialto.reviews.tally import Tally

AT_ONCE = 100


class Following(ReviewUseCase):
    async def follow(self) -> int:
        """Take in what changed; how many documents that were. Raises Unavailable."""
        return await self._count() + await self._tell()

    async def _count(self) -> int:
        """Reviews that changed: into their summaries."""
        async with self.env.db.read() as session:
            before = await load_position(session, REVIEWS.name)
        changes = await self.documents.changes(REVIEWS, before, limit=AT_ONCE)
        tally = Tally(self.documents)
        for change in changes.items:
            if change.value is not None:  # a review is deleted only after it was let go of
                await tally.settle(ReviewId(change.key))
        if changes.position != before:
            async with self.env.db.write() as session:
                await move_position(session, REVIEWS.name, before=before, after=changes.position)
        return len(changes.items)

    async def _tell(self) -> int:
        """Summaries that changed: out into the world."""
        async with self.env.db.read() as session:
            before = await load_position(session, SUMMARIES.name)
        changes: Changes[SummaryDocument] = await self.documents.changes(SUMMARIES, before, limit=AT_ONCE)
        if changes.position == before:
            return 0
        at = self.env.clock.now()
        async with self.env.db.write() as session:
            await move_position(session, SUMMARIES.name, before=before, after=changes.position)
            for change in changes.items:
                if change.value is not None:
                    await publish(session, _event(change.value), at)
        return len(changes.items)


def _event(summary: SummaryDocument) -> ProductRated:
    told = rated(summary)
    return ProductRated(
        product_id=ProductId(summary.product_id),
        count=told.count,
        average_hundredths=told.average_hundredths,
        histogram=told.histogram,
    )
