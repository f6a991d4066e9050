"""What can be asked of reviews: to write one about what one has bought, to read, report and moderate them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.errors import Conflict, Denied, NotFound, TooMany, VersionConflict
from rialto.kernel.ids import AccountId, OrderId, ProductId, ReviewId
from rialto.kernel.service import Frozen, Nothing, operation

SORTS = ("newest", "highest", "lowest")
REASONS = ("offensive", "advertising", "personal", "wrong_product", "other")
STATUSES = ("pending", "published", "rejected", "hidden")
DECISIONS = ("published", "rejected")
STARS_MAX = 5
EDITABLE_DAYS = 30
NAME_MAX, TITLE_MAX, BODY_MAX, REASON_MAX = 60, 120, 4000, 500


class ReviewNotFound(NotFound):
    message = "There is no such review."


class NotBought(Denied):
    """Only what was bought with this order, and not cancelled, can be reviewed with it."""

    code = "not_bought"
    message = "This order does not hold the product, or was not placed."


class AlreadyReviewed(Conflict):
    code = "already_reviewed"
    message = "The product of this order has a review already."


class ReviewNotEditable(Conflict):
    code = "review_not_editable"
    message = f"A review can be changed for {EDITABLE_DAYS} days."


class ReviewChanged(VersionConflict):
    message = "The review was changed in the meantime."


class TooManyReports(TooMany):
    message = "Too many reports from here; please try later."


class Draft(Frozen):
    """What an author writes. Plain text: links and markup are refused. `rating` is 1 to 5 stars."""

    rating: int
    title: str
    body: str
    name: str


class WriteReview(Frozen):
    """The purchase is proved by the order's key, or by its account. The account may change the review later without the key."""

    product_id: ProductId
    order_id: OrderId
    order_key: str | None = None
    account_id: AccountId | None = None
    language: str | None = None
    draft: Draft


class EditReview(Frozen):
    """`expected` is the revision the change is based on."""

    id: ReviewId
    order_key: str | None = None
    account_id: AccountId | None = None
    expected: int
    draft: Draft


class WithdrawReview(Frozen):
    id: ReviewId
    order_key: str | None = None
    account_id: AccountId | None = None


class OwnReview(Frozen):
    """A review as its author sees it. `reason` is what the moderator wrote; `revision` counts changes of the text or state.

    `status`: pending (not looked at yet), published, rejected, hidden (reported; to be looked at).
    """

    id: ReviewId
    product_id: ProductId
    rating: int
    title: str
    body: str
    name: str
    language: str
    status: str
    reason: str | None = None
    revision: int
    written_at: datetime
    edited_at: datetime | None = None
    editable_until: datetime


class OwnReviews(Frozen):
    items: list[OwnReview]


class OrderReviews(Frozen):
    order_id: OrderId
    order_key: str | None = None
    account_id: AccountId | None = None


class Author(Frozen):
    """Whose reviews: those of an account, and of orders (a guest's, or from before the account)."""

    account_id: AccountId | None = None
    order_ids: list[OrderId] = []


class Forgotten(Frozen):
    count: int


class Review(Frozen):
    """A published review. All are of buyers of the product. `name` is what the author chose to be called."""

    id: ReviewId
    product_id: ProductId
    rating: int
    title: str
    body: str
    name: str
    language: str
    written_at: datetime
    edited_at: datetime | None = None


class Rated(Frozen):
    """Of published reviews. `average_hundredths` is 0 where there are none; `histogram` counts one to five stars."""

    count: int
    average_hundredths: int
    histogram: list[int]


class ListReviews(Frozen):
    product_id: ProductId
    sort: str = "newest"
    limit: int = 10
    cursor: str | None = None


class ReviewPage(Frozen):
    items: list[Review]
    next_cursor: str | None = None
    summary: Rated


class ReportReview(Frozen):
    """`client` is where the report comes from; kept only as a keyed digest."""

    id: ReviewId
    client: str
    reason: str


