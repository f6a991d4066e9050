"""Writing the shop down and reading it again: nothing differs, and nothing of it is a formula."""

from __future__ import annotations

import csv
import stat
from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from rialto.cart.api import CartTotals
from rialto.catalog.api import (
    AttributeDefinition,
    Category,
    Content,
    ListProducts,
    Maker,
    Picture,
    ProductDraft,
    ProductRef,
    PutProduct,
    VariantDraft,
)
from rialto.cli import export
from rialto.identity.api import ImportCustomer
from rialto.importing.demo import demo_catalogue
from rialto.importing.export import begin_export
from rialto.importing.files import PUBLIC, CannotWrite, new_table
from rialto.importing.model import Counts, Report
from rialto.inventory.api import PutStock, PutStockMany
from rialto.kernel.address import Address
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import CartId, OrderId
from rialto.kernel.money import EUR, Money
from rialto.orders.api import (
    ListOrders,
    Order,
    OrderLine,
    OrderList,
    OrderRow,
    OrdersNamed,
    SeveralOrders,
)
from tests.importing.sources import DATA, Shop, a_shop, a_whole_shop
from tests.pricing.peers import Peer

pytestmark = pytest.mark.anyio

FILES = ("attributes.csv", "categories.csv", "products.csv")


def arguments(*words: str) -> Namespace:
    parser = ArgumentParser()
    export.add_arguments(parser)
    return parser.parse_args(words)


async def written(shop: Shop, folder: Path) -> dict[str, bytes]:
    """The catalogue in a folder, and the files' bytes."""
    folder.mkdir()
    one = await begin_export(shop.catalog, shop.inventory)
    one.attributes(folder / "attributes.csv")
    one.categories(folder / "categories.csv")
    await one.products(folder / "products.csv")
    return {name: (folder / name).read_bytes() for name in FILES}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_settled(report: Report) -> bool:
    return all(
        getattr(report, kind) == Counts(unchanged=getattr(report, kind).unchanged)
        for kind in ("attributes", "categories", "products", "stock")
    )


async def test_a_whole_catalogue_comes_back_as_it_was(postgres: DatabaseAddress, tmp_path: Path) -> None:
    async with a_shop(postgres) as shop:
        await shop.load("demo", demo_catalogue())
        await shop.load("saleor", DATA / "saleor")
        await shop.load("csv", DATA / "shop.csv")
        await put_odd_things(shop)
        products = (await shop.catalog.list_products(ListProducts(limit=200))).items
        first = await written(shop, tmp_path / "first")
        for source in (tmp_path / "first", tmp_path / "first" / "products.csv"):
            report = await shop.load("csv", source)
            assert report.refused == []
            assert report.changes == []
            assert is_settled(report)
            assert report.products.unchanged == len(products)
        assert (await shop.catalog.list_products(ListProducts(limit=200))).items == products
        async with a_shop(postgres) as other:
            report = await other.load("csv", tmp_path / "first")
            assert report.refused == []
            assert report.products == Counts(created=len(products))
            assert await written(other, tmp_path / "second") == first


async def put_odd_things(shop: Shop) -> None:
    """A product that uses every freedom a draft has."""
    for definition in (
        AttributeDefinition(
            code="glaze",
            label={"en": "=Glaze", "de": "Glasur"},
            values={
                "g.1": {"en": "Grey | blue", "de": "Grau"},
                "39": {"en": "39"},
                "z_9": {"en": "Nine {9}", "de": "Neun"},
            },
        ),
        AttributeDefinition(
            code="tone", label={"en": "Tone"}, values={"red": {"en": "Crimson", "de": "Rot"}}
        ),
        AttributeDefinition(code="depth", label={"en": "Depth"}, type="number", unit="°C"),
        AttributeDefinition(code="story", label={"en": "Story"}, type="text"),
    ):
        await shop.catalog.put_attribute(definition)
    for category in (
        Category(slug="odd", title={"en": "Odd > things"}, position=-5),
        Category(
            slug="-odd-2",
            title={"en": "Two", "de": "Zwei"},
            parent="odd",
            description={"en": " =1\n+2"},
            image=Picture(file="odd-1", widths=[400, 800], width=800, height=1000, alt={"en": "@odd"}),
        ),
    ):
        await shop.catalog.put_category(category)
    draft = an_odd_draft()
    await shop.catalog.put_product(PutProduct(draft=draft))
    assert (await shop.catalog.get_product(ProductRef(ref="-odd"))).draft == draft
    await shop.inventory.put_stock(PutStockMany(items=[PutStock(sku="-1", warehouse="berlin", on_hand=7)]))


