"""What belongs to single shop fronts, written to our CSV and read again."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rialto.catalog.api import ListProducts, PutChannel, PutProduct
from rialto.kernel.db import DatabaseAddress
from tests.importing.sources import DATA, a_shop
from tests.importing.test_exporting import is_settled, table, written

pytestmark = pytest.mark.anyio


async def test_where_products_are_shown_and_what_they_cost_there_comes_back(
    postgres: DatabaseAddress, tmp_path: Path
) -> None:
    async with a_shop(postgres) as shop:
        await shop.load("csv", DATA / "shop.csv")
        front = PutChannel(
            code="trade", currencies=["EUR"], languages=["en"], country="DE", expected_version=0
        )
        await shop.catalog.put_channel(front)
        product = (await shop.catalog.list_products(ListProducts(limit=1))).items[0]
        first, *others = product.draft.variants
        own = msgspec.structs.replace(first, channel_prices={"trade": {"EUR": 777, "USD": 888}})
        draft = msgspec.structs.replace(product.draft, variants=[own, *others], channels=["trade"])
        await shop.catalog.put_product(PutProduct(draft=draft))
        await written(shop, tmp_path / "first")
        rows = {row["sku"]: row for row in table(tmp_path / "first" / "products.csv")}
        told = rows[first.sku]
        assert (told["channels"], told["price_EUR:trade"], told["price_USD:trade"]) == (
            "trade",
            "7.77",
            "8.88",
        )
        assert is_settled(await shop.load("csv", tmp_path / "first"))
        await shop.catalog.put_product(PutProduct(draft=product.draft))
        report = await shop.load("csv", tmp_path / "first")
        assert {change.field for change in report.changes} == {
            "channels",
            f"variants.{first.sku}.channel_prices.trade.EUR",
            f"variants.{first.sku}.channel_prices.trade.USD",
        }
        assert (await shop.catalog.list_products(ListProducts(limit=1))).items[0].draft == draft
