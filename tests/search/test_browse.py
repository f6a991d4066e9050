"""Lists of products: their order, their pages, their categories. Queries, facets and single products have files of their own."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rialto.kernel.money import EUR, USD, Money
from rialto.search.api import (
    AllSlugs,
    CategoryLink,
    ChannelFor,
    Featured,
    QueryInvalid,
    View,
    ViewOf,
)
from tests.search.builders import DE, EN, a_product, a_shop, a_variant

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


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