def an_odd_draft() -> ProductDraft:
    return ProductDraft(
        slug="-odd",
        title={"en": "=HYPERLINK(1)", "de": "'+tasse "},
        description={"en": '  Two\r\nlines, "quoted"\n\n'},
        category="-odd-2",
        tax_class="reduced",
        attributes={"depth": "-5.25", "story": "-5", "tone": ["red"]},
        options=["glaze", "colour"],
        variants=[
            VariantDraft(sku="-1", options={"glaze": "g.1", "colour": "red"}, prices={"EUR": 1}, weight_g=3),
            VariantDraft(
                sku="@2",
                options={"glaze": "z_9", "colour": "blue"},
                prices={"USD": 5},
                gtin="01234565",
                content=Content(amount="0.75", unit="l"),
            ),
            VariantDraft(sku="+3", options={"glaze": "39", "colour": "red"}),
        ],
        images=[
            Picture(url="https://example.com/a.webp", alt={"en": "=a", "de": "A"}, width=3, height=4),
            Picture(file="odd-1", widths=[400], width=400, height=500, options={"colour": "red"}),
            Picture(url="https://example.com/b.webp", options={"glaze": "z_9", "colour": "blue"}),
        ],
        related=["-odd", "cup"],
        published=False,
        featured=True,
        created_on=date(2026, 1, 2),
        publish_at=datetime(2031, 1, 31, 8, tzinfo=UTC),
        unpublish_at=datetime(2031, 2, 1, 8, 0, 30, tzinfo=UTC),
        maker=Maker(
            name="=Maker", address="-Street 1\nTown", email="a@maker.example", url="https://maker.example"
        ),
        safety={"de": "@Heiß\nund schwer", "en": "Hot"},
    )


async def test_nothing_in_a_file_starts_a_formula_and_numbers_stay_numbers(
    postgres: DatabaseAddress, tmp_path: Path
) -> None:
    async with a_shop(postgres) as shop:
        await shop.load("csv", DATA / "shop.csv")
        await put_odd_things(shop)
        await written(shop, tmp_path / "files")
    rows = table(tmp_path / "files" / "products.csv")
    odd = next(row for row in rows if row["sku"] == "'-1")
    assert odd["title_en"] == "'=HYPERLINK(1)"
    assert odd["attribute_depth[°C]"] == "-5.25"
    assert odd["attribute_story"] == "'-5"
    assert (odd["price_EUR"], odd["stock_berlin"], odd["stock_rotterdam"]) == ("0.01", "7", "")
    assert odd["category"] == "{odd} > Two {-odd-2}"
    for name in FILES:
        for row in table(tmp_path / "files" / name):
            risky = {
                column: cell
                for column, cell in row.items()
                if cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            }
            assert set(risky) <= {"attribute_depth[°C]", "position"}
    assert stat.S_IMODE((tmp_path / "files" / "products.csv").stat().st_mode) & 0o600 == 0o600


async def test_customers_come_back_with_their_addresses(postgres: DatabaseAddress, tmp_path: Path) -> None:
    home = Address(name="=Ada", line1="Weg 1", city="Berlin", postal_code="10115", country="DE")
    work = Address(
        name="Ada", line1="Platz 2", city="Berlin", postal_code="10117", country="DE", phone="+49 30 1"
    )
    said: list[str] = []
    async with a_whole_shop(postgres) as (shop, _):
        assert shop.identity is not None
        people = (
            ImportCustomer(email="ada@rialto.test", name="@Ada", language="de", addresses=[home, work]),
            ImportCustomer(email="bo@rialto.test", name="Bo"),
        )
        for person in people:
            await shop.identity.import_customer(person)
        await shop.load("csv", DATA / "shop.csv")
        words = arguments(str(tmp_path / "all"))
        assert await export.run(
            words, shop.catalog, shop.inventory, said.append, identity=shop.identity, orders=sold()
        ) == 0  # fmt: skip
        path = tmp_path / "all" / "customers.csv"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "all" / "orders.csv").stat().st_mode) == 0o600
        report = await shop.load("csv", tmp_path / "all")
        assert report.customers == Counts(unchanged=2)
        assert report.not_imported == []
    rows = {(row["email"], row["line1"]): row for row in table(path)}
    assert rows["ada@rialto.test", "Weg 1"]["address_name"] == "'=Ada"
    assert rows["ada@rialto.test", "Platz 2"]["phone"] == "'+49 30 1"
    assert rows["bo@rialto.test", ""]["name"] == "Bo"
    assert any(line.startswith("2 customers in ") for line in said)
    async with a_whole_shop(postgres) as (other, _):
        assert (await other.load("csv", tmp_path / "all")).customers == Counts(created=2)
        assert other.identity is not None
        await export.run(
            arguments(str(tmp_path / "again.csv"), "--only", "customers"),
            other.catalog, other.inventory, said.append, identity=other.identity, orders=sold(),
        )  # fmt: skip
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


