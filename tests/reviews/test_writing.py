from __future__ import annotations

import asyncio

import msgspec
import pytest

from rialto.identity.events import CustomerErased
from rialto.kernel.consumers import Delivery
from rialto.kernel.errors import Invalid, Unavailable
from rialto.kernel.events import Envelope
from rialto.kernel.ids import REVIEW, AccountId, ReviewId
from rialto.kernel.settings import Settings
from rialto.orders.api import OrderNotFound
from rialto.reviews.api import (
    AlreadyReviewed,
    Author,
    EditReview,
    NotBought,
    OrderReviews,
    OwnReview,
    ReviewChanged,
    ReviewNotEditable,
    ReviewNotFound,
    WithdrawReview,
)
from rialto.reviews.reactions import REACTIONS
from rialto.reviews.store import REVIEWS
from tests.reviews.builders import AT, KEY, LAMP, MUG, Desk, a_draft, an_order, order_id
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio

ADA = AccountId("acc_ada")


async def own(desk: Desk, number: int = 1) -> list[OwnReview]:
    found = await desk.reviews.of_order(OrderReviews(order_id=order_id(number), order_key=KEY))
    return found.items


async def edited(desk: Desk, review: OwnReview, **changed: object) -> OwnReview:
    command = EditReview(id=review.id, order_key=KEY, expected=review.revision, draft=a_draft(**changed))
    return await desk.reviews.edit(command)


async def test_a_buyer_writes_and_sees_that_it_waits(desk: Desk) -> None:
    written = await desk.write(title="  Gut  ")
    assert (written.status, written.title, written.revision, written.language) == ("pending", "Gut", 1, "de")
    assert await own(desk) == [written]
    assert desk.env.woken == ["reviews.follow"]


async def test_with_the_setting_it_is_published_at_once(desk: Desk) -> None:
    settings: Settings = desk.env.settings
    desk.env.settings = msgspec.structs.replace(settings, reviews_at_once=True)
    assert (await desk.write()).status == "published"


async def test_without_the_orders_key_nobody_writes(desk: Desk) -> None:
    for key in (None, "", "other"):
        with pytest.raises(OrderNotFound):
            await desk.write(order_key=key)


async def test_what_the_order_does_not_hold_cannot_be_reviewed(desk: Desk) -> None:
    desk.orders.changed[order_id()] = an_order(products=(LAMP,))
    with pytest.raises(NotBought):
        await desk.write(product=MUG)
    await desk.write(product=LAMP)


@pytest.mark.parametrize("status", ["pending", "cancelled", "needs_attention"])
async def test_an_order_that_does_not_stand_cannot_be_reviewed(desk: Desk, status: str) -> None:
    desk.orders.changed[order_id()] = an_order(status=status)
    with pytest.raises(NotBought):
        await desk.write()


async def test_a_completed_order_can_be_reviewed(desk: Desk) -> None:
    desk.orders.changed[order_id()] = an_order(status="completed")
    await desk.write()


async def test_one_review_per_order_and_product(desk: Desk) -> None:
    first = await desk.write()
    assert await desk.write() == first
    with pytest.raises(AlreadyReviewed):
        await desk.write(rating=1)
    await desk.write(product=LAMP)
    await desk.write(2)
    assert len(await own(desk)) == 2


async def test_of_many_at_once_one_is_stored(desk: Desk) -> None:
    outcomes = await asyncio.gather(
        *(desk.write(rating=1 + number % 5) for number in range(10)), return_exceptions=True
    )
    written = [one for one in outcomes if isinstance(one, OwnReview)]
    assert {one.rating for one in written} == {written[0].rating}
    assert all(isinstance(one, OwnReview | AlreadyReviewed) for one in outcomes)
    assert await own(desk) == [written[0]]


async def test_a_language_may_be_named(desk: Desk) -> None:
    assert (await desk.write(language="en-GB")).language == "en"
    for wrong in ("x", "12", "deutsch", "é1"):
        with pytest.raises(Invalid):
            await desk.write(2, language=wrong)


