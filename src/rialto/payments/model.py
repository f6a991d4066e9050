"""The rules of one payment, pure: its state folded from events, and what an answer of the provider means now.

started ──▶ action_required ──▶ authorised ──▶ captured (in parts) ──▶ refunded (in parts)
   │              │                │
   ├──▶ declined ◀┘                │
   └──────────▶ voiding ◀──────────┘      once voiding is asked for, nothing succeeds any more
                   └──▶ voided
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from rialto.kernel.errors import InvariantBroken
from rialto.kernel.events import Event
from rialto.kernel.ids import OrderId, PaymentId
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen
from rialto.payments.api import Payment, PaymentStateWrong
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
from rialto.payments.provider import Answer

UNSETTLED = frozenset({"started", "action_required"})
ENDED = frozenset({"declined", "voided"})


class PaymentState(Frozen):
    """A payment as its events tell it. `version` 0: nothing happened yet.

    `steps` is what each capture and refund moved, in minor units.
    A payment given up before it started is `voided` at once and has no amount: a tombstone.
    """

    version: int = 0
    status: str = "none"
    id: PaymentId | None = None
    order_id: OrderId | None = None
    tender: int = 0
    amount: Money | None = None
    captured: int = 0
    refunded: int = 0
    provider: str = ""
    token: str = ""
    return_url: str = ""
    deadline: datetime | None = None
    reference: str | None = None
    action_url: str | None = None
    decline_code: str | None = None
    label: str | None = None
    steps: dict[str, int] = {}

    @property
    def unsettled(self) -> bool:
        return self.status in UNSETTLED

    @property
    def never_began(self) -> bool:
        """Given up before it started."""
        return self.version > 0 and self.amount is None

    def view(self) -> Payment:
        """As other services see it. Raises InvariantBroken for a payment that never was."""
        if self.id is None or self.order_id is None or self.amount is None:
            raise InvariantBroken("a payment without a beginning has no view")
        currency = self.amount.currency
        return Payment(
            id=self.id,
            order_id=self.order_id,
            tender=self.tender,
            status="pending" if self.status == "started" else self.status,
            amount=self.amount,
            captured=Money(self.captured, currency),
            refunded=Money(self.refunded, currency),
            provider=self.provider,
            next_action_url=self.action_url if self.status == "action_required" else None,
            decline_code=self.decline_code,
            label=self.label,
        )


def fold(events: Iterable[Event], start: PaymentState | None = None) -> PaymentState:
    state = start or PaymentState()
    for event in events:
        state = _apply(state, event)
    return state


def _apply(state: PaymentState, event: Event) -> PaymentState:
    changes: dict[str, object] = {"version": state.version + 1}
    match event:
        case PaymentStarted():
            changes |= {
                "status": "started",
                "id": event.payment_id,
                "order_id": event.order_id,
                "tender": event.tender,
                "amount": event.amount,
                "provider": event.provider,
                "token": event.token,
                "return_url": event.return_url,
                "deadline": event.deadline,
            }
        case PaymentActionRequired():
            changes |= {"status": "action_required", "reference": event.reference, "action_url": event.url}
        case PaymentAuthorised():
            changes |= {"status": "authorised", "reference": event.reference, "label": event.label}
        case PaymentDeclined():
            changes |= {"status": "declined", "decline_code": event.decline_code}
        case PaymentVoidAsked():
            tender = event.tender if state.amount is None else state.tender
            changes |= {
                "status": "voiding",
                "id": event.payment_id,
                "order_id": event.order_id,
                "tender": tender,
            }
        case PaymentVoided():
            changes |= {"status": "voided"}
        case PaymentCaptured():
            changes |= {
                "status": "captured",
                "captured": state.captured + event.amount.amount,
                "steps": state.steps | {f"capture:{event.step}": event.amount.amount},
            }
        case PaymentRefunded():
            changes |= {
                "status": "refunded",
                "refunded": state.refunded + event.amount.amount,
                "steps": state.steps | {f"refund:{event.step}": event.amount.amount},
            }
        case _:
            raise InvariantBroken(f"a payment knows no {type(event).__name__}")
    return msgspec.structs.replace(state, **changes)


def start(state: PaymentState, event: PaymentStarted) -> list[Event]:
    """Begin, unless it has begun or was given up before."""
    return [] if state.version else [event]


def give_up(state: PaymentState, payment_id: PaymentId, order_id: OrderId, *, tender: int) -> list[Event]:
    """Ask for the void: of one that never started it is done at once, of an ended or captured one nothing changes."""
    asked = PaymentVoidAsked(payment_id=payment_id, order_id=order_id, tender=tender)
    if state.version == 0:
        return [asked, PaymentVoided(payment_id=payment_id, order_id=order_id)]
    if state.unsettled or state.status == "authorised":
        return [asked]
    return []


def learn(state: PaymentState, answer: Answer) -> Sequence[Event]:
    """What the provider's answer adds to what is known. Old news, and news after the end, add nothing."""
    if state.id is None or state.order_id is None or state.amount is None:
        return []
    asked = PaymentVoidAsked(payment_id=state.id, order_id=state.order_id, tender=state.tender)
    voided = PaymentVoided(payment_id=state.id, order_id=state.order_id)
    if state.status == "voiding":
        return [voided] if answer.state in {"voided", "declined"} else []
    if state.unsettled:
        return _settled(state, answer)
    # The provider lets old authorisations lapse by itself.
    return [asked, voided] if state.status == "authorised" and answer.state == "voided" else []


def _settled(state: PaymentState, answer: Answer) -> Sequence[Event]:
    assert state.id is not None
    assert state.order_id is not None
    assert state.amount is not None
    match answer.state:
        case "requires_action" if state.status == "started" and answer.action_url:
            return [
                PaymentActionRequired(
                    payment_id=state.id,
                    order_id=state.order_id,
                    reference=answer.reference,
                    url=answer.action_url,
                )
            ]
        case "authorised":
            return [
                PaymentAuthorised(
                    payment_id=state.id,
                    order_id=state.order_id,
                    reference=answer.reference,
                    amount=state.amount,
                    label=answer.label,
                )
            ]
        case "declined" | "voided":
            code = answer.decline_code or "expired"
            return [PaymentDeclined(payment_id=state.id, order_id=state.order_id, decline_code=code)]
        case _:
            return []


def capturable(state: PaymentState) -> int:
    """Minor units that may still be captured."""
    if state.amount is None or state.status not in {"authorised", "captured", "refunded"}:
        return 0
    return state.amount.amount - state.captured


def refundable(state: PaymentState) -> int:
    return state.captured - state.refunded


def share(amount: int, limits: Sequence[int]) -> list[int]:
    """Spread an amount over payments in tender order. Raises PaymentStateWrong when the limits do not hold it."""
    parts = []
    for limit in limits:
        part = min(amount, limit)
        parts.append(part)
        amount -= part
    if amount:
        raise PaymentStateWrong
    return parts
