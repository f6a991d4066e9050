"""The life of a payment intent, as pure functions over frozen values.

    requires_action ──accepted──▶ authorised ──▶ partially_captured ──▶ captured
       │    │                        ▲  │                 │                │
       │    └──voided──▶ voided ◀────┼──┘                 └──▶ partially_refunded ──▶ refunded
       └──refused, expired──▶ declined
                         processing ─┘ (after its time; may be voided before)

After authorisation the amounts are the truth and the state is only their name:
`settled_state` computes it. A void releases what has not been captured, so a
partly captured intent becomes `captured` by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec

from rialto.kernel.money import Money
from rialto.sandbox.cards import Behaviour, CardFacts
from rialto.sandbox.errors import Refused


class State(StrEnum):
    """Where an intent stands."""

    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    VOIDED = "voided"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


class Decision(StrEnum):
    """What the cardholder answers on the 3-D Secure page."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long the sandbox waits, by kind of waiting."""

    slow_s: int = 8
    challenge_s: int = 10 * 60
    authorisation_s: int = 7 * 24 * 3600
    token_s: int = 15 * 60
    session_s: int = 60 * 60


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """One payment: what was asked for and how far it has come.

    `due_at` is when time alone changes it next: the end of processing, of the
    challenge or of the authorisation. `version` counts the changes from 1.
    """

    id: str
    reference: str
    idempotency_key: str
    amount: Money
    captured: Money
    voided: Money
    refunded: Money
    state: State
    decline_code: str | None
    card: CardFacts
    return_url: str | None
    challenge_id: str | None
    due_at: datetime | None
    created_at: datetime
    version: int = 1

    @property
    def capturable(self) -> Money:
        """What may still be captured."""
        if self.state in _BEFORE_AUTHORISATION:
            return Money.zero(self.amount.currency)
        return self.amount - self.captured - self.voided

    @property
    def refundable(self) -> Money:
        """What may still be given back."""
        return self.captured - self.refunded


_BEFORE_AUTHORISATION = frozenset({State.REQUIRES_ACTION, State.PROCESSING, State.DECLINED})

DECLINE_CODES: dict[Behaviour, str] = {
    Behaviour.DECLINED: "card_declined",
    Behaviour.INSUFFICIENT_FUNDS: "insufficient_funds",
}


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What an intent is opened with, apart from the card and the time."""

    id: str
    challenge_id: str
    reference: str
    idempotency_key: str
    amount: Money
    return_url: str | None


def opened(asked: Opening, card: CardFacts, at: datetime, terms: Terms) -> Intent:
    """The intent as it stands right after the card was asked."""
    zero = Money.zero(asked.amount.currency)
    state, wait_s = _first_state(card.behaviour, terms)
    return Intent(
        id=asked.id,
        reference=asked.reference,
        idempotency_key=asked.idempotency_key,
        amount=asked.amount,
        captured=zero,
        voided=zero,
        refunded=zero,
        state=state,
        decline_code=DECLINE_CODES.get(card.behaviour),
        card=card,
        return_url=asked.return_url,
        challenge_id=asked.challenge_id if state is State.REQUIRES_ACTION else None,
        due_at=at + timedelta(seconds=wait_s) if wait_s else None,
        created_at=at,
    )


def ripened(intent: Intent, at: datetime, terms: Terms) -> Intent | None:
    """The intent after the one next thing that passing time does to it; None when nothing is due."""
    if intent.due_at is None or intent.due_at > at:
        return None
    match intent.state:
        case State.PROCESSING:
            return _authorised(intent, intent.due_at, terms)
        case State.REQUIRES_ACTION:
            return _declined(intent, "authentication_expired")
        case _:
            return voided(intent)


def challenge_answered(intent: Intent, decision: Decision, at: datetime, terms: Terms) -> Intent:
    """The intent after the cardholder's answer; only one answer counts."""
    if intent.state is not State.REQUIRES_ACTION:
        raise Refused("challenge_closed", f"The payment is {intent.state} and asks nothing any more.")
    match decision:
        case Decision.ACCEPT:
            return _authorised(intent, at, terms)
        case Decision.REFUSE:
            return _declined(intent, "authentication_failed")
        case _:
            assert_never(decision)


