from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from rialto.sandbox.api import OpenSession
from rialto.sandbox.errors import Invalid, Refused
from rialto.sandbox.model import Decision
from tests.sandbox.builders import BACK, SHOP, Shop, a_card, an_authorisation, euros, money

pytestmark = pytest.mark.fast


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


@pytest.mark.parametrize(
    ("token", "state", "decline_code", "events"),
    [
        ("tok_success", "authorised", None, ["authorised"]),
        ("tok_lost_reply", "authorised", None, ["authorised"]),
        ("tok_declined", "declined", "card_declined", ["declined"]),
        ("tok_insufficient_funds", "declined", "insufficient_funds", ["declined"]),
        ("tok_3ds", "requires_action", None, ["requires_action"]),
        ("tok_slow", "processing", None, []),
    ],
)
def test_each_token_does_what_its_name_says(
    token: str, state: str, decline_code: str | None, events: list[str]
) -> None:
    shop = Shop()
    intent = shop.intent(token)
    assert (intent.state, intent.decline_code, shop.events()) == (state, decline_code, events)


def test_a_typed_card_pays_for_one_intent_only() -> None:
    shop = Shop()
    token = shop.sandbox.create_token(a_card())
    assert shop.intent(token.token).card.last4 == "4242"
    with pytest.raises(Refused) as refused:
        shop.intent(token.token)
    assert code_of(refused) == "token_used"


def test_a_token_expires_after_fifteen_minutes() -> None:
    shop = Shop()
    token = shop.sandbox.create_token(a_card())
    shop.clock.advance(15 * 60)
    with pytest.raises(Refused) as refused:
        shop.intent(token.token)
    assert code_of(refused) == "token_expired"


def test_an_unknown_token_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        Shop().intent("tok_nothing")
    assert code_of(refused) == "token_unknown"


def test_the_lost_answer_is_lost_once_and_found_by_key_and_reference() -> None:
    shop = Shop()
    first = shop.authorise("tok_lost_reply", key="k")
    assert first.reply_lost
    again = shop.authorise("tok_lost_reply", key="k")
    assert (again.reply_lost, again.replayed, again.intent) == (False, True, first.intent)
    assert shop.sandbox.find(key="k") == shop.sandbox.find(reference="ord_1") == [first.intent]
    assert shop.sandbox.find(key="k", reference="another") == []


def test_a_slow_card_is_processing_first_and_answers_the_same_key_when_done() -> None:
    shop = Shop()
    first = shop.authorise("tok_slow", key="k")
    assert first.answer_at is not None
    assert shop.sandbox.next_due_at() == first.answer_at
    shop.clock.advance(7.9)
    assert shop.authorise("tok_slow", key="k").intent.state == "processing"
    shop.clock.advance(0.1)
    done = shop.authorise("tok_slow", key="k")
    assert (done.intent.state, done.answer_at, done.replayed) == ("authorised", None, True)
    assert shop.events() == ["authorised"]


def test_the_answer_of_a_slow_card_does_not_follow_later_changes() -> None:
    shop = Shop()
    intent_id = shop.authorise("tok_slow", key="k").intent.id
    shop.clock.advance(8)
    assert shop.sandbox.settle_due() == 1
    shop.capture(intent_id, 1000)
    assert shop.authorise("tok_slow", key="k").intent.state == "authorised"


def test_a_slow_intent_voided_meanwhile_stays_voided() -> None:
    shop = Shop()
    intent_id = shop.authorise("tok_slow", key="k").intent.id
    assert shop.void(intent_id).state == "voided"
    shop.clock.advance(60)
    assert shop.sandbox.settle_due() == 0
    assert shop.authorise("tok_slow", key="k").intent.state == "voided"


def test_the_same_key_answers_the_same_and_moves_money_once() -> None:
    shop = Shop()
    intent = shop.intent()
    first = shop.capture(intent.id, 400, key="c")
    shop.capture(intent.id, 100)
    assert shop.capture(intent.id, 400, key="c") == first
    assert shop.sandbox.get(intent.id).captured_amount == 500


def test_a_refusal_is_repeated_under_its_key_even_if_it_would_succeed_now() -> None:
    shop = Shop()
    intent = shop.intent("tok_3ds")
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            shop.capture(intent.id, 10, key="c")
        assert code_of(refused) == "intent_not_capturable"
        shop_accepts(shop, intent.id)


def shop_accepts(shop: Shop, intent_id: str) -> None:
    intent = shop.sandbox.get(intent_id)
    if intent.next_action:
        shop.sandbox.answer_challenge(shop.challenge_id(intent), Decision.ACCEPT)


