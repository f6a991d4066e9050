from __future__ import annotations

from datetime import timedelta

import pytest

from rialto.kernel.errors import Invalid
from rialto.kernel.ids import REVIEW, AccountId
from rialto.reviews.api import (
    EDITABLE_DAYS,
    AlreadyReviewed,
    ReviewChanged,
    ReviewNotEditable,
    ReviewNotFound,
)
from rialto.reviews.model.reviews import (
    REPORTS_KEPT,
    REPORTS_TO_HIDE,
    Purchase,
    ReviewDocument,
    Status,
    edit,
    moderate,
    report,
    report_counts,
    review_id,
    withdraw,
    write,
)
from rialto.reviews.model.summaries import Step, SummaryDocument, count, forget, next_step, note, rated
from tests.reviews.builders import AT, LAMP, MUG, a_draft, a_review, order_id

pytestmark = pytest.mark.fast

PURCHASE = Purchase(product_id=MUG, order_id=order_id(), account_id=None, language="de")
LATER = AT + timedelta(days=1)


def reported(review: ReviewDocument, *clients: str) -> ReviewDocument:
    for client in clients:
        review = report(review, client=client, reason="offensive", at=AT)
    return review


def test_an_id_is_one_per_order_and_product() -> None:
    ids = {review_id(order_id(order), product) for order in (1, 2) for product in (MUG, LAMP)}
    assert len(ids) == 4
    assert review_id(order_id(1), MUG) in ids
    assert all(REVIEW.parse(one) == one for one in ids)


def test_a_new_review_waits_unless_the_shop_publishes_at_once() -> None:
    waiting = write(None, PURCHASE, a_draft(), at=AT, at_once=False)
    assert (waiting.status, waiting.stars, waiting.revision) == (Status.PENDING, 0, 1)
    shown = write(None, PURCHASE, a_draft(), at=AT, at_once=True)
    assert (shown.status, shown.stars) == (Status.PUBLISHED, 5)


def test_writing_the_same_again_changes_nothing_and_another_is_refused() -> None:
    first = write(None, PURCHASE, a_draft(), at=AT, at_once=False)
    assert write(first, PURCHASE, a_draft(), at=LATER, at_once=False) is first
    with pytest.raises(AlreadyReviewed):
        write(first, PURCHASE, a_draft(rating=1), at=LATER, at_once=False)


def test_a_withdrawn_review_may_be_written_anew_and_still_knows_what_was_counted() -> None:
    gone = withdraw(a_review(counted=4, revision=3))
    again = write(gone, PURCHASE, a_draft(), at=LATER, at_once=False)
    assert (again.counted, again.revision, again.written_at) == (4, 5, LATER)


def test_what_is_left_of_a_withdrawn_review_is_not_personal() -> None:
    gone = withdraw(reported(a_review(account_id=AccountId("acc_1"), reason="x"), "client"))
    assert (gone.title, gone.body, gone.name, gone.account_id, gone.reason, gone.reports) == (
        *("", "", "", None, None),
        [],
    )
    assert gone.stars == 0


def test_an_edit_waits_for_moderation_again() -> None:
    edited = edit(a_review(reason="old"), a_draft(rating=2), expected=1, at=LATER, at_once=False)
    assert (edited.status, edited.rating, edited.revision, edited.edited_at) == (Status.PENDING, 2, 2, LATER)
    assert edited.reason is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Status.PUBLISHED, Status.PUBLISHED),
        (Status.REJECTED, Status.PENDING),
        (Status.HIDDEN, Status.PENDING),
        (Status.PENDING, Status.PENDING),
    ],
)
def test_publishing_at_once_does_not_overrule_what_was_decided(before: Status, after: Status) -> None:
    assert edit(a_review(status=before), a_draft(), expected=1, at=AT, at_once=True).status == after


def test_an_edit_of_another_revision_is_refused() -> None:
    with pytest.raises(ReviewChanged):
        edit(a_review(revision=2), a_draft(), expected=1, at=AT, at_once=False)
    with pytest.raises(ReviewNotFound):
        edit(withdraw(a_review()), a_draft(), expected=2, at=AT, at_once=False)


def test_a_review_can_be_edited_to_the_last_moment_of_its_time_and_not_later() -> None:
    end = AT + timedelta(days=EDITABLE_DAYS)
    edit(a_review(), a_draft(), expected=1, at=end, at_once=False)
    with pytest.raises(ReviewNotEditable):
        edit(a_review(), a_draft(), expected=1, at=end + timedelta(seconds=1), at_once=False)


def test_editing_does_not_shake_off_reports() -> None:
    edited = edit(reported(a_review(), "a", "b"), a_draft(), expected=1, at=AT, at_once=True)
    assert edited.status == Status.PUBLISHED
    assert reported(edited, "c").status == Status.HIDDEN