class ReviewRef(Frozen):
    id: ReviewId


class ModerationQueue(Frozen):
    """Oldest first: what waits longest is looked at first."""

    status: str = "pending"
    limit: int = 50
    cursor: str | None = None


class ReportCount(Frozen):
    reason: str
    count: int


class ModeratedReview(OwnReview):
    """A review as staff see it. `reports` are those since the last decision."""

    order_id: OrderId
    moderated_by: str | None = None
    moderated_at: datetime | None = None
    reports: list[ReportCount] = []


class ModeratedReviews(Frozen):
    items: list[ModeratedReview]
    next_cursor: str | None = None


class ModerateReview(Frozen):
    """`status` is published or rejected; `expected` the revision the decision is based on; `by` who decides."""

    id: ReviewId
    status: str
    reason: str | None = None
    expected: int
    by: str


class RatingsAfter(Frozen):
    cursor: str | None = None
    limit: int = 200


class ProductRating(Frozen):
    product_id: ProductId
    rated: Rated


class Ratings(Frozen):
    items: list[ProductRating]
    next_cursor: str | None = None


class Reviews(Protocol):
    """Reviews by verified buyers: one for each product of an order."""

    @operation(idempotent=True)
    async def write(self, command: WriteReview) -> OwnReview:
        """Write the review of a product of a placed order. The same again: unchanged.

        It waits for moderation unless the shop publishes at once. Raises Invalid with the faulty fields, orders'
        OrderNotFound (also for a wrong key), NotBought, AlreadyReviewed.
        """
        ...

    @operation(idempotent=False)
    async def edit(self, command: EditReview) -> OwnReview:
        """Replace the text; what was decided about the old one does not hold for it.

        For its author, within EDITABLE_DAYS of writing. Raises Invalid, ReviewNotFound (also for anybody else),
        ReviewNotEditable, ReviewChanged.
        """
        ...

    @operation(idempotent=True)
    async def withdraw(self, command: WithdrawReview) -> Nothing:
        """Delete it, whenever its author likes. Raises ReviewNotFound, also when it is gone already."""
        ...

    @operation(idempotent=True)
    async def of_order(self, command: OrderReviews) -> OwnReviews:
        """For whoever has the order's key, and for its account. Raises orders' OrderNotFound."""
        ...

    @operation(idempotent=True, timeout_s=1)
    async def list(self, command: ListReviews) -> ReviewPage:
        """Published reviews of a product and their summary. Raises Invalid for an unknown sort or cursor."""
        ...

    @operation(idempotent=True)
    async def report(self, command: ReportReview) -> Nothing:
        """A visitor finds a published review wrong. Each client counts once per review.

        At the third report it is hidden until staff have looked. Raises Invalid for an unknown reason,
        ReviewNotFound, TooManyReports.
        """
        ...

    @operation(idempotent=True)
    async def queue(self, command: ModerationQueue) -> ModeratedReviews:
        """For staff. Raises Invalid for an unknown status or cursor."""
        ...

    @operation(idempotent=True)
    async def inspect(self, command: ReviewRef) -> ModeratedReview:
        """For staff. Raises ReviewNotFound."""
        ...

    @operation(idempotent=False)
    async def moderate(self, command: ModerateReview) -> ModeratedReview:
        """Publish or reject. Reports until now are settled by it. Raises Invalid, ReviewNotFound, ReviewChanged."""
        ...

    @operation(idempotent=True)
    async def ratings(self, command: RatingsAfter) -> Ratings:
        """The summaries of all products, page by page: for read models that are made anew."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def export(self, command: Author) -> OwnReviews:
        """Everything an author has written, for the author. Whoever calls has made sure whose it is."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def forget(self, command: Author) -> Forgotten:
        """Erase an author's reviews as a whole (name, text, stars); ratings follow. Again: none.

        Whoever calls has made sure that the author wishes it.
        """
        ...
