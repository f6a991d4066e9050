"""A shop written down and read into another: customers and orders come back byte by byte, and nothing is booked twice."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from rialto.cart.api import ChangeCode
from rialto.catalog.api import Catalog
from rialto.cli import export
from rialto.identity.api import Identity, ImportCustomer
from rialto.importing.importers import find_importer
from rialto.importing.load import load
from rialto.importing.model import Counts, ImportOptions, Report
from rialto.importing.sheet_orders import options_in
from rialto.inventory.api import Inventory
from rialto.kernel.address import Address
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import ACCOUNT
from rialto.kernel.money import EUR, Money
from rialto.orders.api import CancelOrder, OrderRef, Orders, OwnOrders, RefundOrder, ShipOrder
from rialto.pricing.api import Pricing
from rialto.reporting.api import OrdersQuery, Reporting, SalesQuery
from tests.support.goods import FEW
from tests.support.shop import Shop, a_shop
from tests.support.surroundings import START, ShopClock

pytestmark = pytest.mark.anyio

ADA = "ada@example.org"
HOME = Address(name="=Ada", line1="Weg 1", city="Berlin", postal_code="10115", country="DE")
WORK = Address(
    name="Ada", line1="Platz 2", city="Berlin", postal_code="10117", country="DE", phone="+49 30 1"
)


def another_shop(postgres: DatabaseAddress) -> AbstractAsyncContextManager[Shop]:
    """A day later: no order comes from the future."""
    return a_shop(postgres, clock=ShopClock(START + timedelta(days=1)))


async def written(shop: Shop, folder: Path) -> dict[str, bytes]:
    parser = ArgumentParser()
    export.add_arguments(parser)
    code = await export.run(
        parser.parse_args([str(folder)]),
        shop.app[Catalog],
        shop.inventory,
        lambda _: None,
        identity=shop.app[Identity],
        orders=shop.orders,
    )
    assert code == 0
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


async def read(shop: Shop, path: Path, *, dry_run: bool = False) -> Report:
    options = ImportOptions()
    return await load(
        find_importer("csv").read(path, options),
        shop.app[Catalog],
        shop.app[Inventory],
        source=path.name,
        pricing=shop.app[Pricing],
        identity=shop.app[Identity],
        orders=shop.app[Orders],
        options=options,
        dry_run=dry_run,
    )


async def live(shop: Shop) -> None:
    """What a shop sees: customers with two addresses and with none, and orders of every kind that is over."""
    identity = shop.app[Identity]
    people = (
        ImportCustomer(
            email=ADA, name="@Ada", language="de", addresses=[HOME, WORK], default_billing=1, verified=True
        ),
        ImportCustomer(email="zoe@example.org", name="Zoe", addresses=[WORK], default_shipping=None),
        ImportCustomer(email="bo@example.org", name="Bo"),
    )
    for person in people:
        await identity.import_customer(person)
    cart = await shop.cart({"PENCIL": 3, "PRINT": 1})
    await shop.carts.add_code(ChangeCode(cart_id=cart, code=FEW))
    reduced = (await shop.checkout(cart)).order
    refunded = (await shop.buy("PENCIL", 2)).order
    for order in (reduced, refunded):
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
    await shop.orders.refund(
        RefundOrder(order_id=refunded.id, amount=Money(199, EUR), reason="broken", step="1")
    )
    cancelled = (await shop.buy("PENCIL")).order
    await shop.orders.cancel(CancelOrder(order_id=cancelled.id, staff=True))
    assert (await shop.buy("PENCIL", token="tok_declined")).outcome == "declined"
    await shop.settle()


async def test_a_shop_comes_back_byte_by_byte(postgres: DatabaseAddress, tmp_path: Path) -> None:
    async with a_shop(postgres) as shop:
        await live(shop)
        first = await written(shop, tmp_path / "first")
        again = await read(shop, tmp_path / "first")
        assert again.refused == []
        assert (again.customers, again.orders) == (Counts(unchanged=3), Counts(unchanged=4))
        assert await written(shop, tmp_path / "same") == first
    async with another_shop(postgres) as other:
        rehearsed = await read(other, tmp_path / "first", dry_run=True)
        assert rehearsed.orders == Counts(created=4)
        assert (await other.sql("SELECT count(*) AS rows FROM orders.orders"))[0]["rows"] == 0
        report = await read(other, tmp_path / "first")
        assert report.refused == []
        assert (report.customers, report.orders) == (Counts(created=3), Counts(created=4))
        assert report.not_imported == []
        await other.settle()
        assert await written(other, tmp_path / "second") == first
        assert (await read(other, tmp_path / "first")).orders == Counts(unchanged=4)
        await nothing_was_sold(other)
        assert await other.audit() == []


async def nothing_was_sold(shop: Shop) -> None:
    """Neither stock nor money moved, nobody was written to, and no day sold anything."""
    for table in (
        "inventory.reservations",
        "payments.payments",
        "payments.ledger_transactions",
        "notifications.mails",
    ):
        assert (await shop.sql(f"SELECT count(*) AS rows FROM {table}"))[0]["rows"] == 0
    reporting = shop.app[Reporting]
    assert (await reporting.sales(SalesQuery(days=30))).items == []
    listed = (await reporting.orders(OrdersQuery())).items
    assert [row.imported for row in listed] == [True, True, True]
    assert sorted(row.stage for row in listed) == ["cancelled", "completed", "completed"]


async def test_orders_come_to_the_account_of_their_email(postgres: DatabaseAddress, tmp_path: Path) -> None:
    async with a_shop(postgres) as shop:
        await live(shop)
        first = await written(shop, tmp_path / "first")
        assert first
    async with another_shop(postgres) as other:
        await read(other, tmp_path / "first")
        await other.settle()
        rows = await other.sql("SELECT id, email FROM identity.accounts WHERE email = $1", ADA)
        ada = ACCOUNT.of(rows[0]["id"])
        # An order that came in the moment the account's proof did is found by the second look, a minute later.
        other.clock.advance(120)

        async def all_are_listed() -> bool:
            return len((await other.orders.own(OwnOrders(account_id=ada))).items) == 3

        await other.until(all_are_listed)
        own = (await other.orders.own(OwnOrders(account_id=ada))).items
        assert [row.status for row in own] == ["cancelled", "completed", "completed"]
        order = await other.orders.get(OrderRef(order_id=own[1].id, account_id=ada))
        assert (order.payment_status, order.refunded) == ("partially_refunded", Money(199, EUR))
        assert order.imported_at is not None
        assert [line.shipped for line in order.lines] == [2]


async def test_what_is_not_over_is_refused_with_its_row(postgres: DatabaseAddress, tmp_path: Path) -> None:
    async with a_shop(postgres) as shop:
        done, waiting = (await shop.buy("PENCIL")).order, (await shop.buy("PENCIL")).order
        await shop.orders.ship(ShipOrder(order_id=done.id, step="parcel"))
        await written(shop, tmp_path / "first")
    async with another_shop(postgres) as other:
        report = await read(other, tmp_path / "first" / "orders.csv")
        assert report.orders == Counts(created=1, refused=1)
        (problem,) = report.refused
        assert (problem.file, problem.line) == ("orders.csv", 2)
        assert problem.reason.startswith(f"order {waiting.number}: status: Only orders that are over")


def rows_of(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        return list(reader.fieldnames or []), rows


def write_rows(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


FAULTS: list[tuple[dict[str, str], str]] = [
    ({"total": "1.00"}, "total: The parts come to"),
    ({"currency": "gold"}, "currency: "),
    ({"started_at": "yesterday"}, "started_at: "),
    ({"started_at": "2126-01-01T00:00:00Z"}, "started_at: "),
    ({"quantity": "0"}, "lines.0.quantity: "),
    ({"shipped": "9"}, "lines.0.shipped: "),
    ({"email": ""}, "email: E-mail and address go together."),
    ({"country": "XX"}, "shipping.country: "),
    ({"payment_status": "voided"}, "payment_status: "),
    ({"refunded": "0.01"}, "refunded: "),
    ({"taxes": "0.19"}, "taxes: "),
    ({"options": "red"}, "options: "),
    ({"number": "a b"}, "number: "),
    ({"id": "ord_1"}, "id: "),
]


async def test_a_fault_refuses_its_order_and_no_other(postgres: DatabaseAddress, tmp_path: Path) -> None:
    async with a_shop(postgres) as shop:
        order = (await shop.buy("PENCIL")).order
        await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel"))
        await written(shop, tmp_path / "first")
    columns, (good,) = rows_of(tmp_path / "first" / "orders.csv")
    # Numbers of another shop's, and without ids.
    rows = [{**good, "id": "", "number": f"R-{number}", **fault} for number, (fault, _) in enumerate(FAULTS)]
    path = tmp_path / "faulty.csv"
    write_rows(path, columns, [*rows, good])
    async with another_shop(postgres) as other:
        report = await read(other, path)
        assert report.orders == Counts(created=1, refused=len(FAULTS))
        reasons = {problem.line: problem.reason for problem in report.refused}
        for line, (_, reason) in enumerate(FAULTS, start=2):
            assert reason in reasons[line], reasons[line]
        await other.settle()
        assert await other.audit() == []


@pytest.mark.fast
def test_cells_of_orders_say_what_they_mean() -> None:
    assert options_in("") == {}
    assert options_in("Size: S, M, Colour: Red, Size: L") == {"Size": "S, M", "Colour": "Red, Size: L"}
