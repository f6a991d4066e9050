"""I4: the providers' books against ours. Beside a live shop, so what is being settled right now is no finding.

Together with the audits that hold the ledger (I5) and the orders (I3) against the payments, provider, ledger and
orders are equal per order and currency. Days are not compared: what is captured just before midnight and whose
answer is lost is booked after it, and both are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from rialto.kernel.audit import FINDINGS_MAX, Finding
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import PaymentId
from rialto.kernel.money import Currency
from rialto.kernel.service import Env, Frozen
from rialto.payments.api import PaymentStateWrong
from rialto.payments.audit import payment_pages, state_of
from rialto.payments.model import PaymentState
from rialto.payments.provider import Movement, Provider
from rialto.payments.store import load_payment

# A capture whose answer was lost is asked for again by whoever works on the order, at the latest within this.
SETTLED_WITHIN = timedelta(minutes=15)


class Taken(Frozen):
    """What moved of one payment in one currency, in minor units, and when it did last."""

    captured: int = 0
    refunded: int = 0
    last_at: datetime | None = None

    def and_then(self, movement: Movement) -> Taken:
        amount = movement.amount.amount
        return Taken(
            captured=self.captured + max(amount, 0),
            refunded=self.refunded + max(-amount, 0),
            last_at=movement.at,
        )

    def covers(self, other: Taken) -> bool:
        return self.captured >= other.captured and self.refunded >= other.refunded

    def equals(self, other: Taken) -> bool:
        return self.covers(other) and other.covers(self)

    def __str__(self) -> str:
        return f"{self.captured} captured and {self.refunded} refunded"


Key = tuple[str, Currency]  # our payment's id as the provider was told it, or else the provider's reference


async def providers_agree(e: Env) -> list[Finding]:
    """I4: of every payment the provider has captured and refunded what we say, and of no other payment anything.

    A provider that cannot be asked is told as not checked.
    """
    providers: Mapping[str, Provider] = e.engine("payments")
    found: list[Finding] = []
    for name, provider in sorted(providers.items()):
        try:
            found += await _compare(e, provider, await _told_by(provider))
        except Unavailable as error:
            found.append(Finding(invariant="I4", subject=name, text=error.text, checked=False))
    return found


async def _told_by(provider: Provider) -> dict[Key, Taken]:
    """What the provider says of each payment. Raises Unavailable."""
    told: dict[Key, Taken] = {}
    cursor: str | None = None
    while True:
        page = await provider.statement(cursor)
        for movement in page.items:
            key = (movement.payment_id or movement.reference, movement.amount.currency)
            told[key] = told.get(key, Taken()).and_then(movement)
        cursor = page.next_cursor
        if cursor is None:
            return told


async def _compare(e: Env, provider: Provider, told: dict[Key, Taken]) -> list[Finding]:
    """The statement is older than the rows: what it has and they have not did not come after it."""
    doubtful: list[tuple[PaymentState, Taken]] = []
    async with e.db.read() as session:
        async for page in payment_pages(session):
            for state in map(state_of, page):
                if state.provider == provider.name and state.amount is not None and state.id is not None:
                    theirs = told.pop((state.id, state.amount.currency), Taken())
                    if not theirs.equals(_ours(state)):
                        doubtful.append((state, theirs))
    found = [
        Finding(
            invariant="I4", subject=subject, text=f"{taken} {currency} at {provider.name}, not known to us"
        )
        for (subject, currency), taken in list(told.items())[:FINDINGS_MAX]
    ]
    for state, theirs in doubtful[:FINDINGS_MAX]:
        found += await _look_again(e, provider, state, theirs)
    return found


async def _look_again(e: Env, provider: Provider, before: PaymentState, told: Taken) -> list[Finding]:
    """Whether a difference stands once the provider is asked for this payment, and our events are read after it."""
    if before.id is None:
        return []
    theirs = await _now(provider, before) or told
    after = await _load(e, before.id)
    if theirs.covers(_ours(before)) and _ours(after).covers(theirs):
        return []  # it moved while we looked
    ahead = theirs.covers(_ours(after))
    if ahead and (not theirs.equals(told) or _is_young(e, told)):
        return []  # the answer is on its way to us, or was lost and is asked for again
    text = f"{theirs} at {provider.name}, {_ours(after)} with us"
    return [Finding(invariant="I4", subject=before.id, text=text)]


async def _now(provider: Provider, state: PaymentState) -> Taken | None:
    """What the provider says of one payment; None when we have no reference of it. Raises Unavailable."""
    if state.reference is None:
        return None
    try:
        answer = await provider.get(state.reference)
    except PaymentStateWrong:
        return Taken()  # it has never heard of it
    return Taken(captured=answer.captured.amount, refunded=answer.refunded.amount)


async def _load(e: Env, payment_id: PaymentId) -> PaymentState:
    async with e.db.read() as session:
        return await load_payment(session, payment_id)


def _ours(state: PaymentState) -> Taken:
    return Taken(captured=state.captured, refunded=state.refunded)


def _is_young(e: Env, told: Taken) -> bool:
    return told.last_at is not None and e.clock.now() - told.last_at < SETTLED_WITHIN
