"""A payment provider in memory: it keeps its word about keys, and is as unreliable as a test tells it to be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec

from rialto.catalog.api import Catalog, Channels
from rialto.kernel.clock import Clock, ManualClock
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.errors import OutcomeUnknown, Unavailable
from rialto.kernel.faults import Faults
from rialto.kernel.ids import ORDER, PAYMENT, OrderId, PaymentId
from rialto.kernel.money import Money
from rialto.kernel.service import Nothing
from rialto.payments.api import PaymentStateWrong, SignatureWrong, Webhook
from rialto.payments.handlers import PaymentHandlers
from rialto.payments.provider import Answer, Message, Movement, Provider, Statement, TokenRefused
from rialto.payments.service import SERVICE
from tests.payments.builders import CHALLENGE, euros
from tests.pricing.peers import Peer
from tests.support.env import TestEnv, open_service

FIRST_STATES: Mapping[str, str] = {
    "tok_success": "authorised",
    "tok_declined": "declined",
    "tok_3ds": "requires_action",
    "tok_slow": "processing",
}


class Held:
    """One payment in the provider's own books, in minor units."""

    def __init__(self, reference: str, payment_id: PaymentId, state: str, amount: Money) -> None:
        self.reference = reference
        self.payment_id = payment_id
        self.state = state
        self.amount = amount
        self.captured = 0
        self.refunded = 0

    def answer(self) -> Answer:
        return Answer(
            reference=self.reference,
            state=self.state,
            captured=Money(self.captured, self.amount.currency),
            refunded=Money(self.refunded, self.amount.currency),
            action_url=CHALLENGE if self.state == "requires_action" else None,
            decline_code="card_declined" if self.state == "declined" else None,
            label="Visa •••• 4242",
        )


class ScriptedProvider:
    """Implements `Provider`. `trouble` is what happens to the next calls: `down` or `lost` (done, but not answered)."""

    name = "sandbox"

    def __init__(self) -> None:
        self.trouble: list[str] = []
        self.calls: list[str] = []
        self.held: dict[str, Held] = {}
        self.movements: list[Movement] = []
        self.clock: Clock = ManualClock()
        self._done: set[str] = set()

    def only(self) -> Held:
        (held,) = self.held.values()
        return held

    async def authorise(
        self, *, key: str, payment_id: PaymentId, amount: Money, token: str, return_url: str
    ) -> Answer:
        self._arrive("authorise")
        if token == "tok_unknown":
            raise TokenRefused("token_unknown")
        reference = f"pi_{key}"
        if reference not in self.held:
            self.held[reference] = Held(reference, payment_id, FIRST_STATES[token], amount)
        return self._leave(self.held[reference])

    async def get(self, reference: str) -> Answer:
        self._arrive("get")
        return self._leave(self.held[reference])

    async def void(self, *, key: str, reference: str) -> Answer:
        self._arrive("void")
        held = self.held[reference]
        if held.state in {"processing", "requires_action", "authorised"}:
            held.state = "voided"
        return self._leave(held)

    async def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        self._arrive("capture")
        held = self.held[reference]
        if key not in self._done:
            if (
                held.state not in {"authorised", "captured"}
                or held.captured + amount.amount > held.amount.amount
            ):
                raise PaymentStateWrong
            self.move(held, amount.amount)
            self._done.add(key)
        return self._leave(held)

    async def refund(self, *, key: str, reference: str, amount: Money) -> Answer:
        self._arrive("refund")
        held = self.held[reference]
        if key not in self._done:
            if held.refunded + amount.amount > held.captured:
                raise PaymentStateWrong
            self.move(held, -amount.amount)
            self._done.add(key)
        return self._leave(held)

    async def statement(self, cursor: str | None) -> Statement:
        """One movement a page."""
        self._arrive("statement")
        place = int(cursor or 0)
        last = place + 1 >= len(self.movements)
        return Statement(
            items=self.movements[place : place + 1], next_cursor=None if last else str(place + 1)
        )

    def move(self, held: Held, amount: int) -> None:
        """Book a capture, or with a negative amount a refund."""
        if amount > 0:
            held.captured += amount
            held.state = "captured"
        else:
            held.refunded -= amount
        money = Money(amount, held.amount.currency)
        self.movements.append(
            Movement(payment_id=held.payment_id, reference=held.reference, amount=money, at=self.clock.now())
        )

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Message | None:
        if headers.get("signature") != "right":
            raise SignatureWrong
        message = msgspec.json.decode(body)
        if message["kind"] != "payment":
            return None
        nothing = euros(0)
        answer = Answer(
            reference=message["reference"], state=message["state"], captured=nothing, refunded=nothing
        )
        return Message(message_id=message["id"], payment_id=PAYMENT.parse(message["payment"]), answer=answer)

    async def hosted_page(self, *, amount: Money, return_url: str, cancel_url: str, language: str) -> str:
        self._arrive("hosted_page")
        return f"http://provider.test/{language}/{amount.amount}"

    def _arrive(self, what: str) -> None:
        self.calls.append(what)
        if self.trouble and self.trouble[0] == "down":
            self.trouble.pop(0)
            raise Unavailable

    def _leave(self, held: Held) -> Answer:
        if self.trouble and self.trouble.pop(0) == "lost":
            raise OutcomeUnknown
        return held.answer()


