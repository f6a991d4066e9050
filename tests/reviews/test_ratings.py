"""Summaries and what is told of them: exactly what a recount says, whatever dies or races."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

import msgspec
import pytest

from rialto.kernel.errors import RialtoError
from rialto.kernel.ids import ReviewId
from rialto.reviews.api import (
    Draft,
    EditReview,
    ListReviews,
    ModerateReview,
    Rated,
    RatingsAfter,
    ReviewRef,
    WithdrawReview,
)
from rialto.reviews.handlers.following import Following
from rialto.reviews.model.reviews import Status
from rialto.reviews.store import REVIEWS, SUMMARIES
from rialto.reviews.tally import Tally
from tests.reviews.builders import KEY, LAMP, MUG, Cut, CutShort, Desk, a_draft, a_review

pytestmark = pytest.mark.anyio


async def summary(desk: Desk) -> Rated:
    return (await desk.reviews.list(ListReviews(product_id=MUG))).summary


async def told(desk: Desk) -> list[dict[str, Any]]:
    """The bodies of all events, oldest first."""
    async with desk.env.db.read() as session:
        rows = await session.all("SELECT body::text AS body FROM events ORDER BY stream, version")
    return [msgspec.json.decode(row["body"]) for row in rows]


async def test_published_reviews_are_counted_and_told(desk: Desk) -> None:
    for number, stars in enumerate([5, 4, 4], start=1):
        await desk.published(number, rating=stars)
    await desk.write(4, rating=1)
    await desk.settle()
    assert await summary(desk) == Rated(count=3, average_hundredths=433, histogram=[0, 0, 0, 2, 1])
    assert (await told(desk))[-1] == {
        "product_id": MUG,
        "count": 3,
        "average_hundredths": 433,
        "histogram": [0, 0, 0, 2, 1],
    }
    assert await desk.audit() == []


async def test_a_product_nobody_reviewed_has_an_empty_summary(desk: Desk) -> None:
    assert await summary(desk) == Rated(count=0, average_hundredths=0, histogram=[0, 0, 0, 0, 0])
    await desk.settle()
    assert await told(desk) == []


async def test_what_is_not_shown_any_more_does_not_count(desk: Desk) -> None:
    review_id = await desk.published(1, rating=2)
    other = await desk.published(2, rating=4)
    await desk.settle()
    await desk.decide(await desk.reviews.inspect(ReviewRef(id=review_id)), "rejected")
    await desk.settle()
    assert (await summary(desk)).histogram == [0, 0, 0, 1, 0]
    await desk.reviews.withdraw(WithdrawReview(id=other, order_key=KEY))
    await desk.settle()
    assert (await summary(desk)).count == 0
    assert (await told(desk))[-1]["count"] == 0
    assert await desk.audit() == []


async def test_an_edited_rating_replaces_the_old_one(desk: Desk) -> None:
    review_id = await desk.published(rating=1)
    await desk.settle()
    edited = await desk.reviews.edit(
        EditReview(id=review_id, order_key=KEY, expected=2, draft=a_draft(rating=5))
    )
    await desk.decide(edited)
    await desk.settle()
    assert (await summary(desk)).histogram == [0, 0, 0, 0, 1]


async def test_a_state_is_told_once(desk: Desk) -> None:
    await desk.published()
    await desk.settle()
    before = await told(desk)
    assert len(before) == 1
    stored = await desk.documents.get(SUMMARIES, MUG)
    assert stored is not None
    await desk.documents.put(SUMMARIES, stored.value, expected=stored.version)
    await desk.settle()
    assert await told(desk) == before


async def test_all_ratings_are_read_page_by_page(desk: Desk) -> None:
    await desk.published(1, rating=5)
    await desk.published(2, product=LAMP, rating=3)
    await desk.settle()
    found: dict[str, int] = {}
    cursor = None
    for _ in range(2):
        page = await desk.reviews.ratings(RatingsAfter(cursor=cursor, limit=1))
        found |= {item.product_id: item.rated.average_hundredths for item in page.items}
        cursor = page.next_cursor
    assert found == {MUG: 500, LAMP: 300}
    assert cursor is None


@pytest.mark.parametrize("done", [False, True], ids=["before the write", "after it"])
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_process_killed_while_counting_counts_nothing_twice(desk: Desk, at: int, done: bool) -> None:
    review_id = await desk.published(rating=3)
    with pytest.raises(Cut):
        await Tally(CutShort(desk.documents, at, done=done)).settle(review_id)
    await desk.settle()
    assert (await summary(desk)).histogram == [0, 0, 1, 0, 0]
    assert await desk.audit() == []


@pytest.mark.parametrize("done", [False, True], ids=["before the write", "after it"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_process_killed_while_letting_go_of_a_review_leaves_nothing(
    desk: Desk, at: int, done: bool
) -> None:
    review_id = await desk.published(rating=3)
    await desk.settle()
    await desk.reviews.withdraw(WithdrawReview(id=review_id, order_key=KEY))
    with pytest.raises(Cut):
        await Tally(CutShort(desk.documents, at, done=done)).settle(review_id)
    await desk.settle()
    assert (await summary(desk)).count == 0
    assert await desk.documents.get(REVIEWS, review_id) is None
    assert await desk.audit() == []


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_review_that_changed_after_the_process_was_killed_is_counted_as_it_is(
    desk: Desk, at: int
) -> None:
    review_id = await desk.published(rating=3)
    with pytest.raises(Cut):
        await Tally(CutShort(desk.documents, at, done=True)).settle(review_id)
    await desk.decide(await desk.reviews.inspect(ReviewRef(id=review_id)), "rejected")
    await desk.settle()
    assert (await summary(desk)).count == 0
    await desk.decide(await desk.reviews.inspect(ReviewRef(id=review_id)))
    await desk.settle()
    assert (await summary(desk)).histogram == [0, 0, 1, 0, 0]
    assert await desk.audit() == []


async def test_two_followers_at_once_tell_everything_once(desk: Desk) -> None:
    for number in range(1, 6):
        await desk.published(number, rating=number)
    other = Following()
    other.env, other.documents = desk.handlers.env, desk.documents

    async def follow(follower: Following) -> None:
        calm = 0
        while calm < 3:
            try:
                calm = 0 if await follower.follow() else calm + 1
            except RialtoError:
                calm = 0  # the other one was first

    await asyncio.gather(follow(desk.handlers), follow(other))
    assert (await summary(desk)).histogram == [1, 1, 1, 1, 1]
    events = await told(desk)
    assert events[-1]["histogram"] == [1, 1, 1, 1, 1]
    assert all(one != following for one, following in itertools.pairwise(events))
    assert await desk.audit() == []


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_people_do_at_once_the_summary_is_the_recount(desk: Desk, seed: int) -> None:
    """Authors, staff and several followers, each in its own order, on a handful of reviews."""
    chance = random.Random(seed)
    ids = [await desk.published(number, rating=1 + number % 5) for number in range(1, 6)]

    async def act(review_id: ReviewId, kind: int, stars: int) -> None:
        try:
            seen = await desk.reviews.inspect(ReviewRef(id=review_id))
            if kind == 0:
                await desk.decide(seen, "rejected")
            elif kind == 1:
                await desk.decide(seen)
            elif kind == 2:
                draft = Draft(rating=stars, title=seen.title, body=seen.body, name=seen.name)
                command = EditReview(id=review_id, order_key=KEY, expected=seen.revision, draft=draft)
                await desk.decide(await desk.reviews.edit(command))
            elif kind == 3:
                await Tally(desk.documents).settle(review_id)
            else:
                await desk.reviews.withdraw(WithdrawReview(id=review_id, order_key=KEY))
        except RialtoError:
            return  # somebody else was first

    for _ in range(5):
        kinds = [
            (chance.choice(ids), chance.choice([0, 1, 1, 2, 3, 3, 3, 4]), chance.randint(1, 5))
            for _ in range(12)
        ]
        await asyncio.gather(*(act(*one) for one in kinds))
    await desk.settle()
    assert await desk.audit() == []


async def test_the_audit_finds_a_summary_that_is_not_the_recount(desk: Desk) -> None:
    await desk.published(rating=5)
    await desk.settle()
    found = await desk.documents.get(SUMMARIES, MUG)
    assert found is not None
    wrong = msgspec.structs.replace(found.value, histogram=(0, 0, 0, 0, 2))
    await desk.documents.put(SUMMARIES, wrong, expected=found.version)
    assert await desk.audit() == ["summary [0, 0, 0, 0, 2], recount [0, 0, 0, 0, 1]"]


async def test_the_audit_finds_a_published_review_that_was_never_counted(desk: Desk) -> None:
    await desk.documents.put(REVIEWS, a_review(status=Status.PUBLISHED), expected=0)
    assert await desk.audit() == ["summary [0, 0, 0, 0, 0], recount [0, 0, 0, 1, 0]"]


async def test_the_audit_finds_what_was_not_told(desk: Desk) -> None:
    review_id = await desk.published(rating=5)
    await Tally(desk.documents).settle(review_id)
    assert await desk.audit() == ["told nothing, recount [0, 0, 0, 0, 1]"]
    await desk.settle()
    assert await desk.audit() == []


async def test_staff_of_the_same_second_are_told_apart(desk: Desk) -> None:
    written = await desk.write()
    decisions = [
        desk.reviews.moderate(ModerateReview(id=written.id, status=status, expected=1, by="stf_1"))
        for status in ("published", "rejected")
    ]
    outcomes = await asyncio.gather(*decisions, return_exceptions=True)
    assert sum(isinstance(one, RialtoError) for one in outcomes) == 1
    await desk.settle()
    assert await desk.audit() == []
