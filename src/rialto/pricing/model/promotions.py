"""Which promotions are given for a cart, what each takes off which line, and why the others are not.

Promotions are looked at one after the other; each works on what the ones before left of a line, so no line
falls below zero. Percentages are rounded per line (half away from zero), amounts are split over the lines by
largest remainder: the parts are the whole. What a promotion asks for (a minimum, a number of articles) is
measured at the prices before any promotion, so that the order of two never decides whether one is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from rialto.kernel.money import Currency, Money
from rialto.pricing.api import (
    AmountOff,
    BuyGet,
    FreeDelivery,
    Given,
    ItemToPrice,
    PercentOff,
    Promotion,
    Tier,
    Tiered,
    UnitPrice,
)

# Why a promotion is not given, in the order in which it is looked at.
INACTIVE = "inactive"
NOT_YET = "not_yet"
OVER = "over"
CHANNEL = "other_channel"
GROUP = "other_group"
NOT_FIRST = "not_first_order"
CODE_MISSING = "code_missing"
EXCLUDED = "excluded"
NO_ARTICLE = "no_article"
CURRENCY = "other_currency"
TOO_LITTLE = "too_little"
TOO_FEW = "too_few"
NOTHING_LEFT = "nothing_left"
NOT_GIVEN = (
    *(INACTIVE, NOT_YET, OVER, CHANNEL, GROUP, NOT_FIRST, CODE_MISSING, EXCLUDED),
    *(NO_ARTICLE, CURRENCY, TOO_LITTLE, TOO_FEW, NOTHING_LEFT),
)


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """What decides about promotions and is the customer's. `codes` by promotion: those that are good.

    A guest is in no group and has no first order: nobody knows what else a guest has bought.
    """

    codes: Mapping[str, str] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    first_order: bool = False


NOBODY = Buyer()


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Everything but the articles that decides about promotions."""

    currency: Currency
    channel: str
    at: datetime
    buyer: Buyer = NOBODY


