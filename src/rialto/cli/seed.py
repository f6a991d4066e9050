"""`rialto seed`: load the demo catalogue. Loading it again changes nothing."""

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
    parser.description = "Load the demo catalogue: products, prices, pictures and stock."


async def run(args: Namespace, catalog: Catalog, inventory: Inventory, out: Out) -> int:  # noqa: ARG001 - as all commands
    """0 when all of it is there, 1 when something was refused."""
    path = demo_catalogue()
    try:
        rows = DemoImporter().read(path, ImportOptions())
        report = await load(rows, catalog, inventory, source="the demo catalogue")
    except RialtoError as refused:
        out(f"The demo catalogue could not be loaded: {refused.text}")
        return 1
    for line in report_lines(report):
        out(line)
    return 1 if report.refused else 0
