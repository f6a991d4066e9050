from __future__ import annotations

import pytest

from rialto.kernel.errors import Invalid
from rialto.kernel.ids import ReviewId
from rialto.reviews.api import (
    ListReviews,
    ModeratedReview,
    ModerateReview,
    ModerationQueue,
    ReportReview,
    Review,
    ReviewChanged,
    ReviewNotFound,
    ReviewRef,
    TooManyReports,
)
from rialto.reviews.handlers import REPORTS_BURST
from rialto.reviews.store import REVIEWS
from tests.reviews.builders import LAMP, MUG, Desk

pytestmark = pytest.mark.anyio


async def shown(desk: Desk, sort: str = "newest") -> list[Review]:
    return (await desk.reviews.list(ListReviews(product_id=MUG, sort=sort))).items


async def queue(desk: Desk, status: str = "pending") -> list[ModeratedReview]:
    return (await desk.reviews.queue(ModerationQueue(status=status))).items


async def report(desk: Desk, review_id: ReviewId, client: str, reason: str = "offensive") -> None:
    await desk.reviews.report(ReportReview(id=review_id, client=client, reason=reason))


async def test_a_review_is_shown_after_it_was_published(desk: Desk) -> None:
    written = await desk.write()
    assert await shown(desk) == []
    [waiting] = await queue(desk)
    assert (waiting.id, waiting.order_id, waiting.body) == (
        written.id,
        *(waiting.order_id, "Schwerer, als er aussieht."),
    )
    await desk.decide(written)
    [review] = await shown(desk)
    assert (review.id, review.name, review.rating) == (written.id, "Ada L.", 5)
    assert await queue(desk) == []
    assert [one.id for one in await queue(desk, "published")] == [written.id]


async def test_a_rejected_review_tells_its_author_why(desk: Desk) -> None:
    written = await desk.write()
    decided = await desk.reviews.moderate(
        ModerateReview(id=written.id, status="rejected", reason="Names a person.", expected=1, by="stf_1")
    )
    assert (decided.status, decided.reason, decided.moderated_by) == ("rejected", "Names a person.", "stf_1")
    assert await shown(desk) == []


async def test_staff_decide_about_the_text_they_have_seen(desk: Desk) -> None:
    written = await desk.write()
    await desk.decide(written)
    with pytest.raises(ReviewChanged):
        await desk.decide(written, "rejected")
    with pytest.raises(ReviewNotFound):
        await desk.reviews.moderate(
            ModerateReview(id=ReviewId("rev_x"), status="rejected", expected=1, by="stf_1")
        )


async def test_reports_and_counting_do_not_get_in_the_way_of_a_decision(desk: Desk) -> None:
    review_id = await desk.published()
    seen = await desk.reviews.inspect(ReviewRef(id=review_id))
    await report(desk, review_id, "192.0.2.1")
    await desk.settle()
    await desk.decide(seen, "rejected")
    assert (await desk.reviews.inspect(ReviewRef(id=review_id))).status == "rejected"


async def test_three_households_hide_a_review_until_staff_have_looked(desk: Desk) -> None:
    review_id = await desk.published()
    for client in ("192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2"):
        await report(desk, review_id, client)
    assert len(await shown(desk)) == 1
    await report(desk, review_id, "192.0.2.3", "personal")
    assert await shown(desk) == []
    [hidden] = await queue(desk, "hidden")
    assert [(one.reason, one.count) for one in hidden.reports] == [("offensive", 2), ("personal", 1)]
    await desk.decide(hidden)
    assert len(await shown(desk)) == 1
    for client in ("192.0.2.1", "2001:db8::1", "192.0.2.3"):
        await report(desk, review_id, client)
    assert len(await shown(desk)) == 1


async def test_who_reported_is_kept_as_a_digest_only(desk: Desk) -> None:
    review_id = await desk.published()
    await report(desk, review_id, "192.0.2.1")
    found = await desk.documents.get(REVIEWS, review_id)
    assert found is not None
    [kept] = found.value.reports
    assert "192.0.2" not in kept.client
    assert len(kept.client) == 32


async def test_only_what_is_shown_can_be_reported_and_for_a_known_reason(desk: Desk) -> None:
    written = await desk.write()
    with pytest.raises(ReviewNotFound):
        await report(desk, written.id, "192.0.2.1")
    with pytest.raises(ReviewNotFound):
        await report(desk, ReviewId("rev_x"), "192.0.2.1")
    await desk.decide(written)
    with pytest.raises(Invalid):
        await report(desk, written.id, "192.0.2.1", "because")


async def test_reports_of_one_client_are_limited(desk: Desk) -> None:
    review_id = await desk.published()
    for _ in range(REPORTS_BURST):
        await report(desk, review_id, "192.0.2.1")
    with pytest.raises(TooManyReports) as refused:
        await report(desk, review_id, "192.0.2.1")
    assert refused.value.retry_after_s
    await report(desk, review_id, "192.0.2.2")
    desk.env.clock.advance(refused.value.retry_after_s)
    await report(desk, review_id, "192.0.2.1")


async def test_reviews_are_sorted_and_paged(desk: Desk) -> None:
    for number, stars in enumerate([3, 5, 1, 5], start=1):
        desk.env.clock.advance(60)
        await desk.published(number, rating=stars, title=f"no. {number}")
    await desk.published(9, product=LAMP)
    await desk.write(10)
    titles = {
        sort: [review.title for review in await shown(desk, sort)] for sort in ("newest", "highest", "lowest")
    }
    assert titles == {
        "newest": ["no. 4", "no. 3", "no. 2", "no. 1"],
        "highest": ["no. 4", "no. 2", "no. 1", "no. 3"],
        "lowest": ["no. 3", "no. 1", "no. 2", "no. 4"],
    }
    found: list[str] = []
    cursor = None
    for _ in range(2):
        page = await desk.reviews.list(ListReviews(product_id=MUG, limit=2, cursor=cursor))
        found += [review.title for review in page.items]
        cursor = page.next_cursor
    assert found == titles["newest"]
    assert cursor is None


async def test_what_cannot_be_asked_is_refused(desk: Desk) -> None:
    with pytest.raises(Invalid):
        await desk.reviews.list(ListReviews(product_id=MUG, sort="helpful"))
    with pytest.raises(Invalid):
        await desk.reviews.list(ListReviews(product_id=MUG, cursor="x"))
    for status in ("withdrawn", "x"):
        with pytest.raises(Invalid):
            await desk.reviews.queue(ModerationQueue(status=status))


async def test_the_queue_begins_with_what_waits_longest(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.env.clock.advance(60)
        await desk.write(number, title=f"no. {number}")
    first = await desk.reviews.queue(ModerationQueue(limit=2))
    second = await desk.reviews.queue(ModerationQueue(limit=2, cursor=first.next_cursor))
    assert [review.title for review in [*first.items, *second.items]] == ["no. 1", "no. 2", "no. 3"]
