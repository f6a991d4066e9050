"""Which ways of delivery are offered, and when they arrive."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rialto.kernel.money import EUR, Money
from rialto.pricing.api import DeliveryMethod
from rialto.pricing.model.delivery import add_working_days
from rialto.pricing.model.quotes import delivery_options
from rialto.pricing.model.rules import Rules
from tests.pricing.peers import a_channel, a_method, a_request, an_item, some_rules

pytestmark = pytest.mark.fast

MONDAY = date(2026, 1, 5)
MONDAY_MORNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
FRIDAY = date(2026, 1, 9)
FRIDAY_MORNING = datetime(2026, 1, 9, 9, 0, tzinfo=UTC)
SATURDAY = date(2026, 1, 10)


def offered(*methods: DeliveryMethod, country: str = "DE", weight_g: int = 100) -> list[str]:
    request = a_request(an_item(weight_g=weight_g, quantity=2), country=country)
    return [
        option.id
        for option in delivery_options(
            Rules(some_rules(*methods)), a_channel(), request, MONDAY_MORNING
        ).items
    ]


def test_methods_stand_in_the_order_of_their_positions() -> None:
    assert offered(a_method("slow", position=2), a_method("fast", position=1)) == ["fast", "slow"]


def test_a_method_for_everywhere_leaves_out_its_exceptions() -> None:
    world = a_method("world", countries=["*"], except_countries=["DE"])
    assert offered(a_method(), world) == ["standard"]
    assert offered(a_method(), world, country="JP") == ["world"]


def test_a_method_without_countries_is_offered_nowhere() -> None:
    assert offered(a_method(countries=[])) == []


def test_weight_counts_every_piece() -> None:
    assert offered(a_method(weight_g_max=200), weight_g=100) == ["standard"]
    assert offered(a_method(weight_g_max=199), weight_g=100) == []


def test_nothing_is_offered_for_an_empty_cart() -> None:
    assert delivery_options(Rules(some_rules()), a_channel(), a_request(), MONDAY_MORNING).items == []


def test_an_option_has_the_price_that_the_quote_will_have() -> None:
    options = delivery_options(Rules(some_rules()), a_channel(), a_request(an_item(5900)), MONDAY_MORNING)
    assert [option.price for option in options.items] == [Money(0, EUR)]


@pytest.mark.parametrize(
    ("start", "days", "arrives"),
    [
        (MONDAY, 1, date(2026, 1, 6)),
        (MONDAY, 5, date(2026, 1, 12)),
        (FRIDAY, 1, date(2026, 1, 12)),
        (SATURDAY, 1, date(2026, 1, 12)),
        (SATURDAY, 0, date(2026, 1, 12)),
        (MONDAY, 0, MONDAY),
    ],
)
def test_days_are_working_days(start: date, days: int, arrives: date) -> None:
    assert add_working_days(start, days) == arrives


def test_an_option_says_when_it_arrives() -> None:
    rules = Rules(some_rules(a_method(days_min=1, days_max=3)))
    option = delivery_options(rules, a_channel(), a_request(an_item()), FRIDAY_MORNING).items[0]
    assert (option.delivered_on_from, option.delivered_on_to) == (date(2026, 1, 12), date(2026, 1, 14))
