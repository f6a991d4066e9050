"""What a query finds: words as they are meant, mistyped, taken apart; and what is said where nothing fits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rialto.kernel.money import EUR, Money
from rialto.search.api import (
    CategoryHint,
    FewerWords,
    SuggestFor,
)
from tests.search.builders import DE, EN, Shop, a_product, a_shop, a_variant, published

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


async def test_titles_weigh_more_than_attributes_and_these_more_than_descriptions(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            a_product(1, "Shade", description={"en": "Made of oak, with love and care."}),
            a_product(2, "Shelf", attributes={"colour": "oak"}),
            a_product(3, "Oak table"),
            a_product(4, "Vase"),
        ],
    )
    assert await shop.found(q="oak") == ["p-3", "p-2", "p-1"]


async def test_stems_case_accents_and_prefixes_are_found(tmp_path: Path) -> None:
    titles = {"en": "Ceramic lamps à la Café", "de": "Grüne Tischlampe"}
    shop = await a_shop(tmp_path, [a_product(1, titles), a_product(2, "Chair", category="paper")])
    for q in ("lamp", "LAMPS", "cafe", "ceram", "lamps ceramic"):
        assert await shop.found(q=q) == ["p-1"], q
    for q in ("lampe", "Lampen", "tischlamp", "grün", "gruen", "GRUNE", "tisch"):
        assert await shop.found(DE, q=q) == ["p-1"], q


async def test_only_texts_of_the_views_language_are_searched(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path, [a_product(1, {"en": "Lamp", "de": "Leuchte"}), a_product(2, "Bowl", category="vases")]
    )
    assert await shop.found(EN, q="leuchte") == []
    assert await shop.found(DE, q="leuchte") == ["p-1"]
    assert await shop.found(DE, q="bowl") == ["p-2"], "without a translation the default language stands in"


async def test_an_exact_sku_comes_first(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path, [a_product(1, "SKU-2 poster"), a_product(2, "Bowl"), a_product(3, "Another SKU-2 print")]
    )
    assert (await shop.found(q="SKU-2"))[0] == "p-2"
    assert (await shop.found(q=" sku-2 "))[0] == "p-2"


async def test_a_mistyped_word_finds_what_was_meant_and_says_so(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, {"en": "Ceramic vase", "de": "Vase aus Keramik"})])
    page = await shop.browse(q="cermaic vase")
    assert [card.slug for card in page.items] == ["p-1"]
    assert page.did_you_mean == ["ceramic vase"]
    assert (await shop.browse(DE, q="bodenvase")).did_you_mean == ["vase"]


async def test_longer_words_may_hold_two_mistakes_and_short_ones_none(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, "Notebook"), a_product(2, "Mug"), a_product(3, "Vase")])
    for q, slugs in (
        ("notebok", ["p-1"]),
        ("notbok", []),
        ("notebbokk", ["p-1"]),
        ("ontebook", ["p-1"]),
        ("mud", []),
        ("vaes", ["p-3"]),
    ):
        assert await shop.found(q=q) == slugs, q


async def test_what_is_written_right_stands_before_what_is_nearly_so(tmp_path: Path) -> None:
    products = [a_product(1, "Tables"), a_product(2, "Cable"), a_product(3, "Tablo")]
    shop = await a_shop(tmp_path, products)
    page = await shop.browse(q="table")
    assert [card.slug for card in page.items] == ["p-1", "p-3"], "a cable does not begin like a table"
    assert page.did_you_mean == []
    shop.catalog.products += [a_product(4, "Round table"), a_product(5, "Square table")]
    await shop.rebuild()
    assert sorted(await shop.found(q="table")) == ["p-1", "p-4", "p-5"], "enough is found as it is written"


async def test_parts_of_words_and_of_skus_are_found(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            a_product(1, {"en": "Desk lamp", "de": "Schreibtischleuchte"}),
            a_product(2, {"en": "Sideboard", "de": "Anrichte"}, category="paper"),
            a_product(3, "Vase", category="vases", variants=[a_variant("QX-4711-B")]),
        ],
    )
    assert await shop.found(DE, q="tisch") == ["p-1"], "in the middle of a compound"
    assert await shop.found(q="board") == ["p-2"]
    for q in ("4711", "x-4711", "X-47"):
        assert await shop.found(q=q) == ["p-3"], q
    await shop.tell(published(a_product(3, "Vase", category="vases", version=2)))
    assert await shop.found(q="x-4711") == []


async def test_a_compound_of_known_words_is_taken_apart(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            a_product(1, {"en": "Vase", "de": "Vase"}, attributes={"colour": "oak"}, category="vases"),
            a_product(2, {"en": "Vase", "de": "Vase"}, attributes={"colour": "red"}, category="vases"),
        ],
    )
    for q in ("wolldecke", "schreibtischvase"):
        assert (await shop.browse(DE, q=q)).did_you_mean == (["vase"] if q.endswith("vase") else []), q
    page = await shop.browse(DE, q="eichenvase")
    assert [card.slug for card in page.items] == ["p-1", "p-2"], "then what the last part alone finds"
    assert page.did_you_mean == ["eichen vase"]


async def test_where_words_have_to_be_left_out_it_says_which_and_what_remains(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [a_product(1, "Ceramic vase"), a_product(2, "Ceramic bowl"), a_product(3, "Paper lamp")],
    )
    page = await shop.browse(q="ceramic unicorn")
    assert page.fewer_words == [FewerWords(q="ceramic", dropped=["unicorn"], total=2)]
    page = await shop.browse(q="ceramic paper")
    assert [(each.q, each.total) for each in page.fewer_words] == [("ceramic", 2), ("paper", 1)]
    assert (await shop.browse(q="ceramic bowl")).fewer_words == []


async def test_where_nothing_is_found_shorter_queries_are_suggested(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, "Ceramic vase")])
    page = await shop.browse(q="ceramic unicorn")
    assert page.total == 0
    assert page.did_you_mean == ["ceramic"]
    assert (await shop.browse(q="")).did_you_mean == []


async def test_suggestions_hold_categories_products_and_words(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path, [a_product(1, "Lampshade", price=700), a_product(2, "Vase", category="vases")]
    )
    found = (await shop.search.suggest(SuggestFor(view=EN, q="lam"))).items
    assert [(item.kind, item.text, item.slug) for item in found] == [
        ("category", "Lamps", "lamps"),
        ("product", "Lampshade", "p-1"),
        ("query", "lamps", None),
        ("query", "lampshade", None),
    ]
    assert found[1].price_from == Money(700, EUR)
    by_kind = await shop.search.suggest(SuggestFor(view=EN, q="lam"))
    assert [(hint.title, hint.slug, hint.price_from) for hint in by_kind.products] == [
        ("Lampshade", "p-1", Money(700, EUR))
    ]
    assert by_kind.categories == [CategoryHint(slug="lamps", title="Lamps", count=1)]
    assert by_kind.queries == ["lamps", "lampshade"]
    assert (await shop.search.suggest(SuggestFor(view=EN, q=" -- "))).items == []


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.one_of(st.text(max_size=300), st.text("\"'*?~^+-:()[]{}/\\!&| aAzßéİ\u0301\u200b0", max_size=60)))
async def test_no_query_is_too_strange(strange_shop: Shop, q: str) -> None:
    for view in (EN, DE):
        page = await strange_shop.browse(view, q=q)
        assert len(page.items) == min(page.total, 24)
        await strange_shop.search.suggest(SuggestFor(view=view, q=q))


@pytest.fixture
async def strange_shop(tmp_path: Path) -> Shop:
    titles = ["Café à la İstanbul", "Straße 7", "*:* AND (x OR y)", "東京 ランプ", "किताब"]
    return await a_shop(tmp_path, [a_product(n, title) for n, title in enumerate(titles)])
