"""The summary of a product's reviews, and how one review is counted in it exactly once.

Summary and review are two documents, and no write reaches both. So counting goes in three steps, each of which
can be done twice: the summary takes the review's stars and notes it in `counting`; the review notes the same in
`counted`; the summary forgets its note. What the summary holds for a review is its note where there is one, else
what the review says. That is true at every moment, as long as the summary is read before the review.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from rialto.kernel.ids import ProductId, ReviewId
from rialto.kernel.service import Frozen
from rialto.reviews.api import STARS_MAX, Rated
from rialto.reviews.model.reviews import ReviewDocument


class SummaryDocument(Frozen):
    """`histogram` counts one to five stars; `counting` holds reviews that do not know yet what they were counted as."""

    product_id: ProductId
    histogram: tuple[int, ...] = (0,) * STARS_MAX
    counting: dict[ReviewId, int] = {}


class Step(Enum):
    """What is to be done next about one review."""

    COUNT = auto()
    NOTE = auto()
    FORGET = auto()
    DONE = auto()


def next_step(summary: SummaryDocument, review: ReviewDocument) -> Step:
    if summary.counting.get(review.id, review.counted) != review.stars:
        return Step.COUNT
    if review.counted != review.stars:
        return Step.NOTE
    return Step.FORGET if review.id in summary.counting else Step.DONE


def count(summary: SummaryDocument, review: ReviewDocument) -> SummaryDocument:
    """The summary with the review's stars instead of what it held for it."""
    histogram = list(summary.histogram)
    before = summary.counting.get(review.id, review.counted)
    for stars, by in ((before, -1), (review.stars, 1)):
        if stars:
            histogram[stars - 1] += by
    counting = {**summary.counting, review.id: review.stars}
    return msgspec.structs.replace(summary, histogram=tuple(histogram), counting=counting)


def note(review: ReviewDocument) -> ReviewDocument:
    return msgspec.structs.replace(review, counted=review.stars)


def forget(summary: SummaryDocument, review: ReviewDocument) -> SummaryDocument:
    counting = {name: stars for name, stars in summary.counting.items() if name != review.id}
    return msgspec.structs.replace(summary, counting=counting)


def rated(summary: SummaryDocument | None) -> Rated:
    histogram = [0] * STARS_MAX if summary is None else list(summary.histogram)
    total = sum(histogram)
    stars = sum(number * count for number, count in enumerate(histogram, start=1))
    # Rounded half up: 4.125 stars are 413 hundredths.
    average = (200 * stars + total) // (2 * total) if total else 0
    return Rated(count=total, average_hundredths=average, histogram=histogram)


def recount(histograms: dict[ProductId, list[int]], review: ReviewDocument) -> None:
    """Add a review to histograms that are counted anew; products without stars stay out."""
    if review.stars:
        histograms.setdefault(review.product_id, [0] * STARS_MAX)[review.stars - 1] += 1
