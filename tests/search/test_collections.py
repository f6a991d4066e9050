"""Collections: which products a rule holds at this moment, and how those chosen by hand stand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rialto.catalog.api import (
    AttributeValue,
    Collection,
    CollectionRule,
    PriceBand,
    Product,
    ProductDocument,
)
from rialto.catalog.events import AttributesChanged, CollectionsChanged
from rialto.catalog.model.membership import Membership, countable
from rialto.kernel.money import EUR, USD
from rialto.search.api import AllSlugs, CollectionAsked, CollectionGone, HeldBy, View, ViewOf
from rialto.search.collecting import collected
from rialto.search.columns import slots_of
from rialto.search.front import Front
from tests.search.builders import (
    ATTRIBUTES,
    CATEGORIES,
    DE,
    EN,
    Shop,
    a_product,
    a_shop,
    a_variant,
    published,
    stock,
)

COLOURS: list[AttributeValue] = ["red", ["blue", "oak"], ["oak"]]
HEIGHTS: list[AttributeValue] = [12, "12.5", "12.50", 0]

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


async def test_what_any_collection_holds_is_told_whether_staff_keep_it_or_not(tmp_path: Path) -> None:
    shop = await four_things(tmp_path)
    chosen = by_hand("p-3", "gone", "p-1")
    ruled = by_rule(categories=["home"])
    held = await shop.search.held(HeldBy(view=DE, collection=chosen))
    assert (held.total, [card.slug for card in held.items]) == (2, ["p-3", "p-1"])
    held = await shop.search.held(HeldBy(view=EN, collection=ruled, limit=2))
    assert (held.total, len(held.items)) == (3, 2)
    assert (await shop.search.collections(ViewOf(view=EN))).items == [], "nothing was kept"
    await shop.tell(CollectionsChanged(collections=[ruled]))
    heads = (await shop.search.collections(ViewOf(view=EN))).items
    assert [(head.slug, head.title) for head in heads] == [("some", "Some")]
    everything = await shop.browse(collection="some")
    held = await shop.search.held(HeldBy(view=EN, collection=ruled))
    assert [card.slug for card in held.items] == [card.slug for card in everything.items]


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


async def test_the_catalogue_puts_products_into_the_same_collections(tmp_path: Path) -> None:
    """What promotions go by (`catalog.model.membership`) is what shoppers see, wherever no stock is asked for."""
    draw = Random(5)
    documents = [_any_product(draw, number) for number in range(1, 40)]
    shop = await a_shop(tmp_path, documents)
    rules = [_any_rule(draw) for _ in range(150)]
    collections = [
        Collection(slug=f"c-{number}", title={"en": "C"}, rule=rule) for number, rule in enumerate(rules)
    ]
    membership = Membership(
        collections=countable(collections),
        definitions={definition.code: definition for definition in ATTRIBUTES},
        parents={category.slug: category.parent for category in CATEGORIES},
    )
    products = [
        Product(id=each.id, version=1, draft=each.draft, changed_at=each.changed_at) for each in documents
    ]
    shelf, today, seen = shop.store.shelf, date(2026, 3, 1), 0
    front = Front(shelf, shelf.definitions.default_channel)
    for currency in (EUR, USD):
        held = {product.draft.slug: membership.ruled(product, currency, today) for product in products}
        for collection in collections:
            found = {
                shelf.rows[slot].slug for slot in slots_of(collected(front, collection, currency, today))
            }
            assert found == {slug for slug, names in held.items() if collection.slug in names}, (
                collection.rule
            )
            seen += 0 < len(found) < len(products)
    assert seen > 50, "rules that tell products apart"


def _any_product(draw: Random, number: int) -> ProductDocument:
    attributes: dict[str, AttributeValue] = {
        "colour": draw.choice(COLOURS),
        "height": draw.choice(HEIGHTS),
        "dimmable": draw.random() < 0.5,
        "designer": "Ada",
    }
    kept = draw.sample(sorted(attributes), draw.randint(0, 4))
    variants = [
        a_variant(
            f"SKU-{number}-{place}",
            draw.choice([None, 500, 1500, 2500]),
            {"colour": draw.choice(["red", "blue"])} if draw.random() < 0.3 else {},
            **({"USD": draw.choice([900, 2000])} if draw.random() < 0.7 else {}),
        )
        for place in range(draw.randint(1, 2))
    ]
    return a_product(
        number,
        category=draw.choice(["home", "lamps", "vases", "paper", None]),
        attributes={code: attributes[code] for code in kept},
        variants=variants,
        featured=draw.random() < 0.4,
        created_on=draw.choice([None, date(2026, 2, 28), date(2026, 2, 1), date(2025, 1, 1)]),
    )


def _any_rule(draw: Random) -> CollectionRule:
    conditions: dict[str, Any] = {
        "attributes": draw.choice(
            [
                {"colour": ["red"]},
                {"colour": ["blue", "oak"]},
                {"height": ["12.50"]},
                {"dimmable": ["true"]},
                {"designer": ["Ada"]},
                {"height": ["12", "0"], "colour": ["red", "oak"]},
            ]
        ),
        "prices": draw.choice(
            [
                {"EUR": PriceBand(low=500, high=1500)},
                {"EUR": PriceBand(high=499), "USD": PriceBand(low=1000)},
                {"USD": PriceBand()},
            ]
        ),
        "categories": draw.choice([["home"], ["lamps", "paper"]]),
        "newer_than_days": draw.choice([1, 28, 400]),
        "featured": True,
    }
    return CollectionRule(
        **{name: conditions[name] for name in draw.sample(sorted(conditions), draw.randint(1, 2))}
    )