@dataclass(frozen=True, kw_only=True)
class Considered:
    """One promotion and what became of it: `reason` says why it was not given, `by` which other one stands in its way.

    `missing` is how much is still missing, for too_little in minor units and for too_few in articles.
    """

    promotion: Promotion
    given: bool
    reason: str | None = None
    by: str | None = None
    missing: int = 0
    amounts: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What promotions do to a cart: minor units off each line, in the order of the lines."""

    considered: Sequence[Considered]
    discounts: Sequence[int]
    free_methods: frozenset[str] | None

    def makes_free(self, method_id: str) -> bool:
        """Whether delivery by this method is given; an empty set stands for all methods."""
        return self.free_methods is not None and (not self.free_methods or method_id in self.free_methods)

    def given(self, occasion: Occasion) -> list[Given]:
        return [
            Given(
                promotion_id=one.promotion.id,
                title=one.promotion.title,
                amount=Money(sum(one.amounts), occasion.currency),
                code=occasion.buyer.codes.get(one.promotion.id) if one.promotion.needs_code else None,
                first_order=one.promotion.conditions.first_order,
            )
            for one in self.considered
            if one.given
        ]


class Offer:
    """A promotion made ready: its selection as sets. `below` are the categories below each one."""

    def __init__(self, promotion: Promotion, below: Mapping[str, frozenset[str]] | None = None) -> None:
        self.promotion = promotion
        self.not_with = frozenset(promotion.not_with)
        self._channels = frozenset(promotion.conditions.channels)
        self.groups = frozenset(promotion.conditions.groups)
        selection = promotion.applies_to
        self._products = frozenset(selection.products)
        named = frozenset(selection.categories)
        self._categories = named.union(*((below or {}).get(slug, frozenset()) for slug in named))
        self._collections = frozenset(selection.collections)
        self._all = not (selection.products or selection.categories or selection.collections)

    def means(self, item: ItemToPrice) -> bool:
        return (
            self._all
            or item.product_id in self._products
            or item.category in self._categories
            or not self._collections.isdisjoint(item.collections)
        )

    def refused_for(self, occasion: Occasion) -> str | None:
        """Why it is not for this customer at this time, whatever is in the cart."""
        promotion, wanted, buyer = self.promotion, self.promotion.conditions, occasion.buyer
        refusals = (
            (not promotion.active, INACTIVE),
            (wanted.starts_at is not None and occasion.at < wanted.starts_at, NOT_YET),
            (wanted.ends_at is not None and occasion.at >= wanted.ends_at, OVER),
            (bool(self._channels) and occasion.channel not in self._channels, CHANNEL),
            (bool(self.groups) and not self.groups & buyer.groups, GROUP),
            (wanted.first_order and not buyer.first_order, NOT_FIRST),
            (promotion.needs_code and promotion.id not in buyer.codes, CODE_MISSING),
        )
        return next((reason for refused, reason in refusals if refused), None)


def consider(offers: Sequence[Offer], items: Sequence[ItemToPrice], occasion: Occasion) -> Outcome:
    """What becomes of each promotion, in the order given; `offers` stand in their order of stacking."""
    left = [item.unit_price.amount * item.quantity for item in items]
    considered: list[Considered] = []
    given: list[Offer] = []
    free: frozenset[str] | None = None
    for offer in offers:
        one = _consider(offer, items, left, occasion=occasion, given=given)
        considered.append(one)
        if not one.given:
            continue
        given.append(offer)
        left = [rest - amount for rest, amount in zip(left, one.amounts, strict=True)]
        if isinstance(offer.promotion.benefit, FreeDelivery):
            free = _also_free(free, offer.promotion.benefit)
    whole = [item.unit_price.amount * item.quantity for item in items]
    return Outcome(
        considered=considered,
        discounts=[before - after for before, after in zip(whole, left, strict=True)],
        free_methods=free,
    )


def _consider(
    offer: Offer,
    items: Sequence[ItemToPrice],
    left: Sequence[int],
    *,
    occasion: Occasion,
    given: Sequence[Offer],
) -> Considered:
    promotion = offer.promotion
    refused = offer.refused_for(occasion)
    if refused is not None:
        return Considered(promotion=promotion, given=False, reason=refused)
    rival = next((other for other in given if _excludes(offer, other)), None)
    if rival is not None:
        return Considered(promotion=promotion, given=False, reason=EXCLUDED, by=rival.promotion.id)
    meant = [index for index, item in enumerate(items) if offer.means(item)]
    reason, missing = _short_of(promotion, [items[index] for index in meant], occasion.currency)
    if reason is not None:
        return Considered(promotion=promotion, given=False, reason=reason, missing=missing)
    amounts = _amounts(promotion, items, left, meant=meant, currency=occasion.currency)
    if amounts is None:
        return Considered(promotion=promotion, given=False, reason=CURRENCY)
    worthless = not any(amounts) and not isinstance(promotion.benefit, FreeDelivery)
    return Considered(
        promotion=promotion,
        given=not worthless,
        reason=NOTHING_LEFT if worthless else None,
        amounts=() if worthless else tuple(amounts),
    )


def _excludes(offer: Offer, other: Offer) -> bool:
    return (
        offer.promotion.exclusive
        or other.promotion.exclusive
        or other.promotion.id in offer.not_with
        or offer.promotion.id in other.not_with
    )


def _short_of(
    promotion: Promotion, meant: Sequence[ItemToPrice], currency: Currency
) -> tuple[str | None, int]:
    wanted = promotion.conditions
    if not meant:
        return NO_ARTICLE, 0
    if wanted.items_min:
        if currency not in wanted.items_min:
            return CURRENCY, 0
        missing = wanted.items_min[currency] - _worth(meant)
        if missing > 0:
            return TOO_LITTLE, missing
    missing = wanted.quantity_min - _count(meant)
    return (TOO_FEW, missing) if missing > 0 else (None, 0)


def _amounts(
    promotion: Promotion,
    items: Sequence[ItemToPrice],
    left: Sequence[int],
    *,
    meant: Sequence[int],
    currency: Currency,
) -> list[int] | None:
    """Minor units off each line of the cart; None where the benefit is not given in this currency."""
    lines = [items[index] for index in meant]
    rests = [left[index] for index in meant]
    parts = _BENEFITS[type(promotion.benefit)](promotion.benefit, lines, rests, currency)
    if parts is None:
        return None
    amounts = [0] * len(items)
    for index, part in zip(meant, parts, strict=True):
        amounts[index] = part
    return amounts


def _percent_off(
    benefit: PercentOff, _lines: Sequence[ItemToPrice], rests: Sequence[int], currency: Currency
) -> list[int]:
    return _share_of_each(rests, percentage(benefit.percent), currency)


def _amount_off(
    benefit: AmountOff, _lines: Sequence[ItemToPrice], rests: Sequence[int], currency: Currency
) -> list[int] | None:
    amount = benefit.amounts.get(currency)
    if amount is None:
        return None
    whole = Money(min(amount, sum(rests)), currency)
    return [part.amount for part in whole.allocate(rests)]


def _unit_price(
    benefit: UnitPrice, lines: Sequence[ItemToPrice], rests: Sequence[int], currency: Currency
) -> list[int] | None:
    price = benefit.prices.get(currency)
    if price is None:
        return None
    return [max(0, rest - price * line.quantity) for line, rest in zip(lines, rests, strict=True)]


def _free_delivery(
    _benefit: FreeDelivery, lines: Sequence[ItemToPrice], _rests: Sequence[int], _currency: Currency
) -> list[int]:
    return [0] * len(lines)


def _buy_get(
    benefit: BuyGet, lines: Sequence[ItemToPrice], rests: Sequence[int], currency: Currency
) -> list[int]:
    """The cheapest first, by what is left of a unit; ties go to the earlier line."""
    rate = percentage(benefit.percent)
    reduced = _count(lines) // (benefit.buy + benefit.get) * benefit.get
    cheapest = sorted(
        range(len(lines)), key=lambda index: (Fraction(rests[index], lines[index].quantity), index)
    )
    parts = [0] * len(lines)
    for index in cheapest:
        units = min(reduced, lines[index].quantity)
        share = rate * Fraction(units, lines[index].quantity)
        parts[index] = Money(rests[index], currency).apply_rate(share).amount
        reduced -= units
    return parts


def _tiered(
    benefit: Tiered, lines: Sequence[ItemToPrice], rests: Sequence[int], currency: Currency
) -> list[int]:
    worth, count = _worth(lines), _count(lines)
    rates = [
        percentage(tier.percent)
        for tier in benefit.tiers
        if _reaches(tier, worth=worth, count=count, currency=currency)
    ]
    return _share_of_each(rests, max(rates, default=Fraction(0)), currency)


def _reaches(tier: Tier, *, worth: int, count: int, currency: Currency) -> bool:
    if tier.quantity is not None:
        return count >= tier.quantity
    return currency in tier.items and worth >= tier.items[currency]


_Parts = Callable[[Any, Sequence[ItemToPrice], Sequence[int], Currency], list[int] | None]
_BENEFITS: Mapping[type[Any], _Parts] = {
    PercentOff: _percent_off,
    AmountOff: _amount_off,
    UnitPrice: _unit_price,
    FreeDelivery: _free_delivery,
    BuyGet: _buy_get,
    Tiered: _tiered,
}


def percentage(text: str) -> Fraction:
    """`12.5` as the exact share 0.125."""
    return Fraction(text) * Fraction(1, 100)


def _share_of_each(rests: Sequence[int], rate: Fraction, currency: Currency) -> list[int]:
    return [Money(rest, currency).apply_rate(rate).amount for rest in rests]


def _worth(lines: Sequence[ItemToPrice]) -> int:
    return sum(line.unit_price.amount * line.quantity for line in lines)


def _count(lines: Sequence[ItemToPrice]) -> int:
    return sum(line.quantity for line in lines)


def _also_free(before: frozenset[str] | None, benefit: FreeDelivery) -> frozenset[str]:
    named = frozenset(benefit.methods)
    if before is None or not named or not before:
        return named if before is None else frozenset()
    return before | named
