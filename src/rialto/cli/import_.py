"""`rialto import PATH --format saleor|spree|flower-shop|csv [--dry-run]`: load a catalogue and say what came of it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rialto.catalog.api import Catalog
from rialto.identity.api import Identity
from rialto.importing.importers import find_importer, importer_names
from rialto.importing.load import load
from rialto.importing.model import (
    Change,
    Counts,
    FileRefused,
    ImportOptions,
    NotImported,
    Problem,
    Report,
    Row,
)
from rialto.importing.pictures import Files, Web, with_pictures
from rialto.inventory.api import Inventory
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.money import parse_currency
from rialto.orders.api import Orders
from rialto.pricing.api import Pricing

Out = Callable[[str], None]

SHOWN_MAX = 50
ALWAYS = ("attributes", "categories", "products", "stock")
WHERE_THERE_ARE = ("promotions", "delivery", "customers", "orders")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="the file, or the folder of an export")
    parser.add_argument("--format", required=True, help=f"one of: {', '.join(importer_names())}")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")
    parser.add_argument(
        "--warehouse",
        action="append",
        default=[],
        metavar="OURS|THEIRS=OURS",
        help="where stock lies if the shop does not know the format's place; or which of ours one of theirs is",
    )
    parser.add_argument("--language", default="en", help="language of texts if the format does not say")
    parser.add_argument(
        "--currency", help="of amounts without one; of several channels, only what is sold in it"
    )
    parser.add_argument("--channel", help="of a source with several channels, the one whose prices are taken")
    parser.add_argument(
        "--fetch-pictures", action="store_true", help="load pictures from their addresses into the shop"
    )
    parser.add_argument(
        "--media-url", help="the address below which pictures are that are named by path only"
    )


async def run(
    args: Namespace,
    catalog: Catalog,
    inventory: Inventory,
    out: Out,
    *,
    pricing: Pricing | None = None,
    identity: Identity | None = None,
    orders: Orders | None = None,
    files: Files | None = None,
    web: Web | None = None,
) -> int:
    """0 when the source was read (single rows may have been refused), 1 when nothing was loaded of it.

    `files` are the shop's pictures, `web` is where others are loaded from; a dry run loads none.
    """
    try:
        options = _options(args)
        importer = find_importer(args.format)
    except RialtoError as refused:
        out(f"Nothing was imported. {refused.text}")
        return 1
    try:
        rows: Iterable[Row] = importer.read(args.path, options)
        if files is not None:
            source = web if args.fetch_pictures and not args.dry_run else None
            rows = await with_pictures(
                rows, files, source, progress=lambda done, of: out(f"  {done} of {of} pictures")
            )
        report = await load(
            rows,
            catalog,
            inventory,
            pricing=pricing,
            identity=identity,
            orders=orders,
            source=str(args.path),
            options=options,
            dry_run=args.dry_run,
            progress=lambda done, of: out(f"  {done} of {of} products"),
        )
    except FileRefused as refused:
        out(f"Nothing was imported. {refused.text}")
        return 1
    except RialtoError as refused:
        out(f"The import could not be finished: {refused.text} What was loaded stays; run it again.")
        return 1
    for line in report_lines(report):
        out(line)
    return 0


def _options(args: Namespace) -> ImportOptions:
    """Raises Invalid for what can be no option."""
    ours = [one for one in args.warehouse if "=" not in one]
    if len(ours) > 1:
        raise Invalid("--warehouse without `=` is given once.")
    if args.media_url and not args.media_url.startswith(("http://", "https://")):
        raise Invalid("--media-url begins with http:// or https://.")
    return ImportOptions(
        warehouse=ours[0] if ours else ImportOptions().warehouse,
        warehouses=dict(one.split("=", 1) for one in args.warehouse if "=" in one),
        language=args.language,
        currency=parse_currency(args.currency) if args.currency else None,
        channel=args.channel,
        media_url=args.media_url,
    )


def report_lines(report: Report) -> Iterator[str]:
    """The report as a person reads it."""
    yield f"{'Rehearsed, nothing was changed' if report.dry_run else 'Imported'}: {report.source}"
    for kind in (*ALWAYS, *(one for one in WHERE_THERE_ARE if getattr(report, one) != Counts())):
        yield f"  {kind:<11}{_counted(getattr(report, kind))}"
    if report.changes:
        yield "Would change:" if report.dry_run else "Changed:"
        yield from _shortened([_changed(change) for change in report.changes])
    if report.refused:
        yield "Refused:"
        yield from _shortened([_refusal(problem) for problem in report.refused])
    if report.not_imported:
        yield "Not imported:"
        yield from _shortened([_left_out(one) for one in report.not_imported])


def _changed(change: Change) -> str:
    before, after = change.before or "nothing", change.after or "nothing"
    return _plain(f"{change.product}, {change.field}: {before} → {after}")


def _left_out(one: NotImported) -> str:
    rows = f" ({one.rows} row{'' if one.rows == 1 else 's'})" if one.rows else ""
    return f"{_plain(one.what)}{rows}: {_plain(one.reason)}"


def _counted(counts: Counts) -> str:
    return ", ".join(f"{getattr(counts, name)} {name}" for name in counts.__struct_fields__)


def _refusal(problem: Problem) -> str:
    line = f", line {problem.line}" if problem.line else ""
    product = f" ({_plain(problem.product)})" if problem.product else ""
    return f"{problem.file}{line}{product}: {_plain(problem.reason)}"


def _plain(text: str) -> str:
    """On a terminal nothing of the source may be taken for a command."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _shortened(lines: list[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:SHOWN_MAX])
    if len(lines) > SHOWN_MAX:
        yield f"  and {len(lines) - SHOWN_MAX} more"
