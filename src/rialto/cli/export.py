"""`rialto export PATH [--only products|customers|orders]`: write down what the shop has, as our own CSV."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rialto.catalog.api import Catalog
from rialto.cli.import_ import Out
from rialto.identity.api import Identity
from rialto.importing.export import begin_export
from rialto.importing.export_people import export_customers, export_orders
from rialto.importing.sheet_lists import ATTRIBUTES, CATEGORIES, CUSTOMERS, ORDERS, PRODUCTS
from rialto.inventory.api import Inventory
from rialto.kernel.errors import RialtoError
from rialto.orders.api import Orders

EVERYTHING = ("products", "customers", "orders")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "path", type=Path, help="a folder, or a file whose name ends with .csv for one thing alone"
    )
    parser.add_argument(
        "--only", choices=EVERYTHING, help="this alone (a file holds products unless told otherwise)"
    )


async def run(
    args: Namespace, catalog: Catalog, inventory: Inventory, out: Out, *, identity: Identity, orders: Orders
) -> int:
    """0 when all files stand there, 1 when one could not be written; those before it are whole."""
    path: Path = args.path
    is_file = path.suffix.lower() == ".csv"
    wanted = [args.only] if args.only else EVERYTHING[:1] if is_file else EVERYTHING
    try:
        _make_folder(path.parent if is_file else path)
        for kind in wanted:
            if kind == "products":
                await _products(path, catalog, inventory, out, alone=is_file)
            elif kind == "customers":
                file = path if is_file else path / CUSTOMERS
                out(f"{await export_customers(identity, file)} customers in {file}")
            else:
                file = path if is_file else path / ORDERS
                out(f"{await export_orders(orders, file)} orders in {file}")
    except (RialtoError, OSError) as refused:
        out(
            f"The export could not be finished: {refused.text if isinstance(refused, RialtoError) else refused}"
        )
        return 1
    return 0


def _make_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)


async def _products(path: Path, catalog: Catalog, inventory: Inventory, out: Out, *, alone: bool) -> None:
    """In a folder with what attributes and categories are, so that another shop gets them, too."""
    export = await begin_export(catalog, inventory)
    if not alone:
        out(f"{export.attributes(path / ATTRIBUTES)} attributes in {path / ATTRIBUTES}")
        out(f"{export.categories(path / CATEGORIES)} categories in {path / CATEGORIES}")
    file = path if alone else path / PRODUCTS
    out(f"{await export.products(file)} products in {file}")
