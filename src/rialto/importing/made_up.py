"""A large catalogue that does not exist, made of the demo's words, for trying a shop at size.

Every product is a demo product under another name, in one material and some of its colours and sizes, with
sentences of its kind. Some kinds are common and most are rare, prices and variants are spread as in real shops.
The same seed makes the same products.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate

from rialto.catalog.api import AttributeDefinition, ProductDraft, Texts, VariantDraft
from rialto.importing.demo import DemoImporter, demo_catalogue
from rialto.importing.model import AttributeRow, ImportOptions, ProductRow, Row, StockCount

FILE = "made up"
BEGINNINGS = (
    *("Al", "Ar", "Bel", "Bir", "Cor", "Dal", "Der", "El", "Fal", "Fin", "Gar", "Hal", "Hol", "Il", "Jor"),
    *("Kal", "Kir", "Lan", "Lin", "Lor", "Mal", "Mir", "Nor", "Ol", "Os", "Pal", "Pir", "Quin", "Ral"),
    *("Rin", "Sal", "Sel", "Tal", "Tor", "Ul", "Val", "Vin", "Wal", "Wil", "Yl", "Zin"),
)
MIDDLES = ("", "", "a", "e", "i", "o", "de", "la", "ma", "ne", "ri", "so", "ta", "vi")
ENDINGS = (
    "a",
    "an",
    "bek",
    "da",
    "en",
    "es",
    "gard",
    "holm",
    "ia",
    "in",
    "is",
    "ka",
    "lund",
    "mo",
    "na",
    "o",
)


class Spread:
    """Values, each with how many of a thousand have it."""

    def __init__(self, shares: Mapping[int, int]) -> None:
        self._values = list(shares)
        self._up_to = list(accumulate(shares.values()))

    def draw(self, chance: random.Random) -> int:
        [found] = chance.choices(self._values, cum_weights=self._up_to)
        return found


# Percent of the demo's price: most are near it, few far above.
PRICES = Spread({40: 60, 60: 140, 80: 220, 100: 240, 130: 160, 180: 100, 260: 50, 420: 24, 900: 6})
VARIANTS = Spread({1: 560, 2: 210, 3: 110, 4: 60, 6: 40, 12: 20})
ON_HAND = Spread({0: 80, 2: 120, 8: 250, 25: 300, 90: 200, 400: 50})
WAREHOUSES = ("berlin", "rotterdam")
UNPUBLISHED_OF_1000, REDUCED_OF_1000, SECOND_WAREHOUSE_OF_1000 = 30, 80, 250
DAYS = 1500
SENTENCES_MAX = 3


def demo_definitions() -> list[Row]:
    """The attributes and categories that made-up products use."""
    return [row for row in _demo() if not isinstance(row, ProductRow)]


def made_up_products(count: int, chance: random.Random, newest: date) -> Iterator[ProductRow]:
    """So many products with stock. `newest` is the day of the last of them."""
    rows = _demo()
    definitions = {row.definition.code: row.definition for row in rows if isinstance(row, AttributeRow)}
    kinds = [row.draft for row in rows if isinstance(row, ProductRow)]
    chance.shuffle(kinds)
    # The n-th commonest kind has a share of 1/n: a few fill most of the shelves.
    shares = list(accumulate(1000 // place for place in range(1, len(kinds) + 1)))
    sentences = [_sentences(kind.description) for kind in kinds]
    for number in range(1, count + 1):
        [place] = chance.choices(range(len(kinds)), cum_weights=shares)
        maker = _Maker(kinds[place], sentences[place], definitions, chance)
        yield maker.product(number, newest)


class _Maker:
    """Makes one product after a demo product."""

    def __init__(
        self,
        kind: ProductDraft,
        sentences: Sequence[Texts],
        definitions: dict[str, AttributeDefinition],
        chance: random.Random,
    ) -> None:
        self._kind = kind
        self._sentences = sentences
        self._definitions = definitions
        self._chance = chance

    def product(self, number: int, newest: date) -> ProductRow:
        kind, chance = self._kind, self._chance
        name = chance.choice(BEGINNINGS) + chance.choice(MIDDLES) + chance.choice(ENDINGS)
        material = chance.choice(list(self._definitions["material"].values))
        slug = f"{kind.slug.rpartition('-')[0]}-{name.lower()}-{number}"
        variants = self._variants(slug)
        colours = {variant.options.get("colour") for variant in variants}
        draft = ProductDraft(
            slug=slug,
            title=self._title(name, material),
            description=self._description(),
            category=kind.category,
            attributes={**kind.attributes, "material": material},
            options=kind.options,
            variants=variants,
            images=[
                each for each in kind.images if not each.options or each.options.get("colour") in colours
            ],
            published=chance.randrange(1000) >= UNPUBLISHED_OF_1000,
            created_on=newest - timedelta(days=chance.randrange(DAYS)),
        )
        stock = [count for variant in variants for count in self._stock(variant)]
        return ProductRow(draft=draft, file=FILE, line=number, stock=stock)

    def _title(self, name: str, material: str) -> Texts:
        """The demo's title with another name, and what it is made of."""
        labels = self._definitions["material"].values[material]
        own = _name_in(self._kind.title)
        found = {}
        for language, title in self._kind.title.items():
            renamed = re.sub(rf"\b{re.escape(own)}\b", name, title) if own else f"{title} {name}"
            found[language] = f"{renamed}, {labels[language]}"
        return found

    def _description(self) -> Texts:
        chosen = self._chance.sample(self._sentences, min(SENTENCES_MAX, len(self._sentences)))
        languages = chosen[0] if chosen else {}
        return {language: " ".join(each[language] for each in chosen) for language in languages}

    def _variants(self, slug: str) -> list[VariantDraft]:
        chance = self._chance
        some = self._kind.variants
        wanted = chance.sample(some, min(VARIANTS.draw(chance), len(some)))
        percent = PRICES.draw(chance) + chance.randrange(-9, 10)
        reduced = chance.randrange(1000) < REDUCED_OF_1000
        return [self._variant(slug, each, percent, reduced=reduced) for each in wanted]

    def _variant(self, slug: str, like: VariantDraft, percent: int, *, reduced: bool) -> VariantDraft:
        prices = {code: max(amount * percent // 10_000, 1) * 100 for code, amount in like.prices.items()}
        former = {code: amount * 5 // 4 for code, amount in prices.items()} if reduced else {}
        return VariantDraft(
            sku="-".join([slug, *like.options.values()]).upper()[:64],
            options=like.options,
            prices=prices,
            compare_at=former,
            weight_g=like.weight_g,
        )

    def _stock(self, variant: VariantDraft) -> Iterator[StockCount]:
        chance = self._chance
        several = chance.randrange(1000) < SECOND_WAREHOUSE_OF_1000
        for warehouse in WAREHOUSES if several else WAREHOUSES[:1]:
            on_hand = ON_HAND.draw(chance)
            yield StockCount(sku=variant.sku, warehouse=warehouse, on_hand=on_hand, line=0)


def _demo() -> list[Row]:
    return list(DemoImporter().read(demo_catalogue(), ImportOptions()))


def _sentences(texts: Texts) -> list[Texts]:
    """Sentence by sentence in all languages, as far as these have as many."""
    by_language = {
        language: re.split(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ„“])", text) for language, text in texts.items()
    }
    count = min((len(each) for each in by_language.values()), default=0)
    return [{language: each[at] for language, each in by_language.items()} for at in range(count)]


def _name_in(title: Texts) -> str:
    """The word that all languages share: the demo's name for it. Empty where there is none."""
    words = [re.findall(r"[^\W\d_]{3,}", text) for text in title.values()]
    return next((word for word in words[0] if all(word in other for other in words)), "") if words else ""
