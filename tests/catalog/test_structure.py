"""Categories, attribute definitions and channels."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from rialto.catalog import store
from rialto.catalog.api import (
    AttributeDefinition,
    AttributeInUse,
    AttributeInvalid,
    Catalog,
    Category,
    CategoryInvalid,
    Picture,
    ProductInvalid,
    PutProduct,
)
from rialto.catalog.events import EVENTS, AttributesChanged, CategoriesChanged, ChannelsChanged
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.events import Event, EventTypes, load
from rialto.kernel.service import Nothing
from tests.catalog.builders import (
    ATTRIBUTES,
    COLOUR,
    HEIGHT,
    HOME,
    SIZE,
    VASES,
    a_draft,
    a_variant,
    open_catalog,
)
from tests.support.env import TestEnv

pytestmark = pytest.mark.anyio


async def stream(env: TestEnv, name: str) -> list[Event]:
    async with env.db.read() as session:
        return await load(session, EventTypes(EVENTS), store.LISTS_BUCKET, store.list_stream(name))


async def test_one_channel_exists_from_the_start_and_is_published(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        channels = await catalog.channels(Nothing())
        [channel] = channels.items
        assert (channel.code, channel.currencies, channel.languages) == (
            "default",
            ["EUR", "USD"],
            ["en", "de"],
        )
        assert (channel.country, channel.prices_include_tax) == ("DE", True)
        assert await stream(env, "channels") == [ChannelsChanged(channels=channels.items)]


async def test_every_change_of_the_tree_publishes_the_whole_tree(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        assert (await catalog.categories(Nothing())).items == [HOME, VASES]
        assert await stream(env, "categories") == [
            CategoriesChanged(categories=[HOME]),
            CategoriesChanged(categories=[HOME, VASES]),
        ]
        await catalog.put_category(VASES)
        assert len(await stream(env, "categories")) == 2


async def test_a_category_below_itself_is_refused(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        await catalog.put_category(Category(slug="tall", title={"en": "Tall"}, parent="vases"))
        for slug, parent in (("home", "home"), ("home", "vases"), ("home", "tall")):
            with pytest.raises(CategoryInvalid) as refused:
                await catalog.put_category(Category(slug=slug, title={"en": "Home"}, parent=parent))
            assert refused.value.fields[0].code == "category_cycle"
        assert len((await catalog.categories(Nothing())).items) == 3


async def test_two_moves_that_together_make_a_cycle_do_not_both_happen(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        a, b = (Category(slug=slug, title={"en": slug}) for slug in "ab")
        await catalog.put_category(a)
        await catalog.put_category(b)
        results = await asyncio.gather(
            catalog.put_category(msgspec.structs.replace(a, parent="b")),
            catalog.put_category(msgspec.structs.replace(b, parent="a")),
            return_exceptions=True,
        )
        assert sum(isinstance(result, CategoryInvalid) for result in results) == 1


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"slug": "No Slug"}, "slug"),
        ({"parent": "nowhere"}, "parent"),
        ({"parent": "\x00"}, "parent"),
        ({"title": {"de": "Nur deutsch"}}, "title.en"),
        ({"description": {"en": "\x00"}}, "description.en"),
        ({"position": 10**30}, "position"),
        ({"image": Picture(file="../x")}, "image.file"),
    ],
)
async def test_a_faulty_category_is_refused(
    postgres: DatabaseAddress, fields: dict[str, Any], path: str
) -> None:
    async with open_catalog(postgres) as (catalog, _):
        with pytest.raises(CategoryInvalid) as refused:
            await catalog.put_category(Category(**{"slug": "lamps", "title": {"en": "Lamps"}, **fields}))
        assert [field.path for field in refused.value.fields] == [path]


async def test_the_tree_has_eight_levels(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        for level in range(1, 7):
            parent = "vases" if level == 1 else f"level-{level - 1}"
            await catalog.put_category(Category(slug=f"level-{level}", title={"en": "L"}, parent=parent))
        with pytest.raises(CategoryInvalid):
            await catalog.put_category(Category(slug="level-7", title={"en": "L"}, parent="level-6"))
        await catalog.put_category(Category(slug="top", title={"en": "T"}))
        with pytest.raises(CategoryInvalid):
            await catalog.put_category(msgspec.structs.replace(HOME, parent="top"))


async def test_definitions_are_published_whole_with_their_order(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        wider = msgspec.structs.replace(SIZE, values={"xs": {"en": "XS"}, **SIZE.values}, order=["s", "m"])
        saved = await catalog.put_attribute(wider)
        assert saved.order == ["s", "m", "xs", "l"]
        definitions = (await catalog.attributes(Nothing())).items
        events = await stream(env, "attributes")
        assert events[-1] == AttributesChanged(attributes=definitions)
        await catalog.put_attribute(wider)
        assert len(await stream(env, "attributes")) == len(events) == len(ATTRIBUTES) + 1


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"code": "Not A Code"}, "code"),
        ({"label": {}}, "label.en"),
        ({"type": "money"}, "type"),
        ({"unit": "\x00"}, "unit"),
        ({"type": "number", "values": {"a": {"en": "A"}}}, "values"),
        ({"values": {"a b": {"en": "A"}}}, "values.a b"),
        ({"values": {"a": {"de": "A"}}}, "values.a.en"),
        ({"order": ["a"]}, "order"),
        ({"values": {str(n): {"en": "A"} for n in range(1001)}}, "values"),
    ],
)
async def test_a_faulty_definition_is_refused(
    postgres: DatabaseAddress, fields: dict[str, Any], path: str
) -> None:
    async with open_catalog(postgres) as (catalog, _):
        with pytest.raises(AttributeInvalid) as refused:
            await catalog.put_attribute(
                AttributeDefinition(**{"code": "new", "label": {"en": "New"}, **fields})
            )
        assert [field.path for field in refused.value.fields] == [path]


async def test_values_that_products_hold_cannot_be_taken_away(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        await catalog.put_product(PutProduct(draft=a_draft()))
        for change in (
            msgspec.structs.replace(COLOUR, values={"ink": COLOUR.values["ink"]}, order=[]),
            msgspec.structs.replace(COLOUR, values={}, order=[], type="text"),
            msgspec.structs.replace(HEIGHT, type="text"),
        ):
            with pytest.raises(AttributeInUse):
                await catalog.put_attribute(change)
        await catalog.put_attribute(msgspec.structs.replace(SIZE, values={}, order=[]))


async def test_a_value_taken_away_while_a_product_is_saved_never_leaves_a_hole(
    postgres: DatabaseAddress,
) -> None:
    async with open_catalog(postgres) as (catalog, _):

        async def attempt(without: AttributeDefinition, slug: str) -> tuple[Any, Any]:
            draft = a_draft(slug, variants=[a_variant(slug)], images=[])
            return await asyncio.gather(
                catalog.put_attribute(without),
                catalog.put_product(PutProduct(draft=draft)),
                return_exceptions=True,
            )

        without = msgspec.structs.replace(COLOUR, values={"ink": COLOUR.values["ink"]}, order=[])
        for number in range(5):
            definition, outcome = await attempt(without, f"vase-{number}")
            assert isinstance(definition, AttributeInUse) or isinstance(outcome, ProductInvalid)
            assert not (isinstance(definition, AttributeInUse) and isinstance(outcome, ProductInvalid))
            await restore(catalog)


async def restore(catalog: Catalog) -> None:
    await catalog.put_attribute(COLOUR)
