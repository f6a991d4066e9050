"""The short form in which products are written down; build_catalogue.py turns it into catalogue.json."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """One product. `options` maps an option to its values; a value may carry a surcharge in euro cents and a weight factor."""

    slug: str
    category: str
    title: tuple[str, str]
    eur: int
    grams: int
    attributes: dict[str, Any]
    text: tuple[str, str]
    options: dict[str, list[Any]] = field(default_factory=dict)
    stock: dict[str, tuple[int, int]] = field(default_factory=dict)  # by SKU ending, e.g. {"ink-l": (0, 0)}
    featured: bool = False
    reduced: bool = False
    related: tuple[str, ...] = ()


def sized(value: str, surcharge: int, weight: float) -> tuple[str, int, float]:
    return (value, surcharge, weight)