class Sold(Peer):
    """What a shop has sold, as far as an export asks for it."""

    def __init__(self, *orders: Order) -> None:
        self._orders = {order.id: order for order in orders}

    async def list(self, command: ListOrders) -> OrderList:
        """One at a time, so that pages are turned."""
        ids = sorted(self._orders)
        start = ids.index(OrderId(command.cursor)) + 1 if command.cursor else 0
        items = [row_of(self._orders[one]) for one in ids[start : start + 1]]
        return OrderList(items=items, next_cursor=items[-1].id if items and items[-1].id != ids[-1] else None)

    async def several(self, command: OrdersNamed) -> SeveralOrders:
        return SeveralOrders(items=[self._orders[one] for one in command.order_ids])


def nobody() -> Any:
    return Peer()


def sold(*orders: Order) -> Any:
    return Sold(*orders)


def row_of(order: Order) -> OrderRow:
    return OrderRow(
        id=order.id,
        number=order.number,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        total=order.totals.total,
        placed_at=order.placed_at,
        started_at=order.started_at,
    )


def an_order(number: str, *skus: str) -> Order:
    money, none = Money(1250, EUR), Money(0, EUR)
    return Order(
        id=OrderId(f"ord_{number}"),
        number=number,
        version=1,
        cart_id=CartId("cart_1"),
        currency=EUR,
        language="en",
        channel="default",
        lines=[
            OrderLine(
                id=sku, sku=sku, title="=Cup", options={"Size": "S"}, quantity=2, unit_price=money, total=money,
                tax=none, tax_rate="0.19",
            )
            for sku in skus
        ],
        totals=CartTotals(items=money, discount=none, delivery=none, tax=none, total=money),
        email="+ada@rialto.test",
        shipping=Address(name="Ada", line1="Weg 1", city="Berlin", postal_code="10115", country="DE"),
        status="placed",
        payment_status="authorised",
        fulfilment_status="unfulfilled",
        started_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        placed_at=datetime(2026, 1, 2, 3, 4, 6, 500, tzinfo=UTC),
        refunded=none,
        status_url="/orders/secret-key",
        key="secret-key",
    )  # fmt: skip


async def test_orders_are_written_a_row_per_line_without_their_keys(
    postgres: DatabaseAddress, tmp_path: Path
) -> None:
    path = tmp_path / "sold.csv"
    orders = sold(an_order("A1", "CUP", "BOWL"), an_order("A2", "CUP"))
    said: list[str] = []
    async with a_shop(postgres) as shop:
        words = arguments(str(path), "--only", "orders")
        assert await export.run(
            words, shop.catalog, shop.inventory, said.append, identity=nobody(), orders=orders
        ) == 0  # fmt: skip
    rows = table(path)
    assert [(row["number"], row["line"], row["sku"], row["total"]) for row in rows] == [
        ("A1", "1", "CUP", "12.50"),
        ("A1", "2", "BOWL", "12.50"),
        ("A2", "1", "CUP", "12.50"),
    ]
    assert (rows[0]["email"], rows[0]["title"]) == ("'+ada@rialto.test", "'=Cup")
    assert (rows[0]["started_at"], rows[0]["city"]) == ("2026-01-02T03:04:05Z", "Berlin")
    assert "secret" not in path.read_text("utf-8")
    assert said == [f"2 orders in {path}"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.fast
def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old", "utf-8")

    def write_more_than_there_is_room_for() -> None:
        with new_table(path, ["a"], mode=PUBLIC, numbers=frozenset()) as write:
            write({"a": "1"})
            write({"b": "2"})

    with pytest.raises(CannotWrite, match="changed while"):
        write_more_than_there_is_room_for()
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]
    with (
        pytest.raises(CannotWrite),
        new_table(tmp_path / "none" / "a.csv", ["a"], mode=PUBLIC, numbers=frozenset()),
    ):
        pass


async def test_an_export_that_cannot_be_written_says_so(postgres: DatabaseAddress, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    said: list[str] = []
    async with a_shop(postgres) as shop:
        words = arguments(str(tmp_path / "file"), "--only", "products")
        code = await export.run(
            words, shop.catalog, shop.inventory, said.append, identity=nobody(), orders=nobody()
        )  # fmt: skip
    assert code == 1
    assert said[0].startswith("The export could not be finished: ")
