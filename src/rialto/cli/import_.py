"""`rialto import PATH --format spree|csv [--dry-run]`: load a catalogue and say what came of it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

from rialto.catalog.api import Catalog
from rialto.importing.importers import find_importer, importer_names
from rialto.importing.load import load
from rialto.importing.model import Counts, FileRefused, ImportOptions, NotImported, Problem, Report
from rialto.inventory.api import Inventory
from rialto.kernel.errors import RialtoError

Out = Callable[[str], None]

SHOWN_MAX = 50


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="the file, or the folder of an export")
    parser.add_argument("--format", required=True, help=f"one of: {', '.join(importer_names())}")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")
    parser.add_argument("--warehouse", default="berlin", help="where stock lies if the format does not say")
    parser.add_argument("--language", default="en", help="language of texts if the format does not say")


async def run(args: Namespace, catalog: Catalog, inventory: Inventory, out: Out) -> int:
    """0 when the source was read (single rows may have been refused), 1 when nothing was loaded of it."""
    options = ImportOptions(warehouse=args.warehouse, language=args.language)
    try:
        report = await load(
            find_importer(args.format).read(args.path, options),
            catalog,
            inventory,
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


def report_lines(report: Report) -> Iterator[str]:
    """The report as a person reads it."""
    yield f"{'Rehearsed, nothing was changed' if report.dry_run else 'Imported'}: {report.source}"
    for kind in ("attributes", "categories", "products", "stock"):
        yield f"  {kind:<11}{_counted(getattr(report, kind))}"
    if report.refused:
        yield "Refused:"
        yield from _shortened([_refusal(problem) for problem in report.refused])
    if report.not_imported:
        yield "Not imported:"
        yield from _shortened([_left_out(one) for one in report.not_imported])


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
