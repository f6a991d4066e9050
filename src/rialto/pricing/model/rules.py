"""The rules in force: tax rates and ways of delivery, checked when they are set and ready to look up.

A class that a country has no rate for is taxed at its standard rate, so that a forgotten row never makes
anything tax-free by accident; a country without any rate is an export and is not taxed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from rialto.kernel.address import COUNTRIES
from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.money import EXPONENTS
from rialto.kernel.text import is_plain
from rialto.pricing.api import DeliveryMethod, PricingRules, Promotion, TaxRate
from rialto.pricing.model.promotions import Offer

EVERYWHERE = "*"
STANDARD = "standard"

RATES_MAX = 2000
METHODS_MAX = 200
PRICE_MAX = 10**12  # leaves room for sums far below what Money holds
WEIGHT_G_MAX = 10**9
DAYS_MAX = 365
POSITION_MAX = 10**6
TITLE_LENGTH_MAX = 120
YEARS = (2000, 2200)

_RATE = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?")
CODE = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A tax rate: `on_net` is added to a net price, `in_gross` is the share of a gross price that is tax."""

    text: str
    percent: str
    on_net: Fraction
    in_gross: Fraction


def parse_rate(text: str) -> Rate:
    """`0.19` exactly. Raises ValueError for anything but a decimal from 0 to 1 with at most six digits."""
    if not _RATE.fullmatch(text):
        raise ValueError(text)
    value = Fraction(text)
    return Rate(
        text=_decimal(value), percent=_decimal(value * 100), on_net=value, in_gross=value / (1 + value)
    )


def _decimal(value: Fraction) -> str:
    millionths = int(value * 10**6)
    whole, rest = divmod(millionths, 10**6)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


UNTAXED = parse_rate("0")


class Rules:
    """What quotes look things up in."""

    def __init__(
        self,
        stored: PricingRules,
        promotions: Iterable[Promotion] = (),
        parents: Mapping[str, str | None] | None = None,
    ) -> None:
        """`parents` are the catalogue's categories, each with the one it stands in."""
        below = _below(parents or {})
        self.offers = [
            Offer(promotion, below)
            for promotion in sorted(promotions, key=lambda one: (one.position, one.id))
        ]
        self.asks_for_groups = any(offer.groups for offer in self.offers)
        self.asks_for_first_orders = any(offer.promotion.conditions.first_order for offer in self.offers)
        self.methods = sorted(stored.delivery_methods, key=lambda method: (method.position, method.id))
        self._methods = {method.id: method for method in self.methods}
        self._rates = {(rate.country, rate.tax_class): parse_rate(rate.rate) for rate in stored.tax_rates}

    def rate(self, country: str, tax_class: str) -> Rate:
        return self._rates.get((country, tax_class)) or self._rates.get((country, STANDARD)) or UNTAXED

    def method(self, option_id: str) -> DeliveryMethod | None:
        return self._methods.get(option_id)


def is_moment(at: datetime) -> bool:
    """Whether it names its time zone, and stays a date in every zone."""
    return at.tzinfo is not None and YEARS[0] <= at.year < YEARS[1]


def _below(parents: Mapping[str, str | None]) -> dict[str, frozenset[str]]:
    """All categories below each one, at any depth. A tree that names itself above is left alone after one round."""
    found: dict[str, set[str]] = {}
    for slug in parents:
        above, seen = parents.get(slug), {slug}
        while above is not None and above not in seen:
            found.setdefault(above, set()).add(slug)
            seen.add(above)
            above = parents.get(above)
    return {slug: frozenset(those) for slug, those in found.items()}


def checked_rules(rules: PricingRules) -> PricingRules:
    """The rules as they may be stored. Raises Invalid naming every field that cannot be."""
    problems = Problems()
    if len(rules.tax_rates) > RATES_MAX or len(rules.delivery_methods) > METHODS_MAX:
        raise Invalid(f"At most {RATES_MAX} rates and {METHODS_MAX} methods at a time.", code="too_many")
    problems.once("tax_rates", [(rate.country, rate.tax_class) for rate in rules.tax_rates])
    problems.once("delivery_methods", [method.id for method in rules.delivery_methods])
    for index, rate in enumerate(rules.tax_rates):
        _check_rate(problems, f"tax_rates.{index}", rate)
    for index, method in enumerate(rules.delivery_methods):
        _check_method(problems, f"delivery_methods.{index}", method)
    problems.end()
    return PricingRules(
        tax_rates=[
            TaxRate(country=rate.country, tax_class=rate.tax_class, rate=parse_rate(rate.rate).text)
            for rate in rules.tax_rates
        ],
        delivery_methods=rules.delivery_methods,
    )


