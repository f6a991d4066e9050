"""The sandbox provider in this process: the shop's own engine on one side, the strict core with its books in memory
on the other, and between them a network that a test may make as bad as it likes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from rialto.engines.sandbox_payments import TIMEOUT_S, SandboxPayments, _refusal
from rialto.kernel.clock import Clock
from rialto.kernel.errors import OutcomeUnknown
from rialto.kernel.money import Currency, Money
from rialto.kernel.resilience import Breaker, Bulkhead
from rialto.kernel.secrets import Secrets
from rialto.payments.api import Webhook
from rialto.sandbox.api import Authorise, IntentView, OpenSession, balance_transaction
from rialto.sandbox.books import MEMORY, PAGE_MAX, Books
from rialto.sandbox.core import Sandbox
from rialto.sandbox.errors import Refused
from rialto.sandbox.http import DAWN, DUSK
from rialto.sandbox.model import Decision
from rialto.sandbox.outbox import Event
from rialto.sandbox.signatures import sign


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the provider would send. `lost`: the connection is cut. `answer_at`: not before that instant."""

    content: bytes = b""
    refused: str | None = None
    lost: bool = False
    answer_at: datetime | None = None


class Network(Protocol):
    async def carry(self, act: Callable[[], Reply]) -> Reply:
        """Take a request to the provider and its reply back. Raises Unavailable or OutcomeUnknown."""
        ...


class GoodNetwork:
    """Nothing is late and nothing is lost."""

    async def carry(self, act: Callable[[], Reply]) -> Reply:
        return act()


class InProcessProvider(SandboxPayments):
    """The engine as the shop runs it, except that its requests do not leave the process."""

    def __init__(
        self, sandbox: Sandbox, clock: Clock, secrets: Secrets, *, network: Network | None = None
    ) -> None:
        super().__init__(
            url=sandbox.public_url,
            secret_key=secrets.sandbox_secret_key,
            webhook_secret=secrets.sandbox_webhook_secret,
            breaker=Breaker(clock),
            bulkhead=Bulkhead(64, queue=256),
        )
        self._sandbox = sandbox
        self._clock = clock
        self._network = network or GoodNetwork()

    async def _call(self, method: str, path: str, *, key: str | None = None, body: Any = None) -> bytes:
        def act() -> Reply:
            return respond(self._sandbox, (method, path), key or "", body)

        async with self._bulkhead.enter(), self._breaker.guard():
            reply = await self._network.carry(act)
            while reply.answer_at is not None:
                wait_s = (reply.answer_at - self._clock.now()).total_seconds()
                if wait_s > TIMEOUT_S:
                    await self._clock.sleep(TIMEOUT_S)
                    raise OutcomeUnknown("The payment provider's answer did not come.")
                await self._clock.sleep(max(wait_s, 0.001))
                reply = await self._network.carry(act)
            if reply.lost:
                raise OutcomeUnknown("The payment provider's answer did not come.")
        if reply.refused is not None:
            raise _refusal(msgspec.json.encode({"code": reply.refused}))
        return reply.content


def respond(sandbox: Sandbox, request: tuple[str, str], key: str, body: Any) -> Reply:
    """What `rialto.sandbox.http` does with a request of the merchant's, without the wire."""
    method, path = request
    if (method, path.partition("?")[0]) == ("GET", "/v1/balance-transactions"):
        return _statement(sandbox, after=int(path.partition("?cursor=")[2] or 0))
    try:
        if (method, path) == ("PUT", "/v1/shop-origins"):
            origins = sandbox.put_shop_origins(body["origins"])
            return Reply(content=msgspec.json.encode({"origins": origins}))
        return _respond(sandbox, request, key, body)
    except Refused as refused:
        return Reply(refused=refused.code)


def _respond(sandbox: Sandbox, request: tuple[str, str], key: str, body: Any) -> Reply:
    method, path = request
    match [method, *path.strip("/").split("/")[1:]]:
        case ["POST", "payment_intents"]:
            command = Authorise(
                reference=body["reference"],
                amount=_money(body),
                token=body["token"],
                return_url=body["return_url"],
            )
            outcome = sandbox.authorise(key, command)
            content = msgspec.json.encode(outcome.intent)
            return Reply(content=content, lost=outcome.reply_lost, answer_at=outcome.answer_at)
        case ["GET", "payment_intents", intent]:
            return _shown(sandbox.get(intent))
        case ["POST", "payment_intents", intent, "void"]:
            return _shown(sandbox.void(key, intent))
        case ["POST", "payment_intents", intent, "capture"]:
            return _shown(sandbox.capture(key, intent, _money(body)))
        case ["POST", "payment_intents", intent, "refunds"]:
            return _shown(sandbox.refund(key, intent, _money(body)))
        case ["POST", "sessions"]:
            values = {name: value for name, value in body.items() if name not in {"amount", "currency"}}
            opened = sandbox.open_session(OpenSession(amount=_money(body), **values))
            return Reply(content=msgspec.json.encode(opened))
    raise AssertionError(f"the sandbox has no {method} {path}")


def _statement(sandbox: Sandbox, *, after: int) -> Reply:
    found = sandbox.books.movements(DAWN, DUSK, after, PAGE_MAX)
    cursor = str(found[-1].seq) if len(found) == PAGE_MAX else None
    items = [balance_transaction(movement) for movement in found]
    return Reply(content=msgspec.json.encode({"items": items, "next_cursor": cursor}))


def _shown(view: IntentView) -> Reply:
    return Reply(content=msgspec.json.encode(view))


def _money(body: Mapping[str, Any]) -> Money:
    return Money(body["amount"], Currency(body["currency"]))


def make_sandbox(clock: Clock, source: random.Random) -> Sandbox:
    """A sandbox with empty books in memory."""
    return Sandbox(Books(MEMORY), clock, source, shop_origins=("http://127.0.0.1:8000",))


def signed(event: Event, secrets: Secrets, at: datetime) -> Webhook:
    """A stored event as the shop's route hands it on."""
    headers = sign(secrets.sandbox_webhook_secret, event.id, at, event.body)
    return Webhook(provider="sandbox", headers=headers, body=event.body)


def answer_challenge(sandbox: Sandbox, url: str | None, decision: Decision) -> None:
    """What the customer does on the provider's 3-D Secure page; an answer too late changes nothing."""
    assert url is not None
    try:
        sandbox.answer_challenge(url.rpartition("/")[2], decision)
    except Refused as refused:
        if refused.code != "challenge_closed":
            raise


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the provider's books say about one of our payments. `open` is authorised and neither taken nor let go."""

    reference: str
    state: str
    amount: int
    captured: int
    refunded: int
    open: int


def provider_books(sandbox: Sandbox) -> list[Held]:
    """Every intent there is; time has done its work on each first."""
    sandbox.settle_due(10_000)
    rows = sandbox.books.execute(
        "SELECT reference, state, amount, captured, voided, refunded FROM intents ORDER BY seq"
    )
    found = []
    for reference, state, amount, captured, voided, refunded in rows:
        holds = state in {"authorised", "partially_captured", "processing", "requires_action"}
        found.append(
            Held(
                reference=reference,
                state=state,
                amount=amount,
                captured=captured,
                refunded=refunded,
                open=amount - captured - voided if holds else 0,
            )
        )
    return found
