"""The sandbox payment provider over HTTP: the engine behind `payments.provider.Provider`.

Webhooks are verified after Standard Webhooks (standardwebhooks.com): HMAC-SHA-256 over `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import aiohttp
import msgspec

from rialto.kernel import tracing
from rialto.kernel.errors import NotFound, OutcomeUnknown, Unavailable
from rialto.kernel.extensions import Surroundings
from rialto.kernel.ids import PAYMENT, PaymentId
from rialto.kernel.money import Currency, Money
from rialto.kernel.resilience import Breaker, Bulkhead
from rialto.kernel.tracing import Kind
from rialto.payments.api import PaymentStateWrong, SignatureWrong
from rialto.payments.provider import Answer, Message, Movement, Statement, TokenRefused

# A slow provider is not waited for longer than a person would: the order goes on as pending.
TIMEOUT_S = 4.0
SIGNATURE_AGE_S = 300
TOKEN_CODES = frozenset(
    {"token_unknown", "token_used", "token_expired", "return_url_missing", "return_url_refused"}
)


class _Action(msgspec.Struct, frozen=True):
    url: str


class _Card(msgspec.Struct, frozen=True):
    brand: str
    last4: str


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's payment intent, as far as we read it. Amounts in minor units."""

    id: str
    reference: str
    state: str
    currency: str
    captured_amount: int
    refunded_amount: int
    decline_code: str | None = None
    next_action: _Action | None = None
    card: _Card | None = None

    def answer(self) -> Answer:
        currency = Currency(self.currency)
        return Answer(
            reference=self.id,
            state=STATES.get(self.state, "processing"),
            captured=Money(self.captured_amount, currency),
            refunded=Money(self.refunded_amount, currency),
            action_url=self.next_action.url if self.next_action else None,
            decline_code=self.decline_code,
            label=f"{self.card.brand} •••• {self.card.last4}" if self.card else None,
        )


# Ours for theirs; a state we do not know yet is treated as not decided.
STATES: Mapping[str, str] = {
    "processing": "processing",
    "requires_action": "requires_action",
    "authorised": "authorised",
    "declined": "declined",
    "voided": "voided",
    "partially_captured": "captured",
    "captured": "captured",
    "partially_refunded": "captured",
    "refunded": "captured",
}


class _EventData(msgspec.Struct, frozen=True):
    intent: Intent


class _Event(msgspec.Struct, frozen=True):
    id: str
    data: _EventData


class _BalanceTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """Captures are positive, refunds negative. `reference` is ours, `payment_intent` the provider's."""

    payment_intent: str
    reference: str
    amount: int
    currency: str
    created_at: datetime

    def movement(self) -> Movement:
        return Movement(
            payment_id=_payment_id(self.reference),
            reference=self.payment_intent,
            amount=Money(self.amount, Currency(self.currency)),
            at=self.created_at,
        )


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    items: list[_BalanceTransaction]
    next_cursor: str | None = None


class _Problem(msgspec.Struct, frozen=True):
    code: str = "unknown"
    detail: str = ""


class _Dropped(Exception):
    """The connection ended before the answer."""


