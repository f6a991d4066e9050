"""A payment provider with a watch beside it: how long its answers take, and how often there is none.

Around every provider, also those of other packages. It changes nothing: arguments, replies and errors pass as they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from rialto.kernel.clock import Clock
from rialto.kernel.errors import OutcomeUnknown, Unavailable
from rialto.kernel.ids import PaymentId
from rialto.kernel.money import Money
from rialto.kernel.telemetry import Metrics
from rialto.payments.provider import Answer, InPages, Message, Provider, Statement, TokenRefused

T = TypeVar("T")

STATES = frozenset({"processing", "requires_action", "authorised", "declined", "voided", "captured"})


def measured(provider: Provider, clock: Clock, metrics: Metrics) -> MeasuredProvider:
    """The provider with a watch, offering what it offers beside the contract."""
    if isinstance(provider, InPages):
        return MeasuredInPages(provider, clock, metrics)
    return MeasuredProvider(provider, clock, metrics)


class MeasuredProvider:
    """See `payments.provider.Provider` for the contract."""

    def __init__(self, provider: Provider, clock: Clock, metrics: Metrics) -> None:
        self.name = provider.name
        self._provider = provider
        self._clock = clock
        self._metrics = metrics

    async def authorise(
        self, *, key: str, payment_id: PaymentId, amount: Money, token: str, return_url: str
    ) -> Answer:
        call = self._provider.authorise(
            key=key, payment_id=payment_id, amount=amount, token=token, return_url=return_url
        )
        return await self._measured("authorise", call)

    async def get(self, reference: str) -> Answer:
        return await self._measured("get", self._provider.get(reference))

    async def void(self, *, key: str, reference: str) -> Answer:
        return await self._measured("void", self._provider.void(key=key, reference=reference))

    async def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        call = self._provider.capture(key=key, reference=reference, amount=amount)
        return await self._measured("capture", call)

    async def refund(self, *, key: str, reference: str, amount: Money) -> Answer:
        call = self._provider.refund(key=key, reference=reference, amount=amount)
        return await self._measured("refund", call)

    async def hosted_page(self, *, amount: Money, return_url: str, cancel_url: str, language: str) -> str:
        call = self._provider.hosted_page(
            amount=amount, return_url=return_url, cancel_url=cancel_url, language=language
        )
        return await self._measured("hosted_page", call)

    async def statement(self, cursor: str | None) -> Statement:
        return await self._measured("statement", self._provider.statement(cursor))

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Message | None:
        return self._provider.read_webhook(headers, body, now)

    async def _measured(self, call: str, asked: Awaitable[T]) -> T:
        began = self._clock.monotonic()
        outcome = "failed"
        try:
            reply = await asked
            outcome = _said(reply)
        except TokenRefused:
            outcome = "refused"
            raise
        except OutcomeUnknown:
            outcome = "unknown"
            raise
        except Unavailable:
            outcome = "unavailable"
            raise
        finally:
            seconds = self._clock.monotonic() - began
            self._metrics.provider_calls.labels(self.name, call, outcome).observe(seconds)
        return reply


class MeasuredInPages(MeasuredProvider):
    """See `payments.provider.InPages`."""

    async def allow_origins(self, origins: Sequence[str]) -> None:
        provider: Any = self._provider
        await self._measured("allow_origins", provider.allow_origins(origins))


def _said(reply: object) -> str:
    """A state that the port names: providers may have any number of others."""
    if not isinstance(reply, Answer):
        return "done"
    return reply.state if reply.state in STATES else "other"
