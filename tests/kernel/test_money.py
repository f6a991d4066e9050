from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.errors import Invalid
from rialto.kernel.money import (
    AMOUNT_MAX,
    EUR,
    EXPONENTS,
    USD,
    Currency,
    Money,
    parse_currency,
    parse_decimal,
    round_half_away,
    total,
)

pytestmark = pytest.mark.fast

JPY, KWD = Currency("JPY"), Currency("KWD")

currencies = st.sampled_from(sorted(EXPONENTS)).map(Currency)
amounts = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)


@given(amounts, currencies, weights)
def test_the_parts_are_the_whole_and_each_is_within_one_of_its_exact_share(
    amount: int, currency: Currency, shares: list[int]
) -> None:
    parts = Money(amount, currency).allocate(shares)
    assert len(parts) == len(shares)
    assert total(parts, currency) == Money(amount, currency)
    sum_of_weights = sum(shares) or len(shares)
    for part, weight in zip(parts, shares if sum(shares) else [1] * len(shares), strict=True):
        assert abs(Fraction(part.amount) - Fraction(amount * weight, sum_of_weights)) < 1


@given(amounts, weights)
def test_a_weight_of_nothing_gets_nothing_while_others_weigh_something(
    amount: int, shares: list[int]
) -> None:
    parts = Money(amount, EUR).allocate([0, *shares, 1])
    assert parts[0] == Money.zero(EUR)


@given(st.integers(0, AMOUNT_MAX), weights)
def test_splitting_a_refund_mirrors_splitting_the_charge(amount: int, shares: list[int]) -> None:
    charged = Money(amount, EUR).allocate(shares)
    assert [-part for part in Money(-amount, EUR).allocate(shares)] == charged


def test_the_largest_remainder_comes_first_and_the_earlier_part_on_ties() -> None:
    assert [part.amount for part in Money(100, EUR).allocate([1, 1, 1])] == [34, 33, 33]
    assert [part.amount for part in Money(10, EUR).allocate([1, 2, 3])] == [2, 3, 5]
    assert [part.amount for part in Money(5, EUR).allocate([0, 0])] == [3, 2]


@pytest.mark.parametrize("shares", [[], [1, -1]])
def test_splitting_over_nothing_or_less_is_a_bug(shares: list[int]) -> None:
    with pytest.raises(ValueError, match="weight"):
        Money(1, EUR).allocate(shares)


@given(amounts, st.fractions(min_value=0, max_value=1))
def test_a_rate_is_rounded_to_the_nearest_and_half_away_from_zero(amount: int, rate: Fraction) -> None:
    exact = amount * rate
    rounded = Money(amount, EUR).apply_rate(rate).amount
    assert abs(rounded - exact) <= Fraction(1, 2)
    if abs(rounded - exact) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)
    assert Money(-amount, EUR).apply_rate(rate).amount == -rounded


def test_commercial_rounding_by_example() -> None:
    halves = (Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2), Fraction(149, 100), Fraction(0))
    assert [round_half_away(value) for value in halves] == [1, -1, 2, 1, 0]


def test_exponents_are_those_of_the_standard() -> None:
    assert (Money(1, EUR).exponent, Money(1, JPY).exponent, Money(1, KWD).exponent) == (2, 0, 3)
    assert set(EXPONENTS.values()) == {0, 2, 3}
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in EXPONENTS)


def test_every_exponent_prints_its_digits() -> None:
    assert Money(1999, EUR).decimal() == "19.99"
    assert Money(-5, EUR).decimal() == "-0.05"
    assert Money(1999, JPY).decimal() == "1999"
    assert Money(-1999, KWD).decimal() == "-1.999"
    assert Money(0, KWD).decimal() == "0.000"


@given(amounts, currencies)
def test_the_printed_form_reads_back(amount: int, currency: Currency) -> None:
    money = Money(amount, currency)
    assert parse_decimal(money.decimal(), currency) == money


