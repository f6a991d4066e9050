"""From documents to what a shopper is shown, in one language, currency and channel."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter

from babel import UnknownLocaleError
from babel.numbers import format_decimal

from rialto.catalog.api import (
    AttributeDefinition,
    AttributeValue,
    Category,
    ProductDocument,
    Texts,
    VariantDraft,
    former_in,
    prices_in,
    unit_price,
)
from rialto.kernel.money import Currency, Money
from rialto.search.api import (
    AttributeLine,
    CategoryLink,
    OptionValue,
    ProductCard,
    ProductDetail,
    ProductOption,
    Variant,
    VariantCard,
)
from rialto.search.definitions import decimal_of, pick, plain_values
from rialto.search.front import Front
from rialto.search.model import best_band

STOCK_UNKNOWN = "unknown"
_YES_NO = {
    "en": ("Yes", "No"),
    "de": ("Ja", "Nein"),
    "fr": ("Oui", "Non"),
    "es": ("Sí", "No"),
    "it": ("Sì", "No"),
    "nl": ("Ja", "Nee"),
}


class Rendering:
    """One view of one shop front. `language` is one of its own."""

    def __init__(self, front: Front, language: str, currency: Currency, *, stock_known: bool = True) -> None:
        self.front = front
        self._shelf = front.shelf
        self._channel = front.channel
        self._definitions = front.definitions
        self._languages = (language, front.definitions.languages[0])
        self.language = language
        self.currency = currency
        self._stock_known = stock_known

    def text(self, texts: Texts) -> str:
        return pick(texts, *self._languages)

    def card(self, document: ProductDocument) -> ProductCard:
        draft = document.draft
        low, high, cheapest = self._prices(draft.variants)
        former = None if cheapest is None else self._former(cheapest)
        return ProductCard(
            id=document.id,
            slug=draft.slug,
            title=self.text(draft.title),
            category=draft.category,
            price_from=low,
            price_to=high,
            compare_at=former,
            lowest_30_days=self._lowest(document, cheapest) if cheapest and former else None,
            unit_price=unit_price(low, cheapest.content) if low and cheapest else None,
            attributes=draft.attributes,
            images=draft.images,
            variants=[
                VariantCard(sku=variant.sku, options=variant.options, availability=self._band(variant.sku))
                for variant in draft.variants
            ],
            availability=self._availability(draft.variants),
            rating=self._shelf.ratings.get(document.id),
        )

    def detail(self, document: ProductDocument) -> ProductDetail:
        draft = document.draft
        low, high, _ = self._prices(draft.variants)
        return ProductDetail(
            id=document.id,
            slug=draft.slug,
            title=self.text(draft.title),
            description=self.text(draft.description),
            category=draft.category,
            breadcrumb=[self.category(each) for each in self._definitions.path(draft.category)],
            attributes=draft.attributes,
            details=[self._line(document, code, value) for code, value in draft.attributes.items()],
            options=[self._option(document, code) for code in draft.options],
            images=draft.images,
            price_from=low,
            price_to=high,
            variants=[self._variant(document, variant) for variant in draft.variants],
            availability=self._availability(draft.variants),
            rating=self._shelf.ratings.get(document.id),
            changed_on=document.changed_at.date(),
            maker=draft.maker,
            safety=self.text(draft.safety),
        )

    def category(
        self, category: Category, *, count: int = 0, children: list[CategoryLink] | None = None
    ) -> CategoryLink:
        return CategoryLink(
            slug=category.slug,
            title=self.text(category.title) or category.slug,
            count=count,
            description=self.text(category.description),
            parent=category.parent,
            image=category.image,
            children=children or [],
        )

    def value_label(self, definition: AttributeDefinition | None, value: str) -> str:
        """One value of an attribute as people read it, without its unit."""
        if definition is None:
            return value
        if definition.type == "boolean":
            yes, no = _YES_NO.get(self.language, ("✓", "–"))
            return yes if value == "true" else no
        if definition.type == "number":
            return _formatted(value, self.language.replace("-", "_"))
        return self.text(definition.values.get(value, {})) or value

    def attribute_label(self, definition: AttributeDefinition | None, code: str) -> str:
        return (self.text(definition.label) if definition else "") or code

    def _prices(
        self, variants: Iterable[VariantDraft]
    ) -> tuple[Money | None, Money | None, VariantDraft | None]:
        """Lowest, highest, and the cheapest variant."""
        priced = [(price, variant) for variant in variants if (price := self._price(variant)) is not None]
        if not priced:
            return None, None, None
        low, cheapest = min(priced, key=itemgetter(0))
        return low, max(price for price, _ in priced), cheapest

    def _price(self, variant: VariantDraft) -> Money | None:
        amount = prices_in(self._channel, variant).get(self.currency)
        return None if amount is None else Money(amount, self.currency)

    def _former(self, variant: VariantDraft) -> Money | None:
        price, former = self._price(variant), former_in(self._channel, variant).get(self.currency)
        if price is None or former is None or former <= price.amount:
            return None
        return Money(former, self.currency)

    def _lowest(self, document: ProductDocument, variant: VariantDraft) -> Money | None:
        """Before the present reduction."""
        lowest = document.lowest_30_days.get(variant.sku, {}).get(self.currency)
        return None if lowest is None else Money(lowest, self.currency)

    def _band(self, sku: str) -> str:
        return self._shelf.band(sku) if self._stock_known else STOCK_UNKNOWN

    def _availability(self, variants: Iterable[VariantDraft]) -> str:
        if not self._stock_known:
            return STOCK_UNKNOWN
        return best_band(self._shelf.band(variant.sku) for variant in variants)

    def _variant(self, document: ProductDocument, variant: VariantDraft) -> Variant:
        price, former = self._price(variant), self._former(variant)
        labels = [
            self.value_label(self._definition(document, code), variant.options[code])
            for code in document.draft.options
            if code in variant.options
        ]
        return Variant(
            sku=variant.sku,
            title=" · ".join(labels) or self.text(document.draft.title),
            options=variant.options,
            price=price,
            compare_at=former,
            lowest_30_days=None if former is None else self._lowest(document, variant),
            availability=self._band(variant.sku),
            weight_g=variant.weight_g,
            gtin=variant.gtin,
            content=variant.content,
            unit_price=None if price is None else unit_price(price, variant.content),
        )

    def _option(self, document: ProductDocument, code: str) -> ProductOption:
        """Values in the order of the definition, then as the variants bring them."""
        definition = self._definition(document, code)
        used = dict.fromkeys(v.options[code] for v in document.draft.variants if code in v.options)
        places = (definition.order or list(definition.values)) if definition else []
        ordered = [value for value in places if value in used]
        return ProductOption(
            code=code,
            label=self.attribute_label(definition, code),
            values=[
                OptionValue(value=value, label=self.value_label(definition, value))
                for value in dict.fromkeys([*ordered, *used])
            ],
        )

    def _line(self, document: ProductDocument, code: str, value: AttributeValue) -> AttributeLine:
        definition = self._definition(document, code)
        shown = ", ".join(self.value_label(definition, each) for each in plain_values(value))
        unit = definition.unit if definition else None
        return AttributeLine(
            code=code,
            label=self.attribute_label(definition, code),
            value=f"{shown}\N{NO-BREAK SPACE}{unit}" if unit else shown,
        )

    def _definition(self, document: ProductDocument, code: str) -> AttributeDefinition | None:
        """The present definition, else the one that came with the product."""
        known = self._definitions.attribute.get(code)
        return known or next((inlined for inlined in document.attributes if inlined.code == code), None)


@lru_cache(maxsize=4096)
def _formatted(value: str, locale: str) -> str:
    """A decimal as its language writes it; babel takes 20 µs, and a list of facets holds hundreds."""
    number = decimal_of(value)
    if number is None:
        return value
    try:
        return format_decimal(number, locale=locale, decimal_quantization=False)
    except (UnknownLocaleError, ValueError):
        return value
