"""The shelf as one shop front shows it, made at once and grown product by product."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
import pytest

from rialto.catalog.api import Channel, ProductDocument, prices_in, shows
from rialto.kernel.money import EUR
from rialto.search.columns import Chosen
from rialto.search.definitions import Definitions
from rialto.search.documents import Positions, row_of
from rialto.search.front import Front
from rialto.search.shelf import Shelf
from rialto.search.sorting import SORTED_MAX, sorted_by
from tests.search.builders import ATTRIBUTES, CATEGORIES, a_product, a_variant

pytestmark = pytest.mark.fast

FRONTS = [
    Channel(code="default", currencies=[EUR], languages=["en"], country="DE"),
    Channel(code="trade", currencies=[EUR], languages=["en"], country="DE"),
    Channel(code="strict", currencies=[EUR], languages=["en"], country="DE", own_prices=True),
]
DEFINITIONS = Definitions(categories=CATEGORIES, attributes=ATTRIBUTES, channels=FRONTS)
COUNT = SORTED_MAX + 200  # more than are sorted on the spot


def made_up(number: int, source: random.Random, version: int = 1) -> ProductDocument:
    own = {
        code: {"EUR": source.randrange(100, 9000)} for code in ("trade", "strict") if source.random() < 0.4
    }
    variant = msgspec.structs.replace(
        a_variant(f"SKU-{number}", source.randrange(100, 9000)), channel_prices=own
    )
    channels = source.choice([[], [], ["default"], ["trade"], ["trade", "strict"]])
    return a_product(
        number, variants=[variant], channels=channels, published=source.random() < 0.9, version=version
    )


def at_once(documents: Iterable[ProductDocument]) -> Shelf:
    rows = (row_of(document, slot, DEFINITIONS) for slot, document in enumerate(documents))
    return Shelf.of(DEFINITIONS, Positions(), rows, bands={}, ratings={})


def test_each_shows_and_prices_what_its_rules_say_however_the_shelf_was_made() -> None:
    source = random.Random(23)
    documents = [made_up(number, source) for number in range(COUNT)]
    grown = at_once(documents)
    for slot in source.sample(range(COUNT), 150):
        documents[slot] = made_up(slot, source, version=2)
        grown.put(documents[slot], slot)
    for shelf in (grown, at_once(documents)):
        for channel in FRONTS:
            front = Front(shelf, channel)
            here = {
                slot: prices_in(channel, document.draft.variants[0])["EUR"]
                for slot, document in enumerate(documents)
                if document.draft.published and shows(channel, document.draft)
            }
            assert set(Chosen(front.published)) == set(here)
            low, high = 2000, 6000
            wanted = {slot for slot, amount in here.items() if low <= amount <= high}
            assert set(Chosen(front.price_bits(EUR, low, high))) == wanted
            for slot, document in enumerate(documents):
                assert (front.find(document.draft.slug) is not None) == (slot in here)
            for sort, descending in (("price", False), ("-price", True)):
                order = sorted_by(front, Chosen(front.published), sort=sort, language="en", currency=EUR)
                amounts = [here[slot] for slot in order.page(0, COUNT)]
                assert amounts == sorted(here.values(), reverse=descending)
            assert front.category_bits("home") == front.published


def test_shop_fronts_without_prices_of_their_own_share_what_is_kept() -> None:
    row = row_of(a_product(1), 0, DEFINITIONS)
    assert row.prices["default"] is row.prices["trade"], "a million rows are kept"
    assert row.prices["strict"] == {}
    assert row.hidden_in == ("strict",)
