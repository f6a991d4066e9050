"""Keeping up with the catalogue and stock: what a batch changes, and that doing it again changes nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rialto.catalog.api import AttributeDefinition, Category, Channel
from rialto.catalog.events import AttributesChanged, CategoriesChanged, ChannelsChanged
from rialto.inventory.events import AvailabilityChanged
from rialto.kernel.errors import Unavailable
from rialto.kernel.money import USD
from rialto.search.api import ProductAsked, ProductGone, View, ViewOf
from tests.search.builders import (
    ATTRIBUTES,
    CATEGORIES,
    DE,
    EN,
    a_product,
    a_shop,
    a_variant,
    logged,
    published,
    stock,
)

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


async def test_a_change_is_visible_when_apply_returns(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path)
    await shop.tell(published(a_product(1, "Lamp", price=100)), stock("SKU-1"))
    assert await shop.found(q="lamp", in_stock=True) == ["p-1"]
    changed = a_product(
        1, "Vase", price=900, category="vases", slug="vase", version=2, attributes={"colour": "red"}
    )
    await shop.tell(published(changed))
    assert await shop.found(q="lamp") == []
    assert await shop.found(q="vase", category="vases", price_min=900, filters={"colour": ["red"]}) == [
        "vase"
    ]
    assert await shop.found(price_max=899) == []
    with pytest.raises(ProductGone):
        await shop.search.product(ProductAsked(view=EN, ref="p-1"))


async def test_an_unpublished_product_disappears_everywhere(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, attributes={"colour": "red"}), a_product(2)])
    await shop.tell(published(a_product(1, version=2, published=False)))
    page = await shop.browse()
    assert [card.slug for card in page.items] == ["p-2"]
    assert [facet.code for facet in page.facets] == []
    assert await shop.found(q="lamp") == ["p-2"]
    await shop.tell(published(a_product(1, version=3)))
    assert sorted(await shop.found()) == ["p-1", "p-2"]


async def test_an_older_version_is_ignored_also_of_what_was_unpublished(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, "New", version=5), a_product(2, version=5, published=False)])
    await shop.tell(published(a_product(1, "Old", version=4)), published(a_product(2, version=4)))
    assert [card.title for card in (await shop.browse()).items] == ["New"]
    await shop.tell(published(a_product(3, "Second", version=2)), published(a_product(3, "First", version=1)))
    assert "Second" in [card.title for card in (await shop.browse()).items]


async def test_a_batch_applied_again_changes_nothing(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)], {"SKU-1": 10})
    first = [logged(stock("SKU-1", "few_left", 2), log_id=5), logged(published(a_product(2)), log_id=6)]
    await shop.feed.apply(first)
    await shop.feed.apply([logged(stock("SKU-1", "sold_out", 0), log_id=7)])
    version = shop.store.version
    await shop.feed.apply(first)
    assert shop.store.version == version
    assert shop.store.shelf.band("SKU-1") == "sold_out"
    assert shop.feed.positions() == {0: 7}


async def test_partitions_keep_positions_of_their_own(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1), a_product(2)])
    await shop.feed.apply(
        [
            logged(stock("SKU-1", "sold_out", 0), log_id=90, partition=1),
            logged(stock("SKU-2", "sold_out", 0), log_id=3, partition=2),
        ]
    )
    assert shop.feed.positions() == {1: 90, 2: 3}
    await shop.feed.apply([logged(stock("SKU-2", "few_left", 1), log_id=4, partition=2)])
    assert (shop.store.shelf.band("SKU-1"), shop.store.shelf.band("SKU-2")) == ("sold_out", "few_left")


async def test_stock_may_be_told_before_its_product(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path)
    await shop.tell(stock("EARLY", "few_left", 1))
    await shop.tell(published(a_product(1, variants=[a_variant("EARLY")])))
    assert (await shop.browse(in_stock=True)).items[0].availability == "few_left"


async def test_a_sku_and_a_slug_may_move_to_another_product(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, slug="lamp", variants=[a_variant("A")]), a_product(2)])
    await shop.tell(
        published(a_product(2, slug="lamp", variants=[a_variant("A")], version=2)),
        published(a_product(1, slug="old-lamp", variants=[a_variant("B")], version=2)),
    )
    detail = await shop.search.product(ProductAsked(view=EN, ref="lamp"))
    assert detail.id == a_product(2).id
    await shop.tell(stock("A", "few_left", 1))
    assert [c.slug for c in (await shop.browse(in_stock=True)).items if c.availability == "few_left"] == [
        "lamp"
    ]


async def test_changed_definitions_change_facets_texts_and_the_tree(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, attributes={"designer": "Ada", "colour": "red"})])
    designer = AttributeDefinition(code="designer", label={"en": "Designer"}, type="text", filterable=True)
    red = msgspec.structs.replace(ATTRIBUTES[0], values={"red": {"en": "Crimson", "de": "Purpur"}})
    await shop.tell(AttributesChanged(attributes=[designer, red]))
    page = await shop.browse()
    assert [(facet.code, facet.values[0].label) for facet in page.facets] == [
        ("designer", "Ada"),
        ("colour", "Crimson"),
    ]
    assert await shop.found(q="crimson") == ["p-1"]
    assert await shop.found(q="red") == []
    lamps = Category(slug="lamps", title={"en": "Luminaires"})
    await shop.tell(CategoriesChanged(categories=[lamps, CATEGORIES[0]]))
    assert await shop.found(q="luminaires") == ["p-1"]
    tree = await shop.search.categories(ViewOf(view=EN))
    assert [(link.slug, link.count) for link in tree.items] == [("lamps", 1), ("home", 0)]


async def test_a_new_language_is_searched_at_once(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, {"en": "Lamp", "fr": "Lampadaire"})])
    channel = Channel(code="default", currencies=[USD], languages=["en", "fr"], country="FR")
    await shop.tell(ChannelsChanged(channels=[channel]))
    assert await shop.found(View(language="fr"), q="lampad") == ["p-1"]
    assert [card.title for card in (await shop.browse(DE)).items] == ["Lamp"]


async def test_an_event_that_cannot_be_read_holds_nothing_up(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    good = logged(stock("SKU-1", "sold_out", 0), log_id=2)
    broken = msgspec.structs.replace(
        logged(stock("SKU-1"), log_id=1), envelope=msgspec.structs.replace(good.envelope, body=b'{"sku": 7}')
    )
    await shop.feed.apply([broken, good])
    assert shop.store.shelf.band("SKU-1") == "sold_out"
    assert shop.feed.positions() == {0: 2}


async def test_a_band_of_a_later_release_is_kept_as_it_is(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)], {})
    await shop.tell(AvailabilityChanged(sku="SKU-1", band="made_to_order", available=0))
    card = (await shop.browse(in_stock=True)).items[0]
    assert card.variants[0].availability == "made_to_order"


async def test_without_an_index_the_feed_builds_one_from_the_catalogue(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path / "other", [a_product(1)])
    fresh = type(shop)(tmp_path / "search", shop.catalog, shop.inventory)
    assert fresh.feed.positions() is None
    with pytest.raises(Unavailable):
        await fresh.browse()
    await fresh.tell(published(a_product(2)))
    assert sorted(await fresh.found()) == ["p-1", "p-2"]
