"""What a promotion may be when staff set it: every field that cannot be is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from rialto.kernel.text import is_plain
from rialto.pricing.api import (
    AmountOff,
    BuyGet,
    FreeDelivery,
    PercentOff,
    Promotion,
    Selection,
    Tiered,
    UnitPrice,
)
from rialto.pricing.model.rules import POSITION_MAX, Problems, is_moment

# Below the promotions' address this is not one of them.
RESERVED = "preview"
NAMES_MAX = 500
NAME_LENGTH_MAX = 120
TIERS_MAX = 20
QUANTITY_MAX = 10_000

_PERCENT = re.compile(r"(100|[0-9]{1,2})(\.[0-9]{1,2})?")


def checked_promotion(promotion: Promotion) -> Promotion:
    """The promotion as it may be stored. Raises Invalid naming every field that cannot be."""
    problems = Problems()
    problems.code("id", promotion.id)
    problems.unless(promotion.id != RESERVED, "id", "is an address of its own")
    problems.titles("title", promotion.title)
    problems.between("position", promotion.position, 0, POSITION_MAX)
    _check_names(problems, "not_with", promotion.not_with)
    problems.unless(promotion.id not in promotion.not_with, "not_with", "cannot name the promotion itself")
    _check_selection(problems, promotion.applies_to)
    _check_conditions(problems, promotion)
    _CHECKS[type(promotion.benefit)](problems, promotion.benefit)
    problems.end()
    return promotion


def _check_selection(problems: Problems, selection: Selection) -> None:
    for name in ("products", "categories", "collections"):
        _check_names(problems, f"applies_to.{name}", getattr(selection, name))


def _check_conditions(problems: Problems, promotion: Promotion) -> None:
    wanted = promotion.conditions
    problems.amounts("conditions.items_min", wanted.items_min)
    problems.between("conditions.quantity_min", wanted.quantity_min, 0, QUANTITY_MAX)
    _check_names(problems, "conditions.channels", wanted.channels)
    _check_names(problems, "conditions.groups", wanted.groups)
    for name in ("starts_at", "ends_at"):
        at = getattr(wanted, name)
        fine = at is None or is_moment(at)
        problems.unless(fine, f"conditions.{name}", "needs a time zone and a year of our time")
    if wanted.starts_at and wanted.ends_at and is_moment(wanted.starts_at) and is_moment(wanted.ends_at):
        fine = wanted.starts_at < wanted.ends_at
        problems.unless(fine, "conditions.ends_at", "must be after the start")


def _check_percent(problems: Problems, path: str, percent: str) -> None:
    fine = _PERCENT.fullmatch(percent) is not None and 0 < Fraction(percent) <= 100
    problems.unless(fine, path, "must be a decimal above 0 and up to 100, such as 12.5")


def _check_percent_off(problems: Problems, benefit: PercentOff) -> None:
    _check_percent(problems, "benefit.percent", benefit.percent)


def _check_amount_off(problems: Problems, benefit: AmountOff) -> None:
    problems.unless(bool(benefit.amounts), "benefit.amounts", "needs an amount in at least one currency")
    problems.amounts("benefit.amounts", benefit.amounts)


def _check_unit_price(problems: Problems, benefit: UnitPrice) -> None:
    problems.unless(bool(benefit.prices), "benefit.prices", "needs a price in at least one currency")
    problems.amounts("benefit.prices", benefit.prices)


def _check_free_delivery(problems: Problems, benefit: FreeDelivery) -> None:
    _check_names(problems, "benefit.methods", benefit.methods)


def _check_buy_get(problems: Problems, benefit: BuyGet) -> None:
    problems.between("benefit.buy", benefit.buy, 1, QUANTITY_MAX)
    problems.between("benefit.get", benefit.get, 1, QUANTITY_MAX)
    _check_percent(problems, "benefit.percent", benefit.percent)


def _check_tiered(problems: Problems, benefit: Tiered) -> None:
    fine = 1 <= len(benefit.tiers) <= TIERS_MAX
    problems.unless(fine, "benefit.tiers", f"must be 1 to {TIERS_MAX} tiers")
    for index, tier in enumerate(benefit.tiers):
        path = f"benefit.tiers.{index}"
        _check_percent(problems, f"{path}.percent", tier.percent)
        problems.unless(
            bool(tier.items) != (tier.quantity is not None), path, "starts either at amounts or at a quantity"
        )
        problems.amounts(f"{path}.items", tier.items)
        problems.between(f"{path}.quantity", tier.quantity or 0, 0, QUANTITY_MAX)


def _check_names(problems: Problems, path: str, names: list[str]) -> None:
    fine = all(name.strip() and len(name) <= NAME_LENGTH_MAX and is_plain(name) for name in names)
    problems.unless(len(names) <= NAMES_MAX and fine, path, f"must be at most {NAMES_MAX} names")
    problems.once(path, names)


_CHECKS: Mapping[type[Any], Callable[[Problems, Any], None]] = {
    PercentOff: _check_percent_off,
    AmountOff: _check_amount_off,
    UnitPrice: _check_unit_price,
    FreeDelivery: _check_free_delivery,
    BuyGet: _check_buy_get,
    Tiered: _check_tiered,
}
