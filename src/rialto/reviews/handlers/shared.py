"""What every use case of reviews stands on."""

from __future__ import annotations

from collections.abc import Callable

from rialto.kernel.documents import Documents, Stored
from rialto.kernel.errors import NotFound, VersionConflict
from rialto.kernel.ids import REVIEW, ReviewId
from rialto.kernel.limits import Throttle
from rialto.kernel.service import Env
from rialto.orders.api import Orders
from rialto.reviews.api import OwnReview, ReviewNotFound
from rialto.reviews.model.reviews import ReviewDocument
from rialto.reviews.store import REVIEWS

FOLLOW = "reviews.follow"


class ReviewUseCase:
    """The parts, and changing one review against whoever changes it too."""

    env: Env
    documents: Documents
    orders: Orders
    clients: Throttle
    secret: bytes

    async def load(self, review_id: ReviewId) -> Stored[ReviewDocument]:
        """Raises ReviewNotFound, also for what cannot be an id."""
        try:
            found = await self.documents.get(REVIEWS, REVIEW.parse(review_id))
        except NotFound as error:
            raise ReviewNotFound from error
        if found is None or found.value.is_withdrawn:
            raise ReviewNotFound
        return found

    async def change(
        self, review_id: ReviewId, rule: Callable[[ReviewDocument], ReviewDocument]
    ) -> ReviewDocument:
        """Apply a rule to the present review, again whenever somebody else wrote first; what stands then.

        Reports and counting write too, and are no reason to refuse: what people have to agree about is checked
        by the rule, against the revision.
        """
        while True:
            found = await self.load(review_id)
            changed = rule(found.value)
            if changed == found.value:
                return changed
            try:
                await self.documents.put(REVIEWS, changed, expected=found.version)
            except VersionConflict:
                continue
            self.env.wake(FOLLOW)
            return changed


def own_view(review: ReviewDocument) -> OwnReview:
    return OwnReview(
        id=review.id,
        product_id=review.product_id,
        rating=review.rating,
        title=review.title,
        body=review.body,
        name=review.name,
        language=review.language,
        status=review.status,
        reason=review.reason,
        revision=review.revision,
        written_at=review.written_at,
        edited_at=review.edited_at,
        editable_until=review.editable_until,
    )
