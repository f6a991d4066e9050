"""The lowest price of the 30 days before a reduction: settled when the reduction begins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rialto.catalog.api import Catalog, ListProducts, ProductRef, PutProduct, SetPublished
from rialto.kernel.db import DatabaseAddress
from tests.catalog.builders import a_draft, a_variant, open_catalog
from tests.support.env import TestEnv

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
Lowest = dict[str, dict[str, int]]


class Shelf:
    """One article whose price changes while days pass."""

    def __init__(self, catalog: Catalog, env: TestEnv) -> None:
        self.catalog = catalog
        self.env = env

    async def price(self, euros: int, former: int | None = None, **more: int) -> Lowest:
        """Set it now; what is then published of it."""
        compare_at = {} if former is None else {"EUR": former}
        variant = a_variant("VASE", options={}, prices={"EUR": euros, **more}, compare_at=compare_at)
        draft = a_draft(variants=[variant], options=[], images=[])
        await self.catalog.put_product(PutProduct(draft=draft))
        return await self.published()

    async def published(self) -> Lowest:
        [document] = (await self.catalog.documents(ListProducts())).items
        return document.lowest_30_days

    def wait(self, days: float) -> None:
        self.env.clock.advance((days * DAY).total_seconds())

    async def rows(self) -> int:
        async with self.env.db.read() as session:
            count: int = await session.value("SELECT count(*) FROM price_history")
        return count


async def test_a_reduction_is_measured_by_the_thirty_days_before_it(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as opened:
        shelf = Shelf(*opened)
        assert await shelf.price(100, 120) == {}, "nobody knows what it cost before"
        shelf.wait(1)
        assert await shelf.price(100) == {}, "it is not reduced"
        shelf.wait(1)
        assert await shelf.price(80, 120) == {"VASE": {"EUR": 100}}
        shelf.wait(40)
        assert await shelf.price(80, 150) == {"VASE": {"EUR": 100}}, "the same reduction goes on"
        shelf.wait(1)
        assert await shelf.price(70, 150) == {"VASE": {"EUR": 80}}, "a further one is measured anew"
        shelf.wait(10)
        assert await shelf.price(90, 150) == {"VASE": {"EUR": 70}}
        shelf.wait(31)
        assert await shelf.price(110) == {}
        shelf.wait(29)
        assert await shelf.price(95, 110) == {"VASE": {"EUR": 90}}, "in force when the thirty days began"
        shelf.wait(1)
        await shelf.price(110)
        shelf.wait(31)
        assert await shelf.price(95, 110) == {"VASE": {"EUR": 110}}, "what ended before them does not count"


async def test_what_is_older_than_sixty_days_is_forgotten_but_what_was_settled_stays(
    postgres: DatabaseAddress,
) -> None:
    async with open_catalog(postgres) as opened:
        shelf = Shelf(*opened)
        for euros in (100, 101, 102, 103):
            await shelf.price(euros)
            shelf.wait(1)
        assert await shelf.price(50, 103) == {"VASE": {"EUR": 100}}
        assert await shelf.rows() == 5
        shelf.wait(100)
        assert await shelf.price(50, 103, USD=60) == {"VASE": {"EUR": 100}}
        assert await shelf.rows() == 2
        product = await shelf.catalog.get_product(ProductRef(ref="vase"))
        hidden = SetPublished(id=product.id, published=False, expected_version=product.version)
        await shelf.catalog.set_published(hidden)
        assert await shelf.published() == {"VASE": {"EUR": 100}}
