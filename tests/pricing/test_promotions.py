"""Which promotions are given, what they take off, and why others are not."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.errors import Invalid
from rialto.kernel.money import EUR, USD, Currency, Money
from rialto.pricing.api import (
    AmountOff,
    Benefit,
    BuyGet,
    Conditions,
    FreeDelivery,
    ItemToPrice,
    PercentOff,
    Promotion,
    Quote,
    Selection,
    Tier,
    Tiered,
    UnitPrice,
)
from rialto.pricing.model.campaigns import checked_promotion
from rialto.pricing.model.promotions import Buyer, Considered, Occasion, Offer, consider
from rialto.pricing.model.quotes import delivery_options, quote
from rialto.pricing.model.rules import Rules
from tests.pricing.peers import JPY, KWD, a_channel, a_request, an_item, some_rules
from tests.pricing.promotions import NOON, a_promotion, an_occasion

pytestmark = pytest.mark.fast


def tried(
    promotions: list[Promotion], *items: ItemToPrice, occasion: Occasion | None = None
) -> dict[str, Considered]:
    outcome = consider([Offer(one) for one in promotions], items, occasion or an_occasion())
    return {one.promotion.id: one for one in outcome.considered}


def off(benefit: Benefit, *items: ItemToPrice, meant: Selection | None = None) -> tuple[int, ...]:
    """What one promotion takes off each line."""
    return tried([a_promotion("it", benefit, meant=meant)], *items)["it"].amounts


def of(item: ItemToPrice, **fields: Any) -> ItemToPrice:
    return msgspec.structs.replace(item, **fields)


def test_a_percentage_is_rounded_per_line() -> None:
    assert off(PercentOff(percent="12.5"), an_item(999), an_item(20, sku="b", quantity=2)) == (125, 5)


def test_an_amount_is_split_over_the_lines_to_the_last_cent() -> None:
    items = [an_item(100, sku=name) for name in "abc"]
    assert off(AmountOff(amounts={"EUR": 100}), *items) == (34, 33, 33)


def test_an_amount_takes_no_more_than_there_is() -> None:
    assert off(AmountOff(amounts={"EUR": 5000}), an_item(1900)) == (1900,)


def test_a_unit_price_lowers_and_never_raises() -> None:
    items = (an_item(1500, quantity=3), an_item(900, sku="b"))
    assert off(UnitPrice(prices={"EUR": 1000}), *items) == (1500, 0)


@pytest.mark.parametrize(
    ("quantities", "parts"),
    [((2, 0), (0, 0)), ((3, 0), (1000, 0)), ((2, 1), (0, 400)), ((4, 2), (0, 800)), ((6, 0), (2000, 0))],
)
def test_of_three_the_cheapest_is_free(quantities: tuple[int, int], parts: tuple[int, int]) -> None:
    items = [
        an_item(1000, sku="a", quantity=quantities[0]),
        an_item(400, sku="b", quantity=quantities[1] or 1),
    ]
    amounts = off(BuyGet(buy=2, get=1), *items[: 1 + bool(quantities[1])])
    assert amounts in (parts[: len(amounts)], ())
    assert sum(amounts) == sum(parts)


def test_the_second_one_at_half_price() -> None:
    assert off(BuyGet(buy=1, get=1, percent="50"), an_item(999, quantity=2)) == (500,)


@pytest.mark.parametrize(("amount", "percent"), [(4999, 0), (5000, 5), (9999, 5), (10_000, 10)])
def test_the_highest_tier_that_is_reached_counts(amount: int, percent: int) -> None:
    tiers = Tiered(tiers=[Tier(percent="5", items={"EUR": 5000}), Tier(percent="10", items={"EUR": 10_000})])
    assert sum(off(tiers, an_item(amount))) == (amount * percent + 50) // 100


def test_tiers_by_quantity_count_all_articles_meant() -> None:
    tiers = Tiered(tiers=[Tier(percent="20", quantity=3)])
    assert off(tiers, an_item(100, quantity=2), an_item(100, sku="b")) == (40, 20)
    assert off(tiers, an_item(100, quantity=2)) == ()


def test_only_articles_meant_are_reduced() -> None:
    items = (
        of(an_item(1000, sku="a"), product_id="prod_a"),
        of(an_item(1000, sku="b"), category="lamps"),
        of(an_item(1000, sku="c"), category="home"),
        of(an_item(1000, sku="d"), collections=["gifts", "new"]),
    )
    benefit = PercentOff(percent="10")
    assert off(benefit, *items, meant=Selection(collections=["new", "old"])) == (0, 0, 0, 100)
    both = Selection(products=["prod_a"], collections=["gifts"])
    assert off(benefit, *items, meant=both) == (100, 0, 0, 100)
    assert off(benefit, *items, meant=Selection(products=["prod_a"])) == (100, 0, 0, 0)
    assert off(benefit, *items, meant=Selection(categories=["home"])) == (0, 0, 100, 0)


def test_a_category_means_what_is_below_it_too() -> None:
    parents = {"home": None, "lamps": "home", "desk": "lamps", "garden": None}
    rules = Rules(some_rules(), [a_promotion(meant=Selection(categories=["home"]))], parents)
    items = [of(an_item(1000, sku=name or "-"), category=name) for name in ("desk", "garden", "home", None)]
    assert list(consider(rules.offers, items, an_occasion()).discounts) == [100, 0, 100, 0]


def test_categories_that_stand_in_each_other_do_no_harm() -> None:
    rules = Rules(some_rules(), [a_promotion(meant=Selection(categories=["a"]))], {"a": "b", "b": "a"})
    assert rules.offers[0].means(of(an_item(), category="b"))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"active": False}, "inactive"),
        ({"conditions": Conditions(starts_at=NOON + timedelta(seconds=1))}, "not_yet"),
        ({"conditions": Conditions(ends_at=NOON)}, "over"),
        ({"conditions": Conditions(channels=["trade"])}, "other_channel"),
        ({"conditions": Conditions(groups=["trade"])}, "other_group"),
        ({"conditions": Conditions(first_order=True)}, "not_first_order"),
        ({"needs_code": True}, "code_missing"),
        ({"meant": Selection(products=["other"])}, "no_article"),
        ({"meant": Selection(collections=["other"])}, "no_article"),
        ({"conditions": Conditions(items_min={"USD": 1})}, "other_currency"),
        ({"benefit": AmountOff(amounts={"USD": 100})}, "other_currency"),
        ({"benefit": UnitPrice(prices={"USD": 100})}, "other_currency"),
        ({"benefit": UnitPrice(prices={"EUR": 5000})}, "nothing_left"),
    ],
)
def test_a_promotion_that_is_not_given_says_why(fields: dict[str, Any], reason: str) -> None:
    one = tried([a_promotion("it", **fields)], an_item(4900))["it"]
    assert (one.given, one.reason, one.amounts) == (False, reason, ())


def test_what_is_missing_is_counted() -> None:
    little = a_promotion("a", conditions=Conditions(items_min={"EUR": 5000}))
    few = a_promotion("b", conditions=Conditions(quantity_min=3))
    found = tried([little, few], an_item(4900))
    assert (found["a"].reason, found["a"].missing) == ("too_little", 100)
    assert (found["b"].reason, found["b"].missing) == ("too_few", 2)


def test_who_has_bought_for_enough_may_still_have_bought_too_few() -> None:
    wanted = Conditions(items_min={"EUR": 4900}, quantity_min=2)
    one, two = (
        tried([a_promotion("it", conditions=wanted)], an_item(4900, quantity=n))["it"] for n in (1, 2)
    )
    assert (one.reason, one.missing) == ("too_few", 1)
    assert (two.given, two.amounts) == (True, (980,))


def test_who_is_known_gets_what_is_meant_for_them() -> None:
    promotions = [
        a_promotion("a"),
        a_promotion("b"),
        a_promotion("c", needs_code=True, conditions=Conditions(first_order=True)),
    ]
    occasion = an_occasion("c", first_order=True)
    outcome = consider([Offer(one) for one in promotions], [an_item(1000)], occasion)
    assert [one.given for one in outcome.considered] == [True, True, True]
    given = [
        (one.promotion_id, one.code, one.amount.amount, one.first_order) for one in outcome.given(occasion)
    ]
    assert given == [("a", None, 100, False), ("b", None, 90, False), ("c", "C", 81, True)]


def test_promotions_stand_in_their_declared_order_and_work_on_what_is_left() -> None:
    percent = a_promotion("percent", PercentOff(percent="50"), position=2)
    amount = a_promotion("amount", AmountOff(amounts={"EUR": 1000}), position=1)
    offers = Rules(some_rules(), [percent, amount]).offers
    outcome = consider(offers, [an_item(3000)], an_occasion())
    assert [(one.promotion.id, one.amounts) for one in outcome.considered] == [
        ("amount", (1000,)),
        ("percent", (1000,)),
    ]


def test_an_exclusive_promotion_is_given_alone() -> None:
    alone, other = a_promotion("alone", exclusive=True), a_promotion("other")
    assert (tried([alone, other], an_item())["other"].by) == "alone"
    found = tried([other, alone], an_item())["alone"]
    assert (found.given, found.reason, found.by) == (False, "excluded", "other")


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_an_exclusion_holds_whichever_of_the_two_names_it(names: tuple[str, str]) -> None:
    promotions = [a_promotion(name, not_with=[names[1]] if name == names[0] else []) for name in "ab"]
    found = tried(promotions, an_item())
    assert (found["a"].given, found["b"].reason, found["b"].by) == (True, "excluded", "a")


def test_a_promotion_that_is_not_given_stands_in_nobodys_way() -> None:
    over = a_promotion("over", exclusive=True, conditions=Conditions(ends_at=NOON))
    assert tried([over, a_promotion("other")], an_item())["other"].given


def priced(*promotions: Promotion, items: list[ItemToPrice], option: str | None = "standard") -> Quote:
    request = a_request(*items, option=option)
    return quote(
        Rules(some_rules(), promotions), a_channel(), request, NOON, buyer=Buyer(codes={"coded": "SPRING"})
    )


def test_a_quote_explains_its_discount_line_by_line() -> None:
    answer = priced(a_promotion(), a_promotion("coded", needs_code=True, position=1), items=[an_item(10_000)])
    line = answer.lines[0]
    assert [(step.kind, step.text, step.amount.amount) for step in line.steps][:3] == [
        ("price", "1 × 100.00", 10_000),
        ("discount", "winter", -1000),
        ("discount", "coded", -900),
    ]
    assert line.discount == Money(1900, EUR)
    assert line.tax == Money(8100 - 6807, EUR)  # 81.00 with 19 % inside
    assert [(one.promotion_id, one.code, one.amount.amount) for one in answer.given] == [
        ("winter", None, 1000),
        ("coded", "SPRING", 900),
    ]


def test_delivery_is_free_from_what_is_left_after_the_discount() -> None:
    items = [an_item(6000)]
    assert priced(items=items).totals.delivery.amount == 0
    assert priced(a_promotion(), items=items).totals.delivery.amount == 490
    rules = Rules(some_rules(), [a_promotion()])
    assert delivery_options(rules, a_channel(), a_request(*items), NOON).items[0].price.amount == 490


@pytest.mark.parametrize(("methods", "price"), [([], 0), (["standard"], 0), (["express"], 490)])
def test_free_delivery_is_for_the_methods_it_names_or_for_all(methods: list[str], price: int) -> None:
    free = a_promotion("free", FreeDelivery(methods=methods))
    answer = priced(free, items=[an_item(1000)])
    assert answer.totals.delivery.amount == price
    assert answer.given[0].amount.amount == 0


def test_free_delivery_of_two_promotions_adds_up() -> None:
    free = [a_promotion(name, FreeDelivery(methods=[name])) for name in ("express", "standard")]
    assert priced(*free, items=[an_item(1000)]).totals.delivery.amount == 0


BENEFITS = st.one_of(
    st.builds(PercentOff, percent=st.sampled_from(["0.01", "5", "12.5", "33.33", "99.99", "100"])),
    st.builds(
        AmountOff,
        amounts=st.fixed_dictionaries({code: st.integers(0, 99_999) for code in ("EUR", "JPY", "KWD")}),
    ),
    st.builds(
        UnitPrice,
        prices=st.fixed_dictionaries({code: st.integers(0, 9_999) for code in ("EUR", "JPY", "KWD")}),
    ),
    st.builds(BuyGet, buy=st.integers(1, 3), get=st.integers(1, 3), percent=st.sampled_from(["50", "100"])),
    st.builds(FreeDelivery),
)


@given(st.lists(BENEFITS, max_size=6), st.integers(0, 2**32), st.sampled_from([EUR, JPY, KWD]), st.booleans())
def test_the_sum_of_the_parts_is_the_whole_whatever_is_given(
    benefits: list[Benefit], seed: int, currency: Currency, included: bool
) -> None:
    draw = Random(seed)
    items = [
        of(
            an_item(
                draw.choice([0, 1, 99, draw.randint(1, 10**6)]),
                sku=f"s{number}",
                quantity=draw.randint(1, 7),
                currency=currency,
                tax_class=draw.choice(["standard", "reduced"]),
            ),
            collections=draw.sample(["gifts", "new"], draw.randint(0, 2)),
        )
        for number in range(draw.randint(1, 8))
    ]
    meant = [Selection(), Selection(collections=["gifts"])]
    promotions = [
        a_promotion(f"p{number}", benefit, meant=draw.choice(meant))
        for number, benefit in enumerate(benefits)
    ]
    request = a_request(*items, currency=currency, option="standard")
    answer = quote(Rules(some_rules(), promotions), a_channel(prices_include_tax=included), request, NOON)
    totals = answer.totals
    assert sum(line.discount.amount for line in answer.lines) == totals.discount.amount
    assert sum(one.amount.amount for one in answer.given) == totals.discount.amount
    assert all(0 <= line.discount.amount <= line.total.amount for line in answer.lines)
    if all(one.applies_to.collections for one in promotions):
        spared = {item.key for item in items if "gifts" not in item.collections}
        assert all(line.discount.amount == 0 for line in answer.lines if line.key in spared)
    whole = totals.items.amount - totals.discount.amount + totals.delivery.amount
    assert totals.total.amount == whole + (0 if included else totals.tax.amount)
    assert sum(tax.net.amount + tax.tax.amount for tax in answer.taxes) == totals.total.amount
    for line in answer.lines:
        steps = [step.amount.amount for step in line.steps if step.kind in {"price", "discount"}]
        assert sum(steps) == line.total.amount - line.discount.amount


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"id": "Winter Sale"}, "id"),
        ({"title": {}}, "title"),
        ({"position": -1}, "position"),
        ({"not_with": ["winter"]}, "not_with"),
        ({"not_with": ["a", "a"]}, "not_with.1"),
        ({"applies_to": Selection(products=[""])}, "applies_to.products"),
        ({"applies_to": Selection(collections=["a\x00"])}, "applies_to.collections"),
        ({"conditions": Conditions(items_min={"XXX": 1})}, "conditions.items_min"),
        ({"conditions": Conditions(quantity_min=-1)}, "conditions.quantity_min"),
        ({"conditions": Conditions(starts_at=NOON.replace(tzinfo=None))}, "conditions.starts_at"),
        ({"conditions": Conditions(starts_at=NOON, ends_at=NOON)}, "conditions.ends_at"),
        ({"benefit": PercentOff(percent="0")}, "benefit.percent"),
        ({"benefit": PercentOff(percent="100.01")}, "benefit.percent"),
        ({"benefit": PercentOff(percent="1e2")}, "benefit.percent"),
        ({"benefit": AmountOff(amounts={})}, "benefit.amounts"),
        ({"benefit": AmountOff(amounts={"EUR": -1})}, "benefit.amounts"),
        ({"benefit": UnitPrice(prices={})}, "benefit.prices"),
        ({"benefit": FreeDelivery(methods=["a\x00"])}, "benefit.methods"),
        ({"benefit": BuyGet(buy=0, get=1)}, "benefit.buy"),
        ({"benefit": BuyGet(buy=1, get=0)}, "benefit.get"),
        ({"benefit": BuyGet(buy=1, get=1, percent="-5")}, "benefit.percent"),
        ({"benefit": Tiered(tiers=[])}, "benefit.tiers"),
        ({"benefit": Tiered(tiers=[Tier(percent="5")])}, "benefit.tiers.0"),
        ({"benefit": Tiered(tiers=[Tier(percent="5", quantity=1, items={"EUR": 1})])}, "benefit.tiers.0"),
        ({"benefit": Tiered(tiers=[Tier(percent="5", quantity=-1)])}, "benefit.tiers.0.quantity"),
    ],
)
def test_what_cannot_be_promised_is_named(changed: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_promotion(msgspec.structs.replace(a_promotion(), **changed))
    assert path in [problem.path for problem in refused.value.fields]


def test_a_sound_promotion_is_taken_as_it_is() -> None:
    promotion = a_promotion(
        conditions=Conditions(
            starts_at=NOON, ends_at=NOON + timedelta(days=1), items_min={"EUR": 1, "USD": 1}
        ),
        benefit=Tiered(tiers=[Tier(percent="5", quantity=1), Tier(percent="99.99", items={"EUR": 100})]),
    )
    assert checked_promotion(promotion) == promotion
    assert USD in promotion.conditions.items_min
