"""Loading what other shops have beside products: promotions, ways of delivery, customers; and telling what changed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rialto.catalog.api import ListProducts, ProductRef
from rialto.identity.api import AccountRef, ListCustomers
from rialto.importing.model import Change, Counts, ImportOptions, NotImported, Report
from rialto.inventory.api import LevelsOf
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.service import Nothing
from rialto.pricing.api import CodeRef
from tests.importing.sources import (
    DATA,
    SHARED,
    a_shop,
    a_whole_shop,
    needs_flower_data,
    needs_saleor_data,
)

pytestmark = pytest.mark.anyio

KINDS = ("attributes", "categories", "products", "stock", "promotions", "delivery", "customers")


def settled(first: Report) -> dict[str, Counts]:
    """What the same import must count when it comes again."""
    return {
        kind: Counts(
            unchanged=getattr(first, kind).created + getattr(first, kind).unchanged,
            refused=getattr(first, kind).refused,
        )
        for kind in KINDS
    }


def counted(report: Report) -> dict[str, Counts]:
    return {kind: getattr(report, kind) for kind in KINDS}


async def test_a_saleor_shop_is_loaded_once_with_its_sale_and_stock(postgres: DatabaseAddress) -> None:
    async with a_whole_shop(postgres) as (shop, _):
        dry = await shop.load("saleor", DATA / "saleor", dry_run=True)
        assert (await shop.catalog.list_products(ListProducts())).items == []
        first = await shop.load("saleor", DATA / "saleor")
        assert msgspec.structs.replace(dry, dry_run=False) == first
        assert first.products == Counts(created=4, refused=4)
        assert first.promotions == Counts(created=1)
        left = {one.what: one for one in first.not_imported}
        assert left["populatedb_data.json: prices in GBP"] == NotImported(
            what="populatedb_data.json: prices in GBP",
            rows=1,
            reason="no channel of the shop sells in this currency",
        )
        cup = await shop.catalog.get_product(ProductRef(ref="cup"))
        assert cup.draft.variants[0].prices == {"EUR": 1250, "USD": 1375}
        assert cup.draft.attributes["clay"] == ["stoneware", "porcelain"]
        assert cup.draft.attributes["height"] == "6.5"
        assert cup.draft.attributes["hand_made"] is True
        levels = (await shop.inventory.stock(LevelsOf(skus=["CUP-S"]))).items
        assert {one.warehouse: one.on_hand for one in levels} == {"berlin": 6, "rotterdam": 7}
        assert shop.pricing is not None
        [sale] = (await shop.pricing.promotions(Nothing())).items
        assert sale.promotion.applies_to.products == [cup.id]
        again = await shop.load("saleor", DATA / "saleor")
        assert counted(again) == settled(first)
        assert again.changes == []
        tree = {one.slug: one.parent for one in (await shop.catalog.categories(Nothing())).items}
        assert tree == {"tableware": None, "empty": None, "cups-2": "tableware"}


async def test_places_of_the_source_can_be_told_to_be_ours(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        options = ImportOptions(warehouse="rotterdam", warehouses={"global": "berlin"})
        await shop.load("saleor", DATA / "saleor", options=options)
        levels = (await shop.inventory.stock(LevelsOf(skus=["CUP-S"]))).items
        assert {one.warehouse: one.on_hand for one in levels} == {"berlin": 4, "rotterdam": 9}


async def test_a_flower_shop_is_loaded_with_terms_and_customers(postgres: DatabaseAddress) -> None:
    async with a_whole_shop(postgres) as (shop, desk):
        assert shop.pricing is not None
        assert shop.identity is not None
        dry = await shop.load("flower-shop", DATA / "flower-shop", dry_run=True)
        assert (await shop.pricing.promotions(Nothing())).items == []
        assert (await shop.identity.list_customers(ListCustomers())).items == []
        assert dry.customers == Counts(created=1, refused=1)
        first = await shop.load("flower-shop", DATA / "flower-shop")
        assert first.products == Counts(created=2, refused=2)
        assert first.promotions == Counts(created=4, refused=1)
        assert first.delivery == Counts(created=2, refused=2)
        assert first.customers == Counts(created=1, refused=1)
        refused = {(one.file, one.line): one.reason for one in first.refused}
        assert "there is no product thistle" in refused["promotions.csv", 4]
        assert "country" in refused["shipping_rates.csv", 5]
        assert "e-mail" in refused["customers.csv", 3]
        assert (await shop.pricing.check_code(CodeRef(code="spring10"))).promotion_id == "code_spring10"
        again = await shop.load("flower-shop", DATA / "flower-shop")
        assert counted(again) == settled(first)
        [ada] = (await shop.identity.list_customers(ListCustomers())).items
        assert (ada.email, ada.name, ada.verified) == ("ada@example.com", "Ada Example", False)
        book = await shop.identity.list_addresses(AccountRef(account_id=ada.id))
        assert [(one.postal_code, one.default_shipping) for one in book.items] == [("62704", True)]
        assert await desk.letters() == []
        left = {one.what: one.reason for one in first.not_imported}
        assert left["customers.csv: addresses"] == "some are not valid (postal_code)"


async def test_a_changed_code_or_rate_is_told_as_changed(postgres: DatabaseAddress, tmp_path: Path) -> None:
    for file in (DATA / "flower-shop").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    async with a_whole_shop(postgres) as (shop, _):
        await shop.load("flower-shop", tmp_path)
        for name, old, new in (
            ("discounts.csv", "percentage,10", "percentage,15"),
            ("shipping_rates.csv", "standard,500,S", "standard,550,S"),
        ):
            path = tmp_path / name
            path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
        report = await shop.load("flower-shop", tmp_path)
        assert report.promotions == Counts(changed=1, unchanged=3, refused=1)
        assert report.delivery == Counts(changed=1, unchanged=1, refused=2)


async def test_rows_of_services_that_are_not_there_are_named(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        report = await shop.load("flower-shop", DATA / "flower-shop")
        left = {one.what: one.rows for one in report.not_imported}
        assert (left["promotions"], left["ways of delivery"], left["customers"]) == (5, 4, 2)


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_report_tells_what_is_different(
    postgres: DatabaseAddress, tmp_path: Path, dry_run: bool
) -> None:
    path = tmp_path / "shop.csv"
    text = (DATA / "shop.csv").read_text("utf-8")
    path.write_text(text, "utf-8")
    async with a_shop(postgres) as shop:
        first = await shop.load("csv", path)
        assert first.changes == []
        for old, new in (
            ("bowl,BOWL,Bowl,", f"bowl,BOWL,{'B' * 199}L,"),
            ("260,,,9,", "265,,,9,"),
            ("yes,yes,2026-01-31", "no,yes,2026-01-31"),
            ("12.50,15.00,13.75,210,4006381333931,4,0", "12.50,,13.80,210,4006381333931,5,0"),
        ):
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
        report = await shop.load("csv", path, dry_run=dry_run)
        assert report.products == Counts(changed=2)
        assert report.changes == [
            Change(product="cup", field="variants.CUP-RED-S.prices.USD", before="13.75", after="13.80"),
            Change(product="cup", field="variants.CUP-RED-S.compare_at.EUR", before="15.00", after=""),
            Change(product="cup", field="variants.CUP-RED-L.weight_g", before="260", after="265"),
            Change(product="cup", field="published", before="yes", after="no"),
            Change(product="bowl", field="title.en", before="Bowl", after="B" * 199 + "L"),
            Change(product="cup", field="stock.CUP-RED-S.berlin", before="4", after="5"),
        ]


async def test_an_unknown_warehouse_is_told_by_a_dry_run_too(
    postgres: DatabaseAddress, tmp_path: Path
) -> None:
    path = tmp_path / "moon.csv"
    path.write_text("slug,sku,title_en,stock_moon\nmoon,MOON,Moon,1\n", "utf-8")
    async with a_shop(postgres) as shop:
        dry = await shop.load("csv", path, dry_run=True)
        assert dry.stock == Counts(refused=1)
        assert msgspec.structs.replace(dry, dry_run=False) == await shop.load("csv", path)


async def test_spree_customers_get_accounts_once(postgres: DatabaseAddress) -> None:
    async with a_whole_shop(postgres) as (shop, _):
        first = await shop.load("spree", DATA / "spree")
        assert first.customers == Counts(created=3, refused=1)
        again = await shop.load("spree", DATA / "spree")
        assert again.customers == Counts(unchanged=3, refused=1)
        assert shop.identity is not None
        listed = (await shop.identity.list_customers(ListCustomers())).items
        assert {one.email for one in listed} == {"ada@example.com", "bo@example.com", "cy@example.com"}


@needs_saleor_data
async def test_the_reference_dump_of_saleor_is_loaded_whole_and_only_once(postgres: DatabaseAddress) -> None:
    async with a_whole_shop(postgres) as (shop, _):
        first = await shop.load("saleor", SHARED / "saleor")
        assert first.refused == []
        assert first.products == Counts(created=32)
        assert first.stock == Counts(created=56)
        assert first.categories == Counts(created=16)
        assert first.promotions == Counts(created=1)
        left = {one.what: one.rows for one in first.not_imported}
        assert left["populatedb_data.json: prices in PLN"] == 73
        again = await shop.load("saleor", SHARED / "saleor")
        assert counted(again) == settled(first)


@needs_flower_data
async def test_the_reference_flower_shop_is_loaded_whole_and_only_once(postgres: DatabaseAddress) -> None:
    async with a_whole_shop(postgres) as (shop, _):
        first = await shop.load("flower-shop", SHARED / "ucp-flower-shop")
        assert first.refused == []
        assert (first.products, first.stock) == (Counts(created=6), Counts(created=6))
        assert (first.promotions, first.delivery) == (Counts(created=5), Counts(created=3))
        assert first.customers == Counts(created=3)
        again = await shop.load("flower-shop", SHARED / "ucp-flower-shop")
        assert counted(again) == settled(first)