@pytest.mark.parametrize("operation", ["authorise", "capture other", "refund", "void"])
def test_a_key_used_for_something_else_is_refused(operation: str) -> None:
    shop = Shop()
    intent = shop.intent()
    shop.capture(intent.id, 400, key="c")
    calls: dict[str, Callable[[], object]] = {
        "authorise": lambda: shop.authorise(key="c"),
        "capture other": lambda: shop.capture(intent.id, 401, key="c"),
        "refund": lambda: shop.refund(intent.id, 400, key="c"),
        "void": lambda: shop.void(intent.id, key="c"),
    }
    with pytest.raises(Refused) as refused:
        calls[operation]()
    assert code_of(refused) == "idempotency_key_reused"


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
def test_a_key_must_be_plain(key: str) -> None:
    with pytest.raises(Refused) as refused:
        Shop().sandbox.authorise(key, an_authorisation())
    assert code_of(refused) == "idempotency_key_missing"


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_moves_without_a_positive_amount(amount: int) -> None:
    shop = Shop()
    intent = shop.intent()
    for call in (shop.capture, shop.refund):
        with pytest.raises(Refused) as refused:
            call(intent.id, amount)
        assert code_of(refused) == "amount_invalid"
    with pytest.raises(Refused):
        shop.intent(amount=amount)


def test_more_than_authorised_is_never_captured() -> None:
    shop = Shop()
    intent = shop.intent(amount=1000)
    shop.capture(intent.id, 600)
    with pytest.raises(Refused) as refused:
        shop.capture(intent.id, 401)
    assert code_of(refused) == "amount_exceeds_authorised"
    assert shop.capture(intent.id, 400).state == "captured"
    with pytest.raises(Refused) as refused:
        shop.capture(intent.id, 1)
    assert code_of(refused) == "intent_not_capturable"


def test_more_than_captured_is_never_refunded() -> None:
    shop = Shop()
    intent = shop.intent(amount=1000)
    with pytest.raises(Refused) as refused:
        shop.refund(intent.id, 1)
    assert code_of(refused) == "intent_not_refundable"
    shop.capture(intent.id, 600)
    assert shop.refund(intent.id, 500).state == "partially_refunded"
    with pytest.raises(Refused) as refused:
        shop.refund(intent.id, 101)
    assert code_of(refused) == "amount_exceeds_captured"
    shop.void(intent.id)
    assert shop.refund(intent.id, 100).state == "refunded"
    assert shop.movements() == [("capture", 600), ("refund", 500), ("refund", 100)]
    assert shop.books.audit() == []


def test_another_currency_is_refused() -> None:
    shop = Shop()
    intent = shop.intent()
    shop.capture(intent.id, 500)
    for operation in (shop.sandbox.capture, shop.sandbox.refund):
        with pytest.raises(Refused) as refused:
            operation(shop.key(), intent.id, money(100, "USD"))
        assert code_of(refused) == "currency_mismatch"


def test_a_void_releases_only_what_was_not_captured() -> None:
    shop = Shop()
    intent = shop.intent(amount=1000)
    shop.capture(intent.id, 300)
    view = shop.void(intent.id)
    assert (view.state, view.captured_amount, view.voided_amount) == ("captured", 300, 700)
    with pytest.raises(Refused) as refused:
        shop.void(intent.id)
    assert code_of(refused) == "intent_not_voidable"


@pytest.mark.parametrize("token", ["tok_declined", "tok_insufficient_funds"])
def test_a_declined_intent_allows_nothing_more(token: str) -> None:
    shop = Shop()
    intent = shop.intent(token)
    calls: tuple[Callable[[], object], ...] = (
        lambda: shop.capture(intent.id, 1),
        lambda: shop.refund(intent.id, 1),
        lambda: shop.void(intent.id),
    )
    for call in calls:
        with pytest.raises(Refused):
            call()
    assert shop.sandbox.get(intent.id) == intent


@pytest.mark.parametrize(
    ("decision", "state", "decline_code"),
    [(Decision.ACCEPT, "authorised", None), (Decision.REFUSE, "declined", "authentication_failed")],
)
def test_the_first_answer_to_a_challenge_counts(
    decision: Decision, state: str, decline_code: str | None
) -> None:
    shop = Shop()
    intent = shop.intent("tok_3ds")
    challenge_id = shop.challenge_id(intent)
    view = shop.sandbox.answer_challenge(challenge_id, decision)
    assert (view.state, view.decline_code, view.next_action) == (state, decline_code, None)
    for other in Decision:
        with pytest.raises(Refused) as refused:
            shop.sandbox.answer_challenge(challenge_id, other)
        assert code_of(refused) == "challenge_closed"
    assert shop.events() == ["requires_action", state]


