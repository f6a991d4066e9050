"""A sandbox in memory with a clock that moves when told, and requests with defaults."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from rialto.kernel.clock import ManualClock
from rialto.kernel.money import EUR, Currency, Money
from rialto.sandbox.api import Authorise, Authorised, IntentView
from rialto.sandbox.books import MEMORY, Books
from rialto.sandbox.cards import CardForm
from rialto.sandbox.core import Sandbox
from rialto.sandbox.model import Terms

SHOP = "http://shop.test"
BACK = f"{SHOP}/checkout/return?order=1"


class Shop:
    """A merchant's end of the sandbox: draws a fresh key for every call that gets none."""

    def __init__(self, path: str = MEMORY, *, seed: int = 1, terms: Terms | None = None) -> None:
        self.clock = ManualClock()
        self.books = Books(path)
        self.sandbox = Sandbox(
            self.books, self.clock, random.Random(seed), shop_origins=(SHOP,), terms=terms or Terms()
        )
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def authorise(
        self, token: str = "tok_success", amount: int = 1000, *, key: str | None = None
    ) -> Authorised:
        return self.sandbox.authorise(key or self.key(), an_authorisation(token, amount))

    def intent(self, token: str = "tok_success", amount: int = 1000) -> IntentView:
        return self.authorise(token, amount).intent

    def capture(self, intent_id: str, amount: int, key: str | None = None) -> IntentView:
        return self.sandbox.capture(key or self.key(), intent_id, euros(amount))

    def refund(self, intent_id: str, amount: int, key: str | None = None) -> IntentView:
        return self.sandbox.refund(key or self.key(), intent_id, euros(amount))

    def void(self, intent_id: str, key: str | None = None) -> IntentView:
        return self.sandbox.void(key or self.key(), intent_id)

    def challenge_id(self, intent: IntentView) -> str:
        assert intent.next_action is not None
        return intent.next_action.url.rpartition("/")[2]

    def events(self) -> list[str]:
        """Types of all stored events that are due, oldest first."""
        at = self.clock.now() + timedelta(days=9)
        return [event.type.removeprefix("payment_intent.") for event in self.sandbox.outbox.due(at, 1000)]

    def movements(self) -> list[tuple[str, int]]:
        until = datetime.max.replace(tzinfo=self.clock.now().tzinfo)
        found = self.books.movements(self.clock.now() - timedelta(days=900), until, 0, 1000)
        return [(each.kind, each.amount.amount) for each in found]


def euros(amount: int) -> Money:
    return Money(amount, EUR)


def money(amount: int, currency: str) -> Money:
    return Money(amount, Currency(currency))


def an_authorisation(
    token: str = "tok_success", amount: int = 1000, *, reference: str = "ord_1"
) -> Authorise:
    return Authorise(reference=reference, amount=euros(amount), token=token, return_url=BACK)


def a_card(number: str = "4242 4242 4242 4242", **changes: str) -> CardForm:
    values = {"number": number, "expiry": "12 / 34", "cvc": "123", "name": "Ada Example"}
    return CardForm(**(values | changes))
