"""The commands `rialto import` and `rialto seed`: what a person reads, and the exit code."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rialto.catalog.api import Catalog, ListProducts, ProductRef, PutProduct, PutProducts, Verdicts
from rialto.cli import import_, seed
from rialto.cli.import_ import report_lines
from rialto.importing.demo import SAMPLE_MAKER, DemoImporter, demo_catalogue
from rialto.importing.demo_removal import demo_products
from rialto.importing.model import Change, Counts, ImportOptions, Problem, ProductRow, Report
from rialto.inventory.api import LevelsOf, PutStock, PutStockMany, Reserve, StockLine
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import ORDER
from tests.importing.sources import DATA, a_shop
from tests.support.values import seeded_ids

pytestmark = pytest.mark.anyio


def arguments(*words: str) -> Namespace:
    parser = ArgumentParser()
    import_.add_arguments(parser)
    return parser.parse_args(words)


def seeding(*words: str) -> Namespace:
    parser = ArgumentParser()
    seed.add_arguments(parser)
    return parser.parse_args(words)


async def test_an_import_tells_what_it_did_and_what_it_refused(postgres: DatabaseAddress) -> None:
    said: list[str] = []
    async with a_shop(postgres) as shop:
        words = arguments(str(DATA / "spree"), "--format", "spree", "--warehouse", "rotterdam")
        assert await import_.run(words, shop.catalog, shop.inventory, said.append) == 0
    text = "\n".join(said)
    assert "products   3 created, 0 changed, 0 unchanged, 3 refused" in text
    assert "products.csv, line 10 (broken-price): price: '12.345'" in text
    assert "products.csv: meta_title (1 row): there is no field for it" in text


async def test_a_broken_file_is_one_sentence_and_exit_code_one(
    postgres: DatabaseAddress, tmp_path: Path
) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(b"slug,sku,title_en\na,A,\xff\n")
    said: list[str] = []
    async with a_shop(postgres) as shop:
        for words in (
            arguments(str(path), "--format", "csv"),
            arguments(str(tmp_path / "none"), "--format", "spree"),
            arguments(str(path), "--format", "magento"),
        ):
            assert await import_.run(words, shop.catalog, shop.inventory, said.append) == 1
        assert (await shop.catalog.list_products(ListProducts())).items == []
    assert said[0] == "Nothing was imported. broken.csv, line 2: it is not UTF-8 text."
    assert len(said) == 3


async def test_options_that_cannot_be_meant_load_nothing(postgres: DatabaseAddress) -> None:
    said: list[str] = []
    async with a_shop(postgres) as shop:
        for words in (
            ("--currency", "gold"),
            ("--media-url", "ftp://example.com"),
            ("--warehouse", "berlin", "--warehouse", "rotterdam"),
        ):
            args = arguments(str(DATA / "saleor"), "--format", "saleor", *words)
            assert await import_.run(args, shop.catalog, shop.inventory, said.append) == 1
        assert len(said) == 3
        assert all(line.startswith("Nothing was imported. ") for line in said)
        assert (await shop.catalog.list_products(ListProducts())).items == []
        places = ("--warehouse", "rotterdam", "--warehouse", "global=berlin")
        args = arguments(str(DATA / "saleor"), "--format", "saleor", "--channel", "outlet", *places)
        assert await import_.run(args, shop.catalog, shop.inventory, said.append) == 0
        levels = (await shop.inventory.stock(LevelsOf(skus=["CUP-S"]))).items
        assert {one.warehouse: one.on_hand for one in levels} == {"berlin": 4, "rotterdam": 9}
        cup = await shop.catalog.get_product(ProductRef(ref="cup"))
        assert cup.draft.variants[0].prices == {"EUR": 900}


async def test_a_dry_run_says_so(postgres: DatabaseAddress) -> None:
    said: list[str] = []
    async with a_shop(postgres) as shop:
        words = arguments(str(DATA / "shop.csv"), "--format", "csv", "--dry-run")
        assert await import_.run(words, shop.catalog, shop.inventory, said.append) == 0
        assert (await shop.catalog.list_products(ListProducts())).items == []
    assert any(line.startswith("Rehearsed, nothing was changed") for line in said)


async def test_seed_loads_the_demo_catalogue_once(postgres: DatabaseAddress) -> None:
    said: list[str] = []
    async with a_shop(postgres) as shop:
        for _ in range(2):
            assert await seed.run(seeding(), shop.catalog, shop.inventory, said.append) == 0
        assert len((await shop.catalog.list_products(ListProducts(limit=200))).items) >= 80
    assert any("0 created, 0 changed" in line for line in said)


async def test_seeding_a_shop_that_sold_something_brings_nothing_back(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        assert await seed.run(seeding(), shop.catalog, shop.inventory, lambda _: None) == 0
        product = (await shop.catalog.list_products(ListProducts(limit=1))).items[0]
        sku = product.draft.variants[0].sku
        before = (await shop.inventory.stock(LevelsOf(skus=[sku]))).items
        sold = [msgspec.structs.replace(level, on_hand=level.on_hand // 2) for level in before]
        await shop.inventory.put_stock(
            PutStockMany(
                items=[PutStock(sku=sku, warehouse=one.warehouse, on_hand=one.on_hand) for one in sold]
            )
        )
        gone = sum(level not in before for level in sold)
        assert gone > 0
        said: list[str] = []
        assert await seed.run(seeding(), shop.catalog, shop.inventory, said.append) == 0
        assert (await shop.inventory.stock(LevelsOf(skus=[sku]))).items == sold
        assert any(line.startswith("  stock      0 created, 0 changed") for line in said)
        said.clear()
        assert await seed.run(seeding("--reset-stock"), shop.catalog, shop.inventory, said.append) == 0
        assert (await shop.inventory.stock(LevelsOf(skus=[sku]))).items == before
        assert any(line.startswith(f"  stock      0 created, {gone} changed") for line in said)


async def test_the_demo_is_removed_and_what_stays_is_told(postgres: DatabaseAddress) -> None:
    said: list[str] = []
    async with a_shop(postgres) as shop:
        await shop.load("csv", DATA / "shop.csv")
        assert await seed.run(seeding(), shop.catalog, shop.inventory, lambda _: None) == 0
        own, held, *_ = demo_products()
        product = await shop.catalog.get_product(ProductRef(ref=own))
        assert product.draft.maker == SAMPLE_MAKER
        mine = [
            msgspec.structs.replace(one, sku=f"MINE-{index}")
            for index, one in enumerate(product.draft.variants)
        ]
        draft = msgspec.structs.replace(product.draft, variants=mine)
        await shop.catalog.put_product(PutProduct(draft=draft))
        sku = (await shop.catalog.get_product(ProductRef(ref=held))).draft.variants[0].sku
        await shop.inventory.reserve(
            Reserve(
                order_id=ORDER.new(seeded_ids(1), 0),
                lines=[StockLine(sku=sku, quantity=1)],
                expires_at=datetime(2100, 1, 1, tzinfo=UTC),
            )
        )
        assert await seed.remove(shop.catalog, shop.inventory, said.append) == 0
        shown = (await shop.catalog.list_products(ListProducts(published=True, limit=200))).items
        assert {one.draft.slug for one in shown} == {own, "cup", "bowl"}
        skus = [sku for slug, skus in demo_products().items() for sku in skus if slug != own][:200]
        levels = (await shop.inventory.stock(LevelsOf(skus=skus))).items
        assert all(level.on_hand == level.reserved for level in levels)
        said_first, said = said, []
        assert await seed.remove(shop.catalog, shop.inventory, said.append) == 0
    assert f"what orders have reserved of {sku}" in "\n".join(said_first)
    assert f"any more: {own}." in "\n".join(said_first)
    assert said[0] == "0 products were hidden, the stock of 0 articles was taken away."
    assert said[1:] == said_first[1:]


async def test_seeding_stocks_what_has_no_record_yet(postgres: DatabaseAddress) -> None:
    """A SKU with a record in one warehouse keeps it and gets none in another; the others are stocked."""
    async with a_shop(postgres) as shop:
        counts = {
            row.stock[0].sku: [one for one in row.stock if one.sku == row.stock[0].sku]
            for row in DemoImporter().read(demo_catalogue(), ImportOptions())
            if isinstance(row, ProductRow) and row.stock
        }
        known, *others = counts
        kept = PutStock(sku=known, warehouse=counts[known][0].warehouse, on_hand=1)
        await shop.inventory.put_stock(PutStockMany(items=[kept]))
        assert await seed.run(seeding(), shop.catalog, shop.inventory, lambda _: None) == 0
        levels = (await shop.inventory.stock(LevelsOf(skus=[known, others[0]]))).items
        assert [(one.warehouse, one.on_hand) for one in levels if one.sku == known] == [(kept.warehouse, 1)]
        stocked = {(one.warehouse, one.on_hand) for one in levels if one.sku == others[0]}
        assert stocked == {(one.warehouse, one.on_hand) for one in counts[others[0]]}


@pytest.mark.fast
def test_a_report_is_bounded_and_harmless_on_a_terminal() -> None:
    none = Counts()
    problems = [Problem(file="a.csv", line=n, reason="\x1b[2J", product="x\x07") for n in range(1, 81)]
    report = Report(
        source="a.csv", dry_run=False, attributes=none, categories=none, products=none, stock=none,
        refused=problems, not_imported=[], customers=Counts(created=3),
        changes=[Change(product="cup", field="title.en", before="", after="A\x1b")],
    )  # fmt: skip
    lines = list(report_lines(report))
    assert lines[-1] == "  and 30 more"
    assert "  customers  3 created, 0 changed, 0 unchanged, 0 refused" in lines
    assert lines[lines.index("Changed:") + 1] == "  cup, title.en: nothing → A?"
    assert all(line.isprintable() for line in lines)


class Stumbling:
    """A catalogue that does not answer in time for the first so many times it is to save something."""

    def __init__(self, catalog: Catalog, times: int) -> None:
        self._catalog = catalog
        self.left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalog, name)

    async def put_products(self, command: PutProducts) -> Verdicts:
        if self.left:
            self.left -= 1
            raise Unavailable
        return await self._catalog.put_products(command)


async def test_making_up_goes_on_when_the_machine_is_busy_for_a_moment(postgres: DatabaseAddress) -> None:
    said: list[str] = []
    async with a_shop(postgres) as shop:

        async def make_up(times: int) -> int:
            catalog: Any = Stumbling(shop.catalog, times)
            return await seed.make_up(
                seeding("--products", "20"),
                catalog,
                shop.inventory,
                today=date(2026, 3, 1),
                out=said.append,
                advance=lambda _done: None,
            )

        assert await make_up(seed.TRIES) == 1
        assert said == [f"After 0 products: {Unavailable().text} The same command goes on from there."]
        assert await make_up(seed.TRIES - 1) == 0
        assert said[1:] == ["20 products made up: 20 created."]


async def test_seed_makes_up_as_many_products_as_asked_for(postgres: DatabaseAddress) -> None:
    said: list[str] = []
    steps: list[int] = []

    async with a_shop(postgres) as shop:

        async def make_up(*words: str) -> int:
            return await seed.make_up(
                seeding(*words),
                shop.catalog,
                shop.inventory,
                today=date(2026, 3, 1),
                out=said.append,
                advance=steps.append,
            )

        assert await make_up("--products", "120") == 0
        assert await make_up("--products", "121") == 0
        assert await make_up("--products", "0") == 2
        assert await make_up("--products", "1000001") == 2
        assert (await shop.catalog.list_products(ListProducts(limit=200))).items
    assert said[:2] == [
        "120 products made up: 120 created.",
        "121 products made up: 1 created, 120 unchanged.",
    ]
    assert steps == [120, 121]
