"""What a quote says, and that its parts are always the whole."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.errors import Invalid
from rialto.kernel.money import AMOUNT_MAX, EUR, USD, Currency, Money, total
from rialto.pricing.api import DeliveryUnavailable, Quote, QuoteFor
from rialto.pricing.model.quotes import ITEMS_MAX, QUANTITY_MAX, quote
from rialto.pricing.model.rules import Rules
from tests.pricing.peers import JPY, KWD, a_channel, a_method, a_request, an_item, some_rules

pytestmark = pytest.mark.fast

RULES = Rules(some_rules())
TODAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
WITH_TAX = a_channel()
WITHOUT_TAX = a_channel(prices_include_tax=False)


def priced(request: QuoteFor, *, included: bool = True) -> Quote:
    return quote(RULES, WITH_TAX if included else WITHOUT_TAX, request, TODAY)


def test_included_tax_is_taken_out_of_the_shown_price() -> None:
    answer = priced(a_request(an_item(11_900, quantity=2)))
    assert answer.totals.total == Money(23_800, EUR)
    assert answer.totals.tax == Money(3_800, EUR)
    assert [step.text for step in answer.lines[0].steps] == ["2 × 119.00", "19 % tax included"]
    assert [step.kind for step in answer.lines[0].steps] == ["price", "tax_included"]


def test_excluded_tax_is_added_on_top() -> None:
    answer = priced(a_request(an_item(10_000)), included=False)
    assert answer.totals.items == Money(10_000, EUR)
    assert answer.totals.tax == Money(1_900, EUR)
    assert answer.totals.total == Money(11_900, EUR)
    assert answer.lines[0].steps[1].kind == "tax"


def test_tax_is_that_of_the_destination() -> None:
    answer = priced(a_request(an_item(12_000, tax_class="reduced"), country="FR"))
    assert answer.lines[0].tax_rate == "0.055"
    assert answer.lines[0].steps[1].text == "5.5 % tax included"
    assert answer.totals.total == Money(12_000, EUR)


def test_without_a_country_the_channels_own_is_assumed() -> None:
    assert priced(a_request(an_item())).lines[0].tax_rate == "0.19"


def test_a_destination_without_a_rate_is_not_taxed() -> None:
    answer = priced(a_request(an_item(), country="CH"))
    assert answer.totals.tax == Money(0, EUR)
    assert [line.rate for line in answer.taxes] == ["0"]


def test_a_class_without_a_rate_of_its_own_is_taxed_at_the_standard_rate() -> None:
    assert priced(a_request(an_item(tax_class="reduced"), country="DK")).lines[0].tax_rate == "0.25"


def test_delivery_is_counted_and_taxed_at_its_own_class() -> None:
    answer = priced(a_request(an_item(1_070, tax_class="reduced"), option="standard"))
    assert answer.delivery is not None
    assert answer.totals.delivery == Money(490, EUR)
    assert answer.totals.total == Money(1_560, EUR)
    assert [line.rate for line in answer.taxes] == ["0.19", "0.07"]
    assert answer.delivery.steps[0].text == "4.90"


def test_delivery_is_free_from_its_threshold_on() -> None:
    below = priced(a_request(an_item(5_899), option="standard"))
    reached = priced(a_request(an_item(5_900), option="standard"))
    assert below.totals.delivery == Money(490, EUR)
    assert reached.totals.delivery == Money(0, EUR)
    assert reached.delivery is not None
    assert reached.delivery.steps[0].text == "free from 59.00"


@pytest.mark.parametrize(
    "request_for",
    [
        a_request(an_item(), country="FR", option="standard"),
        a_request(an_item(), option="drone"),
        a_request(an_item(weight_g=31_501), option="standard"),
        a_request(an_item(1000, currency=USD), currency=USD, option="standard"),
        a_request(option="standard"),
    ],
    ids=["other country", "unknown", "too heavy", "no price in the currency", "nothing to deliver"],
)
def test_delivery_that_does_not_serve_the_cart_is_refused(request_for: QuoteFor) -> None:
    with pytest.raises(DeliveryUnavailable):
        priced(request_for)


@pytest.mark.parametrize(
    ("request_for", "path"),
    [
        (a_request(an_item(quantity=0)), "items.0.quantity"),
        (a_request(an_item(quantity=QUANTITY_MAX + 1)), "items.0.quantity"),
        (a_request(an_item(quantity=10**30)), "items.0.quantity"),
        (a_request(an_item(-1)), "items.0.unit_price"),
        (a_request(an_item(), currency=USD), "items.0.unit_price"),
        (a_request(an_item(weight_g=-1)), "items.0.weight_g"),
        (a_request(an_item(AMOUNT_MAX)), "items"),
        (a_request(*[an_item(sku=str(n)) for n in range(ITEMS_MAX + 1)]), "items"),
        (a_request(an_item(), an_item()), "items"),
        (a_request(an_item(), country="Atlantis"), "country"),
        (a_request(an_item(), currency=Currency("XXX")), "currency"),
    ],
)
def test_what_cannot_be_priced_is_named(request_for: QuoteFor, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        priced(request_for)
    assert path in [problem.path for problem in refused.value.fields]


def test_an_empty_cart_costs_nothing() -> None:
    answer = priced(a_request())
    assert answer.totals.total == Money(0, EUR)
    assert answer.taxes == []


items_of_a_cart = st.lists(
    st.tuples(
        st.integers(0, 10**9),
        st.integers(1, 999),
        st.sampled_from(["standard", "reduced", "zero"]),
    ),
    max_size=12,
)
carts = st.tuples(
    items_of_a_cart,
    st.sampled_from([JPY, EUR, KWD]),
    st.sampled_from([None, "FR", "DK", "CH"]),
    st.booleans(),
    st.booleans(),
)
Cart = tuple[list[tuple[int, int, str]], Currency, str | None, bool, bool]
EVERYWHERE = Rules(some_rules(a_method(countries=["*"], weight_g_max=None)))


def quote_of(cart: Cart) -> tuple[Quote, QuoteFor]:
    rows, currency, country, included, delivered = cart
    items = [
        an_item(amount, sku=f"sku-{index}", quantity=quantity, currency=currency, tax_class=tax_class)
        for index, (amount, quantity, tax_class) in enumerate(rows)
    ]
    option = "standard" if delivered and items else None
    request = a_request(*items, currency=currency, country=country, option=option)
    return quote(EVERYWHERE, WITH_TAX if included else WITHOUT_TAX, request, TODAY), request


@given(carts)
def test_the_sum_of_the_parts_is_the_whole(cart: Cart) -> None:
    answer, _ = quote_of(cart)
    currency, totals = answer.currency, answer.totals
    parts: list[Money] = [line.tax for line in answer.lines]
    if answer.delivery is not None:
        parts.append(answer.delivery.tax)
        assert answer.delivery.price == totals.delivery
    on_top = Money.zero(currency) if answer.tax_included else totals.tax
    assert total((line.total for line in answer.lines), currency) == totals.items
    assert totals.items - totals.discount + totals.delivery + on_top == totals.total
    assert total(parts, currency) == totals.tax
    assert total((line.tax for line in answer.taxes), currency) == totals.tax
    assert total((line.net + line.tax for line in answer.taxes), currency) == totals.total
    assert len({line.rate for line in answer.taxes}) == len(answer.taxes)


@given(carts)
def test_every_line_is_the_sum_of_its_steps(cart: Cart) -> None:
    answer, _ = quote_of(cart)
    for line in answer.lines:
        moved = [step.amount for step in line.steps if step.kind in {"price", "discount"}]
        taxed = [step.amount for step in line.steps if step.kind in {"tax", "tax_included"}]
        assert total(moved, answer.currency) == line.total
        assert total(taxed, answer.currency) == line.tax


@given(carts, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_total(cart: Cart, random: Random) -> None:
    answer, _ = quote_of(cart)
    rows = list(cart[0])
    random.shuffle(rows)
    shuffled, _ = quote_of((rows, *cart[1:]))
    assert shuffled.totals == answer.totals
    assert shuffled.taxes == answer.taxes


@given(carts.filter(lambda cart: bool(cart[0])), st.integers(1, 9))
def test_more_of_something_never_costs_less(cart: Cart, more: int) -> None:
    rows, currency, country, included, _ = cart
    answer, _ = quote_of((rows, currency, country, included, False))
    amount, quantity, tax_class = rows[0]
    grown, _ = quote_of(
        ([(amount, quantity + more, tax_class), *rows[1:]], currency, country, included, False)
    )
    assert grown.totals.total >= answer.totals.total
    assert grown.totals.tax >= answer.totals.tax


@given(st.integers(0, 10**9), st.integers(1, 999))
def test_tax_inside_a_price_is_within_half_a_minor_unit_of_exact(amount: int, quantity: int) -> None:
    line = priced(a_request(an_item(amount, quantity=quantity))).lines[0]
    assert abs(line.tax.amount * 119 - amount * quantity * 19) * 2 <= 119


def test_a_quote_survives_the_wire() -> None:
    answer = priced(a_request(an_item(), option="standard"))
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Quote) == answer
