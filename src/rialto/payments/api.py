"""What can be asked of payments. Only provider tokens enter our network; one stream per payment owns its truth."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.errors import Conflict, Declined, Denied, Invalid, NotFound
from rialto.kernel.ids import OrderId, PaymentId
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen, Nothing, operation

CARD_DIGITS_MIN, CARD_DIGITS_MAX = 12, 19


def looks_like_card_number(text: str) -> bool:
    """Whether the digits of `text`, blanks and dashes left out, pass for a card number (ISO/IEC 7812: Luhn).

    Whoever takes a provider's token from outside asks this before anything is stored or logged.
    """
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and CARD_DIGITS_MIN <= len(digits) <= CARD_DIGITS_MAX):
        return False
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    rest = [int(digit) for digit in digits[-1::-2]]
    return (sum(value - 9 if value > 9 else value for value in doubled) + sum(rest)) % 10 == 0


class PaymentNotFound(NotFound):
    message = "There is no such payment."


class PaymentDeclined(Declined):
    """`extra["decline_code"]` is the provider's reason."""


class ProviderUnknown(Invalid):
    code = "provider_unknown"
    message = "This shop does not take payments that way."


class CardNumberRefused(Invalid):
    code = "card_number_refused"
    message = "Card numbers are not accepted here; send the provider's token."


class PaymentStateWrong(Conflict):
    code = "payment_state"
    message = "The payment is not in a state that allows this."


class SignatureWrong(Denied):
    code = "signature_not_valid"
    message = "The signature does not match."


class Authorise(Frozen):
    """Authorise one tender of an order. Idempotent by (order, tender): the same call again asks the provider.

    `deadline` ends the attempt: later the payment is voided and cannot succeed.
    """

    order_id: OrderId
    tender: int
    amount: Money
    provider: str
    token: str
    return_url: str
    deadline: datetime


class Payment(Frozen):
    """`status`: started, pending, action_required, authorised, declined, voiding, voided, captured, refunded.

    `pending` means the provider has not said yet or its answer was lost; it is asked again until it has.
    """

    id: PaymentId
    order_id: OrderId
    tender: int
    status: str
    amount: Money
    captured: Money
    refunded: Money
    provider: str
    next_action_url: str | None = None
    decline_code: str | None = None
    label: str | None = None


class OfPaidOrder(Frozen):
    """`tenders` is how many the order has: a void must reach also those that never started."""

    order_id: OrderId
    tenders: int = 1


class PaymentList(Frozen):
    items: list[Payment]


class Capture(Frozen):
    """`step` names the cause (a shipment): the same step again captures nothing more."""

    order_id: OrderId
    amount: Money
    step: str


class Refund(Frozen):
    order_id: OrderId
    amount: Money
    step: str
    reason: str = ""


class Webhook(Frozen):
    """A provider's call as it came in: verified, deduplicated, then believed."""

    provider: str
    headers: dict[str, str]
    body: bytes


class HostedPage(Frozen):
    """Where to come back to with a token, and where without one. Both addresses are the shop's own."""

    provider: str
    amount: Money
    return_url: str
    cancel_url: str
    language: str = "en"


class HostedPageAt(Frozen):
    url: str


class Payments(Protocol):
    """Payments and the ledger."""

    @operation(idempotent=True, timeout_s=25)
    async def authorise(self, command: Authorise) -> Payment:
        """The payment after the attempt; a decline is a status, not an error.

        Raises ProviderUnknown, CardNumberRefused before anything is stored.
        """
        ...

    @operation(idempotent=True, timeout_s=15)
    async def refresh(self, command: OfPaidOrder) -> PaymentList:
        """All payments of an order, unfinished ones asked for at the provider first."""
        ...

    @operation(idempotent=True)
    async def of_order(self, command: OfPaidOrder) -> PaymentList:
        """As known here, without asking the provider."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def void(self, command: OfPaidOrder) -> PaymentList:
        """Give up every payment of the order that is not captured; one never started cannot start afterwards.

        A payment that turns out captured is refunded. Raises Unavailable while the provider does not answer.
        """
        ...

    @operation(idempotent=True, timeout_s=15)
    async def capture(self, command: Capture) -> PaymentList:
        """Take the money. Raises PaymentStateWrong when less is authorised than asked."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def refund(self, command: Refund) -> PaymentList:
        """Give money back. Raises PaymentStateWrong when less is captured than asked."""
        ...

    @operation(idempotent=True)
    async def hosted_page(self, command: HostedPage) -> HostedPageAt:
        """The provider's own page for people without JavaScript. Raises ProviderUnknown, Unavailable."""
        ...

    @operation(idempotent=True)
    async def webhook(self, command: Webhook) -> Nothing:
        """Raises SignatureWrong, ProviderUnknown; a repeated or outdated message changes nothing."""
        ...
