"""The demo catalogue that is shipped: JSON in the shop's own words, with stock beside each variant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from rialto.catalog.api import AttributeDefinition, Category, Maker, ProductDraft
from rialto.importing.model import (
    AttributeRow,
    CategoryRow,
    FileRefused,
    ImportOptions,
    Problem,
    ProductRow,
    Row,
    StockCount,
)
from rialto.importing.tables import read_text
from rialto.kernel.service import Frozen

# Whoever keeps a product of the demo has to name its real maker.
SAMPLE_MAKER = Maker(
    name="Sample maker (demo)",
    address="1 Sample Street\n12345 Sample Town\nGermany",
    email="maker@sample.example",
)
UNKNOWN_LINE = 0  # parsed JSON has no lines


class _Variant(Frozen):
    sku: str
    stock: dict[str, int] = {}


class _Stocked(Frozen):
    """What stands in a product beside its draft."""

    variants: list[_Variant]


class _File(Frozen):
    attributes: list[AttributeDefinition]
    categories: list[Category]
    products: list[dict[str, Any]]


def demo_catalogue() -> Path:
    """Where the shipped catalogue is."""
    return Path(str(resources.files("rialto.demo").joinpath("catalogue.json")))


class DemoImporter:
    """Implements `Importer` for one JSON file. Its definitions and categories are the truth, not inferred."""

    def read(self, path: Path, options: ImportOptions) -> Iterator[Row]:  # noqa: ARG002 - all texts have a language
        content = _parsed(path)
        for definition in content.attributes:
            yield AttributeRow(definition=definition, file=path.name, line=UNKNOWN_LINE, inferred=False)
        for category in content.categories:
            yield CategoryRow(category=category, file=path.name, line=UNKNOWN_LINE, inferred=False)
        for product in content.products:
            yield _product(path.name, product)


def _product(file: str, product: dict[str, Any]) -> ProductRow | Problem:
    try:
        draft = msgspec.convert({"maker": SAMPLE_MAKER, **product}, ProductDraft)
        stocked = msgspec.convert(product, _Stocked)
    except msgspec.ValidationError as error:
        slug = str(product.get("slug", ""))[:120]
        return Problem(file=file, line=UNKNOWN_LINE, reason=str(error), product=slug)
    stock = [
        StockCount(sku=variant.sku, warehouse=warehouse, on_hand=on_hand, line=UNKNOWN_LINE)
        for variant in stocked.variants
        for warehouse, on_hand in variant.stock.items()
    ]
    return ProductRow(draft=draft, file=file, line=UNKNOWN_LINE, stock=stock)


def _parsed(path: Path) -> _File:
    """Decimals are kept as the text they are: no float anywhere."""
    try:
        content = json.loads(read_text(path), parse_float=str, parse_constant=_refuse_constant)
        return msgspec.convert(content, _File)
    except json.JSONDecodeError as error:
        raise FileRefused(path.name, f"this is not JSON ({error.msg}).", line=error.lineno) from error
    except msgspec.ValidationError as error:
        raise FileRefused(path.name, f"this is not a catalogue: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise FileRefused(path.name, "this is not JSON that can be read.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
