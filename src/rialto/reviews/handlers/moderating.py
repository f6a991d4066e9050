"""Staff's side: what waits, and what is decided about it."""

from __future__ import annotations

import msgspec

from rialto.kernel.documents import Query
from rialto.kernel.errors import field_problem
from rialto.reviews.api import (
    STATUSES,
    ModeratedReview,
    ModeratedReviews,
    ModerateReview,
    ModerationQueue,
    ReviewRef,
)
from rialto.reviews.handlers.shared import ReviewUseCase, own_view
from rialto.reviews.model.reviews import ReviewDocument, moderate, report_counts
from rialto.reviews.store import REVIEWS

LIMIT_MAX = 200


class Moderating(ReviewUseCase):
    async def queue(self, command: ModerationQueue) -> ModeratedReviews:
        if command.status not in STATUSES:
            raise field_problem("status", "not_valid", f"One of {', '.join(STATUSES)}.")
        page = await self.documents.query(
            REVIEWS,
            Query(
                index="by_status",
                equal=(command.status,),
                limit=max(1, min(command.limit, LIMIT_MAX)),
                cursor=command.cursor,
            ),
        )
        return ModeratedReviews(
            items=[_view(stored.value) for stored in page.items], next_cursor=page.next_cursor
        )

    async def inspect(self, command: ReviewRef) -> ModeratedReview:
        return _view((await self.load(command.id)).value)

    async def moderate(self, command: ModerateReview) -> ModeratedReview:
        at = self.env.clock.now()
        return _view(
            await self.change(
                command.id,
                lambda review: moderate(
                    review,
                    command.status,
                    reason=command.reason,
                    expected=command.expected,
                    at=at,
                    by=command.by,
                ),
            )
        )


def _view(review: ReviewDocument) -> ModeratedReview:
    return ModeratedReview(
        **msgspec.structs.asdict(own_view(review)),
        order_id=review.order_id,
        moderated_by=review.moderated_by,
        moderated_at=review.moderated_at,
        reports=report_counts(review),
    )
