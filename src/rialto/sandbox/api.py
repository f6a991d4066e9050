"""What can be asked of the sandbox, and what it answers: frozen values, the same in process and on the wire."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rialto.kernel.clock import rfc3339
from rialto.kernel.money import Money
from rialto.sandbox.books import Movement
from rialto.sandbox.model import Intent, State


class Authorise(msgspec.Struct, frozen=True, kw_only=True):
    """Ask a card for `amount`; `reference` is the merchant's own name for it."""

    reference: str
    amount: Money
    token: str
    return_url: str | None = None


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a hosted page on which the buyer types a card."""

    amount: Money
    return_url: str
    cancel_url: str
    language: str = "en"


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a card."""

    brand: str
    last4: str


class NextAction(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer has to do next: be sent to `url`."""

    url: str
    type: str = "redirect"


class IntentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment intent as the merchant sees it. Amounts are minor units of `currency`.

    `version` grows with every change: of two views the larger one is the newer.
    """

    id: str
    reference: str
    idempotency_key: str
    amount: int
    currency: str
    state: str
    captured_amount: int
    voided_amount: int
    refunded_amount: int
    decline_code: str | None
    next_action: NextAction | None
    card: CardView
    return_url: str | None
    created_at: str
    expires_at: str | None
    version: int


class Authorised(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of an authorisation, with what only the transport has to know.

    `reply_lost`: the connection is to be dropped without this answer.
    `answer_at`: a slow card; the answer is to be given then, by asking again.
    """

    intent: IntentView
    replayed: bool = False
    reply_lost: bool = False
    answer_at: datetime | None = None


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh single-use token."""

    token: str
    label: str
    card: CardView
    expires_at: str


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A hosted session; the buyer is sent to `url`."""

    id: str
    url: str
    expires_at: str


class BalanceTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of money as the merchant sees it: captures are positive, refunds negative."""

    id: str
    type: str
    payment_intent: str
    reference: str
    idempotency_key: str
    amount: int
    currency: str
    debit: str
    credit: str
    created_at: str


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    """The intent as it was when the event happened."""

    intent: IntentView


class EventBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook."""

    id: str
    type: str
    created_at: str
    data: EventData


def intent_view(intent: Intent, public_url: str) -> IntentView:
    """Show an intent; `public_url` is where the buyer's browser reaches the sandbox."""
    challenge = intent.state is State.REQUIRES_ACTION
    timed = intent.due_at is not None and intent.state is not State.PROCESSING
    return IntentView(
        id=intent.id,
        reference=intent.reference,
        idempotency_key=intent.idempotency_key,
        amount=intent.amount.amount,
        currency=intent.amount.currency,
        state=intent.state.value,
        captured_amount=intent.captured.amount,
        voided_amount=intent.voided.amount,
        refunded_amount=intent.refunded.amount,
        decline_code=intent.decline_code,
        next_action=NextAction(url=f"{public_url}/challenge/{intent.challenge_id}") if challenge else None,
        card=CardView(brand=intent.card.brand, last4=intent.card.last4),
        return_url=intent.return_url,
        created_at=rfc3339(intent.created_at),
        expires_at=rfc3339(intent.due_at) if timed and intent.due_at else None,
        version=intent.version,
    )


def balance_transaction(movement: Movement) -> BalanceTransaction:
    """Show a movement from the merchant's side."""
    sign = 1 if movement.credit == "merchant" else -1
    return BalanceTransaction(
        id=movement.id,
        type=movement.kind,
        payment_intent=movement.intent_id,
        reference=movement.reference,
        idempotency_key=movement.idempotency_key,
        amount=sign * movement.amount.amount,
        currency=movement.amount.currency,
        debit=movement.debit,
        credit=movement.credit,
        created_at=rfc3339(movement.created_at),
    )