async def test_faulty_texts_are_refused_with_their_fields(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.write(title="", body="http://x.example")
    assert {problem.path for problem in refused.value.fields} == {"title", "body"}
    assert await own(desk) == []


async def test_an_author_edits_with_the_key_or_the_account(desk: Desk) -> None:
    review = await desk.write(account_id=ADA)
    by_key = await edited(desk, review, rating=3)
    assert (by_key.rating, by_key.revision, by_key.status) == (3, 2, "pending")
    by_account = await desk.reviews.edit(
        EditReview(id=review.id, account_id=ADA, expected=2, draft=a_draft(rating=2))
    )
    assert by_account.rating == 2


async def test_the_owner_of_an_order_needs_no_key(desk: Desk) -> None:
    desk.orders.owners[order_id()] = ADA
    review = await desk.write(order_key=None, account_id=ADA)
    found = await desk.reviews.of_order(OrderReviews(order_id=order_id(), account_id=ADA))
    assert found.items == [review]
    for stranger in (None, AccountId("acc_bob")):
        with pytest.raises(OrderNotFound):
            await desk.write(order_key=None, account_id=stranger, product=LAMP)
        with pytest.raises(OrderNotFound):
            await desk.reviews.of_order(OrderReviews(order_id=order_id(), account_id=stranger))


async def test_a_guests_review_is_its_accounts_once_the_order_is(desk: Desk) -> None:
    review = await desk.write()
    with pytest.raises(ReviewNotFound):
        await desk.reviews.withdraw(WithdrawReview(id=review.id, account_id=ADA))
    desk.orders.owners[order_id()] = ADA
    await desk.reviews.withdraw(WithdrawReview(id=review.id, account_id=ADA))
    assert await own(desk) == []


async def test_what_an_erased_account_still_wrote_goes_too(desk: Desk) -> None:
    await desk.write(account_id=ADA)
    kept = await desk.write(2, account_id=AccountId("acc_bob"))
    [reaction] = REACTIONS
    assert reaction.run is not None
    event = CustomerErased(account_id=ADA, erased_at=desk.env.clock.now())
    for _ in range(2):
        async with desk.env.db.write() as session:
            await reaction.run(desk.handlers, event, Delivery(an_envelope(), session))
    assert await own(desk) == []
    assert await own(desk, 2) == [kept]


def an_envelope() -> Envelope:
    return Envelope(
        service="identity",
        bucket=0,
        stream=seeded_ids().uuid(0),
        version=1,
        type=CustomerErased.TYPE,
        schema_version=1,
        body=b"{}",
        meta=b"{}",
        at=AT,
    )


async def test_for_anybody_else_the_review_is_not_there(desk: Desk) -> None:
    review = await desk.write(account_id=ADA)
    other = AccountId("acc_bob")
    for key, account in ((None, None), ("other", None), (None, other)):
        with pytest.raises(ReviewNotFound):
            await desk.reviews.edit(
                EditReview(id=review.id, order_key=key, account_id=account, expected=1, draft=a_draft())
            )
        with pytest.raises(ReviewNotFound):
            await desk.reviews.withdraw(WithdrawReview(id=review.id, order_key=key, account_id=account))


async def test_what_cannot_be_an_id_names_nothing(desk: Desk) -> None:
    for name in (
        "x",
        "rev_x",
        "ord_06bqk3v1m5g7r0z2x4c6n8p0qs",
        "rev_\x00",
        str(REVIEW.new(seeded_ids(), 5)),
    ):
        with pytest.raises(ReviewNotFound):
            await desk.reviews.withdraw(WithdrawReview(id=ReviewId(name), order_key=KEY))


async def test_an_edit_of_an_old_revision_is_refused(desk: Desk) -> None:
    review = await desk.write()
    await edited(desk, review, rating=3)
    with pytest.raises(ReviewChanged):
        await edited(desk, review, rating=4)


async def test_after_thirty_days_it_stands(desk: Desk) -> None:
    review = await desk.write()
    desk.env.clock.advance(30 * 86400)
    await edited(desk, review, rating=3)
    desk.env.clock.advance(1)
    with pytest.raises(ReviewNotEditable):
        await edited(desk, (await own(desk))[0], rating=4)


async def test_a_withdrawn_review_is_gone_and_may_be_written_anew(desk: Desk) -> None:
    review_id = await desk.published()
    await desk.settle()
    await desk.reviews.withdraw(WithdrawReview(id=review_id, order_key=KEY))
    assert await own(desk) == []
    with pytest.raises(ReviewNotFound):
        await desk.reviews.withdraw(WithdrawReview(id=review_id, order_key=KEY))
    again = await desk.write(rating=1)
    assert (again.id, again.status) == (review_id, "pending")
    await desk.settle()
    assert await desk.audit() == []


async def test_after_withdrawing_nothing_personal_is_left_in_the_store(desk: Desk) -> None:
    review_id = await desk.published(name="Wilhelmine", body="Sehr geheim", account_id=ADA)
    await desk.reviews.withdraw(WithdrawReview(id=review_id, order_key=KEY))
    await desk.settle()
    assert await desk.documents.get(REVIEWS, review_id) is None


async def test_everything_of_an_author_is_exported_and_forgotten(desk: Desk) -> None:
    mine = [
        await desk.write(1, account_id=ADA),
        await desk.write(1, product=LAMP, account_id=ADA),
        await desk.write(2),
    ]
    others = await desk.write(3, account_id=AccountId("acc_bob"))
    author = Author(account_id=ADA, order_ids=[order_id(1), order_id(2)])
    exported = await desk.reviews.export(author)
    assert {review.id for review in exported.items} == {review.id for review in mine}
    assert len(exported.items) == 3
    assert (await desk.reviews.forget(author)).count == 3
    await desk.settle()
    assert (await desk.reviews.export(author)).items == []
    assert (await desk.reviews.forget(author)).count == 0
    assert [review.id for review in await own(desk, 3)] == [others.id]
    assert await desk.audit() == []


async def test_while_orders_are_away_nothing_is_written(desk: Desk) -> None:
    desk.orders.away = True
    with pytest.raises(Unavailable):
        await desk.write()
