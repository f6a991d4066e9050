"""Made-up products: the same seed, the same goods; spread as in a real shop; good enough for the catalogue."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest

from rialto.catalog.api import ListProducts
from rialto.importing.load import load
from rialto.importing.made_up import demo_definitions, made_up_products
from rialto.importing.model import ImportOptions, ProductRow
from rialto.inventory.api import LevelsOf
from rialto.kernel.db import DatabaseAddress
from tests.importing.sources import a_shop

pytestmark = pytest.mark.anyio

TODAY = date(2026, 3, 1)


def made_up(count: int, seed: int = 1) -> list[ProductRow]:
    return list(made_up_products(count, random.Random(seed), TODAY))


@pytest.mark.fast
async def test_the_same_seed_makes_the_same_products_and_another_one_others() -> None:
    assert made_up(50) == made_up(60)[:50]
    assert made_up(50) != made_up(50, seed=2)


@pytest.mark.fast
async def test_goods_are_spread_as_in_a_real_shop() -> None:
    drafts = [row.draft for row in made_up(3000)]
    assert len({draft.slug for draft in drafts}) == 3000
    skus = [variant.sku for draft in drafts for variant in draft.variants]
    assert len(set(skus)) == len(skus)
    by_category = Counter(draft.category for draft in drafts).most_common()
    assert by_category[0][1] > 20 * by_category[-1][1], "few categories are large and many small"
    prices = sorted(draft.variants[0].prices["EUR"] for draft in drafts)
    assert prices[-1] > 10 * prices[len(prices) // 2], "few things are dear"
    several = [len(draft.variants) for draft in drafts]
    assert several.count(1) > len(drafts) / 2
    assert max(several) >= 6
    assert 0 < sum(not draft.published for draft in drafts) < len(drafts) / 10
    for draft in drafts:
        assert draft.title["en"] != draft.title["de"] or draft.title["en"].startswith("„")
        assert draft.description.keys() == {"en", "de"}
        assert draft.created_on is not None
        assert draft.created_on <= TODAY


async def test_the_catalogue_takes_them_and_a_second_time_changes_nothing(postgres: DatabaseAddress) -> None:
    rows = [*demo_definitions(), *made_up(300)]
    async with a_shop(postgres) as shop:
        options = ImportOptions(keep_stock=True)
        report = await load(rows, shop.catalog, shop.inventory, source="made up", options=options)
        assert (report.products.created, report.refused) == (300, [])
        listed = (await shop.catalog.list_products(ListProducts(limit=200))).items
        sku = listed[0].draft.variants[0].sku
        assert (await shop.inventory.stock(LevelsOf(skus=[sku]))).items
        again = await load(rows, shop.catalog, shop.inventory, source="made up", options=options)
        assert (again.products.unchanged, again.stock.created) == (300, 0)