def test_surrounding_blanks_and_fewer_digits_are_accepted() -> None:
    assert parse_decimal(" 20 ", EUR) == Money(2000, EUR)
    assert parse_decimal("19.9", EUR) == Money(1990, EUR)
    assert parse_decimal("19.990", EUR) == Money(1999, EUR)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "abc",
        "1e3",
        "1E3",
        "1_000",
        "1/2",
        "1,99",
        "19.999",
        "nan",
        "inf",
        "--1",
        "0x10",
        "1.2.3",
        "1\x002",
        "\u0661\u0662",
        "1\u00a0000",
        str(AMOUNT_MAX),
        "9" * 5000,
        "\ud800",
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_decimal(text, EUR)
    assert refused.value.stable_code == "amount_not_valid"


def test_an_exponent_that_would_fill_the_memory_is_refused_at_once() -> None:
    with pytest.raises(Invalid):
        parse_decimal("1e999999999999", EUR)


@given(st.text(max_size=40), currencies)
def test_any_text_is_an_amount_or_a_refusal(text: str, currency: Currency) -> None:
    try:
        money = parse_decimal(text, currency)
    except Invalid:
        return
    assert parse_decimal(money.decimal(), currency) == money


def test_currencies_are_read_without_regard_to_case() -> None:
    assert parse_currency(" eur ") == EUR


@given(st.text(max_size=20).filter(lambda text: text.strip().upper() not in EXPONENTS))
def test_an_unknown_currency_is_refused_by_the_field_it_came_in(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_currency(text, path="totals.currency")
    assert [problem.path for problem in refused.value.fields] == ["totals.currency"]
    assert refused.value.fields[0].code == "currency_unknown"


@given(st.lists(st.integers(-(10**9), 10**9), max_size=30))
def test_a_sum_is_the_sum_and_of_nothing_zero(values: list[int]) -> None:
    assert total([Money(value, EUR) for value in values], EUR) == Money(sum(values), EUR)


def test_arithmetic_and_order_within_a_currency() -> None:
    one, two = Money(100, EUR), Money(200, EUR)
    assert one + two == Money(300, EUR)
    assert one - two == Money(-100, EUR)
    assert one * 3 == Money(300, EUR)
    assert -one == Money(-100, EUR)
    assert one < two
    assert one <= two
    assert two > one
    assert two >= one
    assert bool(one)
    assert not Money.zero(EUR)


def test_currencies_do_not_mix() -> None:
    euro, dollar = Money(1, EUR), Money(1, USD)
    assert euro != dollar
    for mixed in (
        lambda: euro + dollar,
        lambda: euro - dollar,
        lambda: euro < dollar,
        lambda: euro <= dollar,
        lambda: euro > dollar,
        lambda: euro >= dollar,
        lambda: total([euro, dollar], EUR),
    ):
        with pytest.raises(ValueError, match="do not mix"):
            mixed()


def test_money_times_a_fraction_must_say_how_it_rounds() -> None:
    with pytest.raises(TypeError, match="apply_rate"):
        Money(1, EUR) * 1.5  # type: ignore[operator]


def test_amounts_beyond_reason_and_unknown_currencies_do_not_exist() -> None:
    with pytest.raises(ValueError, match="too large"):
        Money(AMOUNT_MAX + 1, EUR)
    with pytest.raises(ValueError, match="too large"):
        Money(AMOUNT_MAX, EUR) + Money(1, EUR)
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, Currency("XXX"))


def test_money_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Money(1, EUR).amount = 2  # type: ignore[misc]


def test_the_wire_form_is_an_object_of_two_fields() -> None:
    assert msgspec.json.encode(Money(1999, EUR)) == b'{"amount":1999,"currency":"EUR"}'
    assert msgspec.json.decode(b'{"currency":"EUR","amount":1999,"more":1}', type=Money) == Money(1999, EUR)


@pytest.mark.parametrize(
    "body",
    [
        b'{"amount":19.99,"currency":"EUR"}',
        b'{"amount":"1999","currency":"EUR"}',
        b'{"amount":true,"currency":"EUR"}',
        b'{"amount":99999999999999999999999,"currency":"EUR"}',
        b'{"amount":1999,"currency":"EURO"}',
        b'{"amount":1999}',
    ],
)
def test_a_wrong_wire_form_is_a_validation_error(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=Money)