def _check_rate(problems: Problems, path: str, rate: TaxRate) -> None:
    problems.unless(rate.country in COUNTRIES, f"{path}.country", "is no country code")
    problems.code(f"{path}.tax_class", rate.tax_class)
    problems.unless(
        _RATE.fullmatch(rate.rate) is not None,
        f"{path}.rate",
        "must be a decimal from 0 to 1, such as 0.19",
    )


def _check_method(problems: Problems, path: str, method: DeliveryMethod) -> None:
    problems.code(f"{path}.id", method.id)
    problems.code(f"{path}.tax_class", method.tax_class)
    problems.titles(f"{path}.title", method.title)
    problems.countries(f"{path}.countries", method.countries, known=COUNTRIES | {EVERYWHERE})
    problems.countries(f"{path}.except_countries", method.except_countries, known=COUNTRIES)
    problems.amounts(f"{path}.prices", method.prices)
    problems.amounts(f"{path}.free_from", method.free_from)
    problems.amounts(f"{path}.items_min", method.items_min)
    problems.amounts(f"{path}.items_max", method.items_max)
    for currency, most in method.items_max.items():
        fine = method.items_min.get(currency, 0) <= most
        problems.unless(fine, f"{path}.items_max", "must not be below items_min")
    problems.between(f"{path}.days_min", method.days_min, 0, DAYS_MAX)
    problems.between(f"{path}.days_max", method.days_max, max(0, method.days_min), DAYS_MAX)
    problems.between(f"{path}.position", method.position, 0, POSITION_MAX)
    if method.weight_g_max is not None:
        problems.between(f"{path}.weight_g_max", method.weight_g_max, 1, WEIGHT_G_MAX)


class Problems:
    """Collects what is wrong, field by field."""

    def __init__(self) -> None:
        self._found: list[FieldProblem] = []

    def unless(self, fine: bool, path: str, text: str) -> None:
        if not fine:
            self._found.append(FieldProblem(path=path, code="not_valid", message=f"This {text}."))

    def once(self, path: str, keys: Iterable[object]) -> None:
        seen: set[object] = set()
        for index, key in enumerate(keys):
            self.unless(key not in seen, f"{path}.{index}", "is there twice")
            seen.add(key)

    def code(self, path: str, value: str) -> None:
        fine = CODE.fullmatch(value) is not None
        self.unless(fine, path, "must be lower-case letters, digits, _ and -, a letter first, at most 60")

    def titles(self, path: str, titles: Mapping[str, str]) -> None:
        self.unless(bool(titles), path, "needs a text in at least one language")
        for language, text in titles.items():
            fine = (
                _LANGUAGE.fullmatch(language) is not None
                and len(text) <= TITLE_LENGTH_MAX
                and text.strip() != ""
                and is_plain(text)
            )
            self.unless(fine, path, f"must be texts of 1 to {TITLE_LENGTH_MAX} letters by language code")

    def countries(self, path: str, countries: Iterable[str], *, known: frozenset[str]) -> None:
        self.unless(all(country in known for country in countries), path, "holds an unknown country code")

    def amounts(self, path: str, amounts: Mapping[str, int]) -> None:
        for currency, amount in amounts.items():
            self.unless(
                currency in EXPONENTS and 0 <= amount <= PRICE_MAX,
                path,
                f"must be minor units from 0 to {PRICE_MAX} by currency code",
            )

    def between(self, path: str, value: int, lowest: int, highest: int) -> None:
        self.unless(lowest <= value <= highest, path, f"must be from {lowest} to {highest}")

    def end(self) -> None:
        if self._found:
            raise Invalid("These rules cannot be set.", fields=tuple(self._found))
