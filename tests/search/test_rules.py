"""Synonyms and pins in searches: they come with events, stay on disk, and reindex nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rialto.catalog.api import Pins, SearchRules, Synonyms
from rialto.catalog.events import SearchRulesChanged
from tests.search.builders import DE, EN, Shop, a_product, a_shop, published

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


def synonyms(*terms: str, language: str = "en", one_way: bool = False) -> SearchRules:
    return SearchRules(synonyms=[Synonyms(id="some", language=language, terms=list(terms), one_way=one_way)])


def pins(query: str, *products: str, language: str = "en") -> SearchRules:
    return SearchRules(pins=[Pins(id="some", language=language, query=query, products=list(products))])


async def three_things(folder: Path) -> Shop:
    return await a_shop(
        folder,
        [
            a_product(1, {"en": "Floor lamp", "de": "Stehlampe"}),
            a_product(2, {"en": "Night light", "de": "Nachtlicht"}, category="paper"),
            a_product(3, {"en": "Vase", "de": "Vase"}, category="vases"),
        ],
    )


async def test_synonyms_find_each_other_behind_what_was_typed(tmp_path: Path) -> None:
    shop = await three_things(tmp_path)
    assert await shop.found(q="light") == ["p-2"]
    await shop.tell(SearchRulesChanged(rules=synonyms("lamp", "light")))
    assert await shop.found(q="light") == ["p-2", "p-1"]
    assert await shop.found(q="lamps") == ["p-1", "p-2"], "also in another form of the word"
    assert await shop.found(DE, q="licht") == ["p-2"], "in their own language only"


async def test_a_one_way_synonym_is_found_by_the_first_term_only(tmp_path: Path) -> None:
    shop = await three_things(tmp_path)
    await shop.tell(SearchRulesChanged(rules=synonyms("lighting", "lamp", "night light", one_way=True)))
    assert sorted(await shop.found(q="lighting")) == ["p-1", "p-2"]
    assert await shop.found(q="floor") == ["p-1"]
    assert await shop.found(q="night light") == ["p-2"]


async def test_phrases_stand_for_words_and_words_for_phrases(tmp_path: Path) -> None:
    shop = await three_things(tmp_path)
    await shop.tell(SearchRulesChanged(rules=synonyms("torchiere", "floor lamp")))
    assert await shop.found(q="torchiere") == ["p-1"]
    assert (await shop.browse(q="torchiere")).did_you_mean == []


async def test_pinned_products_stand_first_for_just_their_query(tmp_path: Path) -> None:
    shop = await three_things(tmp_path)
    await shop.tell(SearchRulesChanged(rules=pins("light", "p-3", "gone", "p-1")))
    assert await shop.found(q="Lights") == ["p-3", "p-1", "p-2"]
    assert await shop.found(q="night light") == ["p-2"]
    assert await shop.found(q="light", category="vases") == ["p-3"], "filters hold for them, too"
    assert await shop.found(DE, q="light") == []
    await shop.tell(published(a_product(3, "Vase", version=2, published=False)))
    assert await shop.found(q="light") == ["p-1", "p-2"]


async def test_rules_stay_when_the_process_ends_and_are_read_at_a_rebuild(tmp_path: Path) -> None:
    shop = await three_things(tmp_path)
    rules = synonyms("lamp", "light")
    await shop.tell(SearchRulesChanged(rules=rules))
    shop.store.close()
    later = Shop(tmp_path)
    assert await later.found(EN, q="light") == ["p-2", "p-1"]
    later.catalog.products, later.catalog.rules = shop.catalog.products, pins("light", "p-3")
    await later.rebuild()
    assert await later.found(q="light") == ["p-3", "p-2"]


async def test_a_process_that_does_not_write_follows_the_one_that_does(tmp_path: Path) -> None:
    writer = await three_things(tmp_path)
    reader = Shop(tmp_path)
    await writer.tell(SearchRulesChanged(rules=synonyms("lamp", "light")))
    assert await reader.found(q="light") == ["p-2", "p-1"]
    await writer.tell(SearchRulesChanged(rules=SearchRules()))
    assert await reader.found(q="light") == ["p-2"]
