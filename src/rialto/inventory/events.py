"""What stock tells the world: the band a shopper sees, when it changes."""

from __future__ import annotations

from typing import ClassVar

from rialto.kernel.events import Event

FEW_LEFT_MAX = 3


def band(available: int) -> str:
    """in_stock, few_left or sold_out."""
    if available <= 0:
        return "sold_out"
    return "few_left" if available <= FEW_LEFT_MAX else "in_stock"


class AvailabilityChanged(Event):
    """The band of one SKU changed. `available` is as of that moment."""

    TYPE: ClassVar[str] = "inventory.availability_changed"

    sku: str
    band: str
    available: int


EVENTS: tuple[type[Event], ...] = (AvailabilityChanged,)
