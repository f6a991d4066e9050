"""Which collections a product is in as far as the catalogue can tell: those that do not ask for stock.

For promotions, which decide about money and so go by what is stored rather than by the read model of `search`.
Both must agree about every product; a test tries that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from msgspec.structs import replace

from rialto.catalog.api.collections import Collection, CollectionRule
from rialto.catalog.api.fronts import prices_in
from rialto.catalog.api.products import AttributeDefinition, AttributeValue, Product
from rialto.catalog.api.profile import Channel
from rialto.catalog.model.products import DECIMAL
from rialto.catalog.model.structure import path_to
from rialto.kernel.money import Currency


@dataclass(frozen=True, kw_only=True)
class Membership:
    """The collections that count, with what their rules name. `parents` is the category tree."""

    collections: Sequence[Collection]
    definitions: Mapping[str, AttributeDefinition]
    parents: Mapping[str, str | None]

    @property
    def by_rule(self) -> bool:
        """Whether a product's address is not enough to tell."""
        return any(collection.rule is not None for collection in self.collections)

    def chosen(self, slug: str) -> list[str]:
        """Collections for which this product was chosen by hand."""
        return [collection.slug for collection in self.collections if slug in collection.products]

    def ruled(
        self, product: Product, currency: Currency, today: date, *, front: Channel | None = None
    ) -> list[str]:
        """Collections whose rule this product meets for somebody who pays in this currency, by the prices of the shop front."""
        if front is not None:
            product = _as_priced(product, front)
        return [
            collection.slug
            for collection in self.collections
            if collection.rule is not None and self._meets(product, collection.rule, currency, today)
        ]

    def _meets(self, product: Product, rule: CollectionRule, currency: Currency, today: date) -> bool:
        draft = product.draft
        if rule.featured and not draft.featured:
            return False
        if rule.categories and not set(path_to(draft.category, self.parents)) & set(rule.categories):
            return False
        if rule.newer_than_days is not None:
            created_on = draft.created_on or product.changed_at.date()
            if created_on < today - timedelta(days=rule.newer_than_days):
                return False
        if rule.prices and not _is_priced(product, rule, currency):
            return False
        return all(self._has_any(product, code, values) for code, values in rule.attributes.items())

    def _has_any(self, product: Product, code: str, wanted: Iterable[str]) -> bool:
        definition = self.definitions.get(code)
        if definition is None or not definition.filterable:
            return False
        draft = product.draft
        held = [*_plain(draft.attributes.get(code, []))]
        held += [variant.options[code] for variant in draft.variants if code in variant.options]
        return not {_same(value, definition.type) for value in held}.isdisjoint(
            _same(value, definition.type) for value in wanted
        )


def countable(collections: Iterable[Collection]) -> list[Collection]:
    """Those that a promotion can go by: stock changes by the second, and is not the catalogue's to know."""
    return [each for each in collections if each.rule is None or each.rule.stock is None]


def _as_priced(product: Product, front: Channel) -> Product:
    variants = [
        replace(variant, prices=dict(prices_in(front, variant))) for variant in product.draft.variants
    ]
    return replace(product, draft=replace(product.draft, variants=variants))


def _is_priced(product: Product, rule: CollectionRule, currency: Currency) -> bool:
    bands = {currency: rule.prices[currency]} if currency in rule.prices else rule.prices
    return any(
        (band.low is None or band.low <= amount) and (band.high is None or amount <= band.high)
        for code, band in bands.items()
        for variant in product.draft.variants
        if (amount := variant.prices.get(code)) is not None
    )


def _plain(value: AttributeValue) -> list[str]:
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return list(value) if isinstance(value, list) else [str(value)]


def _same(text: str, kind: str) -> str:
    """One form for what is the same: `12.50` and `12.5`."""
    if kind == "number" and DECIMAL.fullmatch(text):
        return f"{Decimal(text).normalize():f}"
    return text