def captured(intent: Intent, amount: Money) -> Intent:
    """Take `amount` of what was authorised."""
    if not intent.capturable:
        raise Refused("intent_not_capturable", f"The payment is {intent.state}; nothing is left to capture.")
    if _positive(amount, intent) > intent.capturable:
        raise Refused("amount_exceeds_authorised", "More than what is left of the authorisation.")
    return _settled(intent, captured=intent.captured + amount)


def refunded(intent: Intent, amount: Money) -> Intent:
    """Give `amount` of what was captured back."""
    if not intent.refundable:
        raise Refused("intent_not_refundable", f"The payment is {intent.state}; nothing is left to refund.")
    if _positive(amount, intent) > intent.refundable:
        raise Refused("amount_exceeds_captured", "More than what was captured and not yet refunded.")
    return _settled(intent, refunded=intent.refunded + amount)


def voided(intent: Intent) -> Intent:
    """Release what was not captured; also ends an intent that was never authorised."""
    if intent.state in {State.REQUIRES_ACTION, State.PROCESSING}:
        return _settled(intent, voided=intent.amount)
    if not intent.capturable:
        raise Refused("intent_not_voidable", f"The payment is {intent.state}; nothing is left to release.")
    return _settled(intent, voided=intent.voided + intent.capturable)


def settled_state(amount: int, captured_: int, voided_: int, refunded_: int) -> State:
    """The name of an authorised intent's amounts (all in its currency)."""
    complete = captured_ + voided_ == amount
    if refunded_:
        return State.REFUNDED if complete and refunded_ == captured_ else State.PARTIALLY_REFUNDED
    if captured_:
        return State.CAPTURED if complete else State.PARTIALLY_CAPTURED
    return State.VOIDED if complete else State.AUTHORISED


def event_type(intent: Intent, before: Intent | None) -> str | None:
    """Which webhook tells the change from `before` to `intent`, if any does."""
    if before is None or before.state in {State.REQUIRES_ACTION, State.PROCESSING}:
        return None if intent.state is State.PROCESSING else f"payment_intent.{intent.state}"
    moved = (
        (intent.refunded != before.refunded, "payment_intent.refunded"),
        (intent.captured != before.captured, "payment_intent.captured"),
        (intent.voided != before.voided, "payment_intent.voided"),
    )
    return next((name for changed, name in moved if changed), None)


def _first_state(behaviour: Behaviour, terms: Terms) -> tuple[State, int]:
    match behaviour:
        case Behaviour.SUCCESS | Behaviour.LOST_REPLY:
            return State.AUTHORISED, terms.authorisation_s
        case Behaviour.DECLINED | Behaviour.INSUFFICIENT_FUNDS:
            return State.DECLINED, 0
        case Behaviour.CHALLENGE:
            return State.REQUIRES_ACTION, terms.challenge_s
        case Behaviour.SLOW:
            return State.PROCESSING, max(terms.slow_s, 1)
        case _:
            assert_never(behaviour)


def _authorised(intent: Intent, at: datetime, terms: Terms) -> Intent:
    due_at = at + timedelta(seconds=terms.authorisation_s)
    return msgspec.structs.replace(intent, state=State.AUTHORISED, due_at=due_at, version=intent.version + 1)


def _declined(intent: Intent, decline_code: str) -> Intent:
    return msgspec.structs.replace(
        intent, state=State.DECLINED, decline_code=decline_code, due_at=None, version=intent.version + 1
    )


def _positive(amount: Money, intent: Intent) -> Money:
    if amount.currency != intent.amount.currency:
        raise Refused("currency_mismatch", f"The payment is in {intent.amount.currency}.")
    if amount.amount <= 0:
        raise Refused("amount_invalid", "An amount is a whole number of minor units above zero.")
    return amount


def _settled(intent: Intent, **changes: Money) -> Intent:
    moved: Intent = msgspec.structs.replace(intent, **changes)
    state = settled_state(
        moved.amount.amount, moved.captured.amount, moved.voided.amount, moved.refunded.amount
    )
    open_still = moved.captured + moved.voided < moved.amount
    return msgspec.structs.replace(
        moved, state=state, due_at=moved.due_at if open_still else None, version=moved.version + 1
    )
