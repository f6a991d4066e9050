"""Importers by name: ours, and those of other packages, found among the entry points `rialto.importers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rialto.importing.demo import DemoImporter
from rialto.importing.flower_shop import FlowerShopImporter
from rialto.importing.model import Importer
from rialto.importing.saleor import SaleorImporter
from rialto.importing.sheet import SheetImporter
from rialto.importing.spree import SpreeImporter
from rialto.kernel.extensions import extension_names, find_extension

PORT = "importers"

IMPORTERS: Mapping[str, Callable[[], Importer]] = {
    "csv": SheetImporter,
    "spree": SpreeImporter,
    "saleor": SaleorImporter,
    "flower-shop": FlowerShopImporter,
    "demo": DemoImporter,
}


def importer_names() -> list[str]:
    return extension_names(PORT, IMPORTERS)


def find_importer(name: str) -> Importer:
    """A new importer. Raises ExtensionUnknown; ours cannot be replaced by another package's."""
    return find_extension(PORT, name, IMPORTERS)()
