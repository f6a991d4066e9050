"""What payments tells the world, one stream per payment. No card data: the provider's token and a label at most."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from rialto.kernel.events import Event
from rialto.kernel.ids import OrderId, PaymentId
from rialto.kernel.money import Money


class PaymentStarted(Event):
    """Written before the provider is called, so that an attempt is never forgotten."""

    TYPE: ClassVar[str] = "payments.started"

    payment_id: PaymentId
    order_id: OrderId
    tender: int
    amount: Money
    provider: str
    token: str
    return_url: str
    deadline: datetime


class PaymentActionRequired(Event):
    TYPE: ClassVar[str] = "payments.action_required"

    payment_id: PaymentId
    order_id: OrderId
    reference: str
    url: str


class PaymentAuthorised(Event):
    TYPE: ClassVar[str] = "payments.authorised"

    payment_id: PaymentId
    order_id: OrderId
    reference: str
    amount: Money
    label: str | None = None


class PaymentDeclined(Event):
    TYPE: ClassVar[str] = "payments.declined"

    payment_id: PaymentId
    order_id: OrderId
    decline_code: str


class PaymentVoidAsked(Event):
    """From here on the payment cannot succeed; whatever the provider says is undone.

    `tender` names the place of one that never started; of others `PaymentStarted` has said it.
    """

    TYPE: ClassVar[str] = "payments.void_asked"

    payment_id: PaymentId
    order_id: OrderId
    tender: int = 0


class PaymentVoided(Event):
    TYPE: ClassVar[str] = "payments.voided"

    payment_id: PaymentId
    order_id: OrderId


class PaymentCaptured(Event):
    TYPE: ClassVar[str] = "payments.captured"

    payment_id: PaymentId
    order_id: OrderId
    step: str
    amount: Money


class PaymentRefunded(Event):
    TYPE: ClassVar[str] = "payments.refunded"

    payment_id: PaymentId
    order_id: OrderId
    step: str
    amount: Money


EVENTS: tuple[type[Event], ...] = (
    PaymentStarted,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentDeclined,
    PaymentVoidAsked,
    PaymentVoided,
    PaymentCaptured,
    PaymentRefunded,
)
