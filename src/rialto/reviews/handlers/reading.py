"""What visitors see and do: published reviews, the summary, reporting; and all summaries for read models."""

from __future__ import annotations

import hashlib

from rialto.kernel.documents import Query
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import PRODUCT
from rialto.kernel.limits import network_of
from rialto.kernel.service import Nothing
from rialto.reviews.api import (
    SORTS,
    ListReviews,
    ProductRating,
    Ratings,
    RatingsAfter,
    ReportReview,
    Review,
    ReviewPage,
    TooManyReports,
)
from rialto.reviews.handlers.shared import ReviewUseCase
from rialto.reviews.model.reviews import ReviewDocument, Status, report
from rialto.reviews.model.summaries import rated
from rialto.reviews.store import REVIEWS, SUMMARIES

LIMIT_MAX = 50
# Index and direction of each sort.
ORDERS = {"newest": ("by_time", True), "highest": ("by_rating", True), "lowest": ("by_rating", False)}
assert set(ORDERS) == set(SORTS)


class Reading(ReviewUseCase):
    async def list(self, command: ListReviews) -> ReviewPage:
        if command.sort not in ORDERS:
            raise field_problem("sort", "not_valid", f"One of {', '.join(SORTS)}.")
        product_id = PRODUCT.parse(command.product_id)
        index, descending = ORDERS[command.sort]
        page = await self.documents.query(
            REVIEWS,
            Query(
                index=index,
                equal=(product_id, Status.PUBLISHED.value),
                descending=descending,
                limit=max(1, min(command.limit, LIMIT_MAX)),
                cursor=command.cursor,
            ),
        )
        summary = await self.documents.get(SUMMARIES, product_id)
        return ReviewPage(
            items=[_view(stored.value) for stored in page.items],
            next_cursor=page.next_cursor,
            summary=rated(None if summary is None else summary.value),
        )

    async def report(self, command: ReportReview) -> Nothing:
        network = network_of(command.client)
        wait_s = await self.clients.take(network)
        if wait_s:
            raise TooManyReports(retry_after_s=wait_s)
        client = hashlib.blake2b(network.encode(), key=self.secret, digest_size=16).hexdigest()
        at = self.env.clock.now()
        await self.change(
            command.id, lambda review: report(review, client=client, reason=command.reason, at=at)
        )
        return Nothing()

    async def ratings(self, command: RatingsAfter) -> Ratings:
        page = await self.documents.scan(SUMMARIES, cursor=command.cursor, limit=command.limit)
        return Ratings(
            items=[
                ProductRating(product_id=stored.value.product_id, rated=rated(stored.value))
                for stored in page.items
            ],
            next_cursor=page.next_cursor,
        )


def _view(review: ReviewDocument) -> Review:
    return Review(
        id=review.id,
        product_id=review.product_id,
        rating=review.rating,
        title=review.title,
        body=review.body,
        name=review.name,
        language=review.language,
        written_at=review.written_at,
        edited_at=review.edited_at,
    )
