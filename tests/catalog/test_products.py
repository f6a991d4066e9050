"""Saving products: one test per sentence of the contract."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import msgspec
import pytest

from rialto.catalog.api import (
    Catalog,
    CategoryNotFound,
    ListProducts,
    Product,
    ProductChanged,
    ProductDocument,
    ProductDraft,
    ProductInvalid,
    ProductNotFound,
    ProductRef,
    PutOutcome,
    PutProduct,
    SetPublished,
    SkuTaken,
    SlugTaken,
)
from rialto.catalog.events import EVENTS, ProductPublished
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.events import Event, EventTypes, load
from rialto.kernel.ids import PRODUCT, ProductId, bucket_of, to_uuid
from tests.catalog.builders import a_draft, a_variant, open_catalog, with_title
from tests.support.env import TestEnv

pytestmark = pytest.mark.anyio


async def put(
    catalog: Catalog, draft: ProductDraft, version: int | None = None, product: Product | None = None
) -> PutOutcome:
    product_id = None if product is None else product.id
    return await catalog.put_product(PutProduct(draft=draft, expected_version=version, id=product_id))


async def published(env: TestEnv, product: Product) -> list[Event]:
    async with env.db.read() as session:
        return await load(session, EventTypes(EVENTS), bucket_of(product.id), to_uuid(product.id))


async def count(env: TestEnv, table: str) -> int:
    async with env.db.read() as session:
        found: int = await session.value(f"SELECT count(*)::int FROM {table}")
        return found


async def test_a_new_product_is_read_back_by_id_and_by_slug(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        outcome = await put(catalog, a_draft())
        assert outcome.outcome == "created"
        assert outcome.product.version == 1
        assert outcome.product.draft == a_draft()
        for ref in (outcome.product.id, "vase"):
            assert await catalog.get_product(ProductRef(ref=ref)) == outcome.product


async def test_saving_an_equal_draft_writes_nothing(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        first = await put(catalog, a_draft())
        env.clock.advance(60)
        again = await put(catalog, a_draft())
        assert again.outcome == "unchanged"
        assert again.product == first.product
        assert len(await published(env, first.product)) == 1


async def test_numbers_that_are_equal_are_an_equal_draft(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        await put(catalog, a_draft(attributes={"height": 16}))
        again = await put(catalog, a_draft(attributes={"height": "16.00"}))
        assert again.outcome == "unchanged"
        assert again.product.draft.attributes == {"height": 16}


async def test_saving_replaces_the_whole_and_counts_the_version(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        first = (await put(catalog, a_draft())).product
        draft = a_draft(options=[], attributes={}, images=[], variants=[a_variant("ONE", options={})])
        outcome = await put(catalog, draft, 1, first)
        assert (outcome.outcome, outcome.product.version) == ("changed", 2)
        assert outcome.before == first.draft
        assert await catalog.get_product(ProductRef(ref="vase")) == outcome.product
        assert await count(env, "variants") == 1
        assert await count(env, "product_values") == 0
        assert await count(env, "prices") == 2


async def test_a_stale_version_is_refused_and_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        first = (await put(catalog, a_draft())).product
        second = (await put(catalog, with_title(a_draft(), "Two"), 1, first)).product
        for version in (0, 1, 3, 10**9):
            with pytest.raises(ProductChanged):
                await put(catalog, with_title(a_draft(), "Three"), version, first)
        assert await catalog.get_product(ProductRef(ref="vase")) == second
        assert len(await published(env, first)) == 2


async def test_a_repeat_whose_reply_was_lost_is_unchanged(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        first = await put(catalog, a_draft(), 0)
        assert (await put(catalog, a_draft(), 0)).outcome == "unchanged"
        await put(catalog, with_title(a_draft(), "Two"), 1, first.product)
        assert (await put(catalog, with_title(a_draft(), "Two"), 1, first.product)).outcome == "unchanged"


async def test_version_zero_means_that_it_must_not_exist(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        await put(catalog, a_draft(), 0)
        with pytest.raises(SlugTaken):
            await put(catalog, with_title(a_draft(), "Another"), 0)


async def test_of_two_concurrent_changes_of_one_version_one_wins(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        first = (await put(catalog, a_draft())).product
        results = await asyncio.gather(
            *(put(catalog, with_title(a_draft(), f"Title {number}"), 1, first) for number in range(4)),
            return_exceptions=True,
        )
        won = [result for result in results if isinstance(result, PutOutcome)]
        assert len(won) == 1
        assert all(isinstance(result, PutOutcome | ProductChanged) for result in results)
        assert await catalog.get_product(ProductRef(ref="vase")) == won[0].product
        assert len(await published(env, first)) == 2


async def test_concurrent_first_saves_make_one_product(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        outcomes = await asyncio.gather(*(put(catalog, a_draft()) for _ in range(4)))
        assert sorted(outcome.outcome for outcome in outcomes) == ["created", *["unchanged"] * 3]
        assert len({outcome.product.id for outcome in outcomes}) == 1
        assert await count(env, "products") == 1


async def test_the_published_event_is_the_document_read_back(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        product = (await put(catalog, a_draft())).product
        [event] = await published(env, product)
        [document] = (await catalog.documents(ListProducts())).items
        assert event == ProductPublished(document=document)
        assert document.category_path == ["home", "vases"]
        assert [one.code for one in document.attributes] == ["colour", "height", "handmade", "note"]


async def test_a_sku_belongs_to_one_product(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await put(catalog, a_draft())
        other = a_draft(
            "bowl", variants=[a_variant("BOWL"), a_variant("VASE-INK", options={"colour": "ink"})]
        )
        with pytest.raises(SkuTaken) as refused:
            await put(catalog, other)
        assert [field.path for field in refused.value.fields] == ["variants.1.sku"]
        assert await count(env, "products") == 1
        assert await count(env, "variants") == 2


async def test_a_slug_of_another_product_is_refused(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        await put(catalog, a_draft())
        bowl = (await put(catalog, a_draft("bowl"))).product
        renamed = msgspec.structs.replace(bowl.draft, slug="vase")
        with pytest.raises(SlugTaken):
            await put(catalog, renamed, 1, bowl)
        moved = await put(catalog, msgspec.structs.replace(bowl.draft, slug="dish"), 1, bowl)
        assert moved.product.id == bowl.id


async def test_what_does_not_exist_cannot_be_replaced(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        wrong = PRODUCT.of(UUID("019a0000-0000-7001-8000-000000000000"))
        for product_id in (wrong, "prod_1", "ord_x", "\x00", "\ud800", ""):
            with pytest.raises(ProductNotFound):
                await catalog.put_product(PutProduct(draft=a_draft(), id=ProductId(product_id)))
            with pytest.raises(ProductNotFound):
                await catalog.get_product(ProductRef(ref=product_id))
        with pytest.raises(ProductNotFound):
            await put(catalog, a_draft(), 4)


async def test_an_unknown_category_is_named(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        for category in ("lamps", "Not A Slug", "\x00"):
            with pytest.raises(CategoryNotFound) as refused:
                await put(catalog, a_draft(category=category))
            assert refused.value.fields[0].path == "category"


async def test_the_contract_names_every_faulty_field(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        draft = a_draft(title={"de": "Nur deutsch"}, variants=[a_variant("A B", prices={"XYZ": 1, "EUR": 0})])
        with pytest.raises(ProductInvalid) as refused:
            await put(catalog, draft)
        paths = {field.path for field in refused.value.fields}
        assert paths == {"title.en", "variants.0.sku", "variants.0.prices.XYZ", "variants.0.prices.EUR"}
        assert await count(env, "products") == 0


async def test_publishing_is_a_change_of_its_own(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        product = (await put(catalog, a_draft())).product
        hidden = await catalog.set_published(SetPublished(id=product.id, published=False, expected_version=1))
        assert (hidden.version, hidden.draft.published) == (2, False)
        again = await catalog.set_published(SetPublished(id=product.id, published=False, expected_version=1))
        assert again == hidden
        with pytest.raises(ProductChanged):
            await catalog.set_published(SetPublished(id=product.id, published=True, expected_version=1))
        last = (await published(env, product))[-1]
        assert isinstance(last, ProductPublished)
        assert last.document.draft.published is False
        with pytest.raises(ProductNotFound):
            await catalog.set_published(SetPublished(id=ProductId("x"), published=True, expected_version=1))


async def test_pages_hold_every_product_once(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        made: list[Product] = []
        for number in range(5):
            env.clock.advance(1)
            made.append((await put(catalog, a_draft(f"vase-{number}"))).product)
        seen: list[Product] = []
        documents: list[ProductDocument] = []
        cursor: ProductId | None = None
        while True:
            page = await catalog.list_products(ListProducts(cursor=cursor, limit=2))
            documents += (await catalog.documents(ListProducts(cursor=cursor, limit=2))).items
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == made
        assert [document.id for document in documents] == [product.id for product in made]


async def test_a_page_has_a_limit_and_a_cursor_of_ours(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        for limit in (0, -1, 201, 10**30):
            with pytest.raises(Invalid):
                await catalog.list_products(ListProducts(limit=limit))
        with pytest.raises(ProductNotFound):
            await catalog.list_products(ListProducts(cursor=ProductId("nothing")))


async def test_every_text_that_the_rules_allow_can_be_stored(postgres: DatabaseAddress) -> None:
    """Random characters from all of Unicode, so that the rules and PostgreSQL agree on what a text is."""
    source = random.Random(20260105)
    alphabet = [
        *range(0x250),
        *range(0xD7F0, 0xD810),
        *range(0xDFF0, 0xE010),
        *range(0xFDD0, 0xFDF0),
        0x202E,
        0xFFFF,
        0x1F600,
        0x10FFFF,
    ]
    stored = 0
    async with open_catalog(postgres) as (catalog, _):
        for number in range(150):
            text = "".join(chr(source.choice(alphabet)) for _ in range(source.randrange(1, 4)))
            options = {"options": [], "images": [], "variants": [a_variant(f"{number}", options={})]}
            draft = a_draft(f"vase-{number}", title={"en": text}, attributes={"note": text}, **options)
            try:
                outcome = await put(catalog, draft)
            except RialtoError:
                continue
            stored += 1
            assert await catalog.get_product(ProductRef(ref=f"vase-{number}")) == outcome.product
            assert outcome.product.draft == draft
    assert stored > 50