def test_an_abandoned_challenge_declines_after_ten_minutes() -> None:
    shop = Shop()
    intent = shop.intent("tok_3ds")
    shop.clock.advance(600)
    assert shop.sandbox.settle_due() == 1
    view = shop.sandbox.get(intent.id)
    assert (view.state, view.decline_code) == ("declined", "authentication_expired")


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    shop = Shop()
    intent = shop.intent("tok_3ds")
    shop.clock.advance(600)
    with pytest.raises(Refused) as refused:
        shop.sandbox.answer_challenge(shop.challenge_id(intent), Decision.ACCEPT)
    assert code_of(refused) == "challenge_closed"
    assert shop.sandbox.get(intent.id).state == "declined"
    assert shop.events() == ["requires_action", "declined"]


def test_three_d_secure_without_a_way_back_is_refused() -> None:
    shop = Shop()
    command = msgspec.structs.replace(an_authorisation("tok_3ds"), return_url=None)
    with pytest.raises(Refused) as refused:
        shop.sandbox.authorise("k", command)
    assert code_of(refused) == "return_url_missing"


def test_an_authorisation_lapses_after_seven_days_and_keeps_what_was_captured() -> None:
    shop = Shop()
    untouched, partly = shop.intent(), shop.intent()
    shop.capture(partly.id, 100)
    shop.clock.advance(7 * 24 * 3600)
    assert shop.sandbox.settle_due() == 2
    assert shop.sandbox.get(untouched.id).state == "voided"
    assert shop.sandbox.get(partly.id).state == "captured"


@pytest.mark.parametrize("reference", ["", "x" * 201, "a\nb"])
def test_a_reference_must_be_printable(reference: str) -> None:
    with pytest.raises(Refused) as refused:
        Shop().sandbox.authorise("k", an_authorisation(reference=reference))
    assert code_of(refused) == "reference_invalid"


def test_the_newest_intent_of_a_reference_comes_first() -> None:
    shop = Shop()
    ids = [shop.intent("tok_declined").id, shop.intent().id]
    assert [view.id for view in shop.sandbox.find(reference="ord_1")] == ids[::-1]


def test_a_hosted_session_gives_one_token_however_often_its_form_is_sent() -> None:
    shop = Shop()
    session_id = a_session(shop)
    url = shop.sandbox.pay_session(session_id, a_card())
    assert url.startswith(f"{BACK}&token=tok_")
    assert url.endswith("&label=Visa+%E2%80%A2%E2%80%A2%E2%80%A2%E2%80%A2+4242")
    assert shop.sandbox.pay_session(session_id, a_card()) == url


def test_a_wrong_card_leaves_the_session_open() -> None:
    shop = Shop()
    session_id = a_session(shop)
    with pytest.raises(Invalid):
        shop.sandbox.pay_session(session_id, a_card("1"))
    assert shop.sandbox.session(session_id).token is None


def test_an_old_session_is_closed() -> None:
    shop = Shop()
    session_id = a_session(shop)
    shop.clock.advance(3600)
    with pytest.raises(Refused) as refused:
        shop.sandbox.pay_session(session_id, a_card())
    assert code_of(refused) == "session_closed"


def a_session(shop: Shop) -> str:
    command = OpenSession(amount=euros(1), return_url=BACK, cancel_url=f"{SHOP}/cart", language="de")
    return shop.sandbox.open_session(command).id


def test_old_keys_tokens_and_confirmed_events_are_forgotten_but_money_never() -> None:
    shop = Shop()
    token = shop.sandbox.create_token(a_card())
    intent = shop.intent()
    shop.capture(intent.id, 1000)
    for event in shop.sandbox.outbox.due(shop.clock.now(), 10):
        shop.sandbox.outbox.delivered(event)
    shop.clock.advance(31 * 24 * 3600)
    shop.sandbox.purge()
    counts = {
        table: shop.books.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("answers", "tokens", "events", "movements", "intents")
    }
    assert counts == {"answers": 0, "tokens": 0, "events": 0, "movements": 1, "intents": 1}
    assert token.token


def test_the_same_seed_tells_the_same_story() -> None:
    def story() -> list[str]:
        shop = Shop(seed=7)
        intent = shop.intent()
        shop.capture(intent.id, 10)
        return [event.body.decode() for event in shop.sandbox.outbox.due(shop.clock.now(), 10)]

    assert story() == story()
