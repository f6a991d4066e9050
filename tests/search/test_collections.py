"""Collections: which products a rule holds at this moment, and how those chosen by hand stand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from rialto.catalog.api import Collection, CollectionRule, PriceBand
from rialto.catalog.events import AttributesChanged, CollectionsChanged
from rialto.kernel.money import USD
from rialto.search.api import AllSlugs, CollectionAsked, CollectionGone, View
from tests.search.builders import (
    ATTRIBUTES,
    DE,
    EN,
    Shop,
    a_product,
    a_shop,
    a_variant,
    published,
    stock,
)

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


def by_rule(**rule: Any) -> Collection:
    return Collection(slug="some", title={"en": "Some", "de": "Einige"}, rule=CollectionRule(**rule))


def by_hand(*products: str) -> Collection:
    return Collection(slug="some", title={"en": "Some"}, products=list(products), description={"en": "Good."})


async def four_things(folder: Path) -> Shop:
    return await a_shop(
        folder,
        [
            a_product(1, "Floor lamp", price=5000, attributes={"colour": "red", "height": "12.5"}),
            a_product(2, "Night light", price=1500, attributes={"colour": "blue"}, featured=True),
            a_product(3, "Vase", price=2500, category="vases", attributes={"colour": ["red", "oak"]}),
            a_product(4, "Card", variants=[a_variant("SKU-4", 300, USD=900)], category="paper"),
        ],
        {"SKU-1": 10, "SKU-2": 2, "SKU-3": 10, "SKU-4": 0},
    )


async def held(shop: Shop, collection: Collection, view: View = EN) -> list[str]:
    await shop.tell(CollectionsChanged(collections=[collection]))
    return sorted(await shop.found(view, collection="some"))


async def test_a_rule_holds_what_meets_every_condition(tmp_path: Path) -> None:
    shop = await four_things(tmp_path)
    for rule, expected in (
        ({"attributes": {"colour": ["red"]}}, ["p-1", "p-3"]),
        ({"attributes": {"colour": ["blue", "oak"]}}, ["p-2", "p-3"]),
        ({"attributes": {"height": ["12.50"]}}, ["p-1"]),
        ({"attributes": {"colour": ["red"], "height": ["12.5"]}}, ["p-1"]),
        ({"attributes": {"designer": ["Ada"]}}, []),
        ({"categories": ["home"]}, ["p-1", "p-2", "p-3"]),
        ({"categories": ["vases", "paper"]}, ["p-3", "p-4"]),
        ({"featured": True}, ["p-2"]),
        ({"stock": "in_stock"}, ["p-1", "p-2", "p-3"]),
        ({"stock": "few_left"}, ["p-2"]),
        ({"prices": {"EUR": PriceBand(high=2500)}}, ["p-2", "p-3", "p-4"]),
        ({"prices": {"USD": PriceBand()}}, ["p-4"]),
        ({"prices": {"EUR": PriceBand(low=1500, high=2500)}}, ["p-2", "p-3"]),
        ({"prices": {"EUR": PriceBand(low=2500)}, "attributes": {"colour": ["red"]}}, ["p-1", "p-3"]),
    ):
        assert await held(shop, by_rule(**rule)) == expected, rule


async def test_prices_count_in_the_currency_of_who_looks(tmp_path: Path) -> None:
    shop = await four_things(tmp_path)
    dollars = View(language="en", currency=USD)
    both = by_rule(prices={"EUR": PriceBand(high=500), "USD": PriceBand(high=500)})
    assert (await held(shop, both), await held(shop, both, dollars)) == (["p-4"], [])
    euros = by_rule(prices={"EUR": PriceBand(high=500)})
    assert await held(shop, euros, dollars) == ["p-4"], (
        "a currency without a band of its own goes by the others"
    )


async def test_stock_prices_and_dates_count_as_they_are_at_that_moment(tmp_path: Path) -> None:
    shop = await four_things(tmp_path)
    await shop.tell(CollectionsChanged(collections=[by_rule(stock="few_left")]))
    await shop.tell(stock("SKU-3", "few_left", 2), stock("SKU-2", "sold_out", 0))
    assert await shop.found(collection="some") == ["p-3"]
    await shop.tell(stock("SKU-3", "in_stock", 50))
    assert await shop.found(collection="some") == []
    await shop.tell(CollectionsChanged(collections=[by_rule(prices={"EUR": PriceBand(high=300)})]))
    await shop.tell(published(a_product(1, "Floor lamp", price=200, version=2)))
    assert sorted(await shop.found(collection="some")) == ["p-1", "p-4"]
    today = shop.clock.now().date()
    made = a_product(3, "Vase", version=2, created_on=today - timedelta(days=30))
    await shop.tell(CollectionsChanged(collections=[by_rule(newer_than_days=30)]), published(made))
    old = published(a_product(1, "Floor lamp", version=3, created_on=date(2000, 1, 1)))
    new = published(a_product(2, "Night light", version=2, created_on=today - timedelta(days=29)))
    await shop.tell(old, new)
    found = await shop.found(collection="some")
    assert {"p-2", "p-3"} <= set(found)
    assert "p-1" not in found
    shop.clock.advance(86_400)
    assert "p-3" not in await shop.found(collection="some")


async def test_what_is_chosen_by_hand_stands_in_its_order_until_another_is_asked_for(tmp_path: Path) -> None:
    shop = await four_things(tmp_path)
    await shop.tell(CollectionsChanged(collections=[by_hand("p-3", "gone", "p-1", "p-2")]))
    assert await shop.found(collection="some") == ["p-3", "p-1", "p-2"]
    assert await shop.found(collection="some", sort="price") == ["p-2", "p-3", "p-1"]
    assert await shop.found(collection="some", filters={"colour": ["red"]}) == ["p-3", "p-1"]
    assert await shop.found(collection="some", q="light") == ["p-2"]
    first = await shop.browse(collection="some", limit=2)
    assert (first.total, first.pages) == (3, 2)
    rest = await shop.browse(collection="some", limit=2, cursor=first.next_cursor)
    assert [card.slug for card in rest.items] == ["p-2"]
    colours = {value.value: value.count for value in first.facets[0].values}
    assert colours == {"red": 2, "blue": 1, "oak": 1}
    await shop.tell(published(a_product(3, "Vase", version=2, published=False)))
    assert await shop.found(collection="some") == ["p-1", "p-2"]


async def test_an_unknown_collection_holds_nothing_and_has_no_page(tmp_path: Path) -> None:
    shop = await four_things(tmp_path)
    await shop.tell(CollectionsChanged(collections=[by_hand("p-1")]))
    head = await shop.search.collection(CollectionAsked(view=DE, slug="some"))
    assert (head.title, head.description) == ("Some", "Good."), (
        "what is not translated is in the default language"
    )
    entries = (await shop.search.sitemap(AllSlugs())).items
    assert [entry.slug for entry in entries if entry.kind == "collection"] == ["some"]
    await shop.tell(CollectionsChanged(collections=[]))
    assert await shop.found(collection="some") == []
    assert await shop.found(collection="featured") == ["p-2"], "this one is there in every shop"
    with pytest.raises(CollectionGone):
        await shop.search.collection(CollectionAsked(view=EN, slug="some"))


async def test_a_rule_whose_attribute_went_holds_nothing(tmp_path: Path) -> None:
    shop = await four_things(tmp_path)
    assert await held(shop, by_rule(attributes={"colour": ["red"]}, featured=False)) == ["p-1", "p-3"]
    await shop.tell(AttributesChanged(attributes=ATTRIBUTES[1:]))
    assert await shop.found(collection="some") == []
    await shop.tell(AttributesChanged(attributes=ATTRIBUTES))
    assert sorted(await shop.found(collection="some")) == ["p-1", "p-3"], "collections outlive definitions"


async def test_collections_stay_on_disk_are_followed_and_read_at_a_rebuild(tmp_path: Path) -> None:
    shop = await four_things(tmp_path)
    reader = Shop(tmp_path)
    await shop.tell(CollectionsChanged(collections=[by_hand("p-2")]))
    assert await reader.found(collection="some") == ["p-2"]
    shop.store.close()
    later = Shop(tmp_path)
    assert await later.found(collection="some") == ["p-2"]
    later.catalog.products, later.catalog.collection_list = shop.catalog.products, [by_hand("p-3")]
    await later.rebuild()
    assert await later.found(collection="some") == ["p-3"]