class Crash(BaseException):
    """The process died here."""


class CrashesAt:
    """Faults that raise at chosen points, each once."""

    def __init__(self, *points: str) -> None:
        self.points = list(points)

    def reach(self, point: str) -> None:
        if point in self.points:
            self.points.remove(point)
            raise Crash(point)


class OneFront(Peer):
    """The catalogue of a shop that is at one address."""

    async def channels(self, _command: Nothing) -> Channels:
        return Channels(items=[])


class Desk:
    """The payments service, its provider, and looks into what both have written."""

    def __init__(self, env: TestEnv, provider: ScriptedProvider, admin: DatabaseAddress) -> None:
        self.env = env
        self.provider = provider
        self.handlers: PaymentHandlers = env.handlers
        self._admin = admin

    def after_restart(self, faults: Faults | None = None) -> PaymentHandlers:
        """Another process on the same database."""
        providers: dict[str, Provider] = {self.provider.name: self.provider}
        self.handlers = PaymentHandlers(
            self.env.db, self.env.clock, self.env.ids, faults or self.env.faults, providers=providers
        )
        return self.handlers

    async def events(self) -> list[str]:
        rows = await self.sql("SELECT type FROM payments.events ORDER BY stream, version")
        return [row["type"].removeprefix("payments.") for row in rows]

    async def balances(self) -> dict[str, int]:
        rows = await self.sql(
            "SELECT account, sum(amount) AS sum FROM payments.ledger_entries GROUP BY account"
        )
        return {row["account"]: int(row["sum"]) for row in rows}

    async def audit(self) -> list[tuple[str, str]]:
        """Invariant and text of each finding."""
        found = [finding for check in SERVICE.audits for finding in await check(self.env)]
        return [(finding.invariant, finding.text) for finding in found]

    async def sql(self, statement: str, *values: object) -> list[Mapping[str, Any]]:
        """As the database's administrator; one SELECT, or any number of other statements."""
        connection = await connect(self._admin)
        try:
            if not values and not statement.startswith("SELECT"):
                await connection.execute(statement)
                return []
            rows: list[Mapping[str, str]] = await connection.fetch(statement, *values)
            return rows
        finally:
            await connection.close()

    def message(
        self, state: str, *, number: int = 1, payment: PaymentId | None = None, kind: str = "payment"
    ) -> Webhook:
        held = next(iter(self.provider.held.values()), None)
        body = {
            "id": f"evt_{number}",
            "kind": kind,
            "payment": payment or (held.payment_id if held else None),
            "reference": held.reference if held else "pi_unknown",
            "state": state,
        }
        return Webhook(provider="sandbox", headers={"signature": "right"}, body=msgspec.json.encode(body))

    def order_id(self, bucket: int = 17) -> OrderId:
        return ORDER.new(self.env.ids, bucket)


@asynccontextmanager
async def a_desk(postgres: DatabaseAddress) -> AsyncIterator[Desk]:
    provider = ScriptedProvider()
    checked: Provider = provider
    engines = {"payments": {provider.name: checked}}
    async with open_service(SERVICE, postgres, peers={Catalog: OneFront()}, engines=engines) as env:
        provider.clock = env.clock
        async with env.db.read() as session:
            database = await session.value("SELECT current_database()")
        admin = msgspec.structs.replace(postgres, database=database)
        yield Desk(env, provider, admin)
