"""The provider port: what every payment provider must be able to do for us.

All calls are idempotent by `key`: the same call again has no further effect and brings the recorded answer.
So an unknown outcome is asked for by repeating the call, and a pending one by `get`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from rialto.kernel.ids import PaymentId
from rialto.kernel.money import Money
from rialto.kernel.service import Frozen


class Answer(Frozen):
    """How the provider sees a payment. `state`: processing, requires_action, authorised, declined, voided, captured.

    `reference` is the provider's own id. Amounts are totals so far.
    """

    reference: str
    state: str
    captured: Money
    refunded: Money
    action_url: str | None = None
    decline_code: str | None = None
    label: str | None = None


class Message(Frozen):
    """A verified webhook: `message_id` is unique per provider, `payment_id` ours as it was told the provider."""

    message_id: str
    payment_id: PaymentId
    answer: Answer


class Movement(Frozen):
    """Money that moved at the provider: a capture is above zero, a refund below.

    `payment_id` is ours as it was told the provider; None where it is none of ours.
    """

    payment_id: PaymentId | None
    reference: str
    amount: Money
    at: datetime


class Statement(Frozen):
    """A page of the provider's books; `next_cursor` None: the last."""

    items: list[Movement]
    next_cursor: str | None = None


class TokenRefused(Exception):
    """The provider will never accept this token; `code` is its reason. Nothing was made."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@runtime_checkable
class InPages(Protocol):
    """What a provider may have beside `Provider`: one that asks for cards within the shop's pages, and has to know where these are."""

    async def allow_origins(self, origins: Sequence[str]) -> None:
        """The shop is at these origins too, and at no others beside its own. Again: unchanged.

        Raises Unavailable, OutcomeUnknown: it is told again later.
        """
        ...


class Provider(Protocol):
    """Raises Unavailable when it surely was not asked, OutcomeUnknown when its answer did not come."""

    name: str

    async def authorise(
        self, *, key: str, payment_id: PaymentId, amount: Money, token: str, return_url: str
    ) -> Answer:
        """Ask for the money. A decline is an answer. Raises TokenRefused."""
        ...

    async def get(self, reference: str) -> Answer:
        """The present truth about a payment the provider has told us its reference of."""
        ...

    async def void(self, *, key: str, reference: str) -> Answer:
        """Release what was not captured; also of a payment that is not authorised yet. Of a declined one: no effect."""
        ...

    async def capture(self, *, key: str, reference: str, amount: Money) -> Answer: ...

    async def refund(self, *, key: str, reference: str, amount: Money) -> Answer: ...

    async def statement(self, cursor: str | None) -> Statement:
        """All movements of money of this shop, oldest first; what comes meanwhile is on the last page or missing."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Message | None:
        """The message; None for one that means nothing to us. Raises SignatureWrong."""
        ...

    async def hosted_page(self, *, amount: Money, return_url: str, cancel_url: str, language: str) -> str:
        """The address of the provider's own page that asks for a card and comes back with a token."""
        ...
