"""A review's life: written, moderated, reported, edited, withdrawn. Pure; times and digests are handed in."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from rialto.kernel.errors import field_problem
from rialto.kernel.ids import REVIEW, AccountId, OrderId, ProductId, ReviewId, derived_uuid, to_uuid
from rialto.kernel.service import Frozen
from rialto.reviews.api import (
    DECISIONS,
    EDITABLE_DAYS,
    REASON_MAX,
    REASONS,
    AlreadyReviewed,
    Draft,
    ReportCount,
    ReviewChanged,
    ReviewNotEditable,
    ReviewNotFound,
)
from rialto.reviews.model.texts import one_line

EDITABLE = timedelta(days=EDITABLE_DAYS)
REPORTS_TO_HIDE = 3
# Who reported is remembered so far; whoever comes later changes nothing about a review that staff keep publishing.
REPORTS_KEPT = 200


class Status(StrEnum):
    PENDING = "pending"
    PUBLISHED = "published"
    REJECTED = "rejected"
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"


class Report(Frozen):
    """`client` is a keyed digest. `settled`: staff have decided since."""

    client: str
    reason: str
    reported_at: datetime
    settled: bool = False


class ReviewDocument(Frozen):
    """A review as it is kept.

    `revision` counts what people must know of before they change it; the document's own version also rises with
    reports and counting. `counted` is how many stars the product's summary holds for it (0: none).
    """

    id: ReviewId
    product_id: ProductId
    order_id: OrderId
    account_id: AccountId | None = None
    rating: int
    title: str
    body: str
    name: str
    language: str
    status: Status
    reason: str | None = None
    revision: int
    written_at: datetime
    edited_at: datetime | None = None
    moderated_at: datetime | None = None
    moderated_by: str | None = None
    reports: list[Report] = []
    counted: int = 0

    @property
    def stars(self) -> int:
        """What it adds to the product's summary as it stands."""
        return self.rating if self.status == Status.PUBLISHED else 0

    @property
    def editable_until(self) -> datetime:
        return self.written_at + EDITABLE

    @property
    def is_withdrawn(self) -> bool:
        return self.status == Status.WITHDRAWN


class Purchase(Frozen):
    """What a review is about."""

    product_id: ProductId
    order_id: OrderId
    account_id: AccountId | None
    language: str


def review_id(order_id: OrderId, product_id: ProductId) -> ReviewId:
    """One per order and product: the id is a function of both, and tells neither."""
    return REVIEW.of(derived_uuid(to_uuid(order_id), "review", product_id))


def write(
    before: ReviewDocument | None, purchase: Purchase, draft: Draft, *, at: datetime, at_once: bool
) -> ReviewDocument:
    """A new review; `before` may be a withdrawn one, or the same one written twice. Raises AlreadyReviewed."""
    if before is not None and not before.is_withdrawn:
        if draft_of(before) == draft:
            return before
        raise AlreadyReviewed
    return ReviewDocument(
        id=review_id(purchase.order_id, purchase.product_id),
        product_id=purchase.product_id,
        order_id=purchase.order_id,
        account_id=purchase.account_id,
        rating=draft.rating,
        title=draft.title,
        body=draft.body,
        name=draft.name,
        language=purchase.language,
        status=_first_status(at_once=at_once),
        revision=1 if before is None else before.revision + 1,
        written_at=at,
        counted=0 if before is None else before.counted,
    )


def edit(
    review: ReviewDocument, draft: Draft, *, expected: int, at: datetime, at_once: bool
) -> ReviewDocument:
    """Reports stay open: nobody has looked yet. Raises ReviewNotFound, ReviewChanged, ReviewNotEditable."""
    _check(review, expected)
    if at > review.editable_until:
        raise ReviewNotEditable
    if draft_of(review) == draft:
        return review
    return msgspec.structs.replace(
        review,
        rating=draft.rating,
        title=draft.title,
        body=draft.body,
        name=draft.name,
        status=_first_status(at_once=at_once and review.status == Status.PUBLISHED),
        reason=None,
        revision=review.revision + 1,
        edited_at=at,
    )


def withdraw(review: ReviewDocument) -> ReviewDocument:
    """What is left until the summary has let go of it: nothing personal."""
    return msgspec.structs.replace(
        review,
        title="",
        body="",
        name="",
        account_id=None,
        status=Status.WITHDRAWN,
        reason=None,
        revision=review.revision + 1,
        reports=[],
    )


def moderate(
    review: ReviewDocument, status: str, *, reason: str | None, expected: int, at: datetime, by: str
) -> ReviewDocument:
    """Raises Invalid, ReviewNotFound for a withdrawn one, ReviewChanged."""
    if status not in DECISIONS:
        raise field_problem("status", "not_valid", f"One of {', '.join(DECISIONS)}.")
    reason = one_line(reason or "") or None
    if reason is not None and len(reason) > REASON_MAX:
        raise field_problem("reason", "too_long", f"At most {REASON_MAX} characters.")
    if review.is_withdrawn:
        raise ReviewNotFound
    _check(review, expected)
    return msgspec.structs.replace(
        review,
        status=Status(status),
        reason=reason,
        revision=review.revision + 1,
        moderated_at=at,
        moderated_by=by,
        reports=_settled(review),
    )


def report(review: ReviewDocument, *, client: str, reason: str, at: datetime) -> ReviewDocument:
    """Raises Invalid, and ReviewNotFound for what visitors cannot see. The same client again: unchanged."""
    if reason not in REASONS:
        raise field_problem("reason", "not_valid", f"One of {', '.join(REASONS)}.")
    if any(known.client == client for known in review.reports):
        return review
    if review.status != Status.PUBLISHED:
        raise ReviewNotFound
    if len(review.reports) >= REPORTS_KEPT:
        return review
    reports = [*review.reports, Report(client=client, reason=reason, reported_at=at)]
    hidden = sum(not known.settled for known in reports) >= REPORTS_TO_HIDE
    return msgspec.structs.replace(
        review,
        reports=reports,
        status=Status.HIDDEN if hidden else review.status,
        revision=review.revision + 1 if hidden else review.revision,
    )


def report_counts(review: ReviewDocument) -> list[ReportCount]:
    """Reports since staff last decided, by reason, the most frequent first."""
    counts = Counter(known.reason for known in review.reports if not known.settled)
    return [ReportCount(reason=reason, count=count) for reason, count in counts.most_common()]


def draft_of(review: ReviewDocument) -> Draft:
    return Draft(rating=review.rating, title=review.title, body=review.body, name=review.name)


def _first_status(*, at_once: bool) -> Status:
    return Status.PUBLISHED if at_once else Status.PENDING


def _check(review: ReviewDocument, expected: int) -> None:
    if review.is_withdrawn:
        raise ReviewNotFound
    if review.revision != expected:
        raise ReviewChanged


def _settled(review: ReviewDocument) -> list[Report]:
    return [msgspec.structs.replace(known, settled=True) for known in review.reports]
