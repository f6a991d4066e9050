"""What a provider's answer means in each state of a payment, and that no answer brings an ended one back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rialto.kernel.errors import InvariantBroken
from rialto.kernel.events import Event
from rialto.kernel.money import EUR, Money
from rialto.payments import model
from rialto.payments.api import PaymentStateWrong
from rialto.payments.model import PaymentState, fold
from rialto.payments.provider import Answer
from tests.payments.builders import (
    ACTION,
    ANSWERS,
    AUTHORISED,
    CHALLENGE,
    DECLINED,
    ORDER_ID,
    PAYMENT_ID,
    STARTED,
    STATES,
    VOID_ASKED,
    VOIDED,
    an_answer,
    captured,
    euros,
    learned,
    names,
    refunded,
)

pytestmark = pytest.mark.fast

# (state, answer) → events. What is not here adds nothing.
LEARNED = {
    ("started", "requires_action"): ["action_required"],
    ("started", "authorised"): ["authorised"],
    ("started", "declined"): ["declined"],
    ("started", "voided"): ["declined"],
    ("action_required", "authorised"): ["authorised"],
    ("action_required", "declined"): ["declined"],
    ("action_required", "voided"): ["declined"],
    ("authorised", "voided"): ["void_asked", "voided"],
    ("voiding", "voided"): ["voided"],
    ("voiding", "declined"): ["voided"],
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("state", STATES)
def test_each_answer_in_each_state(state: str, answer: str) -> None:
    events = model.learn(STATES[state], ANSWERS[answer])
    assert names(events) == LEARNED.get((state, answer), [])
    again = fold(events, STATES[state])
    assert names(model.learn(again, ANSWERS[answer])) == []


@pytest.mark.parametrize(
    ("state", "events"),
    [
        ("none", ["void_asked", "voided"]),
        ("tombstone", []),
        ("started", ["void_asked"]),
        ("action_required", ["void_asked"]),
        ("authorised", ["void_asked"]),
        ("declined", []),
        ("voiding", []),
        ("voided", []),
        ("captured", []),
        ("refunded", []),
    ],
)
def test_giving_up_in_each_state(state: str, events: list[str]) -> None:
    given_up = model.give_up(STATES[state], PAYMENT_ID, ORDER_ID, tender=0)
    assert names(given_up) == events
    assert model.give_up(fold(given_up, STATES[state]), PAYMENT_ID, ORDER_ID, tender=0) == []


@pytest.mark.parametrize("state", STATES)
def test_a_payment_begins_once(state: str) -> None:
    assert model.start(STATES[state], STARTED) == ([STARTED] if state == "none" else [])


@pytest.mark.parametrize("state", STATES)
def test_what_may_be_taken_and_given_back_in_each_state(state: str) -> None:
    held = {"authorised": (1000, 0), "captured": (600, 400), "refunded": (600, 300)}
    found = (model.capturable(STATES[state]), model.refundable(STATES[state]))
    assert found == held.get(state, (0, 0))


@pytest.mark.parametrize("state", sorted(STATES.keys() - {"none", "tombstone"}))
def test_others_see_started_as_pending_and_the_rest_by_name(state: str) -> None:
    view = STATES[state].view()
    assert view.status == ("pending" if state == "started" else state)
    assert view.next_action_url == (CHALLENGE if state == "action_required" else None)
    assert (view.decline_code == "card_declined") is (state == "declined")
    assert (view.id, view.order_id, view.amount) == (PAYMENT_ID, ORDER_ID, euros(1000))


@pytest.mark.parametrize("state", ["none", "tombstone"])
def test_what_never_began_has_no_view(state: str) -> None:
    with pytest.raises(InvariantBroken):
        STATES[state].view()


def test_an_authorisation_that_lapses_at_the_provider_ends_the_payment() -> None:
    assert learned(STATES["authorised"], ANSWERS["voided"]).status == "voided"


def test_an_expired_challenge_is_a_decline_with_a_reason_of_ours() -> None:
    assert learned(STATES["action_required"], ANSWERS["voided"]).decline_code == "expired"


def test_amounts_add_up_over_steps_and_each_step_is_remembered() -> None:
    state = fold([STARTED, AUTHORISED, captured(400, "a"), captured(600, "b"), refunded(250, "c")])
    assert (state.captured, state.refunded, state.status) == (1000, 250, "refunded")
    assert set(state.steps) == {"capture:a", "capture:b", "refund:c"}


def test_a_foreign_event_in_the_stream_is_a_bug() -> None:
    with pytest.raises(InvariantBroken, match="Event"):
        fold([Event()])


ENDED = [
    fold([STARTED, DECLINED]),
    fold([STARTED, ACTION, DECLINED]),
    fold([STARTED, VOID_ASKED]),
    fold([STARTED, AUTHORISED, VOID_ASKED]),
    fold([STARTED, ACTION, VOID_ASKED, VOIDED]),
    fold([VOID_ASKED, VOIDED]),
]
answers = st.builds(
    an_answer,
    st.sampled_from(["processing", "requires_action", "authorised", "declined", "voided", "captured", "new"]),
    url=st.sampled_from([None, CHALLENGE]),
    code=st.sampled_from([None, "card_declined"]),
)


@settings(deadline=None)
@given(st.sampled_from(ENDED), st.lists(answers, max_size=12))
def test_no_answer_brings_an_ended_payment_back(state: PaymentState, told: list[Answer]) -> None:
    after = learned(state, *told)
    assert after.status in {"declined", "voiding", "voided"}
    assert model.capturable(after) == 0
    if state.status != "voiding":
        assert after == state


@settings(deadline=None)
@given(st.lists(answers, max_size=12), st.lists(answers, max_size=4))
def test_whatever_the_order_of_news_a_payment_goes_forward(told: list[Answer], late: list[Answer]) -> None:
    ranks = {"started": 0, "action_required": 1, "authorised": 2, "declined": 3, "voiding": 3, "voided": 4}
    state = STATES["started"]
    for answer in told:
        after = learned(state, answer)
        assert ranks[after.status] >= ranks[state.status]
        state = after
    given_up = fold(model.give_up(state, PAYMENT_ID, ORDER_ID, tender=0), state)
    assert learned(given_up, *late).status in {"declined", "voiding", "voided"}


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=500), st.lists(st.integers(min_value=0, max_value=200), max_size=5))
def test_shares_keep_within_their_limits_and_sum_to_the_amount(amount: int, limits: list[int]) -> None:
    if amount > sum(limits):
        with pytest.raises(PaymentStateWrong):
            model.share(amount, limits)
        return
    parts = model.share(amount, limits)
    assert sum(parts) == amount
    assert all(0 <= part <= limit for part, limit in zip(parts, limits, strict=True))
    # In tender order: nobody gives before those in front have given all they can.
    first_short = next((place for place, part in enumerate(parts) if part < limits[place]), len(parts))
    assert not any(parts[first_short + 1 :])


def test_the_view_counts_in_the_payments_currency() -> None:
    assert STATES["refunded"].view().captured == Money(400, EUR)
    assert STATES["refunded"].view().refunded == Money(100, EUR)
