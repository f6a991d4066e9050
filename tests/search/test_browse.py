"""What shoppers are shown: one test per promise of `search/api.py`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rialto.catalog.api import Content, Maker, PricePerUnit, ProductDocument, VariantDraft
from rialto.kernel.money import USD, Currency, Money
from rialto.search.api import (
    AllSlugs,
    CategoryHint,
    CategoryLink,
    ChannelFor,
    Featured,
    FewerWords,
    ProductAsked,
    ProductGone,
    ProductPage,
    QueryInvalid,
    Related,
    SuggestFor,
    View,
    ViewOf,
)
from tests.search.builders import DE, EN, Shop, a_product, a_shop, a_variant, published, stock

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

EUR = Currency("EUR")


def counted(page: ProductPage, code: str) -> dict[str, int]:
    return {value.value: value.count for facet in page.facets if facet.code == code for value in facet.values}


def coloured(number: int, colour: str, **more: Any) -> ProductDocument:
    return a_product(number, attributes={"colour": colour}, **more)


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


async def test_facets_stay_disjunctive_for_what_is_nearly_found(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path, [coloured(1, "red", title="Notebook"), coloured(2, "blue", title="Notebook")]
    )
    page = await shop.browse(q="notebok", filters={"colour": ["red"]})
    assert page.total == 1
    assert counted(page, "colour") == {"red": 1, "blue": 1}


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


async def test_counts_stay_right_when_several_values_are_chosen(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            coloured(1, "red", price=100),
            coloured(2, "red", price=300),
            coloured(3, "blue", price=100),
            a_product(4, attributes={"colour": "oak", "dimmable": True}, price=100),
            a_product(5, attributes={"height": 12}),
        ],
    )
    page = await shop.browse(filters={"colour": ["red", "blue"]})
    assert page.total == 3
    assert counted(page, "colour") == {"red": 2, "blue": 1, "oak": 1}
    page = await shop.browse(filters={"colour": ["red"], "dimmable": ["true"]})
    assert page.total == 0
    assert counted(page, "colour") == {"oak": 1, "red": 0}
    assert counted(page, "dimmable") == {"true": 0}
    page = await shop.browse(filters={"colour": ["red"]}, price_max=200)
    assert counted(page, "colour") == {"red": 1, "blue": 1, "oak": 1}


async def test_numbers_and_yes_or_no_are_facets_with_labels(tmp_path: Path) -> None:
    products = [
        a_product(1, attributes={"height": "12.50", "dimmable": True}),
        a_product(2, attributes={"height": 9, "dimmable": False}),
        a_product(3, attributes={"height": 100}),
    ]
    shop = await a_shop(tmp_path, products)
    page = await shop.browse(DE)
    height = next(facet for facet in page.facets if facet.code == "height")
    assert (height.label, height.unit) == ("Höhe", "cm")
    assert [(value.value, value.label) for value in height.values] == [
        ("9", "9"),
        ("12.5", "12,5"),
        ("100", "100"),
    ]
    dimmable = next(facet for facet in page.facets if facet.code == "dimmable")
    assert [(value.value, value.label) for value in dimmable.values] == [("true", "Ja"), ("false", "Nein")]
    assert await shop.found(filters={"height": ["12.500"], "dimmable": ["True"]}) == ["p-1"]


async def test_a_variants_option_is_found_as_a_value_of_its_product(tmp_path: Path) -> None:
    variants = [a_variant("A", 100, {"colour": "red"}), a_variant("B", 200, {"colour": "blue"})]
    shop = await a_shop(tmp_path, [a_product(1, variants=variants), coloured(2, "red")])
    assert counted(await shop.browse(), "colour") == {"red": 2, "blue": 1}
    assert await shop.found(filters={"colour": ["blue"]}) == ["p-1"]


async def test_a_parameter_that_is_no_filter_filters_nothing(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, attributes={"designer": "Ada"})])
    assert await shop.found(filters={"utm_source": ["mail"], "designer": ["Bob"]}) == ["p-1"]
    assert await shop.found(filters={"colour": ["unheard of"]}) == []


async def test_prices_are_those_of_the_views_currency(tmp_path: Path) -> None:
    variants = [a_variant("A", 100, USD=900), a_variant("B", 500, USD=700)]
    shop = await a_shop(
        tmp_path, [a_product(1, variants=variants), a_product(2, price=300), a_product(3, price=None)]
    )
    page = await shop.browse()
    assert page.price_range is not None
    assert (page.price_range.lowest, page.price_range.highest) == (Money(100, EUR), Money(500, EUR))
    assert await shop.found(price_min=250, price_max=400) == ["p-2"]
    assert await shop.found(price_min=500, price_max=500) == ["p-1"], "any variant may fit, ends included"
    dollars = View(language="en", currency=USD)
    page = await shop.browse(dollars, price_min=800)
    assert [card.slug for card in page.items] == ["p-1"]
    assert page.items[0].price_from == Money(700, USD)
    assert page.price_range is not None
    assert page.price_range.lowest == Money(700, USD), "the range ignores the price filter"


async def test_every_sort_sorts(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            a_product(1, {"en": "Zebra", "de": "Äpfel"}, price=200, created_on=date(2026, 1, 3)),
            a_product(2, {"en": "apple", "de": "Zebra"}, price=100, created_on=date(2026, 1, 1)),
            a_product(
                3, {"en": "Élan", "de": "Birne"}, price=None, created_on=date(2026, 1, 2), featured=True
            ),
        ],
    )
    assert await shop.found(sort="newest") == ["p-1", "p-3", "p-2"]
    assert await shop.found(sort="relevance") == ["p-3", "p-1", "p-2"], "featured first"
    assert await shop.found(sort="price") == ["p-2", "p-1", "p-3"]
    assert await shop.found(sort="-price") == ["p-1", "p-2", "p-3"], "what has no price comes last"
    assert await shop.found(sort="title") == ["p-2", "p-3", "p-1"]
    assert await shop.found(DE, sort="title") == ["p-1", "p-3", "p-2"]


@pytest.mark.parametrize(
    "asked", [{"sort": "price"}, {"sort": "-price"}, {"sort": "title"}, {}, {"q": "lamp"}]
)
async def test_pages_and_cursors_show_every_product_once(tmp_path: Path, asked: dict[str, Any]) -> None:
    products = [
        a_product(n, f"Lamp {n % 3}", price=n % 4 * 100 if n % 5 else None, featured=n % 7 == 0)
        for n in range(23)
    ]
    shop = await a_shop(tmp_path, products)
    by_cursor: list[str] = []
    cursor = None
    while True:
        page = await shop.browse(cursor=cursor, limit=5, **asked)
        by_cursor += [card.slug for card in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    by_page = [slug for n in range(1, page.pages + 1) for slug in await shop.found(page=n, limit=5, **asked)]
    assert by_cursor == by_page
    assert sorted(by_cursor) == sorted(f"p-{n}" for n in range(23))
    assert await shop.found(page=99, limit=5, **asked) == []


async def test_a_cursor_goes_on_behind_the_last_product_when_others_appear(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(n, price=n * 100) for n in range(1, 7)])
    first = await shop.browse(sort="price", limit=3)
    shop.catalog.products.append(a_product(50, price=50))
    await shop.rebuild()
    second = await shop.browse(sort="price", limit=3, cursor=first.next_cursor)
    assert [card.slug for card in second.items] == ["p-4", "p-5", "p-6"]


async def test_a_cursor_of_another_list_is_refused(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(n) for n in range(5)])
    cursor = (await shop.browse(limit=2)).next_cursor
    with pytest.raises(QueryInvalid):
        await shop.browse(limit=2, cursor=cursor, sort="price")
    with pytest.raises(QueryInvalid):
        await shop.browse(cursor="")


async def test_a_category_holds_what_is_below_it(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            a_product(1),
            a_product(2, category="vases"),
            a_product(3, category="home"),
            a_product(4, category=None),
        ],
    )
    assert sorted(await shop.found(category="home")) == ["p-1", "p-2", "p-3"]
    assert await shop.found(category="vases") == ["p-2"]
    assert await shop.found(category="gone") == []
    assert [(link.slug, link.count) for link in (await shop.browse()).categories] == [("home", 3)]
    below = (await shop.browse(category="home")).categories
    assert [(link.slug, link.count) for link in below] == [("lamps", 1), ("vases", 1)]


async def test_the_category_tree_counts_published_products(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path, [a_product(1), a_product(2, category="vases"), a_product(3, published=False)]
    )

    def plain(links: list[CategoryLink]) -> list[tuple[str, int, list[Any]]]:
        return [(link.title, link.count, plain(link.children)) for link in links]

    tree = await shop.search.categories(ViewOf(view=DE))
    assert plain(tree.items) == [
        ("Wohnen", 2, [("Leuchten", 1, []), ("Vasen", 1, [])]),
        ("Papeterie", 0, []),
    ]


async def test_stock_bands_are_shown_per_variant_and_the_best_for_the_product(tmp_path: Path) -> None:
    variants = [a_variant("A"), a_variant("B"), a_variant("C")]
    shop = await a_shop(tmp_path, [a_product(1, variants=variants), a_product(2)], {"A": 0, "B": 2})
    cards = {card.slug: card for card in (await shop.browse()).items}
    assert [variant.availability for variant in cards["p-1"].variants] == ["sold_out", "few_left", "sold_out"]
    assert cards["p-1"].availability == "few_left"
    assert cards["p-2"].availability == "sold_out", "nothing was ever said of its stock"
    assert await shop.found(in_stock=True) == ["p-1"]
    await shop.tell(stock("B", "sold_out", 0), stock("SKU-2", "in_stock", 5))
    assert await shop.found(in_stock=True) == ["p-2"]
    detail = await shop.search.product(ProductAsked(view=EN, ref="p-2"))
    assert (detail.availability, detail.variants[0].availability) == ("in_stock", "in_stock")


async def test_a_product_is_shown_in_the_views_words(tmp_path: Path) -> None:
    variants = [a_variant("A", 500, {"colour": "red"}), a_variant("B", 400, {"colour": "blue"})]
    document = a_product(
        1,
        {"en": "Lamp", "de": "Leuchte"},
        description={"en": "Bright.", "de": "Hell."},
        attributes={"height": "12.5", "dimmable": True, "designer": "Ada"},
        options=["colour"],
        variants=variants,
    )
    shop = await a_shop(tmp_path, [document])
    detail = await shop.search.product(ProductAsked(view=View(language="de-AT"), ref=document.id))
    assert (detail.title, detail.description) == ("Leuchte", "Hell.")
    assert [link.title for link in detail.breadcrumb] == ["Wohnen", "Leuchten"]
    assert [(line.label, line.value) for line in detail.details] == [
        ("Höhe", "12,5\N{NO-BREAK SPACE}cm"),
        ("Dimmbar", "Ja"),
        ("Entwurf", "Ada"),
    ]
    assert [(o.label, [v.label for v in o.values]) for o in detail.options] == [("Farbe", ["Rot", "Blau"])]
    assert [(v.title, v.price) for v in detail.variants] == [
        ("Rot", Money(500, EUR)),
        ("Blau", Money(400, EUR)),
    ]
    assert (detail.price_from, detail.price_to) == (Money(400, EUR), Money(500, EUR))
    french = await shop.search.product(ProductAsked(view=View(language="fr"), ref="p-1"))
    assert french.title == "Lamp"


async def test_a_price_is_told_per_unit_and_a_maker_with_the_product(tmp_path: Path) -> None:
    small = VariantDraft(sku="S", prices={"EUR": 399}, content=Content(amount="250", unit="g"))
    large = VariantDraft(sku="L", prices={"EUR": 1499, "USD": 1500}, content=Content(amount="1", unit="kg"))
    maker = Maker(name="Sample Tea", address="Street 1", email="tea@maker.example")
    document = a_product(1, "Tea", variants=[large, small], maker=maker, safety={"en": "Hot", "de": "Heiß"})
    shop = await a_shop(tmp_path, [document, a_product(2)])
    page = await shop.browse(sort="price")
    told = {card.slug: card.unit_price for card in page.items}
    assert told == {"p-1": PricePerUnit(amount=1596, currency=EUR, per="kg"), "p-2": None}
    detail = await shop.search.product(ProductAsked(view=View(language="de", currency=USD), ref="p-1"))
    assert [one.unit_price for one in detail.variants] == [
        PricePerUnit(amount=1500, currency=USD, per="kg"),
        None,
    ]
    assert (detail.maker, detail.safety) == (maker, "Heiß")


async def test_a_product_that_is_not_published_is_gone(tmp_path: Path) -> None:
    hidden = a_product(1, published=False)
    shop = await a_shop(tmp_path, [hidden])
    for ref in ("p-1", hidden.id, "nothing", ""):
        with pytest.raises(ProductGone):
            await shop.search.product(ProductAsked(view=EN, ref=ref))
    with pytest.raises(ProductGone):
        await shop.search.related(Related(view=EN, ref="p-1"))
    assert await shop.found() == []


async def test_related_are_those_the_merchant_named_then_the_most_alike(tmp_path: Path) -> None:
    shop = await a_shop(
        tmp_path,
        [
            coloured(1, "red", related=["p-5", "gone", "p-1"]),
            coloured(2, "red"),
            coloured(3, "blue"),
            coloured(4, "red", category="vases"),
            a_product(5, category="paper"),
            a_product(6, category="paper"),
        ],
    )
    cards = await shop.search.related(Related(view=EN, ref="p-1", limit=9))
    assert [card.slug for card in cards.items][:2] == ["p-5", "p-2"]
    assert {card.slug for card in cards.items} == {"p-2", "p-3", "p-4", "p-5"}
    assert len((await shop.search.related(Related(view=EN, ref="p-1", limit=2))).items) == 2


async def test_featured_are_filled_up_with_the_newest(tmp_path: Path) -> None:
    products = [
        a_product(1, featured=True),
        a_product(2, created_on=date(2026, 2, 2)),
        a_product(3, created_on=date(2026, 2, 1)),
    ]
    shop = await a_shop(tmp_path, products)
    cards = await shop.search.featured(Featured(view=EN, limit=2))
    assert [card.slug for card in cards.items] == ["p-1", "p-2"]
    assert await shop.found(collection="featured") == ["p-1"]


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


async def test_the_sitemap_names_published_products_and_filled_categories(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1), a_product(2, published=False)])
    entries = (await shop.search.sitemap(AllSlugs())).items
    assert [(entry.kind, entry.slug) for entry in entries] == [
        ("category", "home"),
        ("category", "lamps"),
        ("product", "p-1"),
    ]


async def test_a_channel_speaks_its_own_languages_only(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, {"en": "Lamp", "de": "Leuchte"})])
    assert (await shop.search.channel(ChannelFor(host="b2b.example"))).code == "b2b"
    page = await shop.browse(View(language="en", channel="b2b", currency=USD))
    assert page.items[0].title == "Leuchte"


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.one_of(st.text(max_size=300), st.text("\"'*?~^+-:()[]{}/\\!&| aAzßéİ\u0301\u200b0", max_size=60)))
async def test_no_query_is_too_strange(strange_shop: Shop, q: str) -> None:
    for view in (EN, DE):
        page = await strange_shop.browse(view, q=q)
        assert len(page.items) == min(page.total, 24)
        await strange_shop.search.suggest(SuggestFor(view=view, q=q))


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.dictionaries(
        st.sampled_from(["colour", "height", "dimmable"]),
        st.lists(
            st.sampled_from(["red", "blue", "oak", "1", "2", "3", "true", "false", "x"]),
            min_size=1,
            max_size=3,
        ),
    ),
    price_max=st.one_of(st.none(), st.integers(0, 600)),
    in_stock=st.booleans(),
)
async def test_facets_of_a_list_are_what_choosing_one_more_value_shows(
    mixed_shop: Shop, chosen: dict[str, list[str]], price_max: int | None, in_stock: bool
) -> None:
    asked: dict[str, Any] = {"price_max": price_max, "in_stock": in_stock, "limit": 100}
    page = await mixed_shop.browse(filters=chosen, **asked)
    for facet in page.facets:
        for value in facet.values:
            alone = await mixed_shop.browse(filters={**chosen, facet.code: [value.value]}, **asked)
            assert alone.total == value.count
            assert value.chosen == (value.value in chosen.get(facet.code, []))


@pytest.fixture
async def strange_shop(tmp_path: Path) -> Shop:
    titles = ["Café à la İstanbul", "Straße 7", "*:* AND (x OR y)", "東京 ランプ", "किताब"]
    return await a_shop(tmp_path, [a_product(n, title) for n, title in enumerate(titles)])


@pytest.fixture
async def mixed_shop(tmp_path: Path) -> Shop:
    products = [
        a_product(
            n,
            price=n * 20,
            attributes={"height": n % 3 + 1, "dimmable": n % 2 == 0} if n % 5 else {},
            variants=[
                a_variant(f"S-{n}-{colour}", n * 20, {"colour": colour})
                for colour in ("red", "blue", "oak")[: n % 4]
            ]
            or None,
        )
        for n in range(30)
    ]
    stock_of = {v.sku: n % 3 for n, each in enumerate(products) for v in each.draft.variants}
    return await a_shop(tmp_path, products, stock_of)
