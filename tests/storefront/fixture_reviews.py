"""Reviews in memory, by the service's own rules."""

from __future__ import annotations

from datetime import timedelta

from rialto.kernel.clock import Clock
from rialto.kernel.errors import RialtoError, field_problem
from rialto.kernel.ids import ORDER, Ids, OrderId, ProductId, ReviewId
from rialto.kernel.service import Nothing
from rialto.orders.api import OrderRef
from rialto.reviews.api import (
    EditReview,
    ListReviews,
    OrderReviews,
    OwnReview,
    OwnReviews,
    ReportReview,
    Review,
    ReviewNotFound,
    ReviewPage,
    WithdrawReview,
    WriteReview,
)
from rialto.reviews.handlers.shared import own_view
from rialto.reviews.model.reviews import (
    Purchase,
    ReviewDocument,
    Status,
    draft_of,
    edit,
    report,
    review_id,
    write,
)
from rialto.reviews.model.summaries import SummaryDocument, rated
from rialto.reviews.model.texts import checked
from tests.storefront.fixture_sales import FixtureOrders

SOME = (
    (5, "Liegt gut in der Hand", "Schwerer, als er aussieht.\n\nDie Glasur ist glatt.", "Ada", "de"),
    (4, "Lovely", "A bit smaller than I thought, but I use it every day.", "Grace <b>H.</b>", "en"),
    (2, "Nicht meins", "Die Farbe wirkt auf dem Bild wärmer.", "K.", "de"),
)


class FixtureReviews:
    """`fail` is raised by whatever is asked. Cursors are numbers of reviews."""

    def __init__(self, orders: FixtureOrders, ids: Ids, clock: Clock) -> None:
        self.orders, self.ids, self.clock = orders, ids, clock
        self.kept: dict[ReviewId, ReviewDocument] = {}
        self.reports: list[ReportReview] = []
        self.fail: RialtoError | None = None

    def publish(self, product_id: ProductId, count: int = 3) -> list[ReviewDocument]:
        """Published reviews of other people."""
        made = []
        for number in range(count):
            stars, title, body, name, language = SOME[number % len(SOME)]
            order_id: OrderId = ORDER.new(self.ids, 1)
            review = ReviewDocument(
                id=review_id(order_id, product_id),
                product_id=product_id,
                order_id=order_id,
                rating=stars,
                title=f"{title} {number}" if number >= len(SOME) else title,
                body=body,
                name=name,
                language=language,
                status=Status.PUBLISHED,
                revision=1,
                written_at=self.clock.now() - timedelta(days=number),
            )
            self.kept[review.id] = review
            made.append(review)
        return made

    async def list(self, command: ListReviews) -> ReviewPage:
        self._answer()
        keys = {
            "newest": lambda review: -review.written_at.timestamp(),
            "highest": lambda review: -review.rating,
            "lowest": lambda review: review.rating,
        }
        shown = [one for one in self.kept.values() if one.product_id == command.product_id and one.stars]
        shown.sort(key=keys[command.sort])
        if command.cursor is not None and not command.cursor.isdecimal():
            raise field_problem("cursor", "not_valid", "no cursor")
        start = int(command.cursor or 0)
        histogram = tuple(sum(one.rating == stars for one in shown) for stars in range(1, 6))
        more = start + command.limit < len(shown)
        return ReviewPage(
            items=[_public(one) for one in shown[start : start + command.limit]],
            next_cursor=str(start + command.limit) if more else None,
            summary=rated(SummaryDocument(product_id=command.product_id, histogram=histogram)),
        )

    async def of_order(self, command: OrderReviews) -> OwnReviews:
        self._answer()
        await self.orders.get(OrderRef(order_id=command.order_id, key=command.order_key))
        return OwnReviews(
            items=[own_view(one) for one in self.kept.values() if one.order_id == command.order_id]
        )

    async def write(self, command: WriteReview) -> OwnReview:
        self._answer()
        draft = checked(command.draft)
        purchase = Purchase(
            product_id=command.product_id,
            order_id=command.order_id,
            account_id=None,
            language=command.language or "en",
        )
        before = self.kept.get(review_id(command.order_id, command.product_id))
        review = write(before, purchase, draft, at=self.clock.now(), at_once=False)
        self.kept[review.id] = review
        return own_view(review)

    async def edit(self, command: EditReview) -> OwnReview:
        self._answer()
        review = edit(
            self.kept[command.id],
            checked(command.draft),
            expected=command.expected,
            at=self.clock.now(),
            at_once=False,
        )
        self.kept[review.id] = review
        return own_view(review)

    async def withdraw(self, command: WithdrawReview) -> Nothing:
        self._answer()
        del self.kept[command.id]
        return Nothing()

    async def report(self, command: ReportReview) -> Nothing:
        self._answer()
        if command.id not in self.kept:
            raise ReviewNotFound
        reported = report(
            self.kept[command.id], client=command.client, reason=command.reason, at=self.clock.now()
        )
        self.kept[command.id] = reported
        self.reports.append(command)
        return Nothing()

    def _answer(self) -> None:
        if self.fail:
            raise self.fail


def _public(review: ReviewDocument) -> Review:
    draft = draft_of(review)
    return Review(
        id=review.id,
        product_id=review.product_id,
        rating=draft.rating,
        title=draft.title,
        body=draft.body,
        name=draft.name,
        language=review.language,
        written_at=review.written_at,
    )