@pytest.mark.parametrize("status", ["published", "rejected"])
@pytest.mark.parametrize("before", [Status.PENDING, Status.PUBLISHED, Status.REJECTED, Status.HIDDEN])
def test_staff_decide_about_any_state(before: Status, status: str) -> None:
    decided = moderate(
        a_review(status=before), status, reason=" so\n it is ", expected=1, at=LATER, by="stf_1"
    )
    assert (decided.status, decided.reason, decided.revision) == (status, "so it is", 2)
    assert (decided.moderated_by, decided.moderated_at) == ("stf_1", LATER)


def test_staff_cannot_decide_otherwise_or_about_another_revision() -> None:
    for status in ("pending", "hidden", "withdrawn", "x"):
        with pytest.raises(Invalid):
            moderate(a_review(), status, reason=None, expected=1, at=AT, by="s")
    with pytest.raises(Invalid):
        moderate(a_review(), "published", reason="x" * 501, expected=1, at=AT, by="s")
    with pytest.raises(ReviewChanged):
        moderate(a_review(), "published", reason=None, expected=2, at=AT, by="s")
    with pytest.raises(ReviewNotFound):
        moderate(withdraw(a_review()), "published", reason=None, expected=2, at=AT, by="s")


def test_the_third_report_hides_a_review() -> None:
    review = reported(a_review(), *(str(number) for number in range(REPORTS_TO_HIDE - 1)))
    assert (review.status, review.revision) == (Status.PUBLISHED, 1)
    hidden = reported(review, "last")
    assert (hidden.status, hidden.revision, hidden.stars) == (Status.HIDDEN, 2, 0)


def test_a_client_counts_once_also_when_the_review_is_hidden_meanwhile() -> None:
    review = reported(a_review(), "a", "a", "a")
    assert len(review.reports) == 1
    hidden = reported(review, "b", "c")
    assert report(hidden, client="a", reason="other", at=AT) is hidden
    with pytest.raises(ReviewNotFound):
        reported(hidden, "d")


@pytest.mark.parametrize("status", [Status.PENDING, Status.REJECTED, Status.WITHDRAWN])
def test_what_is_not_shown_cannot_be_reported(status: Status) -> None:
    with pytest.raises(ReviewNotFound):
        reported(a_review(status=status), "a")


def test_a_report_needs_a_known_reason() -> None:
    with pytest.raises(Invalid):
        report(a_review(), client="a", reason="because", at=AT)


def test_a_decision_settles_reports_and_the_same_clients_do_not_count_again() -> None:
    hidden = reported(a_review(), "a", "b", "c")
    shown = moderate(hidden, "published", reason=None, expected=2, at=LATER, by="s")
    assert report_counts(shown) == []
    assert reported(shown, "a", "b", "c", "d", "e").status == Status.PUBLISHED
    assert reported(shown, "d", "e", "f").status == Status.HIDDEN


def test_reports_are_counted_by_reason() -> None:
    review = report(reported(a_review(), "a", "b"), client="c", reason="other", at=AT)
    assert [(one.reason, one.count) for one in report_counts(review)] == [("offensive", 2), ("other", 1)]


def test_who_reported_is_remembered_up_to_a_bound() -> None:
    review = a_review()
    for number in range(REPORTS_KEPT + 10):
        review = reported(review, str(number))
        if review.status == Status.HIDDEN:
            review = moderate(review, "published", reason=None, expected=review.revision, at=AT, by="s")
    assert len(review.reports) == REPORTS_KEPT


def test_a_summary_rounds_half_up_to_hundredths() -> None:
    def average(*histogram: int) -> int:
        return rated(SummaryDocument(product_id=MUG, histogram=histogram)).average_hundredths

    assert average(0, 0, 0, 0, 0) == 0
    assert average(0, 0, 0, 0, 7) == 500
    assert average(1, 0, 0, 0, 1) == 300
    assert average(0, 0, 0, 7, 1) == 413  # 4.125
    assert average(1, 0, 0, 0, 2) == 367  # 3.666…
    assert average(2, 1, 0, 0, 0) == 133  # 1.333…


def test_counting_takes_three_steps_and_then_nothing() -> None:
    summary, review = SummaryDocument(product_id=MUG), a_review(rating=4)
    steps = []
    while (step := next_step(summary, review)) is not Step.DONE:
        steps.append(step)
        match step:
            case Step.COUNT:
                summary = count(summary, review)
            case Step.NOTE:
                review = note(review)
            case _:
                summary = forget(summary, review)
    assert steps == [Step.COUNT, Step.NOTE, Step.FORGET]
    assert summary == SummaryDocument(product_id=MUG, histogram=(0, 0, 0, 1, 0))
    assert review.counted == 4


def test_a_review_that_changes_between_the_steps_is_counted_as_it_is_now() -> None:
    summary = count(SummaryDocument(product_id=MUG), a_review(rating=4))
    now = a_review(rating=2)
    assert next_step(summary, now) is Step.COUNT
    assert count(summary, now).histogram == (0, 1, 0, 0, 0)
    hidden = a_review(rating=4, status=Status.HIDDEN)
    assert count(summary, hidden).histogram == (0, 0, 0, 0, 0)
    assert next_step(count(summary, hidden), hidden) is Step.FORGET
