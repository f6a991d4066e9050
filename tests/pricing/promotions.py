"""Promotions and carts to try them on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rialto.kernel.money import EUR, Currency
from rialto.pricing.api import Benefit, Conditions, PercentOff, Promotion, Selection
from rialto.pricing.model.promotions import Buyer, Occasion

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def a_promotion(
    promotion_id: str = "winter",
    benefit: Benefit | None = None,
    *,
    meant: Selection | None = None,
    conditions: Conditions | None = None,
    **fields: Any,
) -> Promotion:
    values: dict[str, Any] = {
        "title": {"en": promotion_id.title()},
        "benefit": benefit or PercentOff(percent="10"),
        "applies_to": meant or Selection(),
        "conditions": conditions or Conditions(),
    }
    return Promotion(id=promotion_id, **(values | fields))


def an_occasion(*codes: str, currency: Currency = EUR, first_order: bool = False, **fields: Any) -> Occasion:
    """`codes` are promotions for which a good code was given."""
    values: dict[str, Any] = {"channel": "default", "at": NOON}
    buyer = Buyer(codes={code: code.upper() for code in codes}, first_order=first_order)
    return Occasion(currency=currency, buyer=buyer, **(values | fields))
