"""Which products a collection holds at this moment: its rule over the columns, or the products chosen by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from rialto.catalog.api import Collection, CollectionRule, PriceBand
from rialto.kernel.money import Currency
from rialto.search.columns import bits_of
from rialto.search.definitions import canonical
from rialto.search.shelf import Shelf


def collected(shelf: Shelf, collection: Collection, currency: Currency, today: date) -> int:
    """The published products in it, for somebody who pays in this currency."""
    if collection.rule is None:
        return bits_of(chosen_by_hand(shelf, collection))
    return _fitting(shelf, collection.rule, currency, today)


def chosen_by_hand(shelf: Shelf, collection: Collection) -> list[int]:
    """Slots of the published ones, in the order staff gave them."""
    rows = (shelf.find(slug) for slug in collection.products)
    return [row.slot for row in rows if row is not None]


def _fitting(shelf: Shelf, rule: CollectionRule, currency: Currency, today: date) -> int:
    bits = shelf.published
    for code, values in rule.attributes.items():
        bits &= _with_any(shelf, code, values)
    if rule.categories:
        bits &= _or(shelf.category_bits(slug) for slug in rule.categories)
    if rule.prices:
        bits &= _priced(shelf, rule.prices, currency)
    if rule.stock is not None:
        bits &= shelf.few_left if rule.stock == "few_left" else shelf.available
    if rule.newer_than_days is not None:
        bits &= shelf.newest.between(today.toordinal() - rule.newer_than_days, None)
    return bits & shelf.featured if rule.featured else bits


def _with_any(shelf: Shelf, code: str, values: list[str]) -> int:
    """None where the attribute went since the rule was made: a rule that lost a condition would promise too much."""
    definition = shelf.definitions.attribute.get(code)
    if definition is None or not definition.filterable:
        return 0
    return shelf.value_bits(code, (canonical(value, definition.type) for value in values))


def _priced(shelf: Shelf, bands: Mapping[str, PriceBand], currency: Currency) -> int:
    own = bands.get(currency)
    wanted = {currency: own} if own is not None else {Currency(code): band for code, band in bands.items()}
    return _or(shelf.price_bits(code, band.low, band.high) for code, band in wanted.items())


def _or(sets: Iterable[int]) -> int:
    bits = 0
    for each in sets:
        bits |= each
    return bits
