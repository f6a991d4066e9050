"""Which products a collection holds at this moment: its rule over the columns, or the products chosen by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from rialto.catalog.api import Collection, CollectionRule, PriceBand
from rialto.kernel.money import Currency
from rialto.search.columns import bits_of
from rialto.search.definitions import canonical
from rialto.search.front import Front


def collected(front: Front, collection: Collection, currency: Currency, today: date) -> int:
    """The published products in it, for somebody who pays in this currency."""
    if collection.rule is None:
        return bits_of(chosen_by_hand(front, collection))
    return _fitting(front, collection.rule, currency, today)


def chosen_by_hand(front: Front, collection: Collection) -> list[int]:
    """Slots of the published ones, in the order staff gave them."""
    rows = (front.find(slug) for slug in collection.products)
    return [row.slot for row in rows if row is not None]


def _fitting(front: Front, rule: CollectionRule, currency: Currency, today: date) -> int:
    bits = front.published
    for code, values in rule.attributes.items():
        bits &= _with_any(front, code, values)
    if rule.categories:
        bits &= _or(front.category_bits(slug) for slug in rule.categories)
    if rule.prices:
        bits &= _priced(front, rule.prices, currency)
    if rule.stock is not None:
        bits &= front.few_left if rule.stock == "few_left" else front.available
    if rule.newer_than_days is not None:
        bits &= front.newest.between(today.toordinal() - rule.newer_than_days, None)
    return bits & front.featured if rule.featured else bits


def _with_any(front: Front, code: str, values: list[str]) -> int:
    """None where the attribute went since the rule was made: a rule that lost a condition would promise too much."""
    definition = front.definitions.attribute.get(code)
    if definition is None or not definition.filterable:
        return 0
    return front.value_bits(code, (canonical(value, definition.type) for value in values))


def _priced(front: Front, bands: Mapping[str, PriceBand], currency: Currency) -> int:
    own = bands.get(currency)
    wanted = {currency: own} if own is not None else {Currency(code): band for code, band in bands.items()}
    return _or(front.price_bits(code, band.low, band.high) for code, band in wanted.items())


def _or(sets: Iterable[int]) -> int:
    bits = 0
    for each in sets:
        bits |= each
    return bits
