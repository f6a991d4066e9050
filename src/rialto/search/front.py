"""The shelf as one shop front shows it: its own products at its own prices, and nothing of any other's."""

from __future__ import annotations

from collections.abc import Iterable

from rialto.catalog.api import Channel, Collection
from rialto.kernel.money import Currency
from rialto.search.columns import Ordered, Posting
from rialto.search.definitions import Definitions
from rialto.search.documents import Row
from rialto.search.shelf import Shelf

_NOTHING: Ordered[int] = Ordered()


class Front:
    """For one request. Everything that a shopper sees goes through here; sets hold products that this shop front shows."""

    def __init__(self, shelf: Shelf, channel: Channel) -> None:
        hidden = shelf.hidden.get(channel.code, 0)
        self.shelf = shelf
        self.channel = channel
        self.hides = bool(hidden)
        self.definitions: Definitions = shelf.definitions
        self.rows: dict[int, Row] = shelf.rows
        self.values: dict[str, dict[str, Posting]] = shelf.values
        self.collections: dict[str, Collection] = shelf.collections
        self.newest = shelf.newest
        self.by_rating = shelf.by_rating
        self.published = shelf.published & ~hidden if hidden else shelf.published

    @property
    def featured(self) -> int:
        return self.shelf.featured & self.published

    @property
    def available(self) -> int:
        return self.shelf.available & self.published

    @property
    def few_left(self) -> int:
        return self.shelf.few_left & self.published

    def shows(self, row: Row) -> bool:
        return row.published and self.channel.code not in row.hidden_in

    def find(self, ref: str) -> Row | None:
        """A product that is shown here, by slug or id."""
        row = self.shelf.find(ref)
        return row if row is not None and self.shows(row) else None

    def category_bits(self, slug: str) -> int:
        """Products of a category and of all below it."""
        bits = self.shelf.category_bits(slug)
        return bits & self.published if self.hides else bits

    def value_bits(self, code: str, values: Iterable[str]) -> int:
        """Products with any of these values, shown here or not: to be met with those that are."""
        return self.shelf.value_bits(code, values)

    def price_bits(self, currency: Currency, low: int | None, high: int | None) -> int:
        """Products with a variant in this range of prices; those without a price in the currency are not."""
        return self.prices(currency).between(low, high) & self.published

    def prices(self, currency: Currency) -> Ordered[int]:
        return self.shelf.prices.get((self.channel.code, currency), _NOTHING)

    def lowest_prices(self, currency: Currency) -> Ordered[int]:
        return self.shelf.lowest_prices.get((self.channel.code, currency), _NOTHING)

    def amounts(self, row: Row, currency: Currency) -> tuple[int, ...]:
        """What its variants cost, the lowest first."""
        return row.prices.get(self.channel.code, {}).get(currency, ())
