"""What stock tells the world: the band a shopper sees, when it changes."""

from __future__ import annotations

from typing import ClassVar

from rialto.kernel.events import Event

# Up to this many shoppers are told that few are left, and staff that a SKU is low where they set no number for it.
FEW_LEFT_MAX = 3


def band(available: int) -> str:
    """in_stock, few_left or sold_out."""
    if available <= 0:
        return "sold_out"
    return "few_left" if available <= FEW_LEFT_MAX else "in_stock"


class AvailabilityChanged(Event):
    """The band of one SKU changed, or whether it is low. `available` is as of that moment.

    `low`: no more is left than staff want to hear of for this SKU. None, before a SKU had a number of its own: the band
    says it.
    """

    TYPE: ClassVar[str] = "inventory.availability_changed"

    sku: str
    band: str
    available: int
    low: bool | None = None

    @property
    def is_low(self) -> bool:
        return self.band != band(FEW_LEFT_MAX + 1) if self.low is None else self.low


EVENTS: tuple[type[Event], ...] = (AvailabilityChanged,)
