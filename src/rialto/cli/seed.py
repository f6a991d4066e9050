"""`rialto seed`: load the demo catalogue. Loading it again gives its products back, never goods that were sold."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from rialto.catalog.api import Catalog
from rialto.cli.import_ import Out, report_lines
from rialto.importing.demo import DemoImporter, demo_catalogue
from rialto.importing.load import load
from rialto.importing.model import ImportOptions
from rialto.inventory.api import Inventory
from rialto.kernel.errors import RialtoError


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Load the demo catalogue: products, prices, pictures and stock. Stock of articles that have a stock record "
        "is left as it is."
    )
    parser.add_argument(
        "--reset-stock", action="store_true", help="set stock back to the demo's counts, whatever was sold"
    )


async def run(args: Namespace, catalog: Catalog, inventory: Inventory, out: Out) -> int:
    """0 when all of it is there, 1 when something was refused."""
    path = demo_catalogue()
    options = ImportOptions(keep_stock=not args.reset_stock)
    try:
        rows = DemoImporter().read(path, options)
        report = await load(rows, catalog, inventory, source="the demo catalogue", options=options)
    except RialtoError as refused:
        out(f"The demo catalogue could not be loaded: {refused.text}")
        return 1
    for line in report_lines(report):
        out(line)
    return 1 if report.refused else 0
