"""A small catalogue to test with: builders with defaults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from rialto.catalog.api import AttributeDefinition, Catalog, Category, Picture, ProductDraft, VariantDraft
from rialto.catalog.service import SERVICE
from rialto.kernel.db import DatabaseAddress
from tests.support.env import TestEnv, open_service

COLOUR = AttributeDefinition(
    code="colour",
    label={"en": "Colour", "de": "Farbe"},
    filterable=True,
    values={"moss": {"en": "Moss", "de": "Moos"}, "ink": {"en": "Ink", "de": "Tinte"}},
    order=["moss", "ink"],
)
SIZE = AttributeDefinition(
    code="size",
    label={"en": "Size"},
    values={"s": {"en": "S"}, "m": {"en": "M"}, "l": {"en": "L"}},
    order=["s", "m", "l"],
)
HEIGHT = AttributeDefinition(code="height", label={"en": "Height"}, type="number", unit="cm")
HANDMADE = AttributeDefinition(code="handmade", label={"en": "Handmade"}, type="boolean")
NOTE = AttributeDefinition(code="note", label={"en": "Note"}, type="text")
ATTRIBUTES = (COLOUR, SIZE, HEIGHT, HANDMADE, NOTE)

HOME = Category(slug="home", title={"en": "Home"})
VASES = Category(slug="vases", title={"en": "Vases", "de": "Vasen"}, parent="home", position=2)


def a_variant(sku: str = "VASE-MOSS", **fields: Any) -> VariantDraft:
    defaults: dict[str, Any] = {"options": {"colour": "moss"}, "prices": {"EUR": 4900, "USD": 5300}}
    return VariantDraft(sku=sku, **{**defaults, **fields})


def a_draft(slug: str = "vase", **fields: Any) -> ProductDraft:
    """A vase in two colours."""
    defaults: dict[str, Any] = {
        "title": {"en": "Arc vase", "de": "Vase Arc"},
        "description": {"en": "A full belly.\nA short neck."},
        "category": "vases",
        "attributes": {"height": "25.5", "handmade": True, "note": "Fired twice"},
        "options": ["colour"],
        "variants": [
            a_variant(f"{slug}-moss".upper(), weight_g=900, compare_at={"EUR": 5900}),
            a_variant(f"{slug}-ink".upper(), options={"colour": "ink"}, prices={"EUR": 5100}),
        ],
        "images": [
            Picture(file=f"{slug}/general", widths=[400, 800], width=800, height=1000),
            Picture(file=f"{slug}/ink", widths=[400], width=400, height=500, options={"colour": "ink"}),
        ],
        "related": ["bowl"],
    }
    return ProductDraft(slug=slug, **{**defaults, **fields})


def with_title(draft: ProductDraft, title: str) -> ProductDraft:
    return msgspec.structs.replace(draft, title={"en": title})


@asynccontextmanager
async def open_catalog(
    postgres: DatabaseAddress, data: Path | None = None
) -> AsyncIterator[tuple[Catalog, TestEnv]]:
    """An empty catalogue with the definitions and categories above. Without `data` it keeps no pictures."""
    async with open_service(SERVICE, postgres, data=data) as env:
        catalog: Catalog = env.handlers
        for definition in ATTRIBUTES:
            await catalog.put_attribute(definition)
        for category in (HOME, VASES):
            await catalog.put_category(category)
        yield catalog, env
