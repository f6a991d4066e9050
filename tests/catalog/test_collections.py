"""Collections: what staff may say in one, and that all of them are told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rialto.catalog import store
from rialto.catalog.api import (
    AttributeDefinition,
    Category,
    Collection,
    CollectionChanged,
    CollectionInvalid,
    CollectionNotFound,
    CollectionRef,
    CollectionRule,
    Collections,
    OffersOf,
    PriceBand,
    PutCollection,
    PutProduct,
)
from rialto.catalog.events import EVENTS, CollectionsChanged
from rialto.catalog.model.collections import CATEGORIES_MAX, COLLECTIONS_MAX, VALUES_MAX
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.events import Event, EventTypes, load
from rialto.kernel.money import EUR, USD, Currency
from rialto.kernel.service import Nothing
from tests.catalog.builders import a_draft, open_catalog
from tests.support.env import TestEnv

pytestmark = pytest.mark.anyio


def a_collection(**fields: Any) -> Collection:
    return Collection(
        **{"slug": "gifts", "title": {"en": "Gifts", "de": "Geschenke"}, "products": ["vase"], **fields}
    )


def ruled(**rule: Any) -> Collection:
    return a_collection(products=[], rule=CollectionRule(**rule))


async def told(env: TestEnv) -> list[Event]:
    async with env.db.read() as session:
        return await load(session, EventTypes(EVENTS), store.LISTS_BUCKET, store.list_stream("collections"))


async def test_every_change_of_a_collection_counts_up_and_tells_all_of_them(
    postgres: DatabaseAddress,
) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await catalog.put_product(PutProduct(draft=a_draft()))
        first = PutCollection(collection=a_collection(products=["vase", "vase"]))
        made = await catalog.put_collection(first)
        assert (made.version, made.products) == (1, ["vase"])
        assert await catalog.put_collection(first) == made, "told again, it changes nothing"
        rule = {
            "prices": {"EUR": PriceBand(low=100, high=100), "USD": PriceBand(high=0)},
            "stock": "few_left",
            "newer_than_days": 30,
            "featured": True,
        }
        changed = await catalog.put_collection(PutCollection(collection=ruled(**rule), expected_version=1))
        assert changed.version == 2
        second = await catalog.put_collection(PutCollection(collection=a_collection(slug="art")))
        assert await catalog.collections(Nothing()) == Collections(items=[second, changed])
        assert await catalog.collection(CollectionRef(slug="gifts")) == changed
        await catalog.remove_collection(CollectionRef(slug="gifts"))
        assert await told(env) == [
            CollectionsChanged(collections=[made]),
            CollectionsChanged(collections=[changed]),
            CollectionsChanged(collections=[second, changed]),
            CollectionsChanged(collections=[second]),
        ]


async def test_nobody_overwrites_a_collection_they_have_not_seen(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await catalog.put_product(PutProduct(draft=a_draft()))
        await catalog.put_collection(PutCollection(collection=a_collection()))
        for version in (0, 2):
            with pytest.raises(CollectionChanged):
                await catalog.put_collection(
                    PutCollection(collection=ruled(featured=True), expected_version=version)
                )
        with pytest.raises(CollectionNotFound):
            await catalog.put_collection(
                PutCollection(collection=a_collection(slug="none"), expected_version=1)
            )
        for slug in ("none", "No slug", "\x00"):
            with pytest.raises(CollectionNotFound):
                await catalog.remove_collection(CollectionRef(slug=slug))
            with pytest.raises(CollectionNotFound):
                await catalog.collection(CollectionRef(slug=slug))
        assert len(await told(env)) == 1


async def test_what_is_wrong_is_named_and_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await catalog.put_category(Category(slug="lamps", title={"en": "Lamps"}))
        for code, kept in (("tone", {"red": {"en": "Red"}}), ("hidden", {})):
            await catalog.put_attribute(
                AttributeDefinition(code=code, label={"en": code}, values=kept, filterable=bool(kept))
            )
        for code, kind in (("weight", "number"), ("dimmable", "boolean"), ("maker", "text")):
            await catalog.put_attribute(
                AttributeDefinition(code=code, label={"en": code}, type=kind, filterable=True)
            )
        good = await catalog.put_collection(
            PutCollection(
                collection=ruled(
                    categories=["lamps", "lamps"],
                    attributes={"tone": ["red", "red"], "maker": ["Anna & Söhne"], "weight": ["1.50"]},
                )
            )
        )
        assert good.rule == CollectionRule(
            categories=["lamps"], attributes={"tone": ["red"], "maker": ["Anna & Söhne"], "weight": ["1.50"]}
        )
        for wrong, path, code in (
            (a_collection(slug="No"), "slug", "slug_not_valid"),
            (a_collection(slug="featured"), "slug", "reserved"),
            (a_collection(title={"en": "a\x00b"}), "title.en", "not_valid"),
            (a_collection(title={"de": "Nur deutsch"}, products=[], rule=good.rule), "title.en", "required"),
            (a_collection(title={"en": "x" * 201}), "title.en", "too_long"),
            (a_collection(description={"en": "x" * 2001}), "description.en", "too_long"),
            (a_collection(rule=CollectionRule(featured=True)), "products", "not_valid"),
            (a_collection(products=[]), "products", "required"),
            (a_collection(products=["x"] * 201), "products", "too_many"),
            (a_collection(products=["A slug"]), "products.0", "slug_not_valid"),
            (a_collection(products=["gone"]), "products.0", "product_unknown"),
            (ruled(), "rule", "required"),
            (ruled(stock="plenty"), "rule.stock", "not_valid"),
            (ruled(newer_than_days=0), "rule.newer_than_days", "out_of_range"),
            (ruled(newer_than_days=10**30), "rule.newer_than_days", "out_of_range"),
            (ruled(categories=["\x00"]), "rule.categories.0", "slug_not_valid"),
            (ruled(categories=["lamp"]), "rule.categories.0", "category_unknown"),
            (ruled(categories=["lamps"] * (CATEGORIES_MAX + 1)), "rule.categories", "too_many"),
            (ruled(attributes={"tone": []}), "rule.attributes.tone", "required"),
            (ruled(attributes={"tone": ["red"] * (VALUES_MAX + 1)}), "rule.attributes.tone", "too_many"),
            (ruled(attributes={"tone": ["blue"]}), "rule.attributes.tone.0", "value_not_valid"),
            (ruled(attributes={"weight": ["heavy"]}), "rule.attributes.weight.0", "value_not_valid"),
            (ruled(attributes={"dimmable": ["yes"]}), "rule.attributes.dimmable.0", "value_not_valid"),
            (ruled(attributes={"tone": ["\ud800"]}), "rule.attributes.tone.0", "not_valid"),
            (ruled(attributes={"hidden": ["a"]}), "rule.attributes.hidden", "attribute_unknown"),
            (ruled(attributes={"No": ["a"]}), "rule.attributes.No", "code_not_valid"),
            (ruled(attributes={f"a{n}": ["b"] for n in range(21)}), "rule.attributes", "too_many"),
            (ruled(prices={"EUR": PriceBand(low=2, high=1)}), "rule.prices.EUR", "range_empty"),
            (ruled(prices={"EUR": PriceBand(low=-1)}), "rule.prices.EUR.low", "out_of_range"),
            (ruled(prices={"XYZ": PriceBand(low=1)}), "rule.prices.XYZ", "currency_unknown"),
        ):
            with pytest.raises(CollectionInvalid) as refused:
                await catalog.put_collection(PutCollection(collection=wrong, expected_version=1))
            assert [(each.path, each.code) for each in refused.value.fields] == [(path, code)]
        assert await catalog.collections(Nothing()) == Collections(items=[good])
        assert len(await told(env)) == 1


async def test_an_offer_names_its_collections_but_none_that_asks_for_stock(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        draft = a_draft(featured=True)
        await catalog.put_product(PutProduct(draft=draft))
        sku = draft.variants[0].sku

        async def named(currency: Currency = EUR) -> list[str]:
            return (await catalog.offers(OffersOf(skus=[sku], currency=currency))).items[sku].collections

        assert await named() == []
        await catalog.put_collection(PutCollection(collection=a_collection()))
        assert await named() == ["gifts"], "chosen by hand"
        top = max(price for variant in draft.variants for price in variant.prices.values())
        for slug, rule in (
            ("lit", {"featured": True}),
            ("left", {"featured": True, "stock": "few_left"}),
            ("dear", {"prices": {"EUR": PriceBand(low=top + 1), "USD": PriceBand()}}),
            ("cheap", {"prices": {"EUR": PriceBand(high=top)}}),
        ):
            ruled_one = msgspec.structs.replace(ruled(**rule), slug=slug)
            await catalog.put_collection(PutCollection(collection=ruled_one))
        assert await named() == ["gifts", "cheap", "lit"]
        assert set(await named(USD)) >= {"gifts", "lit"}
        await catalog.remove_collection(CollectionRef(slug="gifts"))
        assert await named() == ["cheap", "lit"]


async def test_there_is_an_end_to_the_number_of_collections(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        async with env.db.write() as session:
            await session.run(
                "INSERT INTO collections SELECT 'c-' || n, 1, json_build_object('slug', 'c-' || n, "
                "'title', json_build_object('en', 'C'), 'products', json_build_array('vase')), $1 "
                "FROM generate_series(1, $2::int) AS n",
                env.clock.now(),
                COLLECTIONS_MAX,
            )
        with pytest.raises(Invalid) as refused:
            await catalog.put_collection(PutCollection(collection=ruled(featured=True)))
        assert [each.code for each in refused.value.fields] == ["too_many"]
