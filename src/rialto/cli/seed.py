"""`rialto seed`: load the demo catalogue or take it away, or with `--products` a made-up one of any size beside it.

Loading either again gives its products back, never goods that were sold.
"""

from __future__ import annotations

import asyncio
import random
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice

from rialto.catalog.api import Catalog
from rialto.cli.import_ import Out, report_lines
from rialto.importing.demo import DemoImporter, demo_catalogue
from rialto.importing.demo_removal import remove_demo
from rialto.importing.load import load
from rialto.importing.made_up import demo_definitions, made_up_products
from rialto.importing.model import ImportOptions, ProductRow, Report, Row
from rialto.inventory.api import Inventory
from rialto.kernel.errors import RialtoError, Unavailable

PRODUCTS_MAX = 1_000_000
ROWS_AT_ONCE = 1_000
REFUSED_SHOWN_MAX = 5
# A busy machine does not answer in time for a moment; a shop that is gone does not answer five times either.
TRIES = 5

Advance = Callable[[int], None]


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Load the demo catalogue: products, prices, pictures and stock. Stock of articles that have a stock record "
        "is left as it is."
    )
    parser.add_argument(
        "--reset-stock", action="store_true", help="set stock back to the demo's counts, whatever was sold"
    )
    parser.add_argument(
        "--remove",
        action="store_true",
        help="take the demo catalogue out of the shop: hide its products and set their stock to none",
    )
    parser.add_argument(
        "--products",
        type=int,
        metavar="N",
        help="instead make up N products of the demo's words, to try a shop at size",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="another number makes up other products (default: 1)"
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


async def remove(catalog: Catalog, inventory: Inventory, out: Out) -> int:
    """0 when nothing of the demo is in the shop any more, and what stays was told; 1 when somebody was quicker."""
    try:
        removed = await remove_demo(catalog, inventory)
    except RialtoError as refused:
        out(
            f"Not all of the demo catalogue could be removed: {refused.text} The same command goes on from there."
        )
        return 1
    out(
        f"{len(removed.hidden)} products were hidden, the stock of {len(removed.emptied)} articles was taken away."
    )
    out(
        "The hidden products stay in the back office, with their categories and attributes, because orders, reviews "
        "and the log may refer to them. Pages of the shop do not show categories without products."
    )
    if removed.held:
        out(f"The shelf keeps what orders have reserved of {', '.join(removed.held)}.")
    if removed.kept:
        out(f"Left alone, for they hold none of the demo's articles any more: {', '.join(removed.kept)}.")
    return 0


async def make_up(
    args: Namespace, catalog: Catalog, inventory: Inventory, *, today: date, out: Out, advance: Advance
) -> int:
    """As many products as asked for, told to `advance` as they come; 0 done, 1 refused, 2 a wrong number."""
    if not 1 <= args.products <= PRODUCTS_MAX:
        out(f"--products takes a number from 1 to {PRODUCTS_MAX:,}.")
        return 2
    chance = random.Random(args.seed)  # noqa: S311 - not for secrets; the same seed has to make the same goods
    portions = _portions(made_up_products(args.products, chance, today))
    counts = {"created": 0, "changed": 0, "unchanged": 0, "refused": 0}
    done = 0
    # Two at a time: while the database writes the stock of one, the products of the other are made ready.
    while several := list(islice(portions, 2)):
        async with asyncio.TaskGroup() as group:
            loading = [
                group.create_task(_loaded(rows, catalog, inventory, keep_stock=not args.reset_stock))
                for rows in several
            ]
        for report in (task.result() for task in loading):
            if isinstance(report, RialtoError):
                out(f"After {done:,} products: {report.text} The same command goes on from there.")
                return 1
            for outcome in counts:
                counts[outcome] += getattr(report.products, outcome)
            for problem in report.refused[:REFUSED_SHOWN_MAX]:
                out(f"{problem.product}: {problem.reason}")
            done = min(done + ROWS_AT_ONCE, args.products)
        advance(done)
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)
    out(f"{args.products:,} products made up: {told}.")
    return 1 if counts["refused"] else 0


async def _loaded(
    rows: Sequence[Row], catalog: Catalog, inventory: Inventory, *, keep_stock: bool
) -> Report | RialtoError:
    """An error as an answer, so that the other half of a pair is finished."""
    options = ImportOptions(keep_stock=keep_stock)
    failed: RialtoError | None = None
    for _ in range(TRIES):
        try:
            return await load(rows, catalog, inventory, source="made up", options=options)
        except Unavailable as gone:
            failed = gone
        except RialtoError as refused:
            return refused
    assert failed is not None
    return failed


def _portions(products: Iterator[ProductRow]) -> Iterator[Sequence[Row]]:
    definitions = demo_definitions()
    while rows := list(islice(products, ROWS_AT_ONCE)):
        yield [*definitions, *rows]
