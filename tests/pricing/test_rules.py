"""Which rules may be set."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.errors import Invalid
from rialto.pricing.api import DeliveryMethod, PricingRules, TaxRate
from rialto.pricing.model.rules import METHODS_MAX, checked_rules, parse_rate
from tests.pricing.peers import a_method, some_rules

pytestmark = pytest.mark.fast


def test_good_rules_pass_with_rates_in_their_shortest_form() -> None:
    rules = PricingRules(
        tax_rates=[TaxRate(country="DE", tax_class="standard", rate="0.190")], delivery_methods=[a_method()]
    )
    assert checked_rules(rules).tax_rates[0].rate == "0.19"


@given(st.integers(0, 10**6))
def test_a_rate_is_exact(millionths: int) -> None:
    text = f"{millionths // 10**6}.{millionths % 10**6:06d}"
    rate = parse_rate(text)
    assert rate.on_net == Fraction(millionths, 10**6) == Fraction(rate.text) == Fraction(rate.percent) / 100


@pytest.mark.parametrize(
    "text", ["-0.1", "1.1", "2", "19", "0.1234567", "1e-1", "", "NaN", "0,19", "1/5", "٠.١", "0.1\x00"]
)
def test_what_is_no_rate_from_0_to_1_is_refused(text: str) -> None:
    rules = PricingRules(
        tax_rates=[TaxRate(country="DE", tax_class="standard", rate=text)], delivery_methods=[]
    )
    with pytest.raises(Invalid) as refused:
        checked_rules(rules)
    assert [problem.path for problem in refused.value.fields] == ["tax_rates.0.rate"]
    with pytest.raises(ValueError):
        parse_rate(text)


@pytest.mark.parametrize(
    ("method", "field"),
    [
        (a_method("Not an id"), "id"),
        (a_method(title={}), "title"),
        (a_method(title={"en": " "}), "title"),
        (a_method(title={"en": "a\x00b"}), "title"),
        (a_method(title={"en": "a\x1bb"}), "title"),
        (a_method(title={"en": "\ud800"}), "title"),
        (a_method(title={"English": "Standard"}), "title"),
        (a_method(countries=["Germany"]), "countries"),
        (a_method(except_countries=["*"]), "except_countries"),
        (a_method(prices={"EURO": 1}), "prices"),
        (a_method(prices={"EUR": -1}), "prices"),
        (a_method(prices={"EUR": 10**30}), "prices"),
        (a_method(free_from={"EUR": -1}), "free_from"),
        (a_method(items_min={"EUR": -1}), "items_min"),
        (a_method(items_max={"EURO": 1}), "items_max"),
        (a_method(items_min={"EUR": 2}, items_max={"EUR": 1, "USD": 1}), "items_max"),
        (a_method(weight_g_max=0), "weight_g_max"),
        (a_method(days_min=-1), "days_min"),
        (a_method(days_min=4, days_max=3), "days_max"),
        (a_method(days_max=10**30), "days_max"),
        (a_method(position=-1), "position"),
        (a_method(tax_class=""), "tax_class"),
    ],
)
def test_what_is_no_method_is_refused_by_its_field(method: DeliveryMethod, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_rules(some_rules(method))
    assert {problem.path for problem in refused.value.fields} == {f"delivery_methods.0.{field}"}


def test_a_method_may_have_no_limit_of_weight() -> None:
    (method,) = checked_rules(some_rules(a_method(weight_g_max=None))).delivery_methods
    assert method.weight_g_max is None


def test_the_same_key_twice_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        checked_rules(some_rules(a_method(), a_method(position=9)))
    assert [problem.path for problem in refused.value.fields] == ["delivery_methods.1"]


def test_a_title_is_taken_in_every_language_that_the_catalogue_takes() -> None:
    title = {"en": "Standard", "pt-BR": "Padrão", "zh-Hant-TW": "標準"}
    assert checked_rules(some_rules(a_method(title=title))).delivery_methods[0].title == title


def test_too_many_rules_at_a_time_are_refused() -> None:
    with pytest.raises(Invalid, match="At most"):
        checked_rules(some_rules(*[a_method(f"m{n}") for n in range(METHODS_MAX + 1)]))