class SandboxPayments:
    """See `payments.provider.Provider` for the contract."""

    name = "sandbox"

    def __init__(
        self, *, url: str, secret_key: str, webhook_secret: str, breaker: Breaker, bulkhead: Bulkhead
    ) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret_key}"}
        self._webhook_secret = webhook_secret
        self._breaker = breaker
        self._bulkhead = bulkhead
        self._session: aiohttp.ClientSession | None = None

    async def authorise(
        self, *, key: str, payment_id: PaymentId, amount: Money, token: str, return_url: str
    ) -> Answer:
        body = {
            "reference": payment_id,
            "amount": amount.amount,
            "currency": amount.currency,
            "token": token,
            "return_url": return_url,
        }
        try:
            return await self._intent("POST", "/v1/payment_intents", key=key, body=body)
        except PaymentRefused as refused:
            # Whatever is wrong with the request, the provider made nothing of it; except where the key is in use.
            if refused.reason == "idempotency_key_reused":
                raise
            raise TokenRefused(refused.reason) from None

    async def get(self, reference: str) -> Answer:
        return await self._intent("GET", f"/v1/payment_intents/{reference}")

    async def void(self, *, key: str, reference: str) -> Answer:
        try:
            return await self._intent("POST", f"/v1/payment_intents/{reference}/void", key=key, body={})
        except PaymentRefused:
            return await self.get(reference)  # declined or voided already: nothing is held

    async def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        return await self._move(reference, "capture", key=key, amount=amount)

    async def refund(self, *, key: str, reference: str, amount: Money) -> Answer:
        return await self._move(reference, "refunds", key=key, amount=amount)

    async def hosted_page(self, *, amount: Money, return_url: str, cancel_url: str, language: str) -> str:
        body = {
            "amount": amount.amount,
            "currency": amount.currency,
            "return_url": return_url,
            "cancel_url": cancel_url,
            "language": language,
        }
        content = await self._call("POST", "/v1/sessions", body=body)
        url: str = msgspec.json.decode(content)["url"]
        return url

    async def allow_origins(self, origins: Sequence[str]) -> None:
        await self._call("PUT", "/v1/shop-origins", body={"origins": list(origins)})

    async def statement(self, cursor: str | None) -> Statement:
        path = "/v1/balance-transactions" if cursor is None else f"/v1/balance-transactions?cursor={cursor}"
        try:
            page = msgspec.json.decode(await self._call("GET", path), type=_Page)
            return Statement(items=[item.movement() for item in page.items], next_cursor=page.next_cursor)
        except (msgspec.MsgspecError, ValueError) as error:
            raise OutcomeUnknown("The payment provider's statement could not be read.") from error

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Message | None:
        verify(self._webhook_secret, headers, body, now)
        try:
            event = msgspec.json.decode(body, type=_Event)
            payment_id = PAYMENT.parse(event.data.intent.reference)
        except (msgspec.MsgspecError, NotFound):
            return None  # genuine, but of a kind or a payment that is not ours
        return Message(message_id=event.id, payment_id=payment_id, answer=event.data.intent.answer())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _move(self, reference: str, what: str, *, key: str, amount: Money) -> Answer:
        body = {"amount": amount.amount, "currency": amount.currency}
        return await self._intent("POST", f"/v1/payment_intents/{reference}/{what}", key=key, body=body)

    async def _intent(self, method: str, path: str, *, key: str | None = None, body: Any = None) -> Answer:
        content = await self._call(method, path, key=key, body=body)
        try:
            return msgspec.json.decode(content, type=Intent).answer()
        except (msgspec.MsgspecError, ValueError) as error:
            raise OutcomeUnknown("The payment provider's answer could not be read.") from error

    async def _call(self, method: str, path: str, *, key: str | None = None, body: Any = None) -> bytes:
        with tracing.span(f"{method} {_template(path)}", Kind.CLIENT) as span:
            span.set("http.request.method", method)
            span.set("peer.service", self.name)
            return await self._called(method, path, key=key, body=body)

    async def _called(self, method: str, path: str, *, key: str | None = None, body: Any = None) -> bytes:
        headers = dict(self._headers)
        if traceparent := tracing.traceparent():
            headers[tracing.HEADER] = traceparent
        if key is not None:
            headers["Idempotency-Key"] = key
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = msgspec.json.encode(body)
        async with self._bulkhead.enter(), self._breaker.guard():
            try:
                status, content = await self._send(method, path, data, headers)
            except _Dropped:
                # The answer was lost, not slow: asked again at once, under the same key, it comes.
                status, content = await self._send_again(method, path, data, headers)
            if status >= 500:
                raise OutcomeUnknown("The payment provider failed.")
        if status in {401, 403}:
            raise Unavailable("The payment provider does not accept the shop's key.")
        if status >= 400:
            raise _refusal(content)
        return content

    async def _send_again(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        try:
            return await self._send(method, path, data, headers)
        except _Dropped as error:
            raise OutcomeUnknown("The payment provider's answer was lost twice.") from error

    async def _send(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        try:
            async with self._open().request(method, self._url + path, data=data, headers=headers) as response:
                return response.status, await response.read()
        except aiohttp.ClientConnectorError as error:
            raise Unavailable("The payment provider cannot be reached.") from error
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            raise _Dropped from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise OutcomeUnknown("The payment provider's answer did not come.") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
            )
        return self._session


def make(around: Surroundings) -> SandboxPayments:
    """The provider at `RIALTO_SANDBOX_URL`, with the keys that the shop shares with it."""
    breaker, bulkhead = Breaker(around.clock), Bulkhead(64, queue=256)
    around.metrics.guards.add(SandboxPayments.name, breaker=breaker, bulkhead=bulkhead)
    return SandboxPayments(
        url=around.settings.sandbox_url,
        secret_key=around.secrets.sandbox_secret_key,
        webhook_secret=around.secrets.sandbox_webhook_secret,
        breaker=breaker,
        bulkhead=bulkhead,
    )


class PaymentRefused(PaymentStateWrong):
    """The provider answered that this cannot be; nothing was changed there."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The payment provider refused: {reason}.")
        self.reason = reason


def _template(path: str) -> str:
    """The address without what it is about."""
    parts = path.partition("?")[0].split("/")
    return "/".join([*parts[:3], *("{id}" for _ in parts[3:4]), *parts[4:]])


def _payment_id(reference: str) -> PaymentId | None:
    try:
        return PAYMENT.parse(reference)
    except NotFound:
        return None


def _refusal(content: bytes) -> Exception:
    try:
        problem = msgspec.json.decode(content, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem()
    return PaymentRefused(problem.code)


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The message's id. Raises SignatureWrong for a missing, old or wrong signature (constant-time comparison)."""
    given = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise SignatureWrong("The webhook's headers are missing or malformed.")
    if abs(now.timestamp() - int(stamp)) > SIGNATURE_AGE_S:
        raise SignatureWrong("The webhook is too old.")
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    expected = b"v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256))
    candidates = given.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(candidate.encode(), expected) for candidate in candidates):
        raise SignatureWrong
    return message_id


def _key(secret: str) -> bytes:
    """`whsec_` and base64 after the standard; any other text is its own bytes."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()
