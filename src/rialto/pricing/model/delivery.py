"""Ways of delivery: who is served, at what price, and when it arrives.

Days are working days, Monday to Friday, counted from the day after ordering; public holidays are not known.
"""

from __future__ import annotations

from datetime import date, timedelta

from rialto.kernel.money import Money
from rialto.pricing.api import DeliveryMethod
from rialto.pricing.model.rules import EVERYWHERE

_SATURDAY = 5


def serves(method: DeliveryMethod, *, country: str, weight_g: int, items: Money) -> bool:
    """Whether the method goes there, carries that much, takes goods of this worth and has a price in their currency."""
    currency = items.currency
    goes_there = country in method.countries or EVERYWHERE in method.countries
    carries_it = method.weight_g_max is None or weight_g <= method.weight_g_max
    takes_it = (
        method.items_min.get(currency, 0) <= items.amount <= method.items_max.get(currency, items.amount)
    )
    served = goes_there and country not in method.except_countries
    return served and carries_it and takes_it and currency in method.prices


def price_of(method: DeliveryMethod, items: Money) -> Money:
    """The price in the items' currency; nothing once they reach the method's `free_from`."""
    return Money(0 if is_free(method, items) else method.prices[items.currency], items.currency)


def is_free(method: DeliveryMethod, items: Money) -> bool:
    threshold = method.free_from.get(items.currency)
    return threshold is not None and items.amount >= threshold


def arrival(method: DeliveryMethod, today: date) -> tuple[date, date]:
    """The first and the last day on which it arrives when ordered today."""
    return add_working_days(today, method.days_min), add_working_days(today, method.days_max)


def add_working_days(start: date, days: int) -> date:
    """The `days`-th working day after `start`; for 0 the start itself, or the next working day."""
    day = start
    while days or day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
        if days and day.weekday() < _SATURDAY:
            days -= 1
    return day
