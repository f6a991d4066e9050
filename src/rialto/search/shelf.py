"""The read model in memory: rows and columns of all published products, stock bands, definitions.

It is a function of what stands in the index, so any process can make it, and is brought forward entry by
entry. Only the event loop's thread changes a shelf that is in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rialto.catalog.api import Collection, Collections, ProductDocument, SearchRules
from rialto.kernel.ids import ProductId
from rialto.search.api import Rating
from rialto.search.columns import Ordered, Posting
from rialto.search.definitions import Definitions
from rialto.search.documents import Band, Positions, Row, row_of
from rialto.search.lines import Lines
from rialto.search.model import best_band, rating_score
from rialto.search.vocabulary import Vocabulary
from rialto.search.words import sort_key

UNKNOWN_BAND = Band(name="sold_out")


class Shelf:
    """Sets are whole numbers of slots, see `columns`."""

    def __init__(self, definitions: Definitions, positions: Positions) -> None:
        self.definitions = definitions
        self.positions = positions
        self.rules = SearchRules()
        self.collections: dict[str, Collection] = {}
        self.rows: dict[int, Row] = {}
        self.slots: dict[str, int] = {}
        self.next_slot = 0
        self.bands: dict[str, Band] = {}
        self.ratings: dict[str, Rating] = {}
        self.companions: dict[str, list[ProductId]] = {}
        self.published = 0
        self.available = 0
        self.few_left = 0
        self.featured = 0
        self.values: dict[str, dict[str, Posting]] = {}
        self.by_category: dict[str | None, Posting] = {}
        self.by_slug: dict[str, int] = {}
        self.by_sku: dict[str, int] = {}
        self.skus = Lines(self.by_sku)
        self.hidden: dict[str, int] = {}
        self.prices: dict[tuple[str, str], Ordered[int]] = {}
        self.lowest_prices: dict[tuple[str, str], Ordered[int]] = {}
        self.newest: Ordered[int] = Ordered()
        self.by_rating: Ordered[int] = Ordered()
        self.titles: dict[str, Ordered[str]] = {language: Ordered() for language in definitions.languages}
        self.vocabularies = {language: Vocabulary() for language in definitions.languages}
        for category in definitions.categories:
            for language, text in category.title.items():
                if language in self.vocabularies:
                    self.vocabularies[language].add(text)
        for attribute in definitions.attributes:
            for label in attribute.values.values():
                for language, text in label.items():
                    if language in self.vocabularies:
                        self.vocabularies[language].add(text)

    @classmethod
    def of(
        cls,
        definitions: Definitions,
        positions: Positions,
        rows: Iterable[Row],
        *,
        bands: Mapping[str, Band],
        ratings: Mapping[str, Rating],
    ) -> Shelf:
        """A shelf made at once: ordered columns are sorted once instead of grown."""
        shelf = cls(definitions, positions)
        shelf.bands = dict(bands)
        shelf.ratings = {name: rating for name, rating in ratings.items() if rating.count}
        for row in rows:
            shelf._know(row)
            if row.published:
                shelf._show(row)
        shown = [row for row in shelf.rows.values() if row.published]
        shelf.newest = Ordered.of((row.created_on.toordinal(), row.slot) for row in shown)
        shelf.by_rating = Ordered.of(
            (rating_score(shelf.ratings[row.id]), row.slot) for row in shown if row.id in shelf.ratings
        )
        for language in shelf.titles:
            keys = ((sort_key(row.titles[language], language), row.slot) for row in shown)
            shelf.titles[language] = Ordered.of(keys)
        amounts: dict[tuple[str, str], list[tuple[int, tuple[int, ...]]]] = {}
        for row in shown:
            for key, each in _priced(row):
                amounts.setdefault(key, []).append((row.slot, each))
        for key, rows_priced in amounts.items():
            shelf.prices[key] = Ordered.of((amount, slot) for slot, each in rows_priced for amount in each)
            shelf.lowest_prices[key] = Ordered.of((each[0], slot) for slot, each in rows_priced)
        return shelf

    def put(self, document: ProductDocument, slot: int) -> None:
        """Take in a product, in the place of what was known of it."""
        before = self.rows.get(slot)
        if before is not None and before.published:
            self._order(before, add=False)
            self._hide(before)
        row = row_of(document, slot, self.definitions)
        self._know(row)
        if row.published:
            self._show(row)
            self._order(row, add=True)

    def set_band(self, sku: str, band: Band) -> None:
        self.bands[sku] = band
        slot = self.by_sku.get(sku)
        if slot is not None:
            self._mark_available(self.rows[slot])

    def set_rating(self, product_id: str, rating: Rating) -> None:
        """Also of a product that is not known yet: events of reviews and catalogue come in any order."""
        slot = self.slots.get(product_id)
        row = None if slot is None or not self.rows[slot].published else self.rows[slot]
        if row is not None:
            self._order_rating(row, add=False)
        if rating.count:
            self.ratings[product_id] = rating
        else:
            self.ratings.pop(product_id, None)
        if row is not None:
            self._order_rating(row, add=True)

    def tell_collections(self, told: Collections) -> None:
        """All of them, in the place of those before."""
        self.collections = {collection.slug: collection for collection in told.items}

    def band(self, sku: str) -> str:
        """A SKU of which inventory never spoke is sold out: nothing can be promised of it."""
        return self.bands.get(sku, UNKNOWN_BAND).name

    def category_bits(self, slug: str) -> int:
        """Products of a category and of all below it."""
        bits = 0
        for name in self.definitions.within(slug):
            posting = self.by_category.get(name)
            if posting is not None:
                bits |= posting.bits
        return bits

    def value_bits(self, code: str, values: Iterable[str]) -> int:
        """Products with any of these values."""
        bits = 0
        postings = self.values.get(code, {})
        for value in values:
            if value in postings:
                bits |= postings[value].bits
        return bits

    def find(self, ref: str) -> Row | None:
        """A published product by slug or id."""
        slot = self.by_slug.get(ref, self.slots.get(ref))
        row = None if slot is None else self.rows[slot]
        return row if row is not None and row.published else None

    def _know(self, row: Row) -> None:
        self.rows[row.slot] = row
        self.slots[row.id] = row.slot
        self.next_slot = max(self.next_slot, row.slot + 1)

    def _show(self, row: Row) -> None:
        bit = 1 << row.slot
        self.published |= bit
        for code in row.hidden_in:
            self.hidden[code] = self.hidden.get(code, 0) | bit
        self.by_slug[row.slug] = row.slot
        for sku in row.skus:
            if sku not in self.by_sku:
                self.skus.add(sku)
            self.by_sku[sku] = row.slot
        self.by_category.setdefault(row.category, Posting()).add(row.slot)
        for code, value in row.values:
            self.values.setdefault(code, {}).setdefault(value, Posting()).add(row.slot)
        if row.featured:
            self.featured |= bit
        self._mark_available(row)
        for language, title in row.titles.items():
            self.vocabularies[language].add(title)

    def _hide(self, row: Row) -> None:
        keep = ~(1 << row.slot)
        self.published &= keep
        self.featured &= keep
        self.available &= keep
        self.few_left &= keep
        for code in row.hidden_in:
            self.hidden[code] &= keep
        # A slug or SKU may have gone to another product in the meantime.
        if self.by_slug.get(row.slug) == row.slot:
            del self.by_slug[row.slug]
        for sku in row.skus:
            if self.by_sku.get(sku) == row.slot:
                del self.by_sku[sku]
                self.skus.discard()
        self.by_category[row.category].discard(row.slot)
        for code, value in row.values:
            posting = self.values[code][value]
            posting.discard(row.slot)
            if not posting:
                del self.values[code][value]
        for language, title in row.titles.items():
            self.vocabularies[language].discard(title)

    def _order(self, row: Row, *, add: bool) -> None:
        _change(self.newest, row.created_on.toordinal(), row.slot, add)
        self._order_rating(row, add=add)
        for language, title in row.titles.items():
            _change(self.titles[language], sort_key(title, language), row.slot, add)
        for key, amounts in _priced(row):
            _change(self.lowest_prices.setdefault(key, Ordered()), amounts[0], row.slot, add)
            every = self.prices.setdefault(key, Ordered())
            for amount in amounts:
                _change(every, amount, row.slot, add)

    def _order_rating(self, row: Row, *, add: bool) -> None:
        rating = self.ratings.get(row.id)
        if rating is not None:
            _change(self.by_rating, rating_score(rating), row.slot, add)

    def _mark_available(self, row: Row) -> None:
        bit = 1 << row.slot
        band = best_band(self.band(sku) for sku in row.skus)
        self.available = self.available & ~bit if band == "sold_out" else self.available | bit
        self.few_left = self.few_left | bit if band == "few_left" else self.few_left & ~bit


def _priced(row: Row) -> Iterator[tuple[tuple[str, str], tuple[int, ...]]]:
    """Its prices by shop front and currency."""
    for code, by_currency in row.prices.items():
        for currency, amounts in by_currency.items():
            yield (code, currency), amounts


def _change(ordered: Ordered[int] | Ordered[str], key: int | str, slot: int, add: bool) -> None:
    if add:
        ordered.add(key, slot)  # type: ignore[arg-type]
    else:
        ordered.discard(key, slot)  # type: ignore[arg-type]
