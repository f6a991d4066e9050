"""Saving many products at once: each as by itself, with the same rules and the same events."""

from __future__ import annotations

import msgspec
import pytest

from rialto.catalog.api import ListProducts, OffersOf, ProductRef, PutProduct, PutProducts
from rialto.catalog.events import EVENTS, ProductPublished
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.events import EventTypes, load
from rialto.kernel.ids import bucket_of, to_uuid
from rialto.kernel.money import EUR
from tests.catalog.builders import a_draft, a_variant, open_catalog, with_title

pytestmark = pytest.mark.anyio


async def test_each_of_many_is_saved_or_refused_as_by_itself(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await catalog.put_product(PutProduct(draft=a_draft()))
        one = a_draft(
            "one", variants=[a_variant("ONE-MOSS"), a_variant("ONE-INK", options={"colour": "ink"})]
        )
        other = a_draft("other", variants=[a_variant("OTHER")])
        drafts = [
            one,
            a_draft(),
            with_title(a_draft(), "Another title"),
            other,
            msgspec.structs.replace(a_draft("thief"), variants=a_draft().variants),
            msgspec.structs.replace(other, slug="other-thief"),
            a_draft("odd", variants=[a_variant("\x00")]),
            a_draft("No slug", variants=[a_variant("SLUG")]),
            a_draft("lost", category="nowhere", variants=[a_variant("LOST")]),
            with_title(one, "One more"),
        ]
        verdicts = (await catalog.put_products(PutProducts(drafts=drafts))).items
        assert [verdict.outcome for verdict in verdicts] == [
            *("created", "unchanged", "changed", "created"),
            *("refused", "refused", "refused", "refused", "refused", "changed"),
        ]
        assert [verdict.code for verdict in verdicts[4:9]] == [
            *("sku_taken", "sku_taken", "validation_failed", "validation_failed", "not_found"),
        ]
        stored = await catalog.get_product(ProductRef(ref="other"))
        assert stored.draft == other
        offers = (await catalog.offers(OffersOf(skus=["ONE-INK"], currency=EUR))).items
        assert offers["ONE-INK"].options == {"colour": {"en": "Ink", "de": "Tinte"}}
        async with env.db.read() as session:
            [told] = await load(session, EventTypes(EVENTS), bucket_of(stored.id), to_uuid(stored.id))
        assert isinstance(told, ProductPublished)
        assert told.document.draft == other
        assert told.document.category_path == ["home", "vases"]


async def test_what_is_saved_by_itself_or_among_many_is_the_same(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await catalog.put_product(PutProduct(draft=a_draft("one", variants=[a_variant("ONE")])))
        await catalog.put_products(PutProducts(drafts=[a_draft("two", variants=[a_variant("TWO")])]))
        async with env.db.read() as session:
            for table, columns in (
                ("products", "version, published, category, tax_class, title::text, options"),
                ("variants", "position, options::text, option_key, image IS NULL, weight_g"),
                ("prices", "channel, currency, amount, compare_at"),
                ("product_values", "code, value"),
            ):
                rows = await session.all(f"SELECT {columns} FROM {table} ORDER BY 1, 2")
                assert len(rows) > 1
                assert {rows.count(row) for row in rows} == {2}, table


async def test_too_many_at_once_are_refused(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        with pytest.raises(Invalid):
            await catalog.put_products(PutProducts(drafts=[a_draft()] * 1001))
        assert (await catalog.put_products(PutProducts(drafts=[]))).items == []
        assert (await catalog.list_products(ListProducts())).items == []
