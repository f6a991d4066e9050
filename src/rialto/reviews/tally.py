"""Keeping a product's summary equal to its reviews, one optimistic write at a time."""

from __future__ import annotations

from rialto.kernel.documents import Documents
from rialto.kernel.errors import VersionConflict
from rialto.kernel.ids import ReviewId
from rialto.reviews.model.reviews import ReviewDocument
from rialto.reviews.model.summaries import Step, SummaryDocument, count, forget, next_step, note
from rialto.reviews.store import REVIEWS, SUMMARIES


class Tally:
    """Any number of these may work on the same review at once, and each may be killed between two writes."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def settle(self, review_id: ReviewId) -> None:
        """Have the summary say what the review says; a withdrawn review is then deleted. Again: nothing.

        A conflict means that somebody else wrote: whoever lost looks again, so one of them gets on each time.
        """
        found = await self._documents.get(REVIEWS, review_id)
        while found is not None and not await self._advance(found.value):
            found = await self._documents.get(REVIEWS, review_id)

    async def _advance(self, seen: ReviewDocument) -> bool:
        """Do the next step; whether nothing is left to do."""
        summary = await self._documents.get(SUMMARIES, seen.product_id)
        # After the summary: see model.summaries.
        review = await self._documents.get(REVIEWS, seen.id)
        if review is None:
            return True
        held = SummaryDocument(product_id=seen.product_id) if summary is None else summary.value
        version = 0 if summary is None else summary.version
        try:
            match next_step(held, review.value):
                case Step.COUNT:
                    await self._documents.put(SUMMARIES, count(held, review.value), expected=version)
                case Step.NOTE:
                    await self._documents.put(REVIEWS, note(review.value), expected=review.version)
                case Step.FORGET:
                    await self._documents.put(SUMMARIES, forget(held, review.value), expected=version)
                case Step.DONE:
                    if review.value.is_withdrawn:
                        await self._documents.delete(REVIEWS, seen.id, expected=review.version)
                    return True
        except VersionConflict:
            return False
        return False
