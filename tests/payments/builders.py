"""Payments to try the rules on, and what a provider may answer about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rialto.kernel.events import Event
from rialto.kernel.ids import ORDER, OrderId, PaymentId
from rialto.kernel.money import EUR, Money
from rialto.payments import model
from rialto.payments.api import Authorise
from rialto.payments.events import (
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentStarted,
    PaymentVoidAsked,
    PaymentVoided,
)
from rialto.payments.model import PaymentState, fold
from rialto.payments.provider import Answer
from rialto.payments.store import payment_id
from tests.support.values import seeded_ids

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
BUCKET = 17
ORDER_ID: OrderId = ORDER.new(seeded_ids(4), BUCKET)
PAYMENT_ID: PaymentId = payment_id(ORDER_ID, 0)
AMOUNT = Money(1000, EUR)
CHALLENGE = "http://provider.test/3ds/1"


def euros(cents: int) -> Money:
    return Money(cents, EUR)


def an_authorisation(
    token: str = "tok_success", *, order_id: OrderId = ORDER_ID, tender: int = 0, amount: int = 1000
) -> Authorise:
    return Authorise(
        order_id=order_id,
        tender=tender,
        amount=euros(amount),
        provider="sandbox",
        token=token,
        return_url="http://shop.test/return",
        deadline=AT + timedelta(minutes=13),
    )


def an_answer(state: str, *, url: str | None = None, code: str | None = None, captured: int = 0) -> Answer:
    return Answer(
        reference="pi_1",
        state=state,
        captured=euros(captured),
        refunded=euros(0),
        action_url=url,
        decline_code=code,
        label="Visa •••• 4242",
    )


STARTED = PaymentStarted(
    payment_id=PAYMENT_ID,
    order_id=ORDER_ID,
    tender=0,
    amount=AMOUNT,
    provider="sandbox",
    token="tok_success",
    return_url="http://shop.test/return",
    deadline=AT + timedelta(minutes=13),
)
ACTION = PaymentActionRequired(payment_id=PAYMENT_ID, order_id=ORDER_ID, reference="pi_1", url=CHALLENGE)
AUTHORISED = PaymentAuthorised(
    payment_id=PAYMENT_ID, order_id=ORDER_ID, reference="pi_1", amount=AMOUNT, label="Visa •••• 4242"
)
DECLINED = PaymentDeclined(payment_id=PAYMENT_ID, order_id=ORDER_ID, decline_code="card_declined")
VOID_ASKED = PaymentVoidAsked(payment_id=PAYMENT_ID, order_id=ORDER_ID)
VOIDED = PaymentVoided(payment_id=PAYMENT_ID, order_id=ORDER_ID)


def captured(cents: int = 1000, step: str = "parcel") -> PaymentCaptured:
    return PaymentCaptured(payment_id=PAYMENT_ID, order_id=ORDER_ID, step=step, amount=euros(cents))


def refunded(cents: int = 1000, step: str = "back") -> PaymentRefunded:
    return PaymentRefunded(payment_id=PAYMENT_ID, order_id=ORDER_ID, step=step, amount=euros(cents))


# Each state a payment can be in, by the name it is tested under.
STATES: dict[str, PaymentState] = {
    "none": PaymentState(),
    "tombstone": fold([VOID_ASKED, VOIDED]),
    "started": fold([STARTED]),
    "action_required": fold([STARTED, ACTION]),
    "authorised": fold([STARTED, AUTHORISED]),
    "declined": fold([STARTED, DECLINED]),
    "voiding": fold([STARTED, VOID_ASKED]),
    "voided": fold([STARTED, VOID_ASKED, VOIDED]),
    "captured": fold([STARTED, AUTHORISED, captured(400)]),
    "refunded": fold([STARTED, AUTHORISED, captured(400), refunded(100)]),
}
ANSWERS: dict[str, Answer] = {
    "processing": an_answer("processing"),
    "requires_action": an_answer("requires_action", url=CHALLENGE),
    "requires_action without a place": an_answer("requires_action"),
    "authorised": an_answer("authorised"),
    "declined": an_answer("declined", code="card_declined"),
    "voided": an_answer("voided"),
    "captured": an_answer("captured", captured=400),
    "something new": an_answer("something_new"),
}


def names(events: Sequence[Event]) -> list[str]:
    return [event.TYPE.removeprefix("payments.") for event in events]


def learned(state: PaymentState, *answers: Answer) -> PaymentState:
    for answer in answers:
        state = fold(model.learn(state, answer), state)
    return state
