"""From a product document to what is kept of it: the row in memory and the terms in the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from rialto.catalog.api import (
    Channel,
    Collections,
    Companions,
    ProductDocument,
    ProductDraft,
    SearchRules,
    VariantDraft,
    prices_in,
    shows,
)
from rialto.inventory.events import band
from rialto.kernel.service import Frozen
from rialto.search.api import Rating
from rialto.search.definitions import Definitions, canonical, pick, plain_values
from rialto.search.ports import Entry
from rialto.search.words import Stems, terms_of, words_of

PRODUCT, BAND, RATING, COMPANIONS = "product", "band", "rating", "companions"
POSITIONS, DEFINITIONS, RULES = "positions", "definitions", "rules"
COLLECTIONS = "collections"
TEXT_LENGTH_MAX = 20_000

decode_document = msgspec.json.Decoder(ProductDocument).decode
encode = msgspec.json.encode


class Band(Frozen):
    """One SKU's band and where in the log it was said; a count read at a rebuild has no place there."""

    name: str
    partition: int = -1
    id: int = 0


class Positions(Frozen):
    """How far the feed was taken in, and the index's own count of commits. `known` is false before any feed."""

    seq: int = 0
    known: bool = False
    by_partition: dict[int, int] = {}


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the columns hold of one product; kept so that it can be taken out again.

    `prices` are by shop front and currency; `hidden_in` are the shop fronts that do not show it.
    """

    slot: int
    id: str
    slug: str
    version: int
    published: bool
    featured: bool
    category: str | None
    created_on: date
    changed_on: date
    values: tuple[tuple[str, str], ...]
    skus: tuple[str, ...]
    prices: dict[str, dict[str, tuple[int, ...]]]
    titles: dict[str, str]
    hidden_in: tuple[str, ...] = ()


decode_band = msgspec.json.Decoder(Band).decode
decode_rating = msgspec.json.Decoder(Rating).decode
decode_positions = msgspec.json.Decoder(Positions).decode
decode_definitions = msgspec.json.Decoder(Definitions).decode
decode_companions = msgspec.json.Decoder(Companions).decode
decode_rules = msgspec.json.Decoder(SearchRules).decode
decode_collections = msgspec.json.Decoder(Collections).decode


def row_of(document: ProductDocument, slot: int, definitions: Definitions) -> Row:
    draft = document.draft
    default = definitions.languages[0]
    return Row(
        slot=slot,
        id=document.id,
        slug=draft.slug,
        version=document.version,
        published=draft.published,
        featured=draft.featured,
        category=draft.category,
        created_on=draft.created_on or document.changed_at.date(),
        changed_on=document.changed_at.date(),
        values=tuple(dict.fromkeys(_filter_values(document, definitions))),
        skus=tuple(variant.sku for variant in draft.variants),
        prices=_prices(draft, definitions),
        titles={language: pick(draft.title, language, default) for language in definitions.languages},
        hidden_in=tuple(front.code for front in definitions.fronts if not shows(front, draft)),
    )


def _prices(draft: ProductDraft, definitions: Definitions) -> dict[str, dict[str, tuple[int, ...]]]:
    """Shop fronts without prices of their own share one mapping: a million rows are kept."""
    shared = None
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for front in definitions.fronts:
        is_own = front.own_prices or any(front.code in variant.channel_prices for variant in draft.variants)
        if is_own or shared is None:
            prices = _by_currency(front, draft.variants)
            shared = shared if is_own else prices
        else:
            prices = shared
        found[front.code] = prices
    return found


def _by_currency(front: Channel, variants: Sequence[VariantDraft]) -> dict[str, tuple[int, ...]]:
    amounts: dict[str, set[int]] = {}
    for variant in variants:
        for currency, amount in prices_in(front, variant).items():
            amounts.setdefault(currency, set()).add(amount)
    return {currency: tuple(sorted(each)) for currency, each in amounts.items()}


def product_entry(document: ProductDocument, slot: int, definitions: Definitions, stems: Stems) -> Entry:
    """An unpublished product keeps its version, so that an older event cannot bring it back, but no terms."""
    zones = _zones(document, definitions, stems) if document.draft.published else {}
    return Entry(kind=PRODUCT, key=document.id, slot=slot, body=encode(document), zones=zones)


def band_entry(sku: str, value: Band) -> Entry:
    return Entry(kind=BAND, key=sku, body=encode(value))


def rating_entry(product_id: str, rating: Rating) -> Entry:
    """Also for a product without reviews any more: the entry says that there are none."""
    return Entry(kind=RATING, key=product_id, body=encode(rating))


def counted_band(available: int) -> Band:
    return Band(name=band(available))


def positions_entry(positions: Positions) -> Entry:
    return Entry(kind=POSITIONS, key="", body=encode(positions))


def definitions_entry(definitions: Definitions) -> Entry:
    return Entry(kind=DEFINITIONS, key="", body=encode(definitions))


def companions_entry(companions: Companions) -> Entry:
    return Entry(kind=COMPANIONS, key=companions.product_id, body=encode(companions))


def rules_entry(rules: SearchRules) -> Entry:
    return Entry(kind=RULES, key="", body=encode(rules))


def collections_entry(collections: Collections) -> Entry:
    return Entry(kind=COLLECTIONS, key="", body=encode(collections))


def _filter_values(document: ProductDocument, definitions: Definitions) -> Iterator[tuple[str, str]]:
    """Values of filterable attributes: the product's own, and those of its variants' options."""
    draft = document.draft
    for code, value in draft.attributes.items():
        if code in definitions.filterable:
            kind = definitions.attribute[code].type
            yield from ((code, canonical(each, kind)) for each in plain_values(value))
    for variant in draft.variants:
        for code, option in variant.options.items():
            if code in definitions.filterable:
                yield code, canonical(option, definitions.attribute[code].type)


def _zones(document: ProductDocument, definitions: Definitions, stems: Stems) -> dict[str, str]:
    draft, default = document.draft, definitions.languages[0]
    zones: dict[str, list[str]] = {"title": [], "detail": [], "body": []}
    for language in definitions.languages:
        texts = {
            "title": pick(draft.title, language, default),
            # Each word once: a colour is no truer for standing in twelve SKUs.
            "detail": " ".join(dict.fromkeys(words_of(" ".join(_labels(document, definitions, language))))),
            "body": pick(draft.description, language, default),
        }
        for zone, text in texts.items():
            zones[zone].append(terms_of(text[:TEXT_LENGTH_MAX], language, stems))
    return {zone: " ".join(parts) for zone, parts in zones.items()}


def _labels(document: ProductDocument, definitions: Definitions, language: str) -> Iterator[str]:
    """Names of the categories above, of what is true of it and of all values, and the SKUs."""
    draft, default = document.draft, definitions.languages[0]
    for category in definitions.path(draft.category):
        yield pick(category.title, language, default)
    values = {
        code: plain_values(value) for code, value in draft.attributes.items() if not isinstance(value, bool)
    }
    for variant in draft.variants:
        yield variant.sku
        for code, option in variant.options.items():
            values.setdefault(code, []).append(option)
    inlined = {attribute.code: attribute for attribute in document.attributes}
    for code in [code for code, value in draft.attributes.items() if value is True]:
        held = definitions.attribute.get(code) or inlined.get(code)
        yield pick(held.label, language, default) if held else ""
    for code, names in values.items():
        known = definitions.attribute.get(code) or inlined.get(code)
        for name in dict.fromkeys(names):
            label = known.values.get(name) if known else None
            yield pick(label, language, default) if label else name
