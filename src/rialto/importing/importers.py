"""Importers by name: ours, and those of other packages, found among the entry points `rialto.importers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points

from rialto.importing.demo import DemoImporter
from rialto.importing.model import Importer
from rialto.importing.sheet import SheetImporter
from rialto.importing.spree import SpreeImporter
from rialto.kernel.errors import Invalid

GROUP = "rialto.importers"

IMPORTERS: Mapping[str, Callable[[], Importer]] = {
    "csv": SheetImporter,
    "spree": SpreeImporter,
    "demo": DemoImporter,
}


def importer_names() -> list[str]:
    return sorted({*IMPORTERS, *(found.name for found in entry_points(group=GROUP))})


def find_importer(name: str) -> Importer:
    """A new importer. Raises Invalid for an unknown name; ours cannot be replaced by another package's."""
    if name in IMPORTERS:
        return IMPORTERS[name]()
    for found in entry_points(group=GROUP, name=name):
        importer: Importer = found.load()()
        return importer
    raise Invalid(
        f"There is no import format {name[:40]!r}; known are {', '.join(importer_names())}.",
        code="format_unknown",
    )
