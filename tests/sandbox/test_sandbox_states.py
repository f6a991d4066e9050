"""Any history of operations keeps the amounts in order; a model of six lines says what they must be."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rialto.sandbox import model
from rialto.sandbox.cards import WELL_KNOWN_TOKENS
from rialto.sandbox.errors import Refused
from rialto.sandbox.model import Decision
from tests.sandbox.builders import Shop, euros

AMOUNT = 100
FINAL = {"declined", "voided", "refunded"}
TokenNames = st.sampled_from(sorted(WELL_KNOWN_TOKENS))
Amounts = st.integers(1, AMOUNT + 10)


class IntentLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.intents: list[str] = []
        self.moved: dict[str, list[int]] = {}
        self.done: list[tuple[str, str, int, str]] = []
        self.last: dict[str, tuple[int, str]] = {}

    def teardown(self) -> None:
        self.shop.books.close()

    def chosen(self, index: int) -> str:
        return self.intents[index % len(self.intents)]

    @rule(token=TokenNames)
    def authorise(self, token: str) -> None:
        intent = self.shop.intent(token, AMOUNT)
        self.intents.append(intent.id)
        self.moved[intent.id] = [0, 0]

    @precondition(lambda self: self.intents)
    @rule(kind=st.sampled_from(["capture", "refund"]), index=st.integers(0), amount=Amounts)
    def move(self, kind: str, index: int, amount: int) -> None:
        intent_id, key = self.chosen(index), self.shop.key()
        before = self.shop.sandbox.get(intent_id)
        call = self.shop.capture if kind == "capture" else self.shop.refund
        place = 0 if kind == "capture" else 1
        try:
            after = call(intent_id, amount, key)
        except Refused:
            assert self.shop.sandbox.get(intent_id) == before
            return
        self.moved[intent_id][place] += amount
        self.done.append((kind, intent_id, amount, key))
        assert after.version == before.version + 1

    @precondition(lambda self: self.intents)
    @rule(index=st.integers(0))
    def void(self, index: int) -> None:
        intent_id = self.chosen(index)
        before = self.shop.sandbox.get(intent_id)
        try:
            after = self.shop.void(intent_id)
        except Refused:
            assert self.shop.sandbox.get(intent_id) == before
            return
        assert after.captured_amount + after.voided_amount == AMOUNT

    @precondition(lambda self: self.intents)
    @rule(index=st.integers(0), decision=st.sampled_from(list(Decision)))
    def answer(self, index: int, decision: Decision) -> None:
        intent = self.shop.sandbox.get(self.chosen(index))
        if intent.next_action:
            after = self.shop.sandbox.answer_challenge(self.shop.challenge_id(intent), decision)
            assert after.state == ("authorised" if decision is Decision.ACCEPT else "declined")

    @precondition(lambda self: self.done)
    @rule(index=st.integers(0))
    def repeat(self, index: int) -> None:
        kind, intent_id, amount, key = self.done[index % len(self.done)]
        (self.shop.capture if kind == "capture" else self.shop.refund)(intent_id, amount, key)

    @rule(seconds=st.sampled_from([1, 8, 600, 7 * 24 * 3600]))
    def wait(self, seconds: int) -> None:
        self.shop.clock.advance(seconds)
        self.shop.sandbox.settle_due()

    @invariant()
    def amounts_are_in_order(self) -> None:
        for intent_id in self.intents:
            view = self.shop.sandbox.get(intent_id)
            assert [view.captured_amount, view.refunded_amount] == self.moved[intent_id]
            assert view.refunded_amount <= view.captured_amount
            assert view.captured_amount + view.voided_amount <= AMOUNT
            assert (view.next_action is not None) == (view.state == "requires_action")
            version, state = self.last.get(intent_id, (0, ""))
            assert view.version >= version
            assert state not in FINAL or view.state == state
            self.last[intent_id] = (view.version, view.state)

    @invariant()
    def books_equal_the_sum_of_movements(self) -> None:
        assert self.shop.books.audit() == []
        captures = sum(captured for captured, _ in self.moved.values())
        refunds = sum(refunded for _, refunded in self.moved.values())
        moved = self.shop.movements()
        assert sum(amount for kind, amount in moved if kind == "capture") == captures
        assert sum(amount for kind, amount in moved if kind == "refund") == refunds


@pytest.mark.fast
@pytest.mark.parametrize("cents", [0, -1])
def test_no_move_is_of_nothing_or_less(cents: int) -> None:
    shop = Shop()
    intent = shop.books.intent(shop.intent(amount=AMOUNT).id)
    assert intent is not None
    taken = model.captured(intent, euros(AMOUNT))
    for move, before in ((model.captured, intent), (model.refunded, taken)):
        with pytest.raises(Refused) as refused:
            move(before, euros(cents))
        assert refused.value.code == "amount_invalid"


IntentLife.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestIntentLife = pytest.mark.fast(IntentLife.TestCase)
